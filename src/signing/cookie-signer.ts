/**
 * Signed cookies. Mirrors get_cookie_signer and _unsign_cookie of django/core/signing.py.
 *
 * The signer's key is `django.http.cookies` + SECRET_KEY. The salt of cookie `name` is
 * `django.http.cookies.v2:<length of salt>:<salt><name>` in Django 5.2.15, 6.0.6 and newer, and `<name><salt>` before.
 */
import { BadSignature, SignatureExpired } from '../errors.ts'
import { type Bytes, needKey } from './salted-hmac.ts'
import { type MaxAge, TimestampSigner } from './timestamp-signer.ts'

export interface CookieSigningOptions {
  /** SECRET_KEY. */
  readonly key: Bytes
  readonly fallbackKeys?: readonly Bytes[]
  /** The `salt` of get_signed_cookie and set_signed_cookie. */
  readonly salt?: string
  /** A hash that node:crypto supports. Default sha256; sha1 is what Django before 3.1 signs by. */
  readonly algorithm?: string
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** The signer of Django's `get_cookie_signer(salt)`. */
export function cookieSigner(options: CookieSigningOptions): TimestampSigner {
  return new TimestampSigner({
    key: cookieKey(options.key),
    fallbackKeys: (options.fallbackKeys ?? []).map(cookieKey),
    salt: options.salt ?? 'django.core.signing.get_cookie_signer',
    ...(options.algorithm !== undefined && { algorithm: options.algorithm }),
    ...(options.now && { now: options.now }),
  })
}

/**
 * The value for `Set-Cookie`.
 * @param options `legacySalt`: writes the salt that Django before 5.2.15 and 6.0.6 reads
 * @see django/http/response.py set_signed_cookie
 */
export function signCookie(
  name: string,
  value: string,
  options: CookieSigningOptions & { legacySalt?: boolean },
): string {
  const salt = options.legacySalt ? legacySalt(name, options.salt) : currentSalt(name, options.salt)
  return cookieSigner({ ...options, salt }).sign(value)
}

/**
 * @param options `legacySaltFallback`: SIGNED_COOKIE_LEGACY_SALT_FALLBACK, true by default in Django 5.2 and false in 6.1
 * @throws BadSignature; SignatureExpired, which never falls back to the older salt
 * @see django/http/request.py get_signed_cookie
 */
export function unsignCookie(
  name: string,
  signed: string,
  options: CookieSigningOptions & { maxAge?: MaxAge; legacySaltFallback?: boolean },
): string {
  const { maxAge, legacySaltFallback = false } = options
  try {
    return cookieSigner({ ...options, salt: currentSalt(name, options.salt) }).unsign(signed, { maxAge })
  } catch (error) {
    if (!legacySaltFallback || !(error instanceof BadSignature) || error instanceof SignatureExpired) throw error
    return cookieSigner({ ...options, salt: legacySalt(name, options.salt) }).unsign(signed, { maxAge })
  }
}

function currentSalt(name: string, salt = ''): string {
  return `django.http.cookies.v2:${[...salt].length}:${salt}${name}`
}

function legacySalt(name: string, salt = ''): string {
  return name + salt
}

function cookieKey(key: Bytes): Uint8Array {
  return Buffer.concat([Buffer.from('django.http.cookies'), Buffer.from(needKey(key))])
}
