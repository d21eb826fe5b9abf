/** The store `cached_db` on a database and a cache, as the contract of session stores wants it. */
import type { Cache, ConnectedCache } from '../../src/caches/cache.ts'
import { cacheKey } from '../../src/caches/cache-key.ts'
import { memoryCache } from '../../src/caches/memory-cache.ts'
import { pickledItems } from '../../src/caches/pickled-items.ts'
import { utcClock } from '../../src/databases/wall-clock.ts'
import type { Serializer } from '../../src/serializers/serializer.ts'
import type { CacheWarning } from '../../src/stores/cache-outage.ts'
import { cachedCopies } from '../../src/stores/cached-copies.ts'
import { cachedDb } from '../../src/stores/cached-db.ts'
import { db } from '../../src/stores/db.ts'
import { createSessionCodec } from '../../src/stores/session-data.ts'
import { expiryRule } from '../../src/stores/session-expiry.ts'
import type { SessionStore } from '../../src/stores/store.ts'
import type { TestDatabase } from './database-fixtures.ts'
import { SITE_SECRET } from './db-store.ts'
import type { StoreUnderTest } from './session-store.ts'

const START = Date.UTC(2026, 0, 15, 12)
const settings = { SESSION_COOKIE_AGE: 1209600, SESSION_EXPIRE_AT_BROWSER_CLOSE: false }

export interface CachedDbUnderTest extends StoreUnderTest {
  /** What the cache has under a session's key, marks included. */
  readonly cache: Cache
  readonly place: (key: string) => string
  readonly warnings: readonly CacheWarning[]
  readonly now: () => Date
}

export interface CachedDbFixture extends Partial<ConnectedCache> {
  /** By default one in memory, with the clock of the store. */
  readonly cache?: Cache
  readonly serializer?: Serializer
  readonly deadlineMs?: number
}

/** Where Django keeps the copy of a session. */
export const placeOf = (key: string): string => `:1:django.contrib.sessions.cached_db${key}`

export function storeOnBoth(fixture: TestDatabase, given: CachedDbFixture = {}): CachedDbUnderTest {
  let milliseconds = START
  const now = (): Date => new Date(milliseconds)
  const cache = given.cache ?? memoryCache(now)
  const deadlineMs = given.deadlineMs ?? 5000
  const expiryOf = expiryRule(settings, utcClock, now)
  const warnings: CacheWarning[] = []
  const make = (): SessionStore =>
    cachedDb({
      rows: db({
        database: fixture.database,
        codec: createSessionCodec({
          SECRET_KEY: SITE_SECRET,
          now: () => milliseconds,
          marksWrites: true,
          ...(given.serializer && { serializer: given.serializer }),
        }),
        expiryOf,
        wallClock: utcClock,
        now,
        deadlineMs,
      }),
      copies: cachedCopies({
        cache,
        codec: given.codec ?? pickledItems(),
        keyOf: given.keyOf ?? cacheKey({ keyPrefix: '', version: 1, keyFunction: null }),
        expiryOf,
        now,
        deadlineMs,
        warn: (code) => void warnings.push(code),
      }),
      deadlineMs,
    })
  return {
    store: make(),
    other: make(),
    cache,
    place: placeOf,
    warnings,
    now,
    advance(seconds) {
      milliseconds += seconds * 1000
    },
    count: async () => Number((await fixture.run('SELECT count(*) AS n FROM django_session'))[0]?.n),
    async corrupt(key) {
      await fixture.run("UPDATE django_session SET session_data = 'e30:1wAbCd:tampered' WHERE session_key = ?", [key])
      await cache.delete(placeOf(key), { remaining: () => 1000 })
    },
    close: () => fixture.close(),
  }
}
