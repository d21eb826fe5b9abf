/** A cache in the memory of this process, for tests without a server. */
import type { Cache, CacheItem, SampledItem, StoredItem } from './cache.ts'

interface Kept {
  readonly item: CacheItem
  readonly version: string
  readonly endsAt: number
}

export interface MemoryCache extends Cache {
  /** How many items are stored, ended ones included. */
  readonly size: number
}

export function memoryCache(now: () => Date = () => new Date()): MemoryCache {
  const kept = new Map<string, Kept>()
  let writes = 0

  function alive(key: string): Kept | null {
    const found = kept.get(key)
    return found !== undefined && found.endsAt > now().getTime() ? found : null
  }

  function isCurrent(key: string, version: string): boolean {
    return alive(key)?.version === version
  }

  function put(key: string, item: CacheItem, timeout: number): string {
    const version = String(++writes)
    kept.set(key, { item: { ...item, bytes: item.bytes.slice() }, version, endsAt: now().getTime() + timeout * 1000 })
    return version
  }

  return {
    get size() {
      return kept.size
    },
    async get(key): Promise<StoredItem | null> {
      const found = alive(key)
      return found && { ...found.item, version: found.version, endsAt: new Date(found.endsAt) }
    },
    add: async (key, item, timeout) => (alive(key) === null ? put(key, item, timeout) : null),
    replace: async (key, version, item, timeout) => (isCurrent(key, version) ? put(key, item, timeout) : null),
    async touch(key, version, timeout) {
      const found = alive(key)
      if (found === null || found.version !== version) return false
      kept.set(key, { ...found, endsAt: now().getTime() + timeout * 1000 })
      return true
    },
    remove: async (key, version) => isCurrent(key, version) && kept.delete(key),
    async delete(key) {
      kept.delete(key)
    },
    async clearExpired() {
      const ended = Array.from(kept.keys()).filter((key) => alive(key) === null)
      for (const key of ended) kept.delete(key)
      return ended.length
    },
    find: async (part, most) =>
      Array.from(kept.keys())
        .filter((key) => key.includes(part))
        .slice(0, most),
    async sample(part, most) {
      const found: SampledItem[] = []
      for (const key of kept.keys()) {
        const item = key.includes(part) && found.length < most ? alive(key)?.item : undefined
        if (item !== undefined) found.push({ key, item })
      }
      return found
    },
    check: async () => {},
    close: async () => {},
  }
}
