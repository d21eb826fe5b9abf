/**
 * The least that somebody could write with bare node:crypto and node:zlib: what the library is measured against. Each
 * is right about good input, takes keys in the form that is fastest, and checks nothing beyond what its comment says.
 */
import { createHash, createHmac, createSecretKey, type KeyObject, sign, timingSafeEqual, verify } from 'node:crypto'
import { deflateSync, inflateSync } from 'node:zlib'
import type { JwtAlgorithm } from '../src/jwt/jws.ts'

/** Signature, algorithm and `exp`; null for a token that is refused. */
export function verifyByHand(token: string, algorithm: JwtAlgorithm, key: KeyObject): unknown {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const given = Buffer.from(signature, 'base64url')
  const input = `${header}.${payload}`
  if (algorithm === 'HS256') {
    const expected = createHmac('sha256', key).update(input).digest()
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null
  } else if (!verify('sha256', Buffer.from(input), key, given)) return null
  if (parse(header).alg !== algorithm) return null
  const claims = parse(payload)
  return Number(claims.exp) > Date.now() / 1000 ? claims : null
}

export function signByHand(claims: object, algorithm: JwtAlgorithm, key: KeyObject): string {
  const input = `${base64url({ alg: algorithm, typ: 'JWT' })}.${base64url(claims)}`
  const signature =
    algorithm === 'HS256' ? createHmac('sha256', key).update(input).digest() : sign('sha256', Buffer.from(input), key)
  return `${input}.${signature.toString('base64url')}`
}

/** What Django's Signer makes of SECRET_KEY and the salt of its session stores. */
export function sessionKeyByHand(secretKey: string): KeyObject {
  const salt = 'django.contrib.sessions.SessionStoresigner'
  return createSecretKey(createHash('sha256').update(`${salt}${secretKey}`).digest())
}

/** A `session_data` column: signature, then content; null where the signature differs. */
export function decodeByHand(text: string, key: KeyObject): unknown {
  const cut = text.lastIndexOf(':')
  const signed = text.slice(0, cut)
  const expected = createHmac('sha256', key).update(signed).digest()
  const given = Buffer.from(text.slice(cut + 1), 'base64url')
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null
  const content = signed.slice(0, signed.lastIndexOf(':'))
  const bytes = content.startsWith('.')
    ? inflateSync(Buffer.from(content.slice(1), 'base64url'))
    : Buffer.from(content, 'base64url')
  return JSON.parse(bytes.toString('latin1'))
}

/** For values of ASCII alone. */
export function encodeByHand(values: object, key: KeyObject): string {
  const bytes = Buffer.from(JSON.stringify(values), 'latin1')
  const deflated = deflateSync(bytes)
  const content =
    deflated.length < bytes.length - 1 ? `.${deflated.toString('base64url')}` : bytes.toString('base64url')
  const signed = `${content}:${base62(Math.floor(Date.now() / 1000))}`
  return `${signed}:${createHmac('sha256', key).update(signed).digest('base64url')}`
}

function base62(value: number): string {
  let digits = ''
  for (let rest = value; rest > 0; rest = Math.floor(rest / 62)) digits = LETTERS.charAt(rest % 62) + digits
  return digits
}

const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

function parse(segment: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(segment, 'base64url').toString()) as Record<string, unknown>
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
