/** Sessions in a cache by where their keys are: under the settings' own prefix and version, or under others. */
import type { CacheItem } from '../caches/cache.ts'
import { markKind } from '../stores/cache-mark.ts'
import type { Site } from './site.ts'
import { CACHED_UNDER } from './stored-session.ts'

/** What the keys of both of Django's engines have. */
const ANY_SESSION = 'django.contrib.sessions.cache'
const MOST_KEYS = 50

export interface CachedSession {
  /** Null where the cache does not tell keys. */
  readonly key: string | null
  readonly item: CacheItem
}

export function hasCache({ settings }: Site): boolean {
  return /\.(cache|cached_db)$/.test(settings.SESSION_ENGINE)
}

/** The key in the cache without the session's own: prefix, version and kind. */
export async function ownPlace(site: Site): Promise<string> {
  const { settings, options } = site
  const [cache, cachedDb] = CACHED_UNDER
  const kind = options.sessionCacheKeyPrefix ?? (settings.SESSION_ENGINE.endsWith('.cached_db') ? cachedDb : cache)
  return (await site.cache()).keyOf(kind) ?? kind
}

/** Null where the cache cannot list what it holds. @throws StoreUnavailable, SettingsError */
export async function itemsUnderOwnKeys(site: Site): Promise<readonly CachedSession[] | null> {
  const { cache, codec } = await site.cache()
  const place = await ownPlace(site)
  if (cache.find !== undefined) return itemsOf(await cache.find(place, MOST_KEYS, site.deadline()), place, site)
  const sampled = await cache.sample?.(place, MOST_KEYS, site.deadline())
  // Keys of files are hashes: a session is what has the values of one.
  return sampled === undefined
    ? null
    : sampled.filter(({ item }) => {
        const decoded = codec.decode(item)
        return 'data' in decoded && markKind(item) === null
      })
}

/** Sessions under other prefixes, versions and kinds, by their place. @throws StoreUnavailable, SettingsError */
export async function itemsElsewhere(site: Site): Promise<ReadonlyMap<string, readonly CachedSession[]>> {
  const { cache } = await site.cache()
  const place = await ownPlace(site)
  const keys = (await cache.find?.(ANY_SESSION, 4 * MOST_KEYS, site.deadline())) ?? []
  const byPlace = new Map<string, string[]>()
  for (const key of keys) {
    const other = placeOf(key)
    if (other !== null && other !== place) byPlace.set(other, [...(byPlace.get(other) ?? []), key])
  }
  const found = new Map<string, readonly CachedSession[]>()
  for (const [other, of] of byPlace) {
    const items = await itemsOf(of.slice(0, MOST_KEYS), other, site)
    if (items.length > 0) found.set(other, items)
  }
  return found
}

function placeOf(key: string): string | null {
  const kind = Array.from(CACHED_UNDER)
    .sort((one, other) => other.length - one.length)
    .find((each) => key.includes(each))
  return kind === undefined ? null : key.slice(0, key.indexOf(kind) + kind.length)
}

async function itemsOf(keys: readonly string[], place: string, site: Site): Promise<CachedSession[]> {
  const { cache } = await site.cache()
  const found = []
  for (const key of keys.filter((each) => each.startsWith(place) && (placeOf(each) ?? place) === place)) {
    const item = await cache.get(key, site.deadline())
    if (item !== null && markKind(item) === null) found.push({ key, item })
  }
  return found
}
