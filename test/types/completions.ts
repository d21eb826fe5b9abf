/** Compiled, never run: keys of the session are the declared ones first, and any text. */
import type { Session } from 'django-session-bridge'

declare module 'django-session-bridge' {
  interface DjangoSessionData {
    visits: number
  }
}

type Key = Parameters<Session['has']>[0]

/** `string` alone would swallow the declared names, and an editor would have none to complete. */
type Completed = keyof { [Name in Key as string extends Name ? never : Name]: Name }
export const completed: Completed = 'visits'

export function any(session: Session, name: string): unknown[] {
  return [session.get(name), session.get('other'), session.has('visits'), session.delete(name)]
}
