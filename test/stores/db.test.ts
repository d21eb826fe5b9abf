import { describe, expect, test } from 'vitest'
import { utcClock } from '../../src/databases/wall-clock.ts'
import { type DbStoreOptions, db } from '../../src/stores/db.ts'
import { createSessionCodec } from '../../src/stores/session-data.ts'
import { expiryRule } from '../../src/stores/session-expiry.ts'
import { postgresFixture, postgresUrl, sqliteFixture, type TestDatabase } from '../contracts/database-fixtures.ts'
import { describeSessionStore, plainValues, type StoreUnderTest, setting } from '../contracts/session-store.ts'

const START = Date.UTC(2026, 0, 15, 12)
const settings = { SESSION_COOKIE_AGE: 1209600, SESSION_EXPIRE_AT_BROWSER_CLOSE: false }

function storeOn(fixture: TestDatabase, options: Partial<DbStoreOptions> = {}): StoreUnderTest {
  let milliseconds = START
  const now = (): Date => new Date(milliseconds)
  const make = () =>
    db({
      database: fixture.database,
      codec: createSessionCodec({ SECRET_KEY: 'a secret of the site', now: () => milliseconds }),
      expiryOf: expiryRule(settings, utcClock, now),
      wallClock: utcClock,
      now,
      deadlineMs: 5000,
      ...options,
    })
  return {
    store: make(),
    other: make(),
    advance(seconds) {
      milliseconds += seconds * 1000
    },
    count: async () => Number((await fixture.run('SELECT count(*) AS n FROM django_session'))[0]?.n),
    async corrupt(key) {
      await fixture.run("UPDATE django_session SET session_data = 'e30:1wAbCd:tampered' WHERE session_key = ?", [key])
    },
    close: () => fixture.close(),
  }
}

describeSessionStore('db on SQLite', async () => storeOn(await sqliteFixture()))

describe('db on SQLite, the row itself', () => {
  test('expire_date is the text that Django writes and compares, without a fraction of zero', async () => {
    const fixture = await sqliteFixture()
    const { store, advance } = storeOn(fixture)
    await store.create(setting({}))
    advance(0.25)
    await store.create(setting({}))
    const rows = await fixture.run('SELECT expire_date FROM django_session ORDER BY expire_date')
    expect(rows.map((row) => row.expire_date)).toEqual(['2026-01-29 12:00:00', '2026-01-29 12:00:00.250000'])
    await fixture.close()
  })

  test('columns of the site’s own model are filled on every write and kept when the key changes', async () => {
    const fixture = await sqliteFixture()
    await fixture.run('ALTER TABLE django_session RENAME TO people_session')
    await fixture.run("ALTER TABLE people_session ADD COLUMN user_agent text NOT NULL DEFAULT ''")
    await fixture.run("ALTER TABLE people_session ADD COLUMN note text NOT NULL DEFAULT 'theirs'")
    const { store } = storeOn(fixture, {
      table: 'people_session',
      columns: (_, request) => ({ user_agent: String(request?.headers['user-agent'] ?? 'none') }),
    })
    const request = { method: 'GET', url: '/', headers: { 'user-agent': 'Netscape' }, secure: false }
    const created = await store.create(setting({ a: 1 }), request)
    await fixture.run("UPDATE people_session SET note = 'changed elsewhere'")
    const cycled = await store.cycle(created, setting({ b: 2 }))
    expect(cycled && plainValues(cycled)).toEqual({ a: 1, b: 2 })
    expect(await fixture.run('SELECT user_agent, note FROM people_session')).toEqual([
      { user_agent: 'none', note: 'changed elsewhere' },
    ])
    await fixture.close()
  })

  test('a table name that holds SQL is refused', async () => {
    const fixture = await sqliteFixture()
    expect(() => storeOn(fixture, { table: 'django_session; DROP TABLE auth_user' })).toThrow(/table or column name/)
    await fixture.close()
  })
})

const url = postgresUrl
if (url === null) test.skip('db on PostgreSQL: set BRIDGE_POSTGRES_URL=postgres://… to run its tests', () => {})
else describeSessionStore('db on PostgreSQL', async () => storeOn(await postgresFixture(url)))
