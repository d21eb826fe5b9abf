/** What differs between the Python clients that Django uses for Memcached, as the settings have them. */
import type { MemcachedAddress } from './memcached-connection.ts'

export interface PythonClient {
  readonly servers: readonly MemcachedAddress[]
  /** The place in `servers` of the one that a key is on; the key is without the client's own prefix. */
  readonly placeOf: (key: string) => number
  /** What the client itself puts in front of every key. */
  readonly keyPrefix: string
  /** From how many bytes on a pickle is written compressed; null for never. */
  readonly compressesFrom: number | null
}

/** LOCATION as Django splits it. @see django/core/cache/backends/memcached.py BaseMemcachedCache.__init__ */
export function locationsOf(location: string | readonly string[]): readonly string[] {
  return typeof location === 'string' ? location.split(/[;,]/) : location
}
