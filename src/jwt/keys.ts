/**
 * Keys of the kind that the algorithm demands, made once: an HMAC secret is never a public key, and the reverse.
 * Messages name the setting, never the key.
 */
import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type JsonWebKeyInput,
  KeyObject,
  X509Certificate,
} from 'node:crypto'
import { SettingsError } from '../errors.ts'
import { parsePythonJson } from '../python/json-reader.ts'
import { isJwk, type Jwk, jwkSecret, refuseJwkFor } from './jwk.ts'

export interface KeyOptions {
  /** How messages call the key. */
  readonly name: string
  /** Accepts secrets below 20 bytes and RSA keys below 2048 bits. */
  readonly allowWeakKeys?: boolean
}

export type KeyMaterial = string | Uint8Array | KeyObject | Jwk

const LEAST_SECRET_BYTES = 20
const LEAST_RSA_BITS = 2048
/** OpenSSL verifies nothing beyond these. */
const MAX_RSA_BITS = 16_384
const MAX_EXPONENT = 2n ** 64n

/** Below this many bytes PyJWT warns about an HS256 secret. */
export const ADVISED_SECRET_BYTES = 32

/**
 * An HMAC secret from text, bytes, an `oct` JWK or a KeyObject.
 * @throws SettingsError for an empty or very short secret, and for a key of another kind
 */
export function hmacKey(secret: unknown, { name, allowWeakKeys = false }: KeyOptions): KeyObject {
  if (secret instanceof KeyObject && secret.type === 'secret') {
    return hmacKey(secret.export(), { name, allowWeakKeys })
  }
  if (isJwk(secret)) {
    refuseJwkFor('verify', 'HS256', secret, name)
    return hmacKey(jwkSecret(secret, name), { name, allowWeakKeys })
  }
  if (typeof secret !== 'string' && !(secret instanceof Uint8Array)) {
    throw new SettingsError(`${name} must be a secret: text, bytes or a JWK.`)
  }
  const bytes = typeof secret === 'string' ? Buffer.from(secret) : Buffer.from(secret)
  if (bytes.length === 0) throw new SettingsError(`${name} is empty.`)
  if (isAsymmetricKey(bytes)) {
    throw new SettingsError(
      `${name} is a public or private key; HS256 needs a secret. For RS256 give a pair [private, public], or publicKey.`,
    )
  }
  if (bytes.length < LEAST_SECRET_BYTES && !allowWeakKeys) {
    throw new SettingsError(`${name} has less than ${LEAST_SECRET_BYTES} bytes; HS256 asks for 32 (or allowWeakKeys).`)
  }
  return createSecretKey(bytes)
}

/** An RSA public key from PEM, DER, a certificate, a JWK or a KeyObject. @throws SettingsError */
export function rsaPublicKey(material: unknown, options: KeyOptions): KeyObject {
  if (isPrivate(material)) throw new SettingsError(`${options.name} must be a public key and is a private one.`)
  if (isJwk(material)) refuseJwkFor('verify', 'RS256', material, options.name)
  return checkRsa(readKey(material, options.name, createPublicKey), options)
}

/** An RSA private key from PEM, DER, a JWK or a KeyObject. @throws SettingsError */
export function rsaPrivateKey(material: unknown, options: KeyOptions): KeyObject {
  if (isJwk(material)) refuseJwkFor('sign', 'RS256', material, options.name)
  return checkRsa(readKey(material, options.name, createPrivateKey), options)
}

/** Whether two halves belong together. */
export function isPair(privateKey: KeyObject, publicKey: KeyObject): boolean {
  return createPublicKey(privateKey).equals(publicKey)
}

function readKey(material: unknown, name: string, create: typeof createPublicKey | typeof createPrivateKey): KeyObject {
  if (material instanceof KeyObject) return material
  try {
    if (typeof material === 'string') return create(material.trim())
    if (material instanceof Uint8Array)
      return isPem(material) ? create(Buffer.from(material)) : readDer(material, create)
    if (isJwk(material)) return create({ key: material as JsonWebKeyInput['key'], format: 'jwk' })
  } catch {
    throw new SettingsError(`${name} cannot be read as an RSA key: give PEM text, or the path of a PEM file.`)
  }
  throw new SettingsError(`${name} must be PEM text, bytes, a JWK or a KeyObject.`)
}

function isPem(bytes: Uint8Array): boolean {
  return Buffer.from(bytes).includes('-----BEGIN ')
}

/** What the bytes are must be told to OpenSSL, so each form is tried. */
function readDer(bytes: Uint8Array, create: typeof createPublicKey | typeof createPrivateKey): KeyObject {
  const key = Buffer.from(bytes)
  for (const read of create === createPublicKey ? PUBLIC_DER : PRIVATE_DER) {
    try {
      return read(key)
    } catch {
      // The next form, then.
    }
  }
  throw new TypeError('None of the forms of a key.')
}

function checkRsa(key: KeyObject, { name, allowWeakKeys = false }: KeyOptions): KeyObject {
  if (key.asymmetricKeyType !== 'rsa') throw new SettingsError(`${name} is not an RSA key; RS256 needs one.`)
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  if (bits < LEAST_RSA_BITS && !allowWeakKeys) {
    throw new SettingsError(`${name} has ${bits} bits; RS256 needs ${LEAST_RSA_BITS} (or allowWeakKeys).`)
  }
  const exponent = key.asymmetricKeyDetails?.publicExponent ?? 0n
  if (exponent < 3n || exponent % 2n === 0n || exponent >= MAX_EXPONENT || bits > MAX_RSA_BITS) {
    throw new SettingsError(`${name} is no usable RSA key: its public exponent or its size is not one of RSA.`)
  }
  return key
}

function isPrivate(material: unknown): boolean {
  if (material instanceof KeyObject) return material.type === 'private'
  if (typeof material === 'string') return /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(material)
  if (material instanceof Uint8Array) {
    const bytes = Buffer.from(material)
    return isPrivate(bytes.toString('latin1')) || PRIVATE_DER.some((read) => isReadBy(read, bytes))
  }
  return isJwk(material) && 'd' in material
}

/** Recognizes PEM, DER, X.509, SSH, JWK and JWKS, also in base64: none of them may serve as an HMAC secret. */
function isAsymmetricKey(bytes: Buffer): boolean {
  const decoded = Buffer.from(bytes.toString('latin1'), 'base64')
  return [bytes, decoded, Buffer.from(decoded.toString('latin1'), 'base64')].some(hasKeyShape)
}

/** JSON with escapes in its names spelled out; text that is none as it is. */
function plainJson(text: string): string {
  try {
    return JSON.stringify(parsePythonJson(text))
  } catch {
    return text
  }
}

function hasKeyShape(bytes: Buffer): boolean {
  const text = bytes
    .toString('utf8')
    .replace(/^\ufeff|\0/g, '')
    .trim()
  if (text.includes('-----BEGIN ') || /^(ssh-|ecdsa-sha2-|sk-ssh-|---- BEGIN SSH2)/.test(text)) return true
  // The same without its first word, in the form of RFC 4253.
  if (/^\0\0\0.(ssh-|ecdsa-sha2-|sk-ssh-)/s.test(bytes.toString('latin1', 0, 20))) return true
  if (/^[{[]/.test(text) && /"(kty|keys)"/.test(plainJson(text))) return true
  return [...PUBLIC_DER, ...PRIVATE_DER].some((read) => isReadBy(read, bytes))
}

type ReadDer = (key: Buffer) => KeyObject

const PUBLIC_DER: readonly ReadDer[] = [
  (key) => createPublicKey({ key, format: 'der', type: 'spki' }),
  (key) => createPublicKey({ key, format: 'der', type: 'pkcs1' }),
  (key) => new X509Certificate(key).publicKey,
]

const PRIVATE_DER: readonly ReadDer[] = [
  (key) => createPrivateKey({ key, format: 'der', type: 'pkcs8' }),
  (key) => createPrivateKey({ key, format: 'der', type: 'pkcs1' }),
  (key) => createPrivateKey({ key, format: 'der', type: 'sec1' }),
]

function isReadBy(read: ReadDer, bytes: Buffer): boolean {
  try {
    read(bytes)
    return true
  } catch (error) {
    // An encrypted private key is one, too.
    return error instanceof Error && 'code' in error && error.code === 'ERR_MISSING_PASSPHRASE'
  }
}
