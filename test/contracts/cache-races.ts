/** The store `cache`, others writing between its calls of the cache. */
import type { Cache } from '../../src/caches/cache.ts'
import { pickledItems } from '../../src/caches/pickled-items.ts'
import { sessionOf } from '../../src/stores/session-data.ts'
import type { CacheUnderTest } from './cache.ts'
import { storeOnCache } from './cache-store.ts'
import { describeStoreRaces } from './store-races.ts'

/** @param make an empty cache, whose items are pickles under Django's default keys */
export function describeCacheRaces(name: string, make: () => Promise<CacheUnderTest>): void {
  describeStoreRaces(name, async () => {
    const under = await make()
    const keys = new Set<string>()
    const remembering = watched(under.cache, async (key) => void keys.add(key))
    return {
      others: storeOnCache({ ...under, cache: remembering }).store,
      interrupted: (before) => storeOnCache({ ...under, cache: watched(remembering, before) }).store,
      djangoSaves: (key, values) =>
        under.set(
          `:1:django.contrib.sessions.cache${key}`,
          pickledItems().encode(sessionOf(Object.entries(values))).bytes,
        ),
      count: () => under.count(),
      async clear() {
        for (const key of keys) await under.other.delete(key, { remaining: () => 5000 })
        keys.clear()
      },
      close: () => under.close(),
    }
  })
}

/** Runs `before` ahead of each call about a key. */
function watched(cache: Cache, before: (key: string) => Promise<void>): Cache {
  const after =
    <Call extends [string, ...unknown[]], Result>(work: (...call: Call) => Promise<Result>) =>
    async (...call: Call): Promise<Result> => {
      await before(call[0])
      return work(...call)
    }
  return {
    ...cache,
    get: after(cache.get),
    add: after(cache.add),
    replace: after(cache.replace),
    touch: after(cache.touch),
    remove: after(cache.remove),
    delete: after(cache.delete),
  }
}
