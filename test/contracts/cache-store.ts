/** The store `cache` on a cache, as the contract of session stores wants it. */
import type { CacheCodec, CacheKey } from '../../src/caches/cache.ts'
import { cacheKey } from '../../src/caches/cache-key.ts'
import { pickledItems } from '../../src/caches/pickled-items.ts'
import { utcClock } from '../../src/databases/wall-clock.ts'
import { cache } from '../../src/stores/cache.ts'
import { expiryRule } from '../../src/stores/session-expiry.ts'
import type { CacheUnderTest } from './cache.ts'
import type { StoreUnderTest } from './session-store.ts'

const settings = { SESSION_COOKIE_AGE: 1209600, SESSION_EXPIRE_AT_BROWSER_CLOSE: false }

export interface CacheStoreFormat {
  readonly codec?: CacheCodec
  readonly keyOf?: CacheKey
}

export function storeOnCache(under: CacheUnderTest, { codec, keyOf }: CacheStoreFormat = {}): StoreUnderTest {
  const keys = keyOf ?? cacheKey({ keyPrefix: '', version: 1, keyFunction: null })
  const make = (each: CacheUnderTest['cache']) =>
    cache({
      cache: { cache: each, codec: codec ?? pickledItems(), keyOf: keys },
      expiryOf: expiryRule(settings, utcClock, under.now),
      now: under.now,
      deadlineMs: 5000,
    })
  return {
    store: make(under.cache),
    other: make(under.other),
    advance: (seconds) => under.advance(seconds),
    count: () => under.count(),
    corrupt: (key) =>
      under.set(keys(`django.contrib.sessions.cache${key}`) ?? '', Buffer.from('\x80\x04}\x8c\x01aK\x05', 'latin1')),
    corruptReason: 'session_data_unreadable',
    expired: under.needsClearing === true ? 'hidden' : 'gone',
    tellsEnd: under.tellsEnd ?? true,
    checks: 'reached',
    close: () => under.close(),
  }
}
