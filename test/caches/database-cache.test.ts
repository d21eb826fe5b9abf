import { describe, expect, test } from 'vitest'
import { databaseCache, databaseCacheKey } from '../../src/caches/database-cache.ts'
import { utcClock } from '../../src/databases/wall-clock.ts'
import { startDeadline } from '../../src/deadline.ts'
import { describeCache } from '../contracts/cache.ts'
import { storeOnCache } from '../contracts/cache-store.ts'
import { cacheOn } from '../contracts/database-cache.ts'
import { sqliteFixture } from '../contracts/database-fixtures.ts'
import { describeSessionStore } from '../contracts/session-store.ts'

const make = async () => cacheOn(await sqliteFixture(), 'sqlite')
const soon = () => startDeadline(5000)

describeCache('a table of SQLite', make)
describeSessionStore('cache in a table of SQLite', async () => storeOnCache(await make()))

describe('an entry of DatabaseCache', () => {
  test('ends with the whole second, and opens until that is over', async () => {
    const fixture = await sqliteFixture()
    const { cache, advance, close } = await cacheOn(fixture, 'sqlite')
    await advance(0.4)
    await cache.add('k', { bytes: Buffer.from('one') }, 10.5, soon())
    expect(await fixture.run('SELECT value, expires FROM site_cache')).toEqual([
      { value: 'b25l', expires: '2026-01-15 12:00:10' },
    ])
    await advance(9.598)
    expect(await cache.get('k', soon())).toMatchObject({ endsAt: new Date('2026-01-15T12:00:10Z') })
    await advance(0.001)
    expect(await cache.get('k', soon())).toBeNull()
    await close()
  })

  test.each(['NULL', "'soon'", '5'])('that has %s for its end is not alive, and not written over', async (end) => {
    const fixture = await sqliteFixture()
    await fixture.run('CREATE TABLE site_cache (cache_key varchar(255) PRIMARY KEY, value text, expires datetime)')
    const cache = databaseCache({
      database: fixture.database,
      table: 'site_cache',
      now: () => new Date('2026-01-15T12:00:00Z'),
      instant: utcClock.instant,
    })
    await fixture.run(`INSERT INTO site_cache VALUES ('k', 'b25l', ${end})`)
    if (end === "'soon'") {
      // Text above every date: to SQLite it never ends, as to Django's own query.
      expect(await cache.get('k', soon())).not.toHaveProperty('endsAt')
    } else expect(await cache.get('k', soon())).toBeNull()
    await fixture.close()
  })

  test('cannot be in a table that is not there', async () => {
    const { database, close } = await sqliteFixture()
    const cache = databaseCache({ database, table: 'site_cache', now: () => new Date(), instant: utcClock.instant })
    await expect(cache.check(soon())).rejects.toMatchObject({
      reason: 'missing',
      message: expect.stringMatching('createcachetable'),
    })
    await expect(cache.get('k', soon())).rejects.toMatchObject({ reason: 'missing' })
    expect(() =>
      databaseCache({ database, table: 'a"; DROP', now: () => new Date(), instant: utcClock.instant }),
    ).toThrow(/letters/)
    await close()
  })

  test('has a key that every database can be asked for', () => {
    const keyOf = databaseCacheKey((key) => `:1:${key}`)
    expect(keyOf('a'.repeat(252))).toHaveLength(255)
    for (const key of ['a'.repeat(253), 'a\0', '\ud800']) expect(keyOf(key)).toBeNull()
  })
})
