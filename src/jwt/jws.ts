/**
 * JSON Web Signatures in compact serialization, as PyJWT makes and reads them, and stricter.
 *
 *     base64url({"alg":"HS256","typ":"JWT"}) "." base64url(claims) "." base64url(signature of both)
 *
 * The algorithm is the configured one, whatever a token says; nothing of a token is decoded before its signature has
 * been checked, except its length and the letters it is made of.
 * @see RFC 7515, PyJWT jwt/api_jws.py
 */
import { type KeyObject, sign, verify } from 'node:crypto'
import { parsePythonJson } from '../python/json-reader.ts'
import type { JsonLimits } from '../python/json-tree.ts'
import { hmacSha256 } from '../signing/hmac-sha256.ts'
import { constantTimeCompare } from '../signing/salted-hmac.ts'

export type JwtAlgorithm = 'HS256' | 'RS256'

interface AlgorithmParts {
  readonly header: string
  /** The signature in base64url. */
  sign(input: string, key: KeyObject): string
  verify(input: string, signature: string, key: KeyObject): boolean
}

const ALGORITHMS: Readonly<Record<JwtAlgorithm, AlgorithmParts>> = {
  HS256: {
    header: encode('{"alg":"HS256","typ":"JWT"}'),
    sign: (input, key) => hmacSha256(key, input, 'base64url'),
    // Each signature has one spelling, so the texts are compared.
    verify: (input, signature, key) => constantTimeCompare(signature, hmacSha256(key, input, 'base64url')),
  },
  RS256: {
    header: encode('{"alg":"RS256","typ":"JWT"}'),
    sign: (input, key) => sign('sha256', Buffer.from(input, 'latin1'), key).toString('base64url'),
    verify: (input, signature, key) =>
      verify('sha256', Buffer.from(input, 'latin1'), key, Buffer.from(signature, 'base64url')),
  },
}

/** Characters of a token; a cookie holds a quarter of it. */
const MAX_LENGTH = 16_384

export type JwsRefusal = 'too_long' | 'malformed' | 'signature' | 'algorithm' | 'header'

export type OpenedJws =
  | { readonly ok: true; readonly payload: Buffer }
  | { readonly ok: false; readonly reason: JwsRefusal }

export function signJws(payload: string, algorithm: JwtAlgorithm, key: KeyObject): string {
  const { header, sign: signature } = ALGORITHMS[algorithm]
  const input = `${header}.${encode(payload)}`
  return `${input}.${signature(input, key)}`
}

/** Checks a token's signature with each of the keys, then its header. Never throws for a token. */
export function openJws(token: string, algorithm: JwtAlgorithm, keys: readonly KeyObject[]): OpenedJws {
  if (token.length > MAX_LENGTH) return { ok: false, reason: 'too_long' }
  const first = token.indexOf('.')
  const second = token.indexOf('.', first + 1)
  if (first < 0 || second < 0) return { ok: false, reason: 'malformed' }
  const header = token.slice(0, first)
  const payload = token.slice(first + 1, second)
  const signature = token.slice(second + 1)
  if (!isBase64url(payload) || !isBase64url(signature)) return { ok: false, reason: 'malformed' }

  const { header: usualHeader, verify: isSigned } = ALGORITHMS[algorithm]
  const input = token.slice(0, second)
  if (!keys.some((key) => isSigned(input, signature, key))) {
    // A mistake of settings worth telling: the key is of the other kind than the token's issuer has.
    const isOther = header === ALGORITHMS[algorithm === 'HS256' ? 'RS256' : 'HS256'].header
    return { ok: false, reason: isOther ? 'algorithm' : 'signature' }
  }
  const refusal = header === usualHeader ? null : refuseHeader(header, algorithm)
  return refusal === null ? { ok: true, payload: Buffer.from(payload, 'base64url') } : { ok: false, reason: refusal }
}

/**
 * Judges a header that is signed, and not letter by letter the usual one. `kid`, `typ`, `cty`, `jku`, `jwk`, `x5u` and
 * `x5c` decide nothing here; an extension that must be understood (`crit`, `b64`) is not, and a name that stands twice
 * would be read otherwise by others.
 */
function refuseHeader(segment: string, algorithm: JwtAlgorithm): JwsRefusal | null {
  if (!isBase64url(segment)) return 'malformed'
  let header: unknown
  try {
    header = parsePythonJson(utf8.decode(Buffer.from(segment, 'base64url')), HEADER_LIMITS)
  } catch {
    return 'malformed'
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) return 'malformed'
  const fields = header as Record<string, unknown>
  if (!Object.hasOwn(fields, 'alg') || fields.alg !== algorithm) return 'algorithm'
  if (Object.hasOwn(fields, 'crit') || Object.hasOwn(fields, 'b64')) return 'header'
  if (Object.hasOwn(fields, 'kid') && typeof fields.kid !== 'string') return 'header'
  return null
}

const utf8 = new TextDecoder('utf-8', { fatal: true })
const HEADER_LIMITS: JsonLimits = { depth: 32, repeatedKeys: 'refused' }

function encode(text: string): string {
  return Buffer.from(text).toString('base64url')
}

const LETTERS = /^[A-Za-z0-9_-]+$/
/** Last letters that leave no bits over, by the length modulo 4. */
const LAST = [/^./, /^(?!)/, /^[AQgw]/, /^[AEIMQUYcgkosw048]/]

/** Strict base64url: no padding, no other letters, and one spelling for each sequence of bytes. */
function isBase64url(segment: string): boolean {
  return LETTERS.test(segment) && LAST[segment.length % 4]?.test(segment.slice(-1)) === true
}
