/** What docs/formats.md says of cookies, signing, session data and JSON. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { sessionAuthHash } from '../../src/auth/session-hash.ts'
import { formatDeleteCookie, formatSetCookie } from '../../src/cookies/set-cookie.ts'
import { utcClock } from '../../src/databases/wall-clock.ts'
import { createJwtVerifier } from '../../src/jwt/verifier.ts'
import { jsonSerializer } from '../../src/serializers/json.ts'
import { signCookie } from '../../src/signing/cookie-signer.ts'
import { dumps, loads } from '../../src/signing/dumps.ts'
import { Signer } from '../../src/signing/signer.ts'
import { TimestampSigner } from '../../src/signing/timestamp-signer.ts'
import { createSessionCodec } from '../../src/stores/session-data.ts'
import { expiryOf } from '../../src/stores/session-expiry.ts'
import { keyFile } from '../vectors.ts'
import { examplesOf } from './examples.ts'

/** What the page says its examples were made with. */
const DOCUMENT_KEY = 'a secret key for this document'
const DOCUMENT_TIME = 1767225600_000

function linesOf(section: string, place: number): string[] {
  return examplesOf(section)[place]?.split('\n') ?? []
}

const now = (): number => DOCUMENT_TIME + 250

test('cookie lines', () => {
  const [set, deletion] = linesOf('Cookies', 0)
  const expires = new Date(DOCUMENT_TIME + 1_209_600_000)
  const attributes = { maxAge: 1_209_600, expires, path: '/', secure: true, httponly: true, samesite: 'Lax' }
  expect(formatSetCookie('sessionid', '4nw9abcdefghij0123456789abcdefgh', attributes)).toBe(set)
  expect(formatDeleteCookie('sessionid', { samesite: 'Lax' })).toBe(deletion)
})

test('signed texts', () => {
  const [signed = '', dated = '', dumped = '', bySha1 = '', ...cookies] = linesOf('Signing', 0)
  const key = DOCUMENT_KEY
  expect(new Signer({ key, salt: 'extra' }).sign('hello')).toBe(signed)
  expect(new TimestampSigner({ key, salt: 'extra', now }).sign('hello')).toBe(dated)
  expect(dumps({ a: 1 }, { key, salt: 'extra', now })).toBe(dumped)
  expect(loads(dumped, { key, salt: 'extra' })).toEqual({ a: 1 })
  expect(new Signer({ key, salt: 'extra', algorithm: 'sha1' }).sign('hello')).toBe(bySha1)
  const signCookies = (legacySalt: boolean): string =>
    signCookie('visitor', 'hello', { key, salt: 'extra', now, legacySalt })
  expect([signCookies(false), signCookies(true)]).toEqual(cookies)
})

test('session data, plain and compressed, and as before Django 3.1', () => {
  const codec = createSessionCodec({ SECRET_KEY: DOCUMENT_KEY, now })
  const [plain = '', plainJson, compressed = '', compressedJson] = linesOf('Session data', 0)
  const [old = '', oldJson] = linesOf('Session data', 1)
  const texts = [
    [plain, plainJson],
    [compressed, compressedJson],
    [old, oldJson],
  ] as const
  for (const [text, json] of texts) {
    const decoded = codec.decode(text)
    if (!('data' in decoded)) throw new Error(decoded.reason)
    expect(String(jsonSerializer.dumps(decoded.data))).toBe(json)
    if (text === plain) expect(codec.encode(decoded.data)).toBe(plain)
    if (text === old) {
      expect(createSessionCodec({ SECRET_KEY: DOCUMENT_KEY, writes: 'old' }).encode(decoded.data)).toBe(old)
    }
  }
})

test('JWTs', () => {
  const [byHs256 = '', claims = '', byRs256 = ''] = linesOf('Cookies', 1)
  const FIELDS = [
    ['id', 'id', 'user_id'],
    ['username', 'u', 'username'],
  ]
  const publicKey = readFileSync(keyFile('rs256-public.pem'))
  const verdicts = [
    createJwtVerifier({ secret: DOCUMENT_KEY, FIELDS, now: () => DOCUMENT_TIME }).verify(byHs256),
    createJwtVerifier({ publicKey, FIELDS, now: () => DOCUMENT_TIME }).verify(byRs256),
  ]
  for (const verdict of verdicts) {
    expect(verdict).toMatchObject({ ok: true, claims: { user_id: 7, username: 'Adá', ...JSON.parse(claims) } })
  }
  for (const token of [byHs256, byRs256]) {
    expect(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).toBe(claims)
  }
})

test('the auth hash of a login', () => {
  expect([sessionAuthHash('pbkdf2_sha256$1000000$salt$hash', DOCUMENT_KEY)]).toEqual(linesOf('Session data', 2))
})

test('when a session ends', () => {
  const [data = '', told] = linesOf('Session data', 3)
  const settings = { SESSION_COOKIE_AGE: 1_209_600, SESSION_EXPIRE_AT_BROWSER_CLOSE: false }
  const value: unknown = JSON.parse(data)._session_expiry
  const { age, instant } = expiryOf(value, settings, utcClock, new Date(now()))
  expect(`${age} ${instant.wallClock}`).toBe(told)
})

test('JSON', () => {
  const [text = ''] = linesOf('JSON', 0)
  const data = jsonSerializer.loads(Buffer.from(text, 'latin1'))
  expect(String(jsonSerializer.dumps(data))).toBe(text)
  const again = new Map(Array.from(data, ([name, value]) => [name, { value: value.decode(), like: value }]))
  expect(String(jsonSerializer.dumps(again))).toBe(text)
})
