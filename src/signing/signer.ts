/**
 * Mirrors Signer of django/core/signing.py.
 *
 *     value ":" base64url(HMAC-SHA256(key = SHA256(salt + "signer" + secret), value))
 *
 * `new Signer({ key: 'secret', salt: 'extra' }).sign('hello')` is `hello:X9jRVCptZJtpkMmhaViOf95HsF0mjIncJ6CwvBFjBm4`.
 */
import { createHmac, type KeyObject } from 'node:crypto'
import { deflateSync, inflateSync } from 'node:zlib'
import { BadSignature, SerializationError } from '../errors.ts'
import { isTooLarge, OverLimit } from '../over-limit.ts'
import { decodeBase64, encodeBase64 } from './base64.ts'
import { hmacSha256 } from './hmac-sha256.ts'
import { type Bytes, constantTimeCompare, deriveKey, needKey, openSslName } from './salted-hmac.ts'

export interface SignerOptions {
  /** SECRET_KEY; text counts as UTF-8 and is never trimmed. */
  readonly key: Bytes
  /** Default: none. @see SECRET_KEY_FALLBACKS */
  readonly fallbackKeys?: readonly Bytes[]
  /** Default `:`. */
  readonly sep?: string
  /** Default: Django's path of the class, `django.core.signing.Signer`. */
  readonly salt?: string
  /** A hash that node:crypto supports. Default sha256; sha1 is what Django before 3.1 signs by. */
  readonly algorithm?: string
  readonly limits?: SigningLimits
}

export interface SigningLimits {
  /** Characters of signed text; longer is a bad signature, before any work. Default 1 MiB. */
  readonly inputLength?: number
  /** Bytes of decompressed content. Default 8 MiB. */
  readonly inflatedLength?: number
}

/** The format inside a signature, as Django's serializer classes. */
export interface ObjectSerializer<Written, Read = Written> {
  dumps(value: Written): Uint8Array
  loads(bytes: Uint8Array): Read
}

export class Signer {
  readonly sep: string
  readonly salt: string
  readonly algorithm: string
  readonly #keys: readonly [KeyObject, ...KeyObject[]]
  readonly #limits: Required<SigningLimits>

  /** @throws TypeError for an empty key, a separator that a signed value may hold, or a hash that nobody knows */
  constructor(options: SignerOptions) {
    const { key, fallbackKeys = [], sep = ':', algorithm = 'sha256', limits } = options
    if (UNSAFE_SEPARATOR.test(sep)) {
      throw new TypeError('A separator cannot be empty or consist only of letters, digits, -, _ and =.')
    }
    for (const each of [key, ...fallbackKeys]) needKey(each)
    this.sep = sep
    this.salt = options.salt || this.defaultSalt()
    this.algorithm = algorithm
    this.#keys = [this.#derive(key), ...fallbackKeys.map((fallback) => this.#derive(fallback))]
    this.#limits = { inputLength: 1 << 20, inflatedLength: 8 << 20, ...limits }
  }

  /** The signature alone, with `key` instead of the signer's own when given. */
  signature(value: Bytes, key?: Bytes): string {
    return this.#mac(value, key === undefined || key.length === 0 ? this.#keys[0] : this.#derive(key))
  }

  /** @throws TypeError for text with half a surrogate pair, which has no bytes to sign */
  sign(value: string): string {
    if (!value.isWellFormed()) throw new TypeError('A value to sign is well-formed text.')
    return `${value}${this.sep}${this.signature(value)}`
  }

  /** @throws BadSignature */
  unsign(signed: string): string {
    if (signed.length > this.#limits.inputLength) throw new BadSignature('The signed value is too long.')
    const cut = signed.lastIndexOf(this.sep)
    if (cut < 0) throw new BadSignature('The signed value has no separator.')
    // Half a surrogate pair has no bytes; as U+FFFD it would share another value's signature.
    if (!signed.isWellFormed()) throw new BadSignature('The signed value is not well-formed text.')
    const value = signed.slice(0, cut)
    const signature = signed.slice(cut + this.sep.length)
    if (this.#keys.some((key) => constantTimeCompare(signature, this.#mac(value, key)))) return value
    throw new BadSignature('The signature does not match.')
  }

  /**
   * Signs `value` as the serializer writes it, behind a `.` compressed where that is shorter.
   * @throws SerializationError for more than `unsignObject` would read
   */
  signObject<T>(value: T, options: { serializer: ObjectSerializer<T, unknown>; compress?: boolean }): string {
    const bytes = options.serializer.dumps(value)
    const compressed = options.compress === true ? deflateSync(bytes, { chunkSize: pieceOf(bytes.length) }) : bytes
    const content = compressed.length < bytes.length - 1 ? `.${encodeBase64(compressed)}` : encodeBase64(bytes)
    const signed = this.sign(content)
    const { inputLength, inflatedLength } = this.#limits
    // What could not be read again must not be written.
    if (signed.length > inputLength || bytes.length > inflatedLength) {
      throw new SerializationError(`A value of ${bytes.length} bytes is over the limits of this signer.`)
    }
    return signed
  }

  /** @throws BadSignature; SerializationError for content that is signed well but cannot be read */
  unsignObject<T>(signed: string, options: { serializer: ObjectSerializer<never, T> }): T {
    return this.readContent(this.unsign(signed), options.serializer)
  }

  /** The value inside a content whose signature has been checked. */
  protected readContent<T>(content: string, serializer: ObjectSerializer<never, T>): T {
    if (!content.startsWith('.')) return serializer.loads(decodeBase64(content))
    return serializer.loads(this.#inflate(decodeBase64(content.slice(1))))
  }

  protected defaultSalt(): string {
    return 'django.core.signing.Signer'
  }

  #derive(key: Bytes): KeyObject {
    return deriveKey(`${this.salt}signer`, key, this.algorithm)
  }

  #mac(value: Bytes, derivedKey: KeyObject): string {
    if (this.algorithm === 'sha256') return hmacSha256(derivedKey, value, 'base64url')
    return createHmac(openSslName(this.algorithm), derivedKey).update(value).digest('base64url')
  }

  #inflate(bytes: Buffer): Buffer {
    try {
      return inflateSync(bytes, { maxOutputLength: this.#limits.inflatedLength, chunkSize: pieceOf(bytes.length * 8) })
    } catch (error) {
      if (isTooLarge(error)) throw new OverLimit('The signed content is over the limit once it is decompressed.')
      throw new SerializationError('The signed content is not a zlib stream.')
    }
  }
}

/** Bytes for zlib to make at once: all of a usual session, so that Node need not join pieces, and not much more. */
function pieceOf(expected: number): number {
  return Math.min(Math.max(1024, expected), 1 << 16)
}

/** Django's own expression: `A-z` covers a few signs more than letters, `$` a last newline. @see django/core/signing.py _SEP_UNSAFE */
const UNSAFE_SEPARATOR = /^[A-z0-9-_=]*\n?$/
