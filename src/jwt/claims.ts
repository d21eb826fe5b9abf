/**
 * Claims as django-session-jwt names, verifies and writes them.
 * Mirrors _parse_fields, verify_jwt and create_jwt of django_session_jwt/middleware/session.py.
 *
 *     {"sk":"<session key>","iat":1768478400,"exp":1768482000,"id":7,"u":"ada"}
 */
import { named, SettingsError } from '../errors.ts'
import { parsePythonJson } from '../python/json-reader.ts'
import { type JsonLimits, setOwn } from '../python/json-tree.ts'
import { formatPythonJson, formatPythonMembers } from '../python/json-writer.ts'

export type Claims = Readonly<Record<string, unknown>>

/** `'email'`, or `['username', 'u', 'user_name']`: attribute, short name on the wire, long name in code. */
export type FieldDefinition = string | readonly string[]

export interface Field {
  readonly attribute: string
  readonly short: string
  readonly long: string
}

export const DEFAULT_SESSION_FIELD = 'sk'

/** @throws SettingsError for what the package refuses too @see _parse_fields */
export function parseFields(definitions: readonly FieldDefinition[], sessionField: string): Field[] {
  const fields = definitions.map((definition) => {
    const parts: readonly string[] = Array.isArray(definition) ? definition : [definition]
    const [attribute, short = attribute, long = short] = parts
    if (
      parts.length > 3 ||
      attribute === undefined ||
      short === undefined ||
      long === undefined ||
      !parts.every(isName)
    ) {
      throw new SettingsError('FIELDS holds names, or lists of an attribute, a short and a long name.')
    }
    if (short === sessionField) {
      throw new SettingsError(
        `FIELDS: the short name "${named(short)}" is the session key's claim; set SESSION_FIELD to another.`,
      )
    }
    return { attribute, short, long }
  })
  for (const name of ['short', 'long'] as const) {
    if (new Set(fields.map((field) => field[name])).size < fields.length) {
      throw new SettingsError(`FIELDS: two fields have the same ${name} name.`)
    }
  }
  return fields
}

/**
 * Refuses long names that the package takes, and then writes over another claim: one that it has judged, or another
 * field.
 * @throws SettingsError
 */
export function refuseOverwrites(fields: readonly Field[], sessionField: string): void {
  const taken = new Set([sessionField, ...JUDGED, ...fields.map(({ short }) => short)])
  const overwrite = fields.find(({ short, long }) => long !== short && taken.has(long))
  if (overwrite !== undefined) {
    throw new SettingsError(`FIELDS: the long name "${named(overwrite.long)}" is the name of another claim.`)
  }
}

const JUDGED = ['iat', 'nbf', 'exp', 'aud']

function isName(name: unknown): boolean {
  return typeof name === 'string' && name !== ''
}

export type ClaimsRefusal = 'malformed' | 'claims' | 'expired' | 'not_yet_valid'

export type JudgedClaims =
  | { readonly ok: true; readonly claims: Claims }
  | { readonly ok: false; readonly reason: ClaimsRefusal }

/**
 * Reads and judges the claims of a token whose signature is good: as PyJWT does, except that what makes it raise an
 * error that django-session-jwt does not catch is refused like the rest. Long names stand beside short ones.
 * @param now milliseconds since 1970
 */
export function judgeClaims(payload: Uint8Array, fields: readonly Field[], now: number): JudgedClaims {
  let read: unknown
  try {
    read = parsePythonJson(utf8.decode(payload), PAYLOAD_LIMITS)
  } catch {
    return { ok: false, reason: 'malformed' }
  }
  if (typeof read !== 'object' || read === null || Array.isArray(read)) return { ok: false, reason: 'malformed' }
  const claims = read as Record<string, unknown>
  const reason = refuseTimes(claims, now / 1000) ?? (hasRegisteredClaims(claims) ? null : 'claims')
  if (reason !== null) return { ok: false, reason }
  for (const { short, long } of fields) if (Object.hasOwn(claims, short)) setOwn(claims, long, claims[short])
  return { ok: true, claims }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })
/** Half of what makes Python 3.11 raise RecursionError. */
const PAYLOAD_LIMITS: JsonLimits = { depth: 500 }

/** @see PyJWT jwt/api_jwt.py _validate_iat, _validate_nbf, _validate_exp */
function refuseTimes(claims: Claims, now: number): ClaimsRefusal | null {
  for (const name of ['iat', 'nbf', 'exp']) {
    if (!Object.hasOwn(claims, name)) continue
    const time = pythonInt(claims[name])
    if (time === null) return 'claims'
    // Said so that a clock that gives NaN refuses everything.
    const isRight = name === 'exp' ? time > now : time <= now
    if (!isRight) return name === 'exp' ? 'expired' : 'not_yet_valid'
  }
  return null
}

/** The whole second that `exp` names, as PyJWT reads it, also from text; null when there is none. */
export function expirySecond(claims: Claims): number | null {
  return Object.hasOwn(claims, 'exp') ? pythonInt(claims.exp) : null
}

/** Python's int(): cuts a fraction off, reads text too, and refuses NaN and the infinities. */
function pythonInt(value: unknown): number | null {
  if (typeof value === 'bigint' || typeof value === 'boolean') return Number(value)
  if (typeof value === 'number') return Number.isFinite(value) ? Math.trunc(value) : null
  const [, sign = '', spelled = ''] = (typeof value === 'string' && INTEGER.exec(value)) || []
  const digits = spelled.replaceAll('_', '')
  return digits === '' || digits.length > MAX_DIGITS ? null : Number(sign + digits)
}

/** Only ASCII's digits and spaces, of all that Python takes; JavaScript's `\s` would take a byte order mark, too. */
const INTEGER = /^[\t-\r\x1c-\x20]*([+-]?)([0-9]+(?:_[0-9]+)*)[\t-\r\x1c-\x20]*$/
/** sys.int_info.default_max_str_digits */
const MAX_DIGITS = 4300

/** @see PyJWT jwt/api_jwt.py _validate_aud, _validate_sub, _validate_jti */
function hasRegisteredClaims(claims: Claims): boolean {
  const isTextIfThere = (name: string): boolean => !Object.hasOwn(claims, name) || typeof claims[name] === 'string'
  return !isTruthy(claims.aud) && isTextIfThere('sub') && isTextIfThere('jti')
}

/** Python's bool() of what JSON holds; NaN is true there. */
function isTruthy(value: unknown): boolean {
  if (Number.isNaN(value)) return true
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0
  return Boolean(value)
}

export interface NewClaims {
  readonly sessionField: string
  readonly sessionKey: string
  /** Seconds since 1970. */
  readonly iat: number
  readonly exp: number | null
  /** By short name, in order. */
  readonly fields: ReadonlyMap<string, unknown>
  /** What CALLABLE's stand-in adds; it may overwrite all but the session key and `exp`. */
  readonly extra: Claims | null
}

/**
 * The claims of a new token as compact JSON, in the package's order.
 * @throws SettingsError for claims that would make PyJWT raise an error on the next request; SerializationError for
 * values that JSON cannot hold
 * @see create_jwt
 */
export function formatClaims({ sessionField, sessionKey, iat, exp, fields, extra }: NewClaims): string {
  const claims = new Map<string, unknown>([
    [sessionField, sessionKey],
    ['iat', iat],
  ])
  if (exp !== null) claims.set('exp', exp)
  for (const [short, value] of fields) claims.set(short, value)
  for (const [name, value] of Object.entries(extra ?? {})) {
    if (name === sessionField || name === 'exp') {
      throw new SettingsError(`jwtClaims must not return "${named(name)}": the session decides it. See EXPIRES.`)
    }
    claims.set(name, value)
  }
  refuseUnreadable(claims, iat)
  return formatPythonMembers(Array.from(claims, ([name, value]) => [name, formatPythonJson(value)]))
}

function refuseUnreadable(claims: ReadonlyMap<string, unknown>, now: number): void {
  if (claims.has('aud') && !EMPTY_JSON.has(formatPythonJson(claims.get('aud'))))
    throw unreadable('aud', 'absent: django-session-jwt expects no audience')
  for (const name of ['iss', 'sub', 'jti']) {
    if (claims.has(name) && typeof claims.get(name) !== 'string') throw unreadable(name, 'text')
  }
  for (const name of ['iat', 'nbf']) {
    const time = claims.get(name)
    if (claims.has(name) && !(typeof time === 'number' && time <= now)) {
      throw unreadable(name, 'a number of seconds that is not in the future')
    }
  }
}

/** What Python takes for false, as it is written. */
const EMPTY_JSON = new Set(['null', 'false', '0', '0.0', '-0.0', '""', '[]', '{}'])

function unreadable(name: string, what: string): SettingsError {
  return new SettingsError(
    `A token with this "${named(name)}" would be refused by Django: it must be ${what}. See FIELDS and jwtClaims.`,
  )
}
