/** An `aud` of each kind that JSON has: the verdict is that of PyJWT, which django-session-jwt gives no audience. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { formatClaims } from '../../src/jwt/claims.ts'
import { signJws } from '../../src/jwt/jws.ts'
import { hmacKey } from '../../src/jwt/keys.ts'
import { createJwtVerifier } from '../../src/jwt/verifier.ts'
import { float } from '../../src/python/values.ts'
import { outcome } from '../vectors.ts'
import { type Oracle, startOracle } from './oracle.ts'

const NOW = 1_768_478_400
const SECRET = 'a secret of the JWT cookie, long enough'
const key = hmacKey(SECRET, { name: 'secret' })
const python = inject('djangos').find((django) => 'python' in django)

describe.runIf(python !== undefined)('an audience in a token', () => {
  let oracle: Oracle
  beforeAll(() => {
    oracle = startOracle(python !== undefined && 'python' in python ? python.python : '')
  })
  afterAll(() => oracle.stop())

  const verdict = (token: string) =>
    oracle
      .ask({ op: 'jwt_decode', token, key: SECRET, now_ms: NOW * 1000 })
      .then(() => 'ok')
      .catch((error: Error) => error.message)

  const SPELLED = [
    ...['null', 'false', '0', '-0', '0.0', '-0.0', '0e9', '1e-400', '""', '[]', '{}', '[ ]'],
    ...['true', '1', '-1', '0.5', '1e400', '-Infinity', 'NaN', '"x"', '" "', '"0"', '"\\u0000"', '"false"'],
    ...['["x"]', '[""]', '[[]]', '[null]', '[0]', '{"":0}', '{"__proto__":null}', '9'.repeat(40)],
  ]
  test.each(SPELLED)('%s is refused where PyJWT refuses it', async (aud) => {
    const token = signJws(`{"sk":"abcdefgh","aud":${aud}}`, 'HS256', key)
    const here = createJwtVerifier({ secret: SECRET, now: () => NOW * 1000 }).verify(token)
    const there = await verdict(token)
    expect(['ok', 'InvalidAudienceError']).toContain(there)
    expect(here).toMatchObject(there === 'ok' ? { ok: true } : { ok: false, reason: 'claims' })
  })

  const VALUES: [name: string, value: unknown][] = [
    ...[null, false, 0, -0, 0n, '', [], {}].map((value): [string, unknown] => [`${typeof value} ${value}`, value]),
    ['float(0)', float(0)],
    ['NaN', Number.NaN],
    ['float(NaN)', float(Number.NaN)],
    ['1', 1],
    ['"x"', 'x'],
    ['[null]', [null]],
    ['a member', { a: 0 }],
  ]
  test.each(VALUES)('%s is written only where PyJWT takes the token', async (_, aud) => {
    const common = { sessionField: 'sk', sessionKey: 'abcdefgh', iat: NOW - 1, exp: null, fields: new Map() }
    const written = outcome(() => formatClaims({ ...common, extra: { aud } }))
    const bare = formatClaims({ ...common, extra: { aud: 0 } })
    // What a bridge that did not look would have written.
    const spelled = formatClaims({ ...common, extra: { spelled: aud } }).replace('"spelled"', '"aud"')
    expect(bare).toContain('"aud":0')
    const there = await verdict(signJws(spelled, 'HS256', key))
    expect('value' in written).toBe(there === 'ok')
    if ('value' in written) expect(written.value).toBe(spelled)
  })
})
