/** Settings from environment variables, spelled as django-environ and dj-database-url read them. */
import { SettingsError } from '../errors.ts'
import type { DjangoSettings } from './settings.ts'

type Reader = (text: string, name: string) => unknown

/** The variables that are read, each under its setting's name. Empty ones count as absent. */
export const ENVIRONMENT: Readonly<Record<string, Reader>> = {
  SECRET_KEY: asText,
  SECRET_KEY_FALLBACKS: asList,
  SESSION_ENGINE: asText,
  SESSION_SERIALIZER: asText,
  DEFAULT_HASHING_ALGORITHM: asText,
  SESSION_COOKIE_NAME: asText,
  SESSION_COOKIE_AGE: asNumber,
  SESSION_COOKIE_DOMAIN: asText,
  SESSION_COOKIE_PATH: asText,
  SESSION_COOKIE_SECURE: asBoolean,
  SESSION_COOKIE_HTTPONLY: asBoolean,
  SESSION_COOKIE_SAMESITE: asSameSite,
  SESSION_SAVE_EVERY_REQUEST: asBoolean,
  SESSION_EXPIRE_AT_BROWSER_CLOSE: asBoolean,
  CACHES: asJson,
  SESSION_CACHE_ALIAS: asText,
  SESSION_FILE_PATH: asText,
  AUTH_USER_MODEL: asText,
  AUTHENTICATION_BACKENDS: asList,
  DJANGO_SESSION_JWT: asJson,
  USE_TZ: asBoolean,
  TIME_ZONE: asText,
  LOGIN_URL: asText,
  CSRF_TRUSTED_ORIGINS: asList,
  SECURE_PROXY_SSL_HEADER: asList,
  USE_X_FORWARDED_HOST: asBoolean,
  DEBUG: asBoolean,
  DJANGO_VERSION: asText,
}

/**
 * Reads SECRET_KEY (or DJANGO_SECRET_KEY), DATABASE_URL and the settings of `ENVIRONMENT`. Lists are separated by
 * commas, DJANGO_SESSION_JWT is JSON.
 * @param options `prefix`: what the site puts before every name, `DJANGO_` for example
 * @throws SettingsError naming a variable that cannot be read; a missing SECRET_KEY is refused by createBridge
 */
export function settingsFromEnv(
  env: Readonly<Record<string, string | undefined>> = process.env,
  options: { prefix?: string } = {},
): DjangoSettings {
  const { prefix = '' } = options
  const settings: Record<string, unknown> = {}
  for (const [name, read] of Object.entries(ENVIRONMENT)) {
    const text = env[prefix + name]
    if (text !== undefined && text !== '') settings[name] = read(text, prefix + name)
  }
  const url = env[`${prefix}DATABASE_URL`]
  return {
    ...settings,
    SECRET_KEY: (settings.SECRET_KEY as string | undefined) ?? env.DJANGO_SECRET_KEY,
    ...(url && { DATABASES: { default: url } }),
  }
}

function asText(text: string): string {
  return text
}

function asList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function asNumber(text: string, name: string): number {
  const number = Number(text)
  if (text.trim() === '' || Number.isNaN(number))
    throw new SettingsError(`The environment variable ${name} is not a number.`)
  return number
}

function asBoolean(text: string, name: string): boolean {
  const word = text.trim().toLowerCase()
  if (['true', 'on', 'ok', 'y', 'yes', '1'].includes(word)) return true
  if (['false', 'off', 'n', 'no', '0', 'none'].includes(word)) return false
  throw new SettingsError(`The environment variable ${name} is neither true nor false.`)
}

function asSameSite(text: string): string | false {
  return ['false', 'off', '0'].includes(text.trim().toLowerCase()) ? false : text
}

function asJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new SettingsError(`The environment variable ${name} is not JSON.`)
  }
}
