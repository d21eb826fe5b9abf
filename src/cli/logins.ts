/** The logins in sessions, each judged by name as a bridge judges it. */
import { type AnonymousReason, checkUser } from '../auth/current-user.ts'
import { usersFromTable } from '../auth/users.ts'
import { userCheckOptions } from '../login.ts'
import type { Encoded } from '../serializers/serializer.ts'
import { loginHashes } from '../settings/django-version.ts'
import type { Site } from './site.ts'

export type LoginVerdict = 'verified' | 'verified by a fallback key' | AnonymousReason

const DEADLINE_MS = 5000

/** Null for a session that nobody is logged in to, and where the settings name no database with users. */
export async function judgeLogin(data: ReadonlyMap<string, Encoded>, site: Site): Promise<LoginVerdict | null> {
  const { userDatabase: database, settings, options } = site
  if (database === null || !data.has('_auth_user_id')) return null
  const users = usersFromTable(database, settings.AUTH_USER_MODEL, options.userTable ?? {}, DEADLINE_MS)
  const check = userCheckOptions(settings, {
    loadUser: users.load,
    keyText: users.keyText,
    loginHashes: loginHashes(settings.DJANGO_VERSION, settings.DEFAULT_HASHING_ALGORITHM),
    ...(options.backendsAllowingInactive && { backendsAllowingInactive: options.backendsAllowingInactive }),
  })
  if (check === null) return null
  const verdict = await checkUser((name) => data.get(name)?.decode(), check)
  if (verdict.status === 'anonymous') return verdict.reason
  return verdict.newHash === undefined ? 'verified' : 'verified by a fallback key'
}

/** `3 verified, 1 inactive_user`, the most frequent first. */
export function countsOf(names: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return Array.from(counts)
    .sort(([, one], [, other]) => other - one)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')
}
