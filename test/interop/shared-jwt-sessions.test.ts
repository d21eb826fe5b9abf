/** As shared-sessions.test.ts, with the cookie of django-session-jwt: every Django × database × algorithm. */
import { generateKeyPairSync } from 'node:crypto'
import { inject, test } from 'vitest'
import type { JwtDictionary } from '../../src/settings/settings.ts'
import { describeSharedSessions } from '../contracts/shared-sessions.ts'
import { rowOf, sitesToTest, startLiveSite } from './live-site.ts'

const FIELDS = [['id', 'id', 'user_id'], ['username', 'u', 'username'], 'email']
const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})
const COOKIES: { [algorithm: string]: JwtDictionary } = {
  HS256: { FIELDS, EXPIRES: 3600 },
  RS256: { FIELDS, EXPIRES: 3600, KEY: [privateKey, publicKey] },
}

const sites = sitesToTest(inject('djangos'), { postgres: inject('postgres'), mysql: inject('mysql') })
if (sites.length === 0) test.skip('JWTs of a live Django (no Django)', () => {})
for (const where of sites) {
  for (const [kind, DJANGO_SESSION_JWT] of Object.entries(COOKIES)) {
    describeSharedSessions(`${where.name}, ${kind} cookie`, {
      kind,
      row: rowOf(where),
      start: () => startLiveSite(where, { DJANGO_SESSION_JWT }),
    })
  }
}
