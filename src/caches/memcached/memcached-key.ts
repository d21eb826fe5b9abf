/**
 * Keys that Memcached can have. One that a browser made up with a space or a line end in it would be a command of its
 * own to the server: nothing is sent for it. @see django/core/cache/backends/base.py memcache_key_warnings
 */
import type { CacheKey } from '../cache.ts'

/** Memcached's own longest. */
const MOST_BYTES = 250

/** @param clientPrefix what the Python client puts in front of every key itself */
export function memcachedKey(make: CacheKey, clientPrefix: string): CacheKey {
  return (key) => {
    const whole = make(key)
    return whole !== null && isSendable(clientPrefix + whole) ? whole : null
  }
}

function isSendable(key: string): boolean {
  return !/[\x00-\x20\x7f]/.test(key) && key.isWellFormed() && Buffer.byteLength(key) <= MOST_BYTES
}
