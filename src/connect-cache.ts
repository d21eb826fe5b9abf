/** From CACHES[SESSION_CACHE_ALIAS] to a live cache: one table for the names of cache backends. */
import type { ConnectedCache } from './caches/cache.ts'
import { named, SettingsError } from './errors.ts'
import type { SerializerOptions } from './serializers/choose-serializer.ts'
import type { CacheSettings } from './settings/cache-setting.ts'
import type { Settings } from './settings/settings.ts'
import type { SigningLimits } from './signing/signer.ts'

export interface CacheOptions extends Pick<SerializerOptions, 'pickle'> {
  /** Clients of the site's own, by Django's alias of the cache. */
  readonly clients: { readonly caches?: Readonly<Record<string, object>> }
  readonly now: () => Date
  readonly deadlineMs: number
  readonly limits: SigningLimits
}

interface CacheBackend {
  /** Finds what can be wrong without a connection. @throws SettingsError, DriverMissingError */
  check(cache: CacheSettings, options: CacheOptions): void
  /** Makes the live objects, and loads packages for them; servers are reached when the first call needs them. */
  open(cache: CacheSettings, options: CacheOptions): ConnectedCache | Promise<ConnectedCache>
}

/** Cache backends by Django's dotted path. */
const BACKENDS: Readonly<Record<string, CacheBackend>> = {}

/** @throws SettingsError, DriverMissingError */
export function checkCache(settings: Settings, options: CacheOptions): void {
  const [backend, cache] = chosen(settings)
  backend.check(cache, options)
}

export async function openCache(settings: Settings, options: CacheOptions): Promise<ConnectedCache> {
  const [backend, cache] = chosen(settings)
  return backend.open(cache, options)
}

function chosen({
  CACHES,
  SESSION_CACHE_ALIAS: alias,
  SESSION_ENGINE: engine,
}: Settings): [CacheBackend, CacheSettings] {
  const cache = CACHES[alias]
  if (cache === undefined) {
    throw new SettingsError(`SESSION_ENGINE ${named(engine)} needs CACHES.${named(alias)} (SESSION_CACHE_ALIAS).`)
  }
  const backend = BACKENDS[cache.backend]
  if (backend === undefined) {
    const known = Object.keys(BACKENDS).join(', ')
    throw new SettingsError(
      `CACHES.${named(alias)}: BACKEND ${named(cache.backend)} is not supported; supported: ${known}.`,
    )
  }
  return [backend, cache]
}
