import { describe } from 'vitest'
import { memoryCache } from '../../src/caches/memory-cache.ts'
import { type CacheUnderTest, describeCache } from '../contracts/cache.ts'
import { describeCacheRaces } from '../contracts/cache-races.ts'
import { storeOnCache } from '../contracts/cache-store.ts'
import { describeSessionStore } from '../contracts/session-store.ts'

async function inMemory(): Promise<CacheUnderTest> {
  let milliseconds = Date.UTC(2026, 0, 15, 12)
  const now = (): Date => new Date(milliseconds)
  const cache = memoryCache(now)
  return {
    cache,
    other: cache,
    now,
    advance(seconds) {
      milliseconds += seconds * 1000
    },
    async count() {
      await cache.clearExpired({ remaining: () => 1000 })
      return cache.size
    },
    async set(key, bytes) {
      await cache.delete(key, { remaining: () => 1000 })
      await cache.add(key, { bytes }, 3600, { remaining: () => 1000 })
    },
    needsClearing: true,
    close: async () => {},
  }
}

describe('the cache in memory', () => {
  describeCache('memory', inMemory)
  describeCacheRaces('cache in memory', inMemory)
  describeSessionStore('cache in memory', async () => storeOnCache(await inMemory()))
})
