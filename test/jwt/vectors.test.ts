/** The JWT of django-session-jwt and PyJWT, on everything that the vectors hold. */
import { readFileSync } from 'node:fs'
import { compactVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { SettingsError } from '../../src/errors.ts'
import { formatClaims, parseFields } from '../../src/jwt/claims.ts'
import { signJws } from '../../src/jwt/jws.ts'
import { type JwtKeys, readKeySetting } from '../../src/jwt/key-setting.ts'
import { hmacKey } from '../../src/jwt/keys.ts'
import { verifyToken } from '../../src/jwt/token.ts'
import { parsePythonJson } from '../../src/python/json-reader.ts'
import { float } from '../../src/python/values.ts'
import { judgeSessionKey } from '../../src/stores/session-key.ts'
import {
  DJANGO_VERSIONS,
  keyFile,
  type LongText,
  longText,
  outcome,
  type VectorFile,
  type VectorRecord,
  vectorFile,
  vectors,
} from '../vectors.ts'

type KeyText = string | { text_of: string } | { file: string }
type Result<T> = { value: T } | { error: string }
type Fields = (string | string[])[]

interface Header extends VectorFile<VectorRecord> {
  keys: { [name: string]: { algorithm: 'HS256' | 'RS256'; KEY: KeyText | KeyText[] } }
}

interface CreateRecord extends VectorRecord {
  key: string
  fields: Fields
  session_field: string
  user: string | null
  callable: string | null
  expires: number | null
  now_ms: number
  session_key: string
  claims: string
  token?: string
  error?: string
}

interface VerifyRecord extends VectorRecord {
  key: string
  now_ms: number
  fields?: Fields
  session_field?: string
  token: LongText
  result: Result<string>
  swallowed?: string
  session_key?: Result<string | null>
}

function material(key: KeyText): string {
  if (typeof key === 'string') return key
  return 'file' in key ? keyFile(key.file) : readFileSync(keyFile(key.text_of), 'utf8')
}

function keysOf(version: string): (name: string) => JwtKeys {
  const { keys } = vectorFile<Header>('jwt', version)
  return (name) => {
    const setting = keys[name]?.KEY
    if (setting === undefined) throw new Error(`no key ${name}`)
    const pair = Array.isArray(setting) ? (setting.map(material) as [string, string]) : material(setting)
    return readKeySetting(pair, '', true)
  }
}

/** Refused here, though PyJWT takes it, on purpose: one spelling for each token, and no session key that is no text. */
const STRICTER = [
  /header with "b64"/,
  /alg twice, the last one good/,
  /in utf-(16|32)/,
  /full-width digits/,
  /raw lone surrogate/,
  /payload of 20 kB/,
  /sk (\d|true|false|\[|\{)/,
]

/** Claims that PyJWT writes and then refuses, or that would contradict the session: a SettingsError here. */
const NEVER_WRITTEN = /short name (sub|aud|iss of)|CALLABLE (overrides (sk|exp)|iss|float exp)/

/** Values that plain JSON cannot say in JavaScript, said otherwise. */
const SPELLED: { [name: string]: unknown } = {
  'create_jwt attribute float': float(1),
  'create_jwt attribute list': [1, [float(2), { a: null }]],
}

describe.each(DJANGO_VERSIONS)('vectors of Django %s', (version) => {
  const keyNamed = keysOf(version)

  test.each(
    vectors<VectorRecord & { fields: Fields | null; session_field?: string; result: Result<string[][]> }>(
      'jwt',
      version,
      'fields',
    ),
  )('$name', ({ fields, session_field = 'sk', result }) => {
    // A list that is no tuple is an error of Python's alone.
    if (fields === null) return
    const parsed = outcome(() => parseFields(fields, session_field))
    const isNames = fields.flat().every((name) => typeof name === 'string')
    if ('error' in result || !isNames) expect(parsed).toEqual({ error: expect.any(SettingsError) })
    else expect(parsed).toEqual({ value: result.value.map(([attribute, short, long]) => ({ attribute, short, long })) })
  })

  // Python raises for what JSON cannot hold; keys that read as integers come first in any object of JavaScript.
  const created = vectors<CreateRecord>('jwt', version, 'create').filter(
    ({ name, why }) => !why?.includes('which JSON cannot hold') && !/attribute object$|adds in order/.test(name),
  )
  test.each(created)('$name', (record) => {
    const { signKey, algorithm } = keyNamed(record.key)
    if (signKey === null) throw new Error('no private key')
    const made = outcome(() => signJws(claimsOf(record), algorithm, signKey))
    if (NEVER_WRITTEN.test(record.name)) expect(made).toEqual({ error: expect.any(SettingsError) })
    else expect(made).toEqual({ value: record.token })
  })

  const encoded = vectors<VectorRecord & { key: string; claims: string; token?: string }>('jwt', version, 'encode')
  test.each(encoded.filter(({ token }) => token !== undefined))('$name', ({ key, claims, token }) => {
    const { signKey, algorithm } = keyNamed(key)
    if (signKey === null) throw new Error('no private key')
    const payload = Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString()
    expect(signJws(payload, algorithm, signKey)).toBe(token)
    expect(parsePythonJson(payload)).toEqual(parsePythonJson(claims))
  })

  test.each(vectors<VectorRecord & { secret: KeyText; result: Result<number> }>('jwt', version, 'secret'))(
    'S17: $name',
    ({ name, secret, result }) => {
      const made = outcome(() => hmacKey(material(secret), { name: 'KEY', allowWeakKeys: true }))
      // PyJWT knows some kinds of armour; no secret begins with any.
      const isRefused = 'error' in result || /armour/.test(name)
      if (isRefused) expect(made).toEqual({ error: expect.any(SettingsError) })
      else expect(made).toHaveProperty('value')
    },
  )

  const verified = vectors<VerifyRecord>('jwt', version, 'verify').filter(({ token }) => token !== null)
  test.each(verified)('S16, S17: $name', async (record) => {
    const { name, key, now_ms, fields = [], session_field = 'sk', token, result } = record
    const { algorithm, verifyKey } = keyNamed(key)
    const rules = {
      algorithm,
      keys: [verifyKey],
      fields: parseFields(fields, session_field),
      sessionField: session_field,
    }
    const text = longText(token)
    const verdict = verifyToken(text, rules, now_ms)
    const isAccepted = 'value' in result && record.swallowed === undefined
    expect(verdict.ok).toBe(isAccepted && !text.includes('=') && !STRICTER.some((pattern) => pattern.test(name)))
    if (!verdict.ok && (verdict.reason === 'signature' || verdict.reason === 'algorithm')) {
      await expect(compactVerify(text, verifyKey, { algorithms: [algorithm] })).rejects.toThrow()
    }
    if (!verdict.ok || !('value' in result)) return
    expect(verdict.claims).toEqual(parsePythonJson(result.value))
    const isKey = verdict.sessionKey !== null && judgeSessionKey(verdict.sessionKey) !== 'short'
    expect({ value: isKey ? verdict.sessionKey : null }).toEqual(record.session_key ?? { value: null })
    // NaN is no JSON for anybody but Python, to whose reading we hold.
    if (/header with .*NaN/.test(name)) return
    await expect(compactVerify(text, verifyKey, { algorithms: [algorithm] })).resolves.toBeDefined()
  })
})

function claimsOf(record: CreateRecord): string {
  const user = record.user === null ? {} : (parsePythonJson(record.user) as { [name: string]: unknown })
  const values = new Map<string, unknown>()
  for (const { attribute, short } of parseFields(record.fields, record.session_field)) {
    const value = attribute
      .split('.')
      .reduce<unknown>((at, name) => (at as { [name: string]: unknown } | undefined)?.[name], user)
    if (value !== undefined) values.set(short, SPELLED[record.name] ?? value)
  }
  const iat = Math.floor(record.now_ms / 1000)
  return formatClaims({
    sessionField: record.session_field,
    sessionKey: record.session_key,
    iat,
    exp: record.expires ? Math.floor(record.now_ms / 1000 + record.expires) : null,
    fields: values,
    extra: record.callable === null ? null : (parsePythonJson(record.callable) as { [name: string]: unknown }),
  })
}
