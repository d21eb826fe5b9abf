/**
 * DJANGO_SESSION_JWT as django-session-jwt's releases have it, or in lower case as its first description had it.
 * @see django_session_jwt/middleware/session.py
 */
import { named, SettingsError } from '../errors.ts'
import { hideValues, withHiddenValues } from './hidden.ts'

/** One key: text, or what it is said to be. */
export type JwtKeyText = string | { readonly secret: string | Uint8Array } | { readonly path: string }

/** `FIELDS` entries: an attribute, or `[attribute, short name on the wire, long name in code]`. */
export type JwtField = string | readonly string[]

export interface JwtDictionary {
  /**
   * A secret or the path of a file with one (HS256), or a pair of PEM texts or paths `[private, public]` (RS256);
   * `[null, public]` reads and never issues. Default SECRET_KEY.
   */
  readonly KEY?: JwtKeyText | readonly [JwtKeyText | null, JwtKeyText] | undefined
  readonly FIELDS?: readonly JwtField[] | undefined
  /** The dotted path of a Python function; its part is played by `hooks.jwtClaims`. */
  readonly CALLABLE?: string | null | undefined
  /** Seconds that a token lives; null or absent: for ever. */
  readonly EXPIRES?: number | null | undefined
  /** The claim of the session key. Default `sk`, in the early dialect `sessionid`. */
  readonly SESSION_FIELD?: string | undefined
  readonly key?: JwtDictionary['KEY']
  readonly fields?: JwtDictionary['FIELDS']
  readonly callable?: JwtDictionary['CALLABLE']
  readonly expires?: JwtDictionary['EXPIRES']
  readonly session_field?: string | undefined
}

export interface JwtSettings {
  readonly KEY: JwtKeyText | readonly [JwtKeyText | null, JwtKeyText] | undefined
  readonly FIELDS: readonly JwtField[]
  readonly CALLABLE: string | null
  readonly EXPIRES: number | null
  readonly SESSION_FIELD: string
}

const NAMES = ['KEY', 'FIELDS', 'CALLABLE', 'EXPIRES', 'SESSION_FIELD'] as const

const NAMES_OF_KEY = ['KEY', 'key'] as const

/** @throws SettingsError naming the option */
export function jwtSettings(input: JwtDictionary | JwtSettings, isEarlyEngine: boolean): JwtSettings {
  const values = withHiddenValues(input, 'DJANGO_SESSION_JWT')
  const known: readonly string[] = [...NAMES, ...NAMES.map((name) => name.toLowerCase())]
  for (const name of Object.keys(values)) {
    if (!known.includes(name)) wrong(`${named(name)} is not an option; options are ${NAMES.join(', ')}`)
  }
  const both = NAMES.find((name) => values[name] !== undefined && values[name.toLowerCase()] !== undefined)
  if (both !== undefined) wrong(`${both} is given in both spellings`)
  const isEarly = isEarlyEngine || NAMES.some((name) => values[name.toLowerCase()] !== undefined)
  const option = (name: (typeof NAMES)[number]): unknown => values[name] ?? values[name.toLowerCase()]

  // Without the option the key is SECRET_KEY; an environment variable that is not set must not turn into that.
  if (NAMES_OF_KEY.some((name) => name in values && (values[name] === undefined || values[name] === null))) {
    wrong('KEY is undefined or null: give the key, or leave KEY out where it is SECRET_KEY')
  }
  const fields = option('FIELDS') ?? []
  if (!Array.isArray(fields)) wrong('FIELDS must be a list')
  const expires = option('EXPIRES') ?? null
  if (expires !== null && (typeof expires !== 'number' || !Number.isFinite(expires) || expires < 0)) {
    wrong('EXPIRES must be a number of seconds')
  }
  const callable = option('CALLABLE') ?? null
  if (callable !== null && typeof callable !== 'string') wrong('CALLABLE must be the dotted path of a Python function')
  const sessionField = option('SESSION_FIELD') ?? (isEarly ? 'sessionid' : 'sk')
  if (typeof sessionField !== 'string' || sessionField === '') wrong('SESSION_FIELD must be the name of a claim')
  const settings: JwtSettings = {
    KEY: option('KEY') as JwtSettings['KEY'],
    FIELDS: fields as JwtField[],
    CALLABLE: callable as string | null,
    // Python's `if expires:`: 0 issues tokens without an end.
    EXPIRES: (expires as number | null) || null,
    SESSION_FIELD: sessionField as string,
  }
  return hideValues(settings, ['KEY'])
}

/**
 * Whether EXPIRES is missing, or None, which makes `EXPIRES / 2` of Python an error in every response.
 * @see django_session_jwt/middleware/session.py process_response
 */
export function lacksExpires(input: JwtDictionary): boolean {
  const isEarly = NAMES.some((name) => Object.hasOwn(input, name.toLowerCase()))
  return !isEarly && (input.EXPIRES ?? null) === null
}

function wrong(what: string): never {
  throw new SettingsError(`DJANGO_SESSION_JWT: ${what}.`)
}
