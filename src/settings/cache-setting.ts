/** One cache of CACHES, as Django's dictionary. @see django/core/cache/backends/base.py BaseCache.__init__ */
import { named, SettingsError } from '../errors.ts'
import { hideValues, withHiddenValues } from './hidden.ts'

/** What a KEY_FUNCTION does, in JavaScript; Django's default joins the three with `:`. */
export type KeyFunction = (key: string, keyPrefix: string, version: number) => string

/** Django's dictionary of one cache. */
export interface CacheDictionary {
  /** Django's dotted path. */
  readonly BACKEND: string
  /** A server, several as a list or as text with `;` or `,` between them, a folder, or a table. */
  readonly LOCATION?: string | readonly string[] | undefined
  /** Default empty. */
  readonly KEY_PREFIX?: string | undefined
  /** Default 1. */
  readonly VERSION?: number | undefined
  /** Default Django's own. A dotted path means a function that only Python has: give what it does. */
  readonly KEY_FUNCTION?: KeyFunction | undefined
  /** Sessions have time-outs of their own; accepted, so that a settings.py can be copied over. */
  readonly TIMEOUT?: number | null | undefined
  /** Those of the backend. */
  readonly OPTIONS?: Readonly<Record<string, unknown>> | undefined
}

export interface CacheSettings {
  readonly alias: string
  /** Django's dotted path. */
  readonly backend: string
  /** As given; how text with several servers is split differs between backends. Not shown when printed. */
  readonly location: string | readonly string[]
  readonly keyPrefix: string
  readonly version: number
  /** Null for Django's own. */
  readonly keyFunction: KeyFunction | null
  /** Not shown when printed: some hold passwords. */
  readonly options: Readonly<Record<string, unknown>>
}

/** The cache that SESSION_CACHE_ALIAS names; an alias may be any text, `constructor` too. */
export function sessionCacheOf({
  CACHES,
  SESSION_CACHE_ALIAS: alias,
}: {
  readonly CACHES: Readonly<Record<string, CacheSettings>>
  readonly SESSION_CACHE_ALIAS: string
}): CacheSettings | undefined {
  return Object.hasOwn(CACHES, alias) ? CACHES[alias] : undefined
}

/** @throws SettingsError naming `alias`, never a location or an option's value */
export function cacheSettings(alias: string, input: CacheDictionary | CacheSettings): CacheSettings {
  const fail = (what: string): never => {
    throw new SettingsError(`CACHES.${alias}: ${what}.`)
  }
  const {
    BACKEND,
    LOCATION = '',
    KEY_PREFIX = '',
    VERSION = 1,
    KEY_FUNCTION = null,
    OPTIONS = {},
  } = dictionaryOf(input, alias)
  if (typeof BACKEND !== 'string' || BACKEND === '') fail('BACKEND must be a dotted path of a cache backend')
  const locations: readonly unknown[] = Array.isArray(LOCATION) ? LOCATION : [LOCATION]
  if (!locations.every((location) => typeof location === 'string')) fail('LOCATION must be text, or a list of texts')
  if (typeof KEY_PREFIX !== 'string') fail('KEY_PREFIX must be text')
  if (!Number.isSafeInteger(VERSION)) fail('VERSION must be a whole number')
  if (typeof KEY_FUNCTION === 'string') {
    fail(
      `KEY_FUNCTION ${named(KEY_FUNCTION)} is Python's: give a function (key, keyPrefix, version) that does the same`,
    )
  }
  if (KEY_FUNCTION !== null && typeof KEY_FUNCTION !== 'function') fail('KEY_FUNCTION must be a function')
  if (typeof OPTIONS !== 'object' || OPTIONS === null) fail('OPTIONS must be a dictionary')
  const settings = {
    alias,
    backend: BACKEND,
    location: LOCATION,
    keyPrefix: KEY_PREFIX,
    version: VERSION,
    keyFunction: KEY_FUNCTION,
    options: OPTIONS,
  }
  return hideValues<CacheSettings>(settings, ['location', 'options'])
}

/** Django's dictionary, also of what a copy of checked settings has. */
function dictionaryOf(input: object, alias: string): CacheDictionary {
  const given = withHiddenValues(input, `CACHES.${alias}`)
  if (!('hidden' in input)) return given as unknown as CacheDictionary
  const { backend, location, keyPrefix, version, keyFunction, options } = given as unknown as CacheSettings
  return {
    BACKEND: backend,
    LOCATION: location,
    KEY_PREFIX: keyPrefix,
    VERSION: version,
    OPTIONS: options,
    ...(keyFunction !== null && { KEY_FUNCTION: keyFunction }),
  }
}
