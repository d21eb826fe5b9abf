/**
 * Django's settings under Django's names, so that a settings.py can be copied over. Checked once, then frozen; what
 * holds a secret is not enumerable, so printing them shows none.
 */
import { z } from 'zod'
import { SettingsError } from '../errors.ts'
import { type CacheDictionary, type CacheSettings, cacheSettings } from './cache-setting.ts'
import { type DatabaseDictionary, type DatabaseSettings, databaseSettings } from './database-url.ts'
import { DJANGO_VERSION_PATTERN, type DjangoVersion, trustsHosts, usesTimeZonesByDefault } from './django-version.ts'
import { hideValues, withHiddenValues } from './hidden.ts'
import { type JwtDictionary, type JwtSettings, jwtSettings } from './session-jwt.ts'

export type { CacheDictionary, CacheSettings, KeyFunction } from './cache-setting.ts'
export type { DatabaseDictionary, DatabaseSettings } from './database-url.ts'
export type { JwtDictionary, JwtSettings } from './session-jwt.ts'

type Secret = string | Uint8Array

/** What `createBridge` takes. Settings of Django that have no bearing on sessions are ignored. */
export interface DjangoSettings {
  /** The site's SECRET_KEY, text or bytes. Required. */
  readonly SECRET_KEY: Secret | undefined
  /** Older keys that are still accepted. Default none. */
  readonly SECRET_KEY_FALLBACKS?: readonly Secret[] | undefined
  /** Default `django.contrib.sessions.backends.db`. */
  readonly SESSION_ENGINE?: string | undefined
  /** Default `django.contrib.sessions.serializers.JSONSerializer`. */
  readonly SESSION_SERIALIZER?: string | undefined
  /** Of Django 3.1 and 3.2 only: `sha1` while servers of an older Django share the sessions. Default `sha256`. */
  readonly DEFAULT_HASHING_ALGORITHM?: 'sha256' | 'sha1' | undefined
  /** Default `sessionid`. */
  readonly SESSION_COOKIE_NAME?: string | undefined
  /** Seconds. Default 1209600, two weeks. */
  readonly SESSION_COOKIE_AGE?: number | undefined
  /** Default none: the host alone. */
  readonly SESSION_COOKIE_DOMAIN?: string | null | undefined
  /** Default `/`. */
  readonly SESSION_COOKIE_PATH?: string | null | undefined
  /** Default false; set it wherever the site is served over HTTPS. */
  readonly SESSION_COOKIE_SECURE?: boolean | undefined
  /** Default true. */
  readonly SESSION_COOKIE_HTTPONLY?: boolean | undefined
  /** `Lax` (default), `Strict`, `None`, or false for none. */
  readonly SESSION_COOKIE_SAMESITE?: string | false | null | undefined
  /** Default false. */
  readonly SESSION_SAVE_EVERY_REQUEST?: boolean | undefined
  /** Default false. */
  readonly SESSION_EXPIRE_AT_BROWSER_CLOSE?: boolean | undefined
  /** By alias: Django's dictionary, or a database URL. Sessions and users are in `default`. */
  readonly DATABASES?: Readonly<Record<string, string | DatabaseDictionary | DatabaseSettings | undefined>> | undefined
  /** By alias: Django's dictionaries. */
  readonly CACHES?: Readonly<Record<string, CacheDictionary | CacheSettings>> | undefined
  /** The cache of the engines `cache` and `cached_db`. Default `default`. */
  readonly SESSION_CACHE_ALIAS?: string | undefined
  /** The folder of the engine `file`. Default the system's folder for temporary files. */
  readonly SESSION_FILE_PATH?: string | null | undefined
  /** Default `auth.User`. */
  readonly AUTH_USER_MODEL?: string | undefined
  /** Default `django.contrib.auth.backends.ModelBackend`. */
  readonly AUTHENTICATION_BACKENDS?: readonly string[] | undefined
  /** Only looked at to see whether the middleware of django-session-jwt is on. */
  readonly MIDDLEWARE?: readonly string[] | undefined
  /** django-session-jwt's settings; without MIDDLEWARE, their presence means that the cookie is a JWT. */
  readonly DJANGO_SESSION_JWT?: JwtDictionary | JwtSettings | null | undefined
  /** Default by DJANGO_VERSION: true from 5.0 on, and when no version is given. */
  readonly USE_TZ?: boolean | undefined
  /** Default `America/Chicago`; matters only when USE_TZ is false. */
  readonly TIME_ZONE?: string | undefined
  /** A path or URL, not the name of a URL pattern. Default `/accounts/login/`. */
  readonly LOGIN_URL?: string | undefined
  /** Origins (`https://shop.example.com`, `https://*.example.com`) that may send forms. Default none. */
  readonly CSRF_TRUSTED_ORIGINS?: readonly string[] | undefined
  /** The header by which a proxy tells of HTTPS, and its value: `['HTTP_X_FORWARDED_PROTO', 'https']`. Default none. */
  readonly SECURE_PROXY_SSL_HEADER?: readonly [header: string, value: string] | null | undefined
  /** Whether a proxy names the host that was asked for in X-Forwarded-Host; guards compare Origin with it. Default false. */
  readonly USE_X_FORWARDED_HOST?: boolean | undefined
  /** Silences the warning about cookies over plain HTTP. Default false. */
  readonly DEBUG?: boolean | undefined
  /** The oldest Django that shares these sessions, such as `5.2` or `2028`; needed to write what versions write differently. */
  readonly DJANGO_VERSION?: DjangoVersion | undefined
}

/** Settings with their defaults, checked and frozen. */
export interface Settings {
  readonly SECRET_KEY: Secret
  readonly SECRET_KEY_FALLBACKS: readonly Secret[]
  readonly SESSION_ENGINE: string
  readonly SESSION_SERIALIZER: string
  readonly DEFAULT_HASHING_ALGORITHM: 'sha256' | 'sha1'
  readonly SESSION_COOKIE_NAME: string
  readonly SESSION_COOKIE_AGE: number
  readonly SESSION_COOKIE_DOMAIN: string | null
  readonly SESSION_COOKIE_PATH: string | null
  readonly SESSION_COOKIE_SECURE: boolean
  readonly SESSION_COOKIE_HTTPONLY: boolean
  readonly SESSION_COOKIE_SAMESITE: string | false
  readonly SESSION_SAVE_EVERY_REQUEST: boolean
  readonly SESSION_EXPIRE_AT_BROWSER_CLOSE: boolean
  readonly DATABASES: Readonly<Record<string, DatabaseSettings>>
  readonly CACHES: Readonly<Record<string, CacheSettings>>
  readonly SESSION_CACHE_ALIAS: string
  readonly SESSION_FILE_PATH: string | null
  readonly AUTH_USER_MODEL: string
  readonly AUTHENTICATION_BACKENDS: readonly string[]
  readonly DJANGO_SESSION_JWT: JwtSettings | null
  readonly USE_TZ: boolean
  readonly TIME_ZONE: string
  readonly LOGIN_URL: string
  readonly CSRF_TRUSTED_ORIGINS: readonly string[]
  readonly USE_X_FORWARDED_HOST: boolean
  readonly SECURE_PROXY_SSL_HEADER: readonly [header: string, value: string] | null
  readonly DEBUG: boolean
  readonly DJANGO_VERSION: DjangoVersion | undefined
}

/** The engine of django-session-jwt's first description: rows as in `db`, the cookie a JWT. */
const EARLY_JWT_ENGINE = 'django_session_jwt.engine'
const DB_ENGINE = 'django.contrib.sessions.backends.db'
/** The paths under which django-session-jwt exports its middleware. */
const JWT_MIDDLEWARE: readonly string[] = [
  'django_session_jwt.middleware.SessionMiddleware',
  'django_session_jwt.middleware.session.SessionMiddleware',
]

const secret = z.custom<Secret>(isSecret, {
  error: (issue) =>
    issue.input === undefined
      ? 'is missing: give the SECRET_KEY of the Django site (it may be undefined in the environment)'
      : 'must be text or bytes, and not empty',
})
const text = z.string().min(1)
const cookieName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+\-.^_`|~:]+$/, "must be a cookie name: letters, digits and !#$%&'*+-.^_`|~:")
const attribute = z.string().regex(/^[\x20-\x3a\x3c-\x7e]*$/, 'must be printable ASCII without ";"')
const sameSite = z.custom<string | false | null>(
  (value) => value === false || value === null || (typeof value === 'string' && /^(lax|strict|none|)$/i.test(value)),
  'must be "Lax", "Strict", "None" or false',
)
const timeZone = z.string().refine(isTimeZone, 'must be a time zone such as Europe/Berlin')
const ORIGIN_WITH_SCHEME = /^https?:\/\/[^/]+$/
const trustedOrigin = z.string().regex(/^(https?:\/\/)?[^/]+$/, 'must be origins, such as https://example.com')

// Without a slash or a point it is the name of a URL pattern. @see django/shortcuts.py resolve_url
const loginUrl = text.regex(
  /[/.]/,
  'must be a path or URL: the name of a URL pattern is resolved by Django alone, so write its path, or use settingsFromDjango',
)
const metaHeader = z.string().regex(/^HTTP_[A-Z0-9_]+$/, 'must name a header as Django does: HTTP_X_FORWARDED_PROTO')
const proxyHeader = z.tuple([metaHeader, text], 'must be a pair such as ["HTTP_X_FORWARDED_PROTO", "https"]')
const schema = z.object({
  SECRET_KEY: secret,
  SECRET_KEY_FALLBACKS: z.array(secret).default([]),
  SESSION_ENGINE: text.default(DB_ENGINE),
  SESSION_SERIALIZER: text.default('django.contrib.sessions.serializers.JSONSerializer'),
  DEFAULT_HASHING_ALGORITHM: z.enum(['sha256', 'sha1']).default('sha256'),
  SESSION_COOKIE_NAME: cookieName.default('sessionid'),
  SESSION_COOKIE_AGE: z.number().int().positive().max(1e10).default(1209600),
  SESSION_COOKIE_DOMAIN: attribute.nullable().default(null),
  SESSION_COOKIE_PATH: attribute
    .regex(/^(\/.*)?$/, 'must start with /')
    .nullable()
    .default('/'),
  SESSION_COOKIE_SECURE: z.boolean().default(false),
  SESSION_COOKIE_HTTPONLY: z.boolean().default(true),
  SESSION_COOKIE_SAMESITE: sameSite.default('Lax'),
  SESSION_SAVE_EVERY_REQUEST: z.boolean().default(false),
  SESSION_EXPIRE_AT_BROWSER_CLOSE: z.boolean().default(false),
  DATABASES: byAlias<string | DatabaseDictionary | DatabaseSettings | undefined>(
    isDatabase,
    'must be a URL or Django’s dictionary with ENGINE and NAME as text',
  ).default({}),
  CACHES: byAlias<CacheDictionary | CacheSettings>(isDictionary, 'must be Django’s dictionary').default({}),
  SESSION_CACHE_ALIAS: text.default('default'),
  SESSION_FILE_PATH: text.nullable().default(null),
  AUTH_USER_MODEL: z
    .string()
    .regex(/^\w+\.\w+$/, 'must be app.Model')
    .default('auth.User'),
  AUTHENTICATION_BACKENDS: z.array(text).default(['django.contrib.auth.backends.ModelBackend']),
  MIDDLEWARE: z.array(z.string()).optional(),
  DJANGO_SESSION_JWT: z.custom<JwtDictionary | JwtSettings>(isDictionary, 'must be a dictionary').nullable().optional(),
  USE_TZ: z.boolean().optional(),
  TIME_ZONE: timeZone.default('America/Chicago'),
  LOGIN_URL: loginUrl.default('/accounts/login/'),
  CSRF_TRUSTED_ORIGINS: z.array(trustedOrigin).default([]),
  SECURE_PROXY_SSL_HEADER: z.preprocess(emptyAsNull, proxyHeader.nullable()).default(null),
  USE_X_FORWARDED_HOST: z.boolean().default(false),
  DEBUG: z.boolean().default(false),
  DJANGO_VERSION: z.string().regex(DJANGO_VERSION_PATTERN, 'must be a version such as "5.2" or "2028"').optional(),
})

/** @throws SettingsError naming every setting that is wrong and what it should be, never its value */
export function checkSettings(given: DjangoSettings): Settings {
  if (!isDictionary(given)) throw new SettingsError('Settings are an object with Django’s names, SECRET_KEY at least.')
  const input = withHiddenValues(given, 'Settings')
  const result = schema.safeParse(input)
  const mistakes = [...misspelt(input), ...(result.error?.issues ?? []).map(describe)]
  if (!result.success || mistakes.length > 0) throw new SettingsError(`Settings: ${mistakes.join('; ')}.`)

  const { MIDDLEWARE, DJANGO_SESSION_JWT: jwt, ...rest } = result.data
  const isEarlyJwt = rest.SESSION_ENGINE === EARLY_JWT_ENGINE
  const hasJwtCookie =
    isEarlyJwt || (MIDDLEWARE?.some((path) => JWT_MIDDLEWARE.includes(path)) ?? (jwt ?? null) !== null)
  if ((jwt ?? null) !== null && !hasJwtCookie) throw jwtWithoutMiddleware()
  const settings: Settings = {
    ...rest,
    SESSION_ENGINE: isEarlyJwt ? DB_ENGINE : rest.SESSION_ENGINE,
    SESSION_COOKIE_DOMAIN: rest.SESSION_COOKIE_DOMAIN || null,
    SESSION_COOKIE_PATH: rest.SESSION_COOKIE_PATH || null,
    SESSION_COOKIE_SAMESITE: rest.SESSION_COOKIE_SAMESITE || false,
    CSRF_TRUSTED_ORIGINS: rest.CSRF_TRUSTED_ORIGINS.map((origin) => withScheme(origin, rest.DJANGO_VERSION)),
    DATABASES: databases(rest.DATABASES),
    CACHES: Object.fromEntries(
      Object.entries(rest.CACHES).map(([alias, cache]) => [alias, cacheSettings(alias, cache)]),
    ),
    DJANGO_SESSION_JWT: hasJwtCookie ? jwtSettings(jwt ?? {}, isEarlyJwt) : null,
    USE_TZ: rest.USE_TZ ?? usesTimeZonesByDefault(rest.DJANGO_VERSION),
    DJANGO_VERSION: rest.DJANGO_VERSION,
  }
  checkCookiePrefix(settings)
  return deepFreeze(hideValues(settings, ['SECRET_KEY', 'SECRET_KEY_FALLBACKS']))
}

/**
 * Up to Django 3.2 these were hosts, asked for on HTTPS alone; `.example.com` is it and its subdomains.
 * @throws SettingsError for one without a scheme from 4.0 on, as Django's own check has it (4_0.E001)
 */
function withScheme(origin: string, version: DjangoVersion | undefined): string {
  if (ORIGIN_WITH_SCHEME.test(origin)) return origin
  if (trustsHosts(version)) return `https://${origin.startsWith('.') ? '*' : ''}${origin}`
  throw new SettingsError('Settings: CSRF_TRUSTED_ORIGINS must be origins with a scheme, such as https://example.com.')
}

/** Whatever is false in Python turns it off. @see django/http/request.py HttpRequest.scheme */
function emptyAsNull(value: unknown): unknown {
  return value === '' || (Array.isArray(value) && value.length === 0) ? null : value
}

function jwtWithoutMiddleware(): SettingsError {
  return new SettingsError(
    `DJANGO_SESSION_JWT is given and MIDDLEWARE has no middleware of django-session-jwt (${JWT_MIDDLEWARE.join(', ')}). ` +
      'If the cookie is a JWT, name one of these in place of your subclass, or leave MIDDLEWARE out; settingsFromDjango ' +
      'finds subclasses itself. If the cookie is plain, leave DJANGO_SESSION_JWT out.',
  )
}

function databases(
  input: Readonly<Record<string, string | DatabaseDictionary | DatabaseSettings | undefined>>,
): Record<string, DatabaseSettings> {
  return Object.fromEntries(
    Object.entries(input).map(([alias, database]) => {
      if (database === undefined)
        throw new SettingsError(`DATABASES.${alias} is undefined: give a URL or a dictionary.`)
      return [alias, databaseSettings(alias, database)]
    }),
  )
}

/** What browsers demand of these names; they drop the cookie otherwise. @see RFC 6265bis 4.1.3 */
function checkCookiePrefix(settings: Settings): void {
  const { SESSION_COOKIE_NAME: name, SESSION_COOKIE_SECURE: secure } = settings
  const isHost = /^__host-/i.test(name)
  if ((isHost || /^__secure-/i.test(name)) && !secure) {
    throw new SettingsError(
      `SESSION_COOKIE_NAME ${name} needs SESSION_COOKIE_SECURE = true: browsers drop it otherwise.`,
    )
  }
  if (isHost && (settings.SESSION_COOKIE_DOMAIN !== null || settings.SESSION_COOKIE_PATH !== '/')) {
    throw new SettingsError(`SESSION_COOKIE_NAME ${name} needs SESSION_COOKIE_PATH = "/" and no SESSION_COOKIE_DOMAIN.`)
  }
}

function describe(issue: z.core.$ZodIssue): string {
  return `${issue.path.join('.')} ${/^(must|is) /.test(issue.message) ? issue.message : `is wrong (${issue.message})`}`
}

/** Names that are none of Django's but nearly one of those that count here. */
function misspelt(input: object): string[] {
  const known = Object.keys(schema.shape)
  const strangers = Object.keys(input).filter((name) => !known.includes(name) && !OTHERS.includes(name))
  return strangers.flatMap((name) => {
    const meant = known.find((candidate) => isNear(name.toUpperCase(), candidate))
    return meant === undefined ? [] : [`${name} is not a setting; ${meant} is`]
  })
}

/** Settings of Django that read like ours and are others. */
const OTHERS = ['CSRF_COOKIE_NAME', 'CSRF_COOKIE_AGE', 'CSRF_COOKIE_PATH', 'LOGOUT_URL']

/** Whether one change – a sign more, less, other, or two swapped – leads from one text to the other. */
function isNear(left: string, right: string): boolean {
  if (left === right) return true
  if (Math.abs(left.length - right.length) > 1) return false
  let head = 0
  while (head < left.length && left[head] === right[head]) head++
  const [leftRest, rightRest] = [left.slice(head), right.slice(head)]
  const swapped = `${leftRest.charAt(1)}${leftRest.charAt(0)}${leftRest.slice(2)}`
  return (
    leftRest.slice(1) === rightRest.slice(1) ||
    leftRest.slice(1) === rightRest ||
    leftRest === rightRest.slice(1) ||
    swapped === rightRest
  )
}

function isSecret(value: unknown): boolean {
  return (typeof value === 'string' || value instanceof Uint8Array) && value.length > 0
}

/** Not `z.record`, which leaves out an alias called `__proto__`. */
function byAlias<T>(isOne: (value: unknown) => boolean, message: string) {
  const isByAlias = (value: unknown): boolean => isDictionary(value) && !(Symbol.iterator in value)
  return z
    .custom<Readonly<Record<string, T>>>(isByAlias, 'must be a dictionary by alias')
    .superRefine((given, context) => {
      for (const [alias, one] of Object.entries(given)) {
        if (!isOne(one)) context.addIssue({ code: 'custom', path: [alias], message })
      }
    })
}

function isDictionary(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isDatabase(value: unknown): boolean {
  if (value === undefined || typeof value === 'string') return true
  if (isDictionary(value) && 'hidden' in value) return true
  const { ENGINE, NAME } = (isDictionary(value) ? value : {}) as { ENGINE?: unknown; NAME?: unknown }
  return typeof ENGINE === 'string' && typeof NAME === 'string'
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

function deepFreeze<T extends object>(object: T): T {
  for (const value of Object.values(object)) {
    if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) deepFreeze(value)
  }
  return Object.freeze(object)
}
