/** What the signature and the limits keep out. */
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BadSignature, SerializationError } from '../../src/errors.ts'
import { signJws } from '../../src/jwt/jws.ts'
import { hmacKey } from '../../src/jwt/keys.ts'
import { createJwtVerifier } from '../../src/jwt/verifier.ts'
import { parsePythonJson } from '../../src/python/json-reader.ts'
import {
  constantTimeCompare,
  cookieSigner,
  decodeBase62,
  dumps,
  loads,
  Signer,
  saltedHmac,
  TimestampSigner,
  unsignCookie,
} from '../../src/signing/index.ts'
import { createSessionCodec, sessionOf } from '../../src/stores/session-data.ts'

const key = 'a key'
/** The salt of a TimestampSigner. */
const STAMPED = 'django.core.signing.TimestampSigner'

/** The ways in which somebody may change a text without knowing the key. */
function forged(text: string): fc.Arbitrary<string> {
  const place = fc.nat(text.length - 1)
  const flipped = fc.tuple(place, fc.nat(7)).map(([at, bit]) => {
    const code = text.charCodeAt(at) ^ (1 << bit)
    return text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1)
  })
  const cut = place.map((at) => text.slice(0, at))
  const longer = fc.string({ minLength: 1, maxLength: 5 }).map((more) => text + more)
  return fc.oneof(flipped, cut, longer, fc.string())
}

describe('a changed text', () => {
  test('S16: has no good signature, whatever was flipped, cut or appended', () => {
    const signed = dumps({ user: 7 }, { key, compress: true })
    const stamped = new TimestampSigner({ key }).sign('value')
    fc.assert(
      fc.property(forged(signed), (text) => {
        expect(() => loads(text, { key })).toThrow(BadSignature)
      }),
    )
    fc.assert(
      fc.property(forged(stamped), (text) => {
        expect(() => new TimestampSigner({ key }).unsign(text)).toThrow(BadSignature)
      }),
    )
    const secret = 'a secret of the JWT cookie, long enough'
    const token = signJws('{"sk":"abcdefghijklmnop"}', 'HS256', hmacKey(secret, { name: 'KEY' }))
    const verifier = createJwtVerifier({ secret })
    expect(verifier.verify(token).ok).toBe(true)
    fc.assert(
      fc.property(forged(token), (text) => {
        expect(verifier.verify(text).ok).toBe(false)
      }),
    )
  })

  test('S16, S26: is not decompressed or parsed: a bad signature is told before bad content', () => {
    const codec = createSessionCodec({ SECRET_KEY: key })
    const bomb = `.${deflateSync(Buffer.alloc(64 << 20)).toString('base64url')}`
    expect(codec.decode(`${bomb}:1wAbCd:AAAA`)).toEqual({ reason: 'session_data_corrupted' })
    expect(codec.decode('%%%:1wAbCd:AAAA')).toEqual({ reason: 'session_data_corrupted' })
  })
})

describe('limits on what is signed well', () => {
  test('S26: a compressed text inflates to 8 MiB at most, or to the limit that was set', () => {
    const bomb = `.${deflateSync(Buffer.alloc((8 << 20) + 1, 0x20)).toString('base64url')}`
    const signer = new TimestampSigner({ key, salt: 'django.contrib.sessions.SessionStore' })
    const codec = createSessionCodec({ SECRET_KEY: key })
    expect(codec.decode(signer.sign(bomb))).toMatchObject({ reason: 'session_data_unreadable' })
    const small = new Signer({ key, limits: { inflatedLength: 100 } })
    const serializer = {
      dumps: (value: string) => Buffer.from(value),
      loads: (bytes: Uint8Array) => Buffer.from(bytes).toString(),
    }
    const signed = new Signer({ key }).signObject('x'.repeat(101), { serializer, compress: true })
    expect(signed.startsWith('.')).toBe(true)
    expect(() => small.unsignObject(signed, { serializer })).toThrow(SerializationError)
    expect(new Signer({ key }).unsignObject(signed, { serializer })).toBe('x'.repeat(101))
  })

  test('S26: a signed text over 1 MiB is refused unread', () => {
    const signer = new Signer({ key })
    const long = signer.sign('x'.repeat(1 << 20))
    expect(() => signer.unsign(long)).toThrow(BadSignature)
    expect(new Signer({ key, limits: { inputLength: 2 << 20 } }).unsign(long)).toHaveLength(1 << 20)
  })

  test('S26: a timestamp has 4300 digits at most, wherever one is read', () => {
    const digits = '1'.repeat(900_000)
    const refused = [
      ...[4301, 900_000].map((length) => () => decodeBase62('1'.repeat(length))),
      () => decodeBase62(`-${digits}`),
      () => new TimestampSigner({ key }).unsign(new Signer({ key, salt: STAMPED }).sign(`value:${digits}`)),
      () => loads(new Signer({ key, salt: 'django.core.signing' }).sign(`e30:${digits}`), { key }),
      () => {
        const cookieKey = `django.http.cookies${key}`
        const signed = new Signer({ key: cookieKey, salt: 'cookie' }).sign(`value:${digits}`)
        return unsignCookie('cookie', signed, { key, legacySaltFallback: true })
      },
    ]
    for (const read of refused) expect(read).toThrow(SerializationError)
    const session = new Signer({ key, salt: 'django.contrib.sessions.SessionStore' }).sign(`e30:${digits}`)
    expect(createSessionCodec({ SECRET_KEY: key }).decode(session)).toMatchObject({ reason: 'session_data_unreadable' })
    expect(decodeBase62('0'.repeat(4299) + 1)).toBe(1n)
    expect(decodeBase62(`-${'z'.repeat(4300)}`)).toBe(1n - 62n ** 4300n)
  })

  test('a timestamp beyond every number has no age, as in Python', () => {
    const signed = new Signer({ key, salt: STAMPED }).sign(`value:${'z'.repeat(200)}`)
    const signer = new TimestampSigner({ key })
    expect(signer.unsign(signed)).toBe('value')
    expect(() => signer.unsign(signed, { maxAge: 60 })).toThrow(SerializationError)
  })

  test('S26: JSON may be 500 levels deep and integers 4300 digits long', () => {
    expect(parsePythonJson(`${'['.repeat(500)}${']'.repeat(500)}`)).toHaveLength(1)
    expect(() => parsePythonJson(`${'['.repeat(501)}${']'.repeat(501)}`)).toThrow(SerializationError)
    expect(() => parsePythonJson('['.repeat(1_000_000))).toThrow(SerializationError)
    expect(parsePythonJson('9'.repeat(4300))).toBe(BigInt('9'.repeat(4300)))
    expect(() => parsePythonJson('9'.repeat(4301))).toThrow(SerializationError)
    const codec = createSessionCodec({ SECRET_KEY: key })
    const deep = sessionOf([['a', Array.from({ length: 499 }).reduce<unknown>((inner) => [inner], 1)]])
    expect(codec.decode(codec.encode(deep))).toHaveProperty('data')
  })
})

describe('names that mean something to JavaScript', () => {
  const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__']

  test.each(NAMES)('S27: %s is a key like any other, at the top and inside, and reaches no prototype', (name) => {
    const codec = createSessionCodec({ SECRET_KEY: key })
    const inner = parsePythonJson(`{${JSON.stringify(name)}: {"polluted": true}, "b": 1}`) as object
    expect(Object.keys(inner)).toEqual([name, 'b'])
    expect(Object.getPrototypeOf(inner)).toBe(Object.prototype)
    const decoded = codec.decode(
      codec.encode(
        sessionOf([
          [name, { polluted: true }],
          ['inner', inner],
        ]),
      ),
    )
    if (!('data' in decoded)) throw new Error(decoded.reason)
    expect(decoded.data.get(name)?.decode()).toEqual({ polluted: true })
    expect(decoded.data.get('inner')?.decode()).toEqual(inner)
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})

describe('constantTimeCompare', () => {
  test('S37: equal texts, other texts, other lengths, and what has no ASCII', () => {
    expect(constantTimeCompare('abc', 'abc')).toBe(true)
    expect(constantTimeCompare('abc', 'abd')).toBe(false)
    expect(constantTimeCompare('abc', 'ab')).toBe(false)
    expect(constantTimeCompare('é', 'e')).toBe(false)
    expect(constantTimeCompare('', '')).toBe(true)
  })
})

describe('a signer', () => {
  test('refuses a hash that nobody knows as soon as it is made', () => {
    expect(() => new Signer({ key, algorithm: 'whatever' })).toThrow(TypeError)
    expect(() => saltedHmac('salt', 'value', key, { algorithm: 'whatever' })).toThrow(TypeError)
  })

  test.each(['', new Uint8Array(0), undefined, null, 7])('refuses the key %o, its own or a fallback', (missing) => {
    const empty = missing as string
    expect(() => new Signer({ key: empty })).toThrow(TypeError)
    expect(() => new Signer({ key, fallbackKeys: [empty] })).toThrow(TypeError)
    expect(() => new TimestampSigner({ key: empty })).toThrow(TypeError)
    // Behind `django.http.cookies` no key is empty.
    expect(() => cookieSigner({ key: empty })).toThrow(TypeError)
    expect(() => cookieSigner({ key, fallbackKeys: [key, empty] })).toThrow(TypeError)
    expect(() => dumps(1, { key: empty })).toThrow('A signing key ')
  })

  test('signs bytes as the text they are, and tells its salt and hash', () => {
    const signer = new Signer({ key })
    expect(signer.signature(Buffer.from('\u2019'))).toBe(signer.signature('\u2019'))
    expect([signer.salt, signer.algorithm]).toEqual(['django.core.signing.Signer', 'sha256'])
  })
})
