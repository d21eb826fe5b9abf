/**
 * The entry `django-session-bridge/jwt`: verifies django-session-jwt's cookie with nothing but a key – no Django, no
 * database, no settings, no dependency.
 */
import '../node-version.ts'
import type { KeyObject } from 'node:crypto'
import { parseCookieHeader } from '../cookies/cookie-header.ts'
import { named, SettingsError } from '../errors.ts'
import { type Claims, DEFAULT_SESSION_FIELD, type FieldDefinition, parseFields, refuseOverwrites } from './claims.ts'
import type { Jwk } from './jwk.ts'
import type { JwtAlgorithm } from './jws.ts'
import { hmacKey, rsaPublicKey } from './keys.ts'
import { type TokenRefusal, type TokenRules, verifyToken } from './token.ts'

export type { Claims, FieldDefinition } from './claims.ts'
export type { Jwk } from './jwk.ts'
export { SettingsError }

/** A public key. A JWK's `use`, `alg` and `key_ops` are obeyed. */
export type PublicKeyInput = string | Uint8Array | KeyObject | Jwk

/** A secret. A JWK has the `kty` `oct`; its `use`, `alg` and `key_ops` are obeyed. */
export type SecretInput = string | Uint8Array | Jwk

interface CommonOptions<Fields extends readonly FieldDefinition[]> {
  /** As in Django's DJANGO_SESSION_JWT: gives the claims their long names, and their types. */
  readonly FIELDS?: Fields
  /** The claim of the session key. Default `sk`. */
  readonly SESSION_FIELD?: string
  /** For `verifyCookie`. Default `sessionid`. */
  readonly SESSION_COOKIE_NAME?: string
  /** Milliseconds since 1970; the system's clock by default. */
  readonly now?: () => number
  /** Accepts secrets below 20 bytes and RSA keys below 2048 bits. */
  readonly allowWeakKeys?: boolean
}

export type JwtVerifierOptions<Fields extends readonly FieldDefinition[] = readonly FieldDefinition[]> =
  CommonOptions<Fields> &
    (
      | {
          /** RS256. That of an environment variable may be undefined, which is refused. */
          readonly publicKey: PublicKeyInput | readonly PublicKeyInput[] | undefined
          readonly secret?: never
        }
      | {
          /** HS256. That of an environment variable may be undefined, which is refused. */
          readonly secret: SecretInput | readonly SecretInput[] | undefined
          readonly publicKey?: never
        }
    )

type ShortName<F> = F extends string
  ? F
  : F extends readonly [unknown, infer S, ...unknown[]]
    ? S & string
    : F extends readonly [infer A]
      ? A & string
      : never
type LongName<F> = F extends string ? F : F extends readonly [unknown, unknown, infer L] ? L & string : ShortName<F>

/** The claims that FIELDS name, short and long. A missing attribute or an anonymous visitor leaves them out. */
export type ClaimsOf<Fields extends readonly FieldDefinition[]> = Claims & {
  readonly iat?: number
  readonly exp?: number
} & { readonly [Name in ShortName<Fields[number]> | LongName<Fields[number]>]?: unknown }

export type JwtRefusal =
  | TokenRefusal
  /** The Cookie header holds no token. */
  | 'missing'
  /** A token of another kind, signed with the same key; or SESSION_FIELD is not the site's. */
  | 'no_session_key'

export type JwtVerdict<C = Claims> =
  | {
      readonly ok: true
      /** Who was known when the token was issued; an anonymous visitor has a valid token too. */
      readonly claims: C
      readonly sessionKey: string
    }
  | { readonly ok: false; readonly reason: JwtRefusal }

export interface JwtVerifier<C = Claims> {
  /** Never throws, whatever the text. */
  verify(token: string): JwtVerdict<C>
  /** Takes the token from a Cookie header, read as Django reads it. */
  verifyCookie(header: string | undefined): JwtVerdict<C>
}

/**
 * @example
 * const verifier = createJwtVerifier({ publicKey: pem, FIELDS: [['id', 'id', 'user_id'], 'email'] })
 * const verdict = verifier.verifyCookie(request.headers.cookie)
 * if (verdict.ok) greet(verdict.claims.email)
 * @throws SettingsError for keys and FIELDS that cannot be meant
 */
export function createJwtVerifier<const Fields extends readonly FieldDefinition[] = readonly []>(
  options: JwtVerifierOptions<Fields>,
): JwtVerifier<ClaimsOf<Fields>> {
  checkOptions(options)
  const { SESSION_FIELD = DEFAULT_SESSION_FIELD, SESSION_COOKIE_NAME = 'sessionid', now = Date.now } = options
  const { algorithm, keys } = readKeys(options)
  const fields = parseFields(options.FIELDS ?? [], SESSION_FIELD)
  refuseOverwrites(fields, SESSION_FIELD)
  const rules: TokenRules = { algorithm, keys, fields, sessionField: SESSION_FIELD }
  const verify = (token: string): JwtVerdict<ClaimsOf<Fields>> => {
    const verdict = verifyToken(token, rules, now())
    if (!verdict.ok) return verdict
    const { claims, sessionKey } = verdict
    return sessionKey ? { ok: true, claims: claims as ClaimsOf<Fields>, sessionKey } : NO_SESSION_KEY
  }
  return {
    verify,
    verifyCookie(header) {
      const token = typeof header === 'string' ? parseCookieHeader(header).get(SESSION_COOKIE_NAME) : undefined
      return token === undefined || token === '' ? { ok: false, reason: 'missing' } : verify(token)
    },
  }
}

/** Whoever signs other tokens with the same key, SECRET_KEY for one, must not make session cookies by it. */
const NO_SESSION_KEY = { ok: false, reason: 'no_session_key' } as const

const OPTIONS = [
  'publicKey',
  'secret',
  'FIELDS',
  'SESSION_FIELD',
  'SESSION_COOKIE_NAME',
  'now',
  'allowWeakKeys',
] as const

/** An option of another library – an issuer, an audience, a pattern – would be believed to be checked. */
function checkOptions(options: object): void {
  const known: readonly string[] = OPTIONS
  const stranger = Object.keys(options).find((name) => !known.includes(name))
  if (stranger !== undefined) {
    throw new SettingsError(`createJwtVerifier has no option ${named(stranger)}; options are ${OPTIONS.join(', ')}.`)
  }
  for (const name of ['SESSION_FIELD', 'SESSION_COOKIE_NAME'] as const) {
    const value: unknown = Reflect.get(options, name)
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      throw new SettingsError(`createJwtVerifier: ${name} must be text.`)
    }
  }
}

function readKeys(options: JwtVerifierOptions<readonly FieldDefinition[]>): {
  algorithm: JwtAlgorithm
  keys: KeyObject[]
} {
  const { publicKey, secret, allowWeakKeys = false } = options
  if ((publicKey === undefined) === (secret === undefined)) {
    const empty = publicKey === undefined ? ['publicKey', 'secret'].find((name) => name in options) : undefined
    throw new SettingsError(
      empty === undefined
        ? 'createJwtVerifier takes a publicKey (RS256) or a secret (HS256).'
        : `createJwtVerifier: ${empty} is undefined; is the variable set that it comes from?`,
    )
  }
  const given: readonly unknown[] = asList(publicKey ?? secret)
  if (given.length === 0) throw new SettingsError('createJwtVerifier was given an empty list of keys.')
  return publicKey === undefined
    ? { algorithm: 'HS256', keys: given.map((key) => hmacKey(key, { name: 'secret', allowWeakKeys })) }
    : { algorithm: 'RS256', keys: given.map((key) => rsaPublicKey(key, { name: 'publicKey', allowWeakKeys })) }
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value]
}
