/** Random `exp`, `nbf` and `iat`, of every kind that JSON has: the verdict is PyJWT's, and so is the reason. */
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect } from 'vitest'
import { type JwtAlgorithm, signJws } from '../../src/jwt/jws.ts'
import { hmacKey } from '../../src/jwt/keys.ts'
import { verifyToken } from '../../src/jwt/token.ts'
import { keyFile } from '../vectors.ts'
import { randomTrials } from './random-trials.ts'

const NOW = 1_768_478_400
const SECRET = 'a secret of the JWT cookie, long enough'
const PUBLIC_PEM = readFileSync(keyFile('rs256-public.pem'), 'utf8')
const secretKey = hmacKey(SECRET, { name: 'secret' })

const KEYS = {
  HS256: { sign: secretKey, verify: secretKey, told: SECRET },
  RS256: {
    sign: createPrivateKey(readFileSync(keyFile('rs256-private.pem'))),
    verify: createPublicKey(PUBLIC_PEM),
    told: PUBLIC_PEM,
  },
}

const nearby = fc.integer({ min: -3, max: 3 }).map((seconds) => NOW + seconds)
const spelledTime = fc.oneof(
  { weight: 6, arbitrary: nearby.map(String) },
  fc.tuple(nearby, fc.constantFrom('.0', '.25', '.5', '.999999')).map(([second, part]) => `${second}${part}`),
  nearby.map((second) => `${second}e0`),
  nearby.map((second) => `-${second}`),
  fc
    .tuple(
      fc.constantFrom('', ' ', '+', '-', '\\t', '\\u00a0', '0', '_'),
      nearby,
      fc.constantFrom('', ' ', '.5', '_0', 'x'),
    )
    .map(([before, second, after]) => `"${before}${second}${after}"`),
  fc.constantFrom('null', 'true', 'false', '[]', '{}', '""', '"x"', `[${NOW}]`, '0', '-0', '-0.0', '0.9', '-0.9'),
  fc.constantFrom(
    '1e400',
    '-1e400',
    'NaN',
    'Infinity',
    '-Infinity',
    '1e308',
    '5e-324',
    '1'.repeat(40),
    `-${'9'.repeat(40)}`,
  ),
  fc.constantFrom(`"${'1'.repeat(4300)}"`, `"${'1'.repeat(4301)}"`, '1_0', '01', '"1_768_478_500"', '"1__0"', '"1e9"'),
)
const claims = fc.record({ exp: spelledTime, nbf: spelledTime, iat: spelledTime }, { requiredKeys: [] })

/** PyJWT's error, as the reasons here are called; also what escapes django-session-jwt is a refusal here. */
const REASONS: { readonly [error: string]: string } = {
  ExpiredSignatureError: 'expired',
  ImmatureSignatureError: 'not_yet_valid',
  DecodeError: 'claims',
  InvalidIssuedAtError: 'claims',
  // int() of a list, null, an infinity or NaN.
  TypeError: 'claims',
  OverflowError: 'claims',
  ValueError: 'claims',
}

/** Python's int() also takes other spaces around digits; here it is refused, which a site never meets. */
const STRICTER = /\\u00a0/

for (const algorithm of ['HS256', 'RS256'] as const satisfies readonly JwtAlgorithm[]) {
  randomTrials(`S21: times of tokens, ${algorithm}`, 2_000, async ({ oracle, runs, seed }) => {
    const { sign, verify, told } = KEYS[algorithm]
    const met = new Set<string>()
    const sameVerdict = fc.asyncProperty(claims, fc.integer({ min: 0, max: 999 }), async (times, milliseconds) => {
      const members = Object.entries(times).map(([name, spelled]) => `,"${name}":${spelled}`)
      const token = signJws(`{"sk":"abcdefgh"${members.join('')}}`, algorithm, sign)
      const now_ms = NOW * 1000 + milliseconds
      const verdict = verifyToken(token, { algorithm, keys: [verify], fields: [], sessionField: 'sk' }, now_ms)
      const here = verdict.ok ? 'ok' : verdict.reason
      const there = await oracle
        .ask({ op: 'jwt_decode', token, key: told, algorithm, now_ms })
        .then(() => 'ok')
        .catch((error: Error) => REASONS[error.message] ?? error.message)
      met.add(there)
      if (STRICTER.test(members.join(''))) return
      // Three times of 4300 digits are more than a token may have.
      if (token.length > 16_384) {
        expect(here).toBe('too_long')
        return
      }
      // Text that is no JSON is a DecodeError there, too.
      expect([members.join(''), here === 'malformed' ? 'claims' : here]).toEqual([members.join(''), there])
    })
    await fc.assert(sameVerdict, { numRuns: runs, seed })
    expect([...met].sort()).toEqual(['claims', 'expired', 'not_yet_valid', 'ok'])
  })
}
