/** One cache over several, each key on one of them. */
import type { Cache } from './cache.ts'

/** @param indexOf which of the caches has a key */
export function shardedCache(caches: readonly [Cache, ...Cache[]], indexOf: (key: string) => number): Cache {
  const of = (key: string): Cache => caches[indexOf(key)] ?? caches[0]
  return {
    get: (key, ...rest) => of(key).get(key, ...rest),
    add: (key, ...rest) => of(key).add(key, ...rest),
    replace: (key, ...rest) => of(key).replace(key, ...rest),
    touch: (key, ...rest) => of(key).touch(key, ...rest),
    remove: (key, ...rest) => of(key).remove(key, ...rest),
    delete: (key, ...rest) => of(key).delete(key, ...rest),
    tryOut: async (key, ...rest) => of(key).tryOut?.(key, ...rest),
    async clearExpired(deadline) {
      const counts = await Promise.all(caches.map((cache) => cache.clearExpired(deadline)))
      return counts.reduce((sum, count) => sum + count, 0)
    },
    async sample(part, most, ...rest) {
      const samples = await Promise.all(caches.map((cache) => cache.sample?.(part, most, ...rest) ?? []))
      return samples.flat().slice(0, most)
    },
    async check(deadline) {
      await Promise.all(caches.map((cache) => cache.check(deadline)))
    },
    async close() {
      await Promise.all(caches.map((cache) => cache.close()))
    },
  }
}
