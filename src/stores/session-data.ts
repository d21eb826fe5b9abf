/**
 * The text of one session as the stores `db`, `file` and the rows of `cached_db` keep it.
 * Mirrors SessionBase.encode and decode of django/contrib/sessions/backends/base.py.
 *
 *     .eJyrVkpOLCpRslIqLU4tUqoFAB8rBJo:1wAbCd:Wm6hXnBM5RW2X…
 *      │                               │      └ HMAC-SHA256, salt "django.contrib.sessions.SessionStore"
 *      │                               └ seconds since 1970 in base 62; its age is never checked, so that a bridge
 *      │                                 puts 8 random digits behind them, by which it knows its own write again
 *      └ the serializer's bytes in base64url; behind a "." compressed by zlib
 *
 * What Django wrote before 3.1 is read too: see old-session-data.ts.
 */
import '../node-version.ts'
import { jsonSerializer } from '../serializers/json.ts'
import { type Encoded, isHiddenName, type Serializer, type SessionData } from '../serializers/serializer.ts'
import { markDigits, marked } from '../serializers/write-mark.ts'
import type { SigningLimits } from '../signing/signer.ts'
import { TimestampSigner } from '../signing/timestamp-signer.ts'
import { createOldSessionCodec } from './old-session-data.ts'
import { tooLong, type Unreadable, unreadable } from './unreadable.ts'

export type { Encoded, NewValue, Serializer, SessionData } from '../serializers/serializer.ts'

/** The salt of Django's own SessionStore of db, file and cached_db. @see SessionBase.key_salt */
export const SESSION_SALT = 'django.contrib.sessions.SessionStore'

/** 20 bytes in base64; SHA-256 has 32. */
const SHA1_SIGNATURE = /:[\w-]{27}$/

export interface SessionCodecOptions {
  readonly SECRET_KEY: string | Uint8Array
  readonly SECRET_KEY_FALLBACKS?: readonly (string | Uint8Array)[]
  readonly serializer?: Serializer
  readonly salt?: string
  readonly limits?: SigningLimits
  /** `old`: as Django wrote before 3.1. Both are read. Default `signed`. */
  readonly writes?: 'signed' | 'old'
  /** Whether a signature by SHA-1 is good, as in Django 3.1 and 3.2. Default false. */
  readonly readsSha1?: boolean
  /** Milliseconds since 1970, for the timestamp that is written. */
  readonly now?: () => number
  /** Whether each text is made unlike every other. Default false: the text is Django's own. */
  readonly marksWrites?: boolean
}

export type DecodedSession = { readonly data: ReadonlyMap<string, Encoded> } | Unreadable

export interface SessionCodec {
  /** Whether no two writes make the same text, so that a write can be known by it. */
  readonly marksWrites?: boolean
  /** @throws SerializationError for a value that the serializer cannot hold, and for more than `limits` let in again. */
  encode(data: SessionData): string
  /** Never throws: what it cannot read has a reason. Django takes either reason for an empty session. */
  decode(text: string): DecodedSession
}

/** Reads and writes `session_data` with the site's keys and serializer. */
export function createSessionCodec(options: SessionCodecOptions): SessionCodec {
  const serializer = options.serializer ?? jsonSerializer
  const common = {
    key: options.SECRET_KEY,
    fallbackKeys: options.SECRET_KEY_FALLBACKS ?? [],
    salt: options.salt ?? SESSION_SALT,
    ...(options.limits && { limits: options.limits }),
    ...(options.now && { now: options.now }),
  }
  const marks = options.marksWrites === true
  const signer = marks ? new MarkingSigner(common) : new TimestampSigner(common)
  const bySha1 = options.readsSha1 === true ? new TimestampSigner({ ...common, algorithm: 'sha1' }) : signer
  const longest = options.limits?.inputLength ?? 1 << 20
  const oldWriter = marks ? marked(serializer) : serializer
  const old = createOldSessionCodec(options, oldWriter)
  const unsign = (text: string): ReadonlyMap<string, Encoded> =>
    (SHA1_SIGNATURE.test(text) ? bySha1 : signer).unsignObject(text, { serializer })
  return {
    marksWrites: marks && (options.writes !== 'old' || oldWriter !== serializer),
    encode: (data) =>
      options.writes === 'old' ? old.encode(data) : signer.signObject(data, { serializer, compress: true }),
    decode(text) {
      if (text.length > longest) return tooLong()
      try {
        // What the newer format separates by a colon is nothing that base64 of the older one holds.
        return { data: text.includes(':') ? unsign(text) : old.decode(text) }
      } catch (error) {
        return unreadable(error)
      }
    },
  }
}

/** Django reads the time and never compares it: no engine hands a `max_age` to it. @see SessionBase.decode */
class MarkingSigner extends TimestampSigner {
  override timestamp(): string {
    return super.timestamp() + markDigits()
  }
}

/** The plain values of a decoded session, for tools and tests. A key that is no text has no place in them. */
export function sessionValues(data: ReadonlyMap<string, Encoded>): Map<string, unknown> {
  const named = Array.from(data).filter(([key]) => !isHiddenName(key))
  return new Map(named.map(([key, value]) => [key, value.decode()]))
}

/** A session of plain values, ready to be encoded. */
export function sessionOf(values: Iterable<readonly [string, unknown]>): SessionData {
  return new Map(Array.from(values, ([key, value]) => [key, { value }]))
}
