/** The entry `django-session-bridge/signing`: django.core.signing. */
import '../node-version.ts'

export { BadSignature, SerializationError, SignatureExpired } from '../errors.ts'
export type { Duration } from '../python/duration.ts'
export { decodeBase62, encodeBase62 } from './base62.ts'
export { type CookieSigningOptions, cookieSigner, signCookie, unsignCookie } from './cookie-signer.ts'
export { type DumpsOptions, dumps, jsonObjectSerializer, type LoadsOptions, loads } from './dumps.ts'
export { type Bytes, constantTimeCompare, saltedHmac } from './salted-hmac.ts'
export { type ObjectSerializer, Signer, type SignerOptions, type SigningLimits } from './signer.ts'
export { type MaxAge, TimestampSigner, type TimestampSignerOptions } from './timestamp-signer.ts'
