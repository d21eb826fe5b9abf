/** The cache in a table, as the contract of caches wants it. */
import { databaseCache } from '../../src/caches/database-cache.ts'
import { utcClock, type WallClock } from '../../src/databases/wall-clock.ts'
import type { CacheUnderTest } from './cache.ts'
import type { TestDatabase } from './database-fixtures.ts'

/** The table as `manage.py createcachetable` makes it. */
export const CACHE_TABLES = {
  sqlite:
    'CREATE TABLE site_cache (cache_key varchar(255) NOT NULL PRIMARY KEY, value text NOT NULL, expires datetime NOT NULL)',
  postgres:
    'CREATE TABLE site_cache (cache_key varchar(255) NOT NULL PRIMARY KEY, value text NOT NULL, expires timestamp with time zone NOT NULL)',
  mysql:
    'CREATE TABLE site_cache (cache_key varchar(255) NOT NULL PRIMARY KEY, value longtext NOT NULL, expires datetime(6) NOT NULL)',
}

export async function cacheOn(
  fixture: TestDatabase,
  vendor: keyof typeof CACHE_TABLES,
  wallClock: WallClock = utcClock,
): Promise<CacheUnderTest> {
  await fixture.run(CACHE_TABLES[vendor])
  let milliseconds = Date.UTC(2026, 0, 15, 12)
  const { database } = fixture
  const now = (): Date => new Date(milliseconds)
  const make = () => databaseCache({ database, table: 'site_cache', now, instant: wallClock.instant })
  const text = (at: Date): string => wallClock.instant(at).wallClock
  return {
    cache: make(),
    other: make(),
    now,
    // Through the second in which it ends, an entry opens.
    advance(seconds) {
      milliseconds += seconds * 1000 + 1
    },
    async count() {
      const [row] = await fixture.run('SELECT count(*) AS n FROM site_cache WHERE expires >= ?', [text(now())])
      return Number(row?.n)
    },
    async set(key, bytes) {
      await fixture.run('DELETE FROM site_cache WHERE cache_key = ?', [key])
      const value = Buffer.from(bytes).toString('base64')
      const end = text(new Date(milliseconds + 3_600_000))
      await fixture.run('INSERT INTO site_cache VALUES (?, ?, ?)', [key, value, end])
    },
    needsClearing: true,
    close: () => fixture.close(),
  }
}
