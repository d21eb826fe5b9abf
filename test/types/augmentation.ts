/** Compiled, never run: what a site's editor knows once it has filled the two interfaces in. */
import type { DjangoContext } from 'django-session-bridge'
import { withUser } from 'django-session-bridge/express'
import { createJwtVerifier } from 'django-session-bridge/jwt'

declare module 'django-session-bridge' {
  interface DjangoSessionData {
    visits: number
  }
  interface DjangoUserFields {
    phone: string
  }
}

export async function visits(django: DjangoContext): Promise<number> {
  const session = await django.session()
  session.set('visits', (session.get('visits') ?? 0) + 1)
  session.transform('visits', (count = 0) => count + 1)
  // @ts-expect-error: a declared value has its declared type
  session.set('visits', 'many')
  // @ts-expect-error: what nobody declared is unknown, not any
  session.get('other')?.length
  return session.get('visits') ?? 0
}

export const phone = withUser((_request, response, user) => {
  response.send(user.phone.trim())
})

const verifier = createJwtVerifier({
  secret: 'a secret of thirty-two bytes or more',
  FIELDS: [['id', 'i', 'user_id'], 'email'],
})

export function claims(token: string): unknown[] {
  const verdict = verifier.verify(token)
  // @ts-expect-error: claims are there only when the token is good
  verdict.claims
  return verdict.ok ? [verdict.claims.i, verdict.claims.user_id, verdict.claims.email, verdict.sessionKey] : []
}

export const fromEnvironment = [
  createJwtVerifier({ secret: process.env.JWT_SECRET }),
  createJwtVerifier({ publicKey: process.env.JWT_PUBLIC_KEY }),
  // @ts-expect-error: one key or the other
  createJwtVerifier({ secret: process.env.JWT_SECRET, publicKey: process.env.JWT_PUBLIC_KEY }),
  // @ts-expect-error: no key
  createJwtVerifier({ FIELDS: ['email'] }),
]
