/** From CACHES[SESSION_CACHE_ALIAS] to a live cache: one table for the names of cache backends. */
import { isAbsolute } from 'node:path'
import type { ConnectedCache } from '../caches/cache.ts'
import { cacheKey } from '../caches/cache-key.ts'
import { databaseCache, databaseCacheKey } from '../caches/database-cache.ts'
import { fileCache, fileCacheKey } from '../caches/file-cache.ts'
import { pickledItems } from '../caches/pickled-items.ts'
import type { Database, Instant } from '../databases/database.ts'
import { named, SettingsError } from '../errors.ts'
import type { SerializerOptions } from '../serializers/choose-serializer.ts'
import { type CacheSettings, sessionCacheOf } from '../settings/cache-setting.ts'
import type { Settings } from '../settings/settings.ts'
import type { SigningLimits } from '../signing/signer.ts'
import type { BridgeWarning } from '../warnings.ts'
import { checkDatabase, type DatabaseOptions, dialectOf } from './database.ts'
import { djangoRedisBackend } from './django-redis.ts'
import { pylibmcBackend, pymemcacheBackend } from './memcached.ts'
import { redisBackend } from './redis.ts'

export interface CacheOptions extends Pick<SerializerOptions, 'pickle'> {
  /** Clients of the site's own, by Django's alias of the cache. */
  readonly clients: { readonly caches?: Readonly<Record<string, object>> } & DatabaseOptions['clients']
  readonly now: () => Date
  readonly deadlineMs: number
  readonly limits: SigningLimits
  /** Default 0. */
  readonly logoutReplicas?: number
  /** Whether items are read with the moment at which they end. Default true. */
  readonly asksEnd?: boolean
  /** Whether calls are spared the wait for a cache that is down; not where the caller does that itself. Default true. */
  readonly hasCircuit?: boolean | undefined
  readonly warn: (warning: BridgeWarning) => void
}

/** What a cache may lie in that the bridge has opened already. */
export interface CacheSurroundings {
  /** @throws SettingsError where there is none */
  readonly database: () => Database
  readonly instant: (at: Date) => Instant
}

export interface CacheBackend {
  /** Finds what can be wrong without a connection. @throws SettingsError, DriverMissingError */
  check(cache: CacheSettings, options: CacheOptions, settings: Settings): void
  /** Makes the live objects, and loads packages for them; servers are reached when the first call needs them. */
  open(
    cache: CacheSettings,
    options: CacheOptions,
    surroundings: CacheSurroundings,
  ): ConnectedCache | Promise<ConnectedCache>
}

/** Cache backends by Django's dotted path. */
const BACKENDS: ReadonlyMap<string, CacheBackend> = new Map(
  Object.entries<CacheBackend>({
    'django.core.cache.backends.db.DatabaseCache': {
      check(cache, options, settings) {
        dialectOf(settings, options).quote(onlyLocation(cache))
        checkDatabase(settings, options)
      },
      open: (cache, { now, pickle, limits }, { database, instant }) => ({
        cache: databaseCache({ database: database(), table: onlyLocation(cache), now, instant }),
        codec: pickledItems({ limits, ...(pickle && { pickle }) }),
        keyOf: databaseCacheKey(cacheKey(cache)),
      }),
    },
    'django.core.cache.backends.dummy.DummyCache': refusedBackend(
      'keeps nothing at all, so that no session would outlive its request',
    ),
    'django.core.cache.backends.filebased.FileBasedCache': {
      check: (cache) => void folderOf(cache),
      open: (cache, { now, pickle, limits }) => ({
        cache: fileCache({ folder: folderOf(cache), now, inflatedLength: limits.inflatedLength }),
        codec: pickledItems({ limits, ...(pickle && { pickle }) }),
        keyOf: fileCacheKey(cacheKey(cache)),
      }),
    },
    'django.core.cache.backends.locmem.LocMemCache': refusedBackend(
      'keeps its items in the memory of one Python process, where neither Node nor another process of Django finds them',
    ),
    'django.core.cache.backends.memcached.PyLibMCCache': pylibmcBackend,
    'django.core.cache.backends.memcached.PyMemcacheCache': pymemcacheBackend,
    'django.core.cache.backends.redis.RedisCache': redisBackend,
    'django_redis.cache.RedisCache': djangoRedisBackend,
  }),
)

/** LOCATION where it is one table or folder. */
function onlyLocation({ alias, location }: CacheSettings): string {
  if (typeof location === 'string' && location !== '') return location
  throw new SettingsError(`CACHES.${named(alias)}: LOCATION must be the name of one table, or the path of one folder.`)
}

/** Django takes a relative one from the folder that its own process was started in. */
function folderOf(cache: CacheSettings): string {
  const folder = onlyLocation(cache)
  if (isAbsolute(folder)) return folder
  throw new SettingsError(
    `CACHES.${named(cache.alias)}: LOCATION of FileBasedCache must be an absolute path: give the folder as Django finds it.`,
  )
}

/** A backend of Django's whose sessions nobody but itself can have. */
function refusedBackend(reason: string): CacheBackend {
  const refuse = ({ alias, backend }: CacheSettings): never => {
    throw new SettingsError(
      `CACHES.${named(alias)}: ${backend} ${reason}. Sessions that two programs share need another cache.`,
    )
  }
  return { check: refuse, open: refuse }
}

/** @throws SettingsError, DriverMissingError */
export function checkCache(settings: Settings, options: CacheOptions): void {
  const [backend, cache] = chosen(settings)
  backend.check(cache, options, settings)
}

export async function openCache(
  settings: Settings,
  options: CacheOptions,
  surroundings: CacheSurroundings,
): Promise<ConnectedCache> {
  const [backend, cache] = chosen(settings)
  return backend.open(cache, options, surroundings)
}

function chosen(settings: Settings): [CacheBackend, CacheSettings] {
  const { SESSION_CACHE_ALIAS: alias, SESSION_ENGINE: engine } = settings
  const cache = sessionCacheOf(settings)
  if (cache === undefined) {
    throw new SettingsError(`SESSION_ENGINE ${named(engine)} needs CACHES.${named(alias)} (SESSION_CACHE_ALIAS).`)
  }
  const backend = BACKENDS.get(cache.backend)
  if (backend === undefined) {
    const known = [...BACKENDS.keys()].join(', ')
    throw new SettingsError(
      `CACHES.${named(alias)}: BACKEND ${named(cache.backend)} is not supported; supported: ${known}.`,
    )
  }
  return [backend, cache]
}
