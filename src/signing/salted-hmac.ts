/**
 * Mirrors salted_hmac and constant_time_compare of django/utils/crypto.py.
 *
 * The HMAC's key is the *hash* of salt and secret, so short and long secrets are treated alike:
 * `saltedHmac('salt', 'value', 'secret')` is `HMAC-SHA1(key = SHA1('salt' + 'secret'), 'value')`,
 * a82be9ba6efe61405ee8d2e8a3781c37e103360a in hexadecimal digits.
 */
import { createHash, createHmac, createSecretKey, type Hash, type KeyObject, timingSafeEqual } from 'node:crypto'

/** Text counts as its UTF-8 bytes. */
export type Bytes = string | Uint8Array

/** The key that `saltedHmac` derives; worth keeping where many values are signed. Node is slow with keys in a Buffer. */
export function deriveKey(salt: Bytes, secret: Bytes, algorithm: string): KeyObject {
  return createSecretKey(hashOf(algorithm).update(salt).update(secret).digest())
}

function hashOf(algorithm: string): Hash {
  try {
    return createHash(openSslName(algorithm))
  } catch {
    throw new TypeError('The algorithm is no hash that node:crypto knows.')
  }
}

/**
 * @param secret SECRET_KEY as it is, never trimmed
 * @param options `algorithm`: a hash that node:crypto knows; Django's default here is sha1
 * @throws TypeError for another algorithm
 * @see django/utils/crypto.py salted_hmac
 */
export function saltedHmac(salt: Bytes, value: Bytes, secret: Bytes, options: { algorithm?: string } = {}): Buffer {
  const { algorithm = 'sha1' } = options
  return createHmac(openSslName(algorithm), deriveKey(salt, secret, algorithm))
    .update(value)
    .digest()
}

/** Python's `sha3_256` is OpenSSL's `sha3-256`. */
export function openSslName(algorithm: string): string {
  return algorithm.replaceAll('_', '-')
}

/**
 * The key that is given, which is not missing or empty.
 * @throws TypeError otherwise
 */
export function needKey(key: Bytes): Bytes {
  if ((typeof key === 'string' || key instanceof Uint8Array) && key.length > 0) return key
  const what = typeof key === 'string' || key instanceof Uint8Array ? 'cannot be empty' : 'must be text or bytes'
  throw new TypeError(`A signing key ${what}: give SECRET_KEY. It may be missing from the environment, or from a copy.`)
}

/** Compares two texts in a time that tells nothing of where they differ. @see django/utils/crypto.py */
export function constantTimeCompare(left: string, right: string): boolean {
  const leftBytes = Buffer.from(left)
  const rightBytes = Buffer.from(right)
  return leftBytes.length === rightBytes.length && timingSafeEqual(leftBytes, rightBytes)
}
