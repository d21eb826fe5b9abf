/**
 * Mirrors TimestampSigner of django/core/signing.py.
 *
 *     value ":" seconds since 1970 in base 62 ":" signature of both
 */
import { SerializationError, SignatureExpired } from '../errors.ts'
import { type Duration, durationSeconds } from '../python/duration.ts'
import { decodeBase62, encodeBase62 } from './base62.ts'
import { type ObjectSerializer, Signer, type SignerOptions } from './signer.ts'

export interface TimestampSignerOptions extends SignerOptions {
  /** The clock in milliseconds since 1970. */
  readonly now?: () => number
}

/** The oldest age that is accepted: seconds, or a duration. */
export type MaxAge = number | Duration

export class TimestampSigner extends Signer {
  readonly #now: () => number

  constructor(options: TimestampSignerOptions) {
    super(options)
    this.#now = options.now ?? Date.now
  }

  timestamp(): string {
    return encodeBase62(Math.floor(this.#now() / 1000))
  }

  override sign(value: string): string {
    return super.sign(`${value}${this.sep}${this.timestamp()}`)
  }

  /**
   * @throws BadSignature; SignatureExpired when older than `maxAge`; SerializationError when a good signature stands
   * behind a value without a readable time (Django raises ValueError, IndexError or OverflowError there)
   */
  override unsign(signed: string, options: { maxAge?: MaxAge | undefined } = {}): string {
    const stamped = super.unsign(signed)
    const cut = stamped.lastIndexOf(this.sep)
    if (cut < 0) throw new SerializationError('The signed value has no timestamp.')
    const timestamp = Number(decodeBase62(stamped.slice(cut + this.sep.length)))
    if (options.maxAge !== undefined) {
      const maxAge = typeof options.maxAge === 'number' ? options.maxAge : durationSeconds(options.maxAge)
      if (Number.isNaN(maxAge)) throw new TypeError('maxAge is a number of seconds or a duration.')
      if (!Number.isFinite(timestamp)) throw new SerializationError('The timestamp is beyond what a time can be.')
      if (this.#now() / 1000 - timestamp > maxAge) throw new SignatureExpired('The signed value is older than maxAge.')
    }
    return stamped.slice(0, cut)
  }

  override unsignObject<T>(
    signed: string,
    options: { serializer: ObjectSerializer<never, T>; maxAge?: MaxAge | undefined },
  ): T {
    return this.readContent(this.unsign(signed, options), options.serializer)
  }

  protected override defaultSalt(): string {
    return 'django.core.signing.TimestampSigner'
  }
}
