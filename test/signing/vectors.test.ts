/** Everything of django.core.signing that the vectors hold. */
import { describe, expect, test } from 'vitest'
import { BadSignature, SerializationError, SignatureExpired } from '../../src/errors.ts'
import { parsePythonJson } from '../../src/python/json-reader.ts'
import { JsonText } from '../../src/python/json-text.ts'
import { decodeBase62, encodeBase62 } from '../../src/signing/base62.ts'
import { cookieSigner, signCookie, unsignCookie } from '../../src/signing/cookie-signer.ts'
import { dumps, loads } from '../../src/signing/dumps.ts'
import { saltedHmac } from '../../src/signing/salted-hmac.ts'
import { type ObjectSerializer, Signer } from '../../src/signing/signer.ts'
import { type MaxAge, TimestampSigner } from '../../src/signing/timestamp-signer.ts'
import { bytesOrText, DJANGO_VERSIONS, outcome, type VectorRecord, vectors } from '../vectors.ts'

type Key = string | { hex: string }
type Result = { value: string } | { error: string }

interface SignerSpec {
  key: Key
  fallback_keys?: Key[]
  sep?: string
  salt?: string
  algorithm?: string
}

interface Record extends VectorRecord {
  signer: SignerSpec
  now_ms: number
  max_age: number | null | { timedelta: object }
  value: string
  signed: string
  json: string
  compress: boolean
  compressed?: boolean
  result: Result
  settings?: { SECRET_KEY_FALLBACKS?: string[] }
}

function options(spec: SignerSpec, record?: { now_ms?: number; settings?: { SECRET_KEY_FALLBACKS?: string[] } }) {
  const fallbacks = spec.fallback_keys ?? record?.settings?.SECRET_KEY_FALLBACKS
  return {
    key: bytesOrText(spec.key),
    ...(fallbacks && { fallbackKeys: fallbacks.map(bytesOrText) }),
    ...(spec.sep !== undefined && { sep: spec.sep }),
    ...(spec.salt !== undefined && { salt: spec.salt }),
    ...(spec.algorithm !== undefined && { algorithm: spec.algorithm }),
    ...(record?.now_ms !== undefined && { now: () => record.now_ms ?? 0 }),
  }
}

function maxAge(value: Record['max_age']): { maxAge?: MaxAge } {
  if (value === null || value === undefined) return {}
  return { maxAge: typeof value === 'number' ? value : (value.timedelta as MaxAge) }
}

/** Django's errors that are no BadSignature mean content that is signed well and cannot be read. */
function expectOutcome(actual: ReturnType<typeof outcome>, result: Result): void {
  if ('value' in result) expect(actual).toEqual({ value: result.value })
  else if (result.error === 'SignatureExpired') expect(actual).toEqual({ error: expect.any(SignatureExpired) })
  else if (result.error === 'BadSignature') {
    expect(actual).toEqual({ error: expect.any(BadSignature) })
    expect(actual).not.toEqual({ error: expect.any(SignatureExpired) })
  } else if (result.error === 'UnicodeEncodeError') {
    // Text without bytes: Django fails to encode it, for us no signature can be its own.
    expect(actual).toEqual({ error: expect.any(BadSignature) })
  } else expect(actual).toEqual({ error: expect.any(SerializationError) })
}

/** JSON as it is spelled, so that `1.0` and key order are compared too. */
const verbatim: ObjectSerializer<string> = {
  dumps: (text) => Buffer.from(text, 'latin1'),
  loads: (bytes) => {
    const text = Buffer.from(bytes).toString('latin1')
    parsePythonJson(text)
    return text
  },
}

/** Python's re-dumped text against ours: equal when ours would be written back as the same value. */
function expectSameJson(actual: ReturnType<typeof outcome>, result: Result): void {
  if (!('value' in result) || !('value' in actual)) expectOutcome(actual, result)
  else expect(new JsonText(result.value).same(new JsonText(String(actual.value)).decode())).toBe(true)
}

describe.each(['4.2', ...DJANGO_VERSIONS])('vectors of Django %s', (version) => {
  const of = (kind: string): Record[] => vectors<Record>('signing', version, kind)

  test.each(
    vectors<VectorRecord & { salt: Key; value: Key; secret: Key; algorithm: string; hex: string }>(
      'signing',
      version,
      'salted_hmac',
    ),
  )('$name', ({ salt, value, secret, algorithm, hex }) => {
    expect(saltedHmac(bytesOrText(salt), bytesOrText(value), bytesOrText(secret), { algorithm }).toString('hex')).toBe(
      hex,
    )
  })

  test.each(vectors<VectorRecord & { number: string; text: string }>('signing', version, 'b62_encode'))(
    '$name',
    ({ number, text }) => {
      expect(encodeBase62(BigInt(number))).toBe(text)
    },
  )

  test.each(vectors<VectorRecord & { text: string; result: Result }>('signing', version, 'b62_decode'))(
    '$name',
    ({ text, result }) => {
      expectOutcome(
        outcome(() => decodeBase62(text).toString()),
        result,
      )
    },
  )

  test.each(vectors<VectorRecord & { sep: string; result: Result }>('signing', version, 'separator'))(
    '$name',
    ({ sep, result }) => {
      const made = outcome(() => new Signer({ key: 'k', sep }).sep)
      expect(made).toEqual('value' in result ? { value: sep } : { error: expect.any(TypeError) })
    },
  )

  test.each(of('sign'))('$name', ({ signer, value, signed }) => {
    expect(new Signer(options(signer)).sign(value)).toBe(signed)
  })

  test.each(of('unsign'))('$name', ({ signer, signed, result }) => {
    expectOutcome(
      outcome(() => new Signer(options(signer)).unsign(signed)),
      result,
    )
  })

  test.each(of('timestamp_sign'))('$name', ({ signer, value, signed, now_ms }) => {
    expect(new TimestampSigner(options(signer, { now_ms })).sign(value)).toBe(signed)
  })

  test.each(of('timestamp_unsign'))('$name', (record) => {
    const signer = new TimestampSigner(options(record.signer, record))
    expectOutcome(
      outcome(() => signer.unsign(record.signed, maxAge(record.max_age))),
      record.result,
    )
  })

  test.each(of('sign_object'))('$name', ({ signer, json, compress, compressed, signed }) => {
    const ours = new Signer(options(signer))
    const made = ours.signObject(json, { serializer: verbatim, compress })
    if (!compressed) expect(made).toBe(signed)
    expect(made.startsWith('.')).toBe(signed.startsWith('.'))
    expect(ours.unsignObject(made, { serializer: verbatim })).toBe(json)
    expect(ours.unsignObject(signed, { serializer: verbatim })).toBe(json)
  })

  test.each(of('unsign_object'))('$name', ({ signer, signed, result }) => {
    expectSameJson(
      outcome(() => new Signer(options(signer)).unsignObject(signed, { serializer: verbatim })),
      result,
    )
  })

  test.each(of('dumps'))('$name', ({ signer, json, compress, compressed, signed, now_ms }) => {
    const made = dumps(json, {
      ...options(signer, { now_ms }),
      serializer: verbatim as ObjectSerializer<unknown>,
      compress,
    })
    if (!compressed) expect(made).toBe(signed)
    expect(loads(made, { ...options(signer), serializer: verbatim as ObjectSerializer<unknown> })).toBe(json)
  })

  test.each(of('loads'))('$name', (record) => {
    const call = outcome(() =>
      loads(record.signed, {
        ...options(record.signer, record),
        ...maxAge(record.max_age),
        serializer: verbatim as ObjectSerializer<unknown>,
      }),
    )
    expectSameJson(call as ReturnType<typeof outcome>, record.result)
  })

  type CookieRecord = VectorRecord & {
    key: Key
    fallback_keys?: Key[]
    now_ms: number
    cookie: string
    value: string
    salt: string
    signed: string
    signed_before: string
    max_age: Record['max_age']
    legacy_salt_fallback: boolean
    result: Result
  }

  test.each(vectors<CookieRecord>('signing', version, 'sign_cookie'))(
    '$name',
    ({ key, now_ms, cookie, value, salt, signed, signed_before }) => {
      const common = { key: bytesOrText(key), salt, now: () => now_ms }
      expect(signCookie(cookie, value, { ...common, legacySalt: version === '4.2' })).toBe(signed)
      expect(signCookie(cookie, value, { ...common, legacySalt: true })).toBe(signed_before)
    },
  )

  test.each(vectors<CookieRecord>('signing', version, 'unsign_cookie'))('$name', (record) => {
    const call = outcome(() =>
      unsignCookie(record.cookie, record.signed, {
        key: bytesOrText(record.key),
        fallbackKeys: (record.fallback_keys ?? []).map(bytesOrText),
        salt: record.salt,
        now: () => record.now_ms,
        legacySaltFallback: record.legacy_salt_fallback,
        ...maxAge(record.max_age),
      }),
    )
    expectOutcome(call, record.result)
  })

  test.skipIf(version === '4.2')('the default of the legacy salt is the documented one', () => {
    const [setting] = vectors<VectorRecord & { value: boolean }>('signing', version, 'setting')
    expect(setting?.value).toBe(version === '5.2')
  })

  test('the cookie signer has a salt of its own without a name', () => {
    expect(cookieSigner({ key: 'k', now: () => 0 }).sign('v')).not.toBe(
      new TimestampSigner({ key: 'k', now: () => 0 }).sign('v'),
    )
  })
})
