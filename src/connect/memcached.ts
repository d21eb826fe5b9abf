/** From CACHES to Memcached, whose keys and values are those of the client for Python that BACKEND names. */
import { cacheKey } from '../caches/cache-key.ts'
import { memcached } from '../caches/memcached/memcached.ts'
import { memcachedItems } from '../caches/memcached/memcached-items.ts'
import { memcachedKey } from '../caches/memcached/memcached-key.ts'
import { pylibmc } from '../caches/memcached/pylibmc.ts'
import { pymemcache } from '../caches/memcached/pymemcache.ts'
import type { PythonClient } from '../caches/memcached/python-client.ts'
import type { CacheSettings } from '../settings/cache-setting.ts'
import type { CacheBackend } from './cache.ts'

export const pylibmcBackend: CacheBackend = memcachedBackend(pylibmc)
export const pymemcacheBackend: CacheBackend = memcachedBackend(pymemcache)

function memcachedBackend(clientOf: (cache: CacheSettings) => PythonClient): CacheBackend {
  return {
    check: clientOf,
    open(cache, { now, pickle, limits, hasCircuit }) {
      const client = clientOf(cache)
      return {
        cache: memcached({ client, now, hasCircuit }),
        codec: memcachedItems({ client, limits, ...(pickle && { pickle }) }),
        keyOf: memcachedKey(cacheKey(cache), client.keyPrefix),
      }
    },
  }
}
