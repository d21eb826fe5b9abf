/**
 * Sessions in the cookie itself: the session key is the session, signed and dated. Mirrors
 * django/contrib/sessions/backends/signed_cookies.py.
 *
 *     .eJyrVkpOLCpRslIqLU4tUqoFAB8rBJo:1wAbCd:Wm6hXnBM5RW2X…      as stores/session-data.ts, with a salt of its own
 *
 * Nothing is stored: every write gives the session another key, and the one before opens what it held until its time is
 * up. Whoever kept a cookie can send it again, also after a logout.
 */
import { refuseLargeCookie } from '../cookies/set-cookie.ts'
import { SignatureExpired } from '../errors.ts'
import type { Encoded, Serializer, SessionData } from '../serializers/serializer.ts'
import { decodeBase62 } from '../signing/base62.ts'
import type { SigningLimits } from '../signing/signer.ts'
import { TimestampSigner } from '../signing/timestamp-signer.ts'
import type { DecodedSession } from './session-data.ts'
import type { Expiry, ExpiryRule } from './session-expiry.ts'
import type { NotLoaded, SessionStore, StoredSession } from './store.ts'
import { unreadable } from './unreadable.ts'
import { writtenSession } from './written-session.ts'

export interface SignedCookiesOptions {
  readonly SECRET_KEY: string | Uint8Array
  readonly SECRET_KEY_FALLBACKS: readonly (string | Uint8Array)[]
  /** Seconds after which a session is no longer taken, whatever its own `_session_expiry` says. */
  readonly SESSION_COOKIE_AGE: number
  readonly SESSION_COOKIE_NAME: string
  readonly serializer: Serializer
  readonly expiryOf: ExpiryRule
  readonly now: () => Date
  readonly limits: SigningLimits
  /** The hash of what is written: `sha1` before Django 3.1, else `sha256`, which is always read. */
  readonly hash: 'sha256' | 'sha1'
  /** Whether a signature by SHA-1 is good, as up to Django 3.2. */
  readonly readsSha1: boolean
}

export const SIGNED_COOKIES_SALT = 'django.contrib.sessions.backends.signed_cookies'
/** 20 bytes in base64; SHA-256 has 32. */
const SHA1_SIGNATURE = /:[\w-]{27}$/
/** The last moment of a Date. */
const END_OF_TIME = 8.64e15

export function signedCookies(options: SignedCookiesOptions): SessionStore {
  const { serializer, expiryOf, now, SESSION_COOKIE_AGE: maxAge } = options
  const signers = { sha256: signerOf('sha256', options), sha1: signerOf('sha1', options) }

  /** What this side goes by is `SESSION_COOKIE_AGE`; a token ends with the session's own expiry. */
  function expiryFrom(data: SessionData, signedAt: Date): Expiry {
    const expiry = expiryOf(data, signedAt)
    const end = new Date(Math.min(signedAt.getTime() + maxAge * 1000, END_OF_TIME))
    return { ...(expiry.at < end ? expiry : { ...expiry, at: end }), age: expiryOf(data).age }
  }

  function unsign(key: string, age: { maxAge?: number }): ReadonlyMap<string, Encoded> {
    const takesSha1 = options.readsSha1 || options.hash === 'sha1'
    const signer = takesSha1 && SHA1_SIGNATURE.test(key) ? signers.sha1 : signers.sha256
    return signer.unsignObject(key, { serializer, ...age })
  }

  const codec = {
    decode(key: string): DecodedSession {
      try {
        return { data: unsign(key, {}) }
      } catch (error) {
        return unreadable(error)
      }
    },
  }

  /** @throws SerializationError; CookieTooLarge, before anybody is sent anything */
  function signed(data: SessionData): StoredSession {
    const key = signers[options.hash].signObject(data, { serializer, compress: true })
    refuseLargeCookie(options.SESSION_COOKIE_NAME, key, 'The signed_cookies session', ADVICE)
    return writtenSession(key, key, expiryFrom(data, now()), () => codec.decode(key))
  }

  async function write(seen: StoredSession, next: (current: SessionData) => SessionData): Promise<StoredSession> {
    return signed(next(seen.data))
  }

  function open(key: string): StoredSession | NotLoaded {
    try {
      const data = unsign(key, { maxAge })
      return { key, data, expiry: expiryFrom(data, signedAt(key)), version: key }
    } catch (error) {
      if (error instanceof SignatureExpired) return { absent: 'expired', reason: 'expired_session' }
      return { absent: 'unreadable', ...unreadable(error) }
    }
  }

  return {
    movesKeys: true,
    load: async (key) => open(key),
    // As in Django: there is no place to look.
    exists: async () => false,
    create: async (next) => signed(next(new Map())),
    save: write,
    cycle: write,
    touch: (seen) => write(seen, (data) => data),
    delete: async () => undefined,
    check: async () => undefined,
    clearExpired: async () => 0,
  }
}

const ADVICE = 'Keep less in it, or use a SESSION_ENGINE that stores sessions.'

function signerOf(algorithm: 'sha256' | 'sha1', options: SignedCookiesOptions): TimestampSigner {
  return new TimestampSigner({
    key: options.SECRET_KEY,
    fallbackKeys: options.SECRET_KEY_FALLBACKS,
    salt: SIGNED_COOKIES_SALT,
    algorithm,
    limits: options.limits,
    now: () => options.now().getTime(),
  })
}

/** When a session with a good signature was signed. */
function signedAt(key: string): Date {
  const seconds = Number(decodeBase62(key.split(':').at(-2) ?? ''))
  return new Date(Math.min(Math.max(seconds * 1000, -END_OF_TIME), END_OF_TIME))
}
