/** JWT cookies: which key signed them, and what of them is refused. */
import { createSecretKey } from 'node:crypto'
import { parseFields } from '../jwt/claims.ts'
import { openJws } from '../jwt/jws.ts'
import { type JwtKeys, readKeySetting } from '../jwt/key-setting.ts'
import { verifyToken } from '../jwt/token.ts'
import { parsePythonJson } from '../python/json-reader.ts'
import { Explanation } from './explanation.ts'
import type { Site } from './site.ts'

export interface ExplainedToken {
  readonly explanation: Explanation
  /** The session key that the token carries, verified or not. */
  readonly sessionKey: string | null
}

export function isTokenText(text: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(text) && fieldsOf(text.split('.')[0]) !== null
}

export function explainToken(text: string, site: Site): ExplainedToken {
  const { settings, now } = site
  const explanation = new Explanation('a JWT, as django-session-jwt has it in its cookie')
  const [header, payload] = text.split('.')
  const unverified = fieldsOf(payload) ?? {}
  explanation.note('header', headerText(header))
  const jwt = settings.DJANGO_SESSION_JWT
  if (jwt === null) {
    explanation.refuse(
      'jwt_instead_of_plain',
      'the cookie is a JWT, and these settings say that cookies are plain: DJANGO_SESSION_JWT is missing, or MIDDLEWARE ' +
        'lists another SessionMiddleware',
    )
    const claim = unverified.sk ?? unverified.sessionid
    return { explanation: explanation.show(unverified, false), sessionKey: typeof claim === 'string' ? claim : null }
  }
  const keys = readKeySetting(jwt.KEY, settings.SECRET_KEY, true)
  const fields = parseFields(jwt.FIELDS, jwt.SESSION_FIELD)
  const rules = { algorithm: keys.algorithm, keys: [keys.verifyKey], fields, sessionField: jwt.SESSION_FIELD }
  const verdict = verifyToken(text, rules, now().getTime())
  const sessionKey = typeof unverified[jwt.SESSION_FIELD] === 'string' ? String(unverified[jwt.SESSION_FIELD]) : null
  if (verdict.ok) {
    explanation.note('signature', `good, by DJANGO_SESSION_JWT KEY (${keys.algorithm})`).show(verdict.claims, true)
    if (verdict.sessionKey === null) {
      explanation.refuse('jwt_invalid', `it has no claim ${jwt.SESSION_FIELD}, which SESSION_FIELD names`)
    }
    return { explanation, sessionKey: verdict.sessionKey }
  }
  refuse(explanation, verdict.reason, { text, site, keys, unverified })
  return { explanation, sessionKey }
}

interface RefusedToken {
  readonly text: string
  readonly site: Site
  readonly keys: JwtKeys
  readonly unverified: Readonly<Record<string, unknown>>
}

function refuse(explanation: Explanation, reason: string, { text, site, keys, unverified }: RefusedToken): void {
  const isSigned = openJws(text, keys.algorithm, [keys.verifyKey]).ok
  explanation.show(unverified, isSigned)
  if (isSigned) explanation.note('signature', `good, by DJANGO_SESSION_JWT KEY (${keys.algorithm})`)
  if (reason === 'expired') {
    const at = new Date(Number(unverified.exp) * 1000)
    const moment = Number.isNaN(at.getTime()) ? '' : ` at ${at.toISOString()}`
    explanation.refuse('expired', `its exp passed${moment}`)
  } else if (reason === 'not_yet_valid') {
    explanation.refuse('jwt_invalid', 'its iat or nbf is in the future: the clocks of the machines differ')
  } else if (reason === 'algorithm') {
    explanation.refuse('jwt_invalid', `KEY is for ${keys.algorithm}, and the token is of another algorithm`)
  } else if (reason === 'signature') {
    refuseSignature(explanation, text, site)
  } else explanation.refuse('jwt_invalid', `it is refused: ${reason}`)
}

function refuseSignature(explanation: Explanation, text: string, { settings }: Site): void {
  const secrets = [settings.SECRET_KEY, ...settings.SECRET_KEY_FALLBACKS]
  const place = secrets.findIndex((secret) => openJws(text, 'HS256', [createSecretKey(Buffer.from(secret))]).ok)
  if (place >= 0) {
    const name = place === 0 ? 'SECRET_KEY' : `SECRET_KEY_FALLBACKS[${place - 1}]`
    explanation.refuse('wrong_key', `${name} signed it, and not DJANGO_SESSION_JWT KEY`)
    return
  }
  explanation.refuse(
    'wrong_key',
    'DJANGO_SESSION_JWT KEY did not sign it: Django has another key, or the token was changed. A key that is a file is ' +
      'read there with the newline at its end',
  )
}

/** The header of a token as JSON; nothing of it was verified. */
export function headerText(segment: string | undefined): string {
  return JSON.stringify(fieldsOf(segment), asText)
}

/** JSON has no bigint. */
function asText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

/** A segment of a token, unverified; null where it is no JSON object. */
export function fieldsOf(segment = ''): Readonly<Record<string, unknown>> | null {
  try {
    const value = parsePythonJson(Buffer.from(segment, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}
