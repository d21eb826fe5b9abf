/** The other numbered databases of the Redis that CACHES names. */
import { openCache } from '../connect/cache.ts'
import { DjangoBridgeError, SettingsError } from '../errors.ts'
import { cacheSettings } from '../settings/cache-setting.ts'
import type { Settings } from '../settings/settings.ts'
import type { Site } from './site.ts'

/** As many as a Redis has when nothing is configured. */
const DATABASES = 16

/** The first answer that is not null; null where the cache is not one Redis at one address. */
export async function withOtherRedisDatabase<T>(
  site: Site,
  look: (elsewhere: Site, number: number) => Promise<T | null>,
): Promise<T | null> {
  for (const [number, settings] of otherDatabases(site.settings)) {
    const cache = openCache(settings, site.parts, site.surroundings)
    try {
      const found = await look({ ...site, settings, cache: () => Promise.resolve(cache) }, number)
      if (found !== null) return found
    } catch (error) {
      // No such database, or not for this user.
      if (error instanceof DjangoBridgeError) return null
      throw error
    } finally {
      await (await cache.catch(() => null))?.cache.close()
    }
  }
  return null
}

function* otherDatabases(settings: Settings): Generator<[number, Settings]> {
  const alias = settings.SESSION_CACHE_ALIAS
  const cache = settings.CACHES[alias]
  if (cache === undefined || !/redis/i.test(cache.backend)) return
  const location = typeof cache.location === 'string' ? cache.location : cache.location[0]
  if (location === undefined || !/^rediss?:\/\/[^,;]*$/.test(location)) return
  const own = Number(
    /\/(\d+)(?:\?|$)/.exec(location.slice(location.lastIndexOf('@') + 1))?.[1] ?? cache.options.db ?? 0,
  )
  for (let number = 0; number < DATABASES; number++) {
    if (number === own) continue
    try {
      const moved = cacheSettings(alias, { ...cache, location: withDatabase(location, number) })
      // Over the settings, whose hidden values a spread would leave out.
      yield [number, Object.create(settings, { CACHES: { value: { [alias]: moved } } }) as Settings]
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error
    }
  }
}

/** The number is a path, which goes before options. */
function withDatabase(location: string, number: number): string {
  const at = location.lastIndexOf('@')
  const [head, tail] =
    at < 0
      ? (/^(\w+:\/\/)(.*)$/s.exec(location)?.slice(1) ?? ['', ''])
      : [location.slice(0, at + 1), location.slice(at + 1)]
  const [address = '', query = ''] = (tail ?? '').split('?')
  const kept = query.split('&').filter((pair) => pair !== '' && !pair.startsWith('db='))
  return `${head}${address.replace(/\/.*$/s, '')}/${number}${kept.length > 0 ? `?${kept.join('&')}` : ''}`
}
