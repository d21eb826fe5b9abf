/** Keys: what a JWK says of its own use, the kind of a key, and lists of keys. */
import { generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { SettingsError } from '../../src/errors.ts'
import { type JwtAlgorithm, openJws, signJws } from '../../src/jwt/jws.ts'
import { hmacKey, rsaPrivateKey, rsaPublicKey } from '../../src/jwt/keys.ts'
import { createJwtVerifier, type JwtVerifierOptions } from '../../src/jwt/verifier.ts'

const SECRET = 'a secret of the JWT cookie, long enough'
const CLAIMS = '{"sk":"abcdefghijklmnopqrstuvwxyz012345"}'
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const publicJwk = rsa.publicKey.export({ format: 'jwk' })
const privateJwk = rsa.privateKey.export({ format: 'jwk' })
const secretJwk = { kty: 'oct', k: Buffer.from(SECRET).toString('base64url') }

function refusal(make: () => unknown): string {
  try {
    make()
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError)
    return (error as Error).message
  }
  return 'taken'
}

const verifier = (options: object) => createJwtVerifier(options as JwtVerifierOptions)

describe('a JWK', () => {
  const REFUSED: [member: string, value: unknown][] = [
    ['use', 'enc'],
    ['use', 'SIG'],
    ['use', ''],
    ['use', null],
    ['use', ['sig']],
    ['alg', 'none'],
    ['alg', 'RS512'],
    ['alg', 'PS256'],
    ['alg', 'RSA-OAEP-256'],
    ['alg', 'rs256'],
    ['alg', ''],
    ['alg', null],
    ['alg', ['RS256', 'HS256']],
    ['key_ops', []],
    ['key_ops', ['encrypt']],
    ['key_ops', ['wrapKey', 'deriveBits']],
    ['key_ops', 'verify'],
    ['key_ops', 'sign verify'],
    ['key_ops', { 0: 'verify', length: 1 }],
    ['key_ops', ['sign', 'verify', 7]],
    ['key_ops', null],
  ]

  test.each(REFUSED)('with %s %j is refused by that name, and its key is not shown', (member, value) => {
    const extra = { use: 'sig', [member]: value }
    const messages = [
      refusal(() => verifier({ publicKey: { ...publicJwk, ...extra } })),
      refusal(() => verifier({ publicKey: [publicJwk, { ...publicJwk, ...extra }] })),
      refusal(() => verifier({ secret: { ...secretJwk, ...extra } })),
      refusal(() => verifier({ secret: [SECRET, { ...secretJwk, ...extra }] })),
      refusal(() => rsaPrivateKey({ ...privateJwk, ...extra }, { name: 'KEY[0]' })),
    ]
    for (const message of messages) {
      expect(message).toContain(`the JWK's "${member}"`)
      for (const part of [publicJwk.n, privateJwk.d, secretJwk.k, SECRET]) expect(message).not.toContain(part)
    }
  })

  test('is for one algorithm, and for one half of signing', () => {
    const operations = (...key_ops: string[]) => ({ key_ops })
    expect(refusal(() => verifier({ publicKey: { ...publicJwk, alg: 'HS256' } }))).toContain('"alg" is not "RS256"')
    expect(refusal(() => verifier({ secret: { ...secretJwk, alg: 'RS256' } }))).toContain('"alg" is not "HS256"')
    expect(refusal(() => verifier({ publicKey: { ...publicJwk, ...operations('sign') } }))).toContain('"verify"')
    expect(refusal(() => verifier({ secret: { ...secretJwk, ...operations('sign') } }))).toContain('"verify"')
    const signer = { ...privateJwk, ...operations('verify') }
    expect(refusal(() => rsaPrivateKey(signer, { name: 'KEY[0]' }))).toContain('"sign"')
  })

  test('that is meant for these tokens verifies them', () => {
    const forPublic = [{}, { use: 'sig' }, { alg: 'RS256' }, { key_ops: ['verify'] }, { use: undefined, kid: 'a' }]
    const token = signJws(CLAIMS, 'RS256', rsaPrivateKey({ ...privateJwk, key_ops: ['sign'] }, { name: 'KEY[0]' }))
    for (const extra of forPublic) {
      expect(verifier({ publicKey: { ...publicJwk, ...extra } }).verify(token).ok).toBe(true)
    }
    const bySecret = signJws(CLAIMS, 'HS256', hmacKey(SECRET, { name: 'secret' }))
    for (const extra of [{}, { use: 'sig', alg: 'HS256', key_ops: ['sign', 'verify'] }]) {
      expect(verifier({ secret: { ...secretJwk, ...extra } }).verify(bySecret).ok).toBe(true)
    }
  })

  test('is a secret only as oct, in base64url as RFC 7518 has it', () => {
    const short = { kty: 'oct', k: Buffer.from('short').toString('base64url') }
    const wrong = [
      {},
      { kty: 'oct' },
      { kty: 'oct', k: '' },
      { kty: 'oct', k: 7 },
      { kty: 'oct', k: `${secretJwk.k}=` },
      { kty: 'oct', k: ` ${secretJwk.k}` },
      { k: secretJwk.k },
      { kty: 'RSA', k: secretJwk.k },
      publicJwk,
      short,
      { kty: 'oct', k: Buffer.from(JSON.stringify(publicJwk)).toString('base64url') },
    ]
    expect(wrong.map((secret) => refusal(() => verifier({ secret }))).filter((told) => told === 'taken')).toEqual([])
    expect(() => verifier({ secret: short, allowWeakKeys: true })).not.toThrow()
    expect(refusal(() => verifier({ publicKey: secretJwk }))).toContain('cannot be read as an RSA key')
  })
})

describe('RS256', () => {
  const others: [string, KeyObject][] = [
    ['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey],
    ['Ed25519', generateKeyPairSync('ed25519').publicKey],
    // Of a size and an exponent that RS256 would take: only its type says that it signs otherwise.
    ['RSA-PSS', generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey],
  ]
  test.each(others)('takes no %s key, in any form', (name, key) => {
    const forms: (KeyObject | string | Uint8Array | JsonWebKey)[] = [
      key,
      key.export({ type: 'spki', format: 'pem' }),
      key.export({ type: 'spki', format: 'der' }),
    ]
    if (name !== 'RSA-PSS') forms.push(key.export({ format: 'jwk' }))
    for (const form of forms) {
      expect(refusal(() => rsaPublicKey(form, { name: 'publicKey', allowWeakKeys: true }))).toBe(
        'publicKey is not an RSA key; RS256 needs one.',
      )
    }
  })
})

describe('several keys', () => {
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const secrets = ['the first of two secrets, long enough', 'the second of two secrets, long enough'].map((secret) =>
    hmacKey(secret, { name: 'secret' }),
  )
  const kinds: [JwtAlgorithm, KeyObject[], KeyObject[]][] = [
    ['RS256', [rsa.privateKey, other.privateKey], [rsa.publicKey, other.publicKey]],
    ['HS256', secrets, secrets],
  ]
  test.each(kinds)('%s: one that fits is enough, wherever it stands in the list', (algorithm, signKeys, keys) => {
    for (const key of signKeys) {
      const token = signJws(CLAIMS, algorithm, key)
      expect(openJws(token, algorithm, keys).ok).toBe(true)
      expect(openJws(token, algorithm, keys.toReversed()).ok).toBe(true)
    }
    const first = signJws(CLAIMS, algorithm, signKeys[0] as KeyObject)
    expect(openJws(first, algorithm, keys.slice(1))).toEqual({ ok: false, reason: 'signature' })
  })
})
