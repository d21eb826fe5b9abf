/**
 * The session cookie of django-session-jwt: a JWT that carries the session key and chosen fields of the user.
 *
 * A new end of life (`exp`) is given only to anonymous sessions and to users verified in the same request, and never
 * one behind the session's own; every other token keeps the old one, so that none outlives a privilege its user lost.
 */
import { KeyRequired, named, SettingsError } from '../errors.ts'
import { expirySecond, type Field, formatClaims, parseFields, refuseOverwrites } from '../jwt/claims.ts'
import { signJws } from '../jwt/jws.ts'
import { readKeySetting } from '../jwt/key-setting.ts'
import { type TokenRefusal, type TokenRules, verifyToken } from '../jwt/token.ts'
import { isPlainObject } from '../python/json-writer.ts'
import { PyFloat } from '../python/values.ts'
import type { JwtSettings, Settings } from '../settings/settings.ts'
import type { Expiry } from '../stores/session-expiry.ts'
import type { SessionKeyRule } from '../stores/session-key.ts'
import { type Claims, type CookieIssue, type CookieReading, refusedAs, type SessionCookie } from './session-cookie.ts'
import { refuseLargeCookie } from './set-cookie.ts'

export interface JwtCookieOptions {
  readonly settings: Settings
  readonly jwt: JwtSettings
  readonly judgeKey: SessionKeyRule
  /** Whether the site's `jwtClaims` hook plays the part of CALLABLE. */
  readonly hasClaimsHook: boolean
  readonly allowWeakKeys: boolean
  readonly now: () => Date
  readonly onWeakKey: () => void
}

const SESSION_KEY_LENGTH = 32

/** @throws SettingsError for keys and FIELDS that cannot be meant, and for what only Python can compute */
export function createJwtCookie({
  settings,
  jwt,
  judgeKey,
  hasClaimsHook,
  allowWeakKeys,
  now,
  onWeakKey,
}: JwtCookieOptions): SessionCookie {
  const keys = readKeySetting(jwt.KEY, settings.SECRET_KEY, allowWeakKeys)
  if (keys.isWeak) onWeakKey()
  const fields = parseFields(jwt.FIELDS, jwt.SESSION_FIELD)
  checkFields(jwt, fields, hasClaimsHook)
  const rules: TokenRules = {
    algorithm: keys.algorithm,
    keys: [keys.verifyKey],
    fields,
    sessionField: jwt.SESSION_FIELD,
  }

  return {
    canIssue: keys.signKey !== null,
    statesUser: true,

    read(text): CookieReading {
      if (text === '') return { refused: 'short', reason: 'short_session_key' }
      const verdict = verifyToken(text, rules, now().getTime())
      if (!verdict.ok) return refused(verdict.reason, text)
      const judgement = judgeKey(verdict.sessionKey ?? '')
      if (judgement === 'short') return { refused: 'short', reason: 'short_session_key' }
      if (judgement === 'malformed' || verdict.sessionKey === null) {
        return refusedAs('malformed_session_key', verdict.sessionKey ?? '')
      }
      return { key: verdict.sessionKey, claims: verdict.claims, stale: isPastHalfLife(verdict.claims) }
    },

    stated(claims) {
      const { [jwt.SESSION_FIELD]: _, ...stated } = claims
      return stated
    },

    prepare(issue) {
      const { signKey } = keys
      if (signKey === null) {
        throw new KeyRequired('The session cookie must be issued again, and DJANGO_SESSION_JWT KEY has no private key.')
      }
      const iat = Math.floor(now().getTime() / 1000)
      const life = endOfLife(issue)
      const values = fieldValues(issue, fields, jwt)
      const make = (sessionKey: string, exp: number | null): string => {
        const claims = formatClaims({
          sessionField: jwt.SESSION_FIELD,
          sessionKey,
          iat,
          exp,
          fields: values,
          extra: issue.extra,
        })
        const token = signJws(claims, keys.algorithm, signKey)
        refuseLargeCookie(settings.SESSION_COOKIE_NAME, token, 'The JWT cookie', 'Shorten FIELDS.')
        return token
      }
      // A key that holds the session itself may be longer, and its store has written nothing.
      make('x'.repeat(SESSION_KEY_LENGTH), life)
      return (key, expiry) => make(key, notBeyond(life, expiry))
    },
  }

  function isPastHalfLife(claims: Claims): boolean {
    const exp = expirySecond(claims)
    if (jwt.EXPIRES === null || exp === null) return false
    return exp - now().getTime() / 1000 <= jwt.EXPIRES / 2
  }

  function endOfLife({ renew, previous }: CookieIssue): number | null {
    if (renew) return jwt.EXPIRES === null ? null : Math.floor(now().getTime() / 1000 + jwt.EXPIRES)
    if (previous === null && jwt.EXPIRES !== null) {
      throw new KeyRequired('A token is issued only for a verified user: open the session with loadable users.')
    }
    return previous === null ? null : expirySecond(previous)
  }
}

function notBeyond(life: number | null, expiry: Expiry): number | null {
  return life === null ? null : Math.min(life, Math.floor(expiry.at.getTime() / 1000))
}

/**
 * The fields by short name: from the user's row; what it does not have, and all of it when the user is not verified
 * now, from the token before, while that is about the same session and user.
 */
function fieldValues(issue: CookieIssue, fields: readonly Field[], jwt: JwtSettings): Map<string, unknown> {
  const values = new Map<string, unknown>()
  const previous = issue.carry && issue.previous !== null ? issue.previous : {}
  for (const { attribute, short } of fields) {
    const value = issue.user === null ? undefined : attributeOf(issue.user, attribute)
    if (value !== undefined) values.set(short, value)
    else if (Object.hasOwn(previous, short)) values.set(short, previous[short])
  }
  const others = new Set([jwt.SESSION_FIELD, 'iat', 'exp', ...fields.flatMap(({ short, long }) => [short, long])])
  for (const [name, value] of Object.entries(previous)) if (!others.has(name)) values.set(name, value)
  return values
}

/** @throws SettingsError for a value that PyJWT cannot write, and Django fails with in every response */
function attributeOf(user: Readonly<Record<string, unknown>>, attribute: string): unknown {
  const value = Object.hasOwn(user, attribute) ? user[attribute] : undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value) || isPlainObject(value)) return value
  if (value instanceof PyFloat) return value
  throw new SettingsError(
    `DJANGO_SESSION_JWT FIELDS: ${named(attribute)} is a date, a Decimal, a UUID or another value that JSON cannot ` +
      'hold, and with which django-session-jwt fails: take it out, or give CALLABLE, here hooks.jwtClaims.',
  )
}

/** FIELDS that Django takes and that cannot work: it would write tokens that are refused, or Python would be needed. */
function checkFields(jwt: JwtSettings, fields: readonly Field[], hasClaimsHook: boolean): void {
  refuseOverwrites(fields, jwt.SESSION_FIELD)
  const reserved = fields.find(({ short }) => ['iat', 'exp', 'nbf', 'aud'].includes(short))
  if (reserved !== undefined) {
    throw new SettingsError(`DJANGO_SESSION_JWT FIELDS: the short name "${reserved.short}" is a claim of JWT itself.`)
  }
  if (hasClaimsHook) return
  if (jwt.CALLABLE !== null) {
    throw new SettingsError(
      'DJANGO_SESSION_JWT CALLABLE is a Python function: give hooks.jwtClaims, which returns the same claims.',
    )
  }
  const dotted = fields.find(({ attribute }) => attribute.includes('.'))
  if (dotted !== undefined) {
    throw new SettingsError(
      `DJANGO_SESSION_JWT FIELDS: ${dotted.attribute} is not a column of the user: give hooks.jwtClaims, which returns "${dotted.short}".`,
    )
  }
}

function refused(reason: TokenRefusal, text: string): CookieReading {
  return reason === 'expired' ? { refused: 'expired', reason: 'jwt_expired' } : refusedAs('jwt_invalid', text)
}
