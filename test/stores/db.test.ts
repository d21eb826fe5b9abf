import { describe, expect, test } from 'vitest'
import { SettingsError } from '../../src/errors.ts'
import { isStored } from '../../src/stores/store.ts'
import { sqliteFixture } from '../contracts/database-fixtures.ts'
import { describeRaces } from '../contracts/db-races.ts'
import { storeOn } from '../contracts/db-store.ts'
import { describeSessionStore, plainValues, setting } from '../contracts/session-store.ts'

describeSessionStore('db on SQLite', async () => storeOn(await sqliteFixture()))
describeRaces('db on SQLite', sqliteFixture)

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

  test('columns of the site’s own model are filled from the session that is written', async () => {
    const fixture = await sqliteFixture()
    await fixture.run('ALTER TABLE django_session ADD COLUMN user_id text NULL')
    const { store } = storeOn(fixture, { columns: (session) => ({ user_id: session.get('_auth_user_id') ?? null }) })
    const users = async () => (await fixture.run('SELECT user_id FROM django_session')).map((row) => row.user_id)
    const created = await store.create(setting({ a: 1 }))
    expect(await users()).toEqual([null])
    const saved = await store.save(created, setting({ _auth_user_id: '7' }))
    expect(await users()).toEqual(['7'])
    const loaded = await store.load(saved?.key ?? '')
    if (!isStored(loaded)) throw new Error('the session is not there')
    await store.save(loaded, setting({ a: 2 }))
    expect(await users()).toEqual(['7'])
    await fixture.close()
  })

  test.each([{}, [], undefined, () => 7, Number.NaN, new Date(0)])(
    'a column of the site’s own model cannot hold %o',
    async (value) => {
      const fixture = await sqliteFixture()
      await fixture.run('ALTER TABLE django_session ADD COLUMN user_id text NULL')
      const { store, count } = storeOn(fixture, { columns: () => ({ user_id: value }) })
      const failed = await store.create(setting({ a: 1 })).catch((error: unknown) => error)
      expect(failed).toBeInstanceOf(SettingsError)
      expect(String(failed)).toContain('options.sessionTable.columns: the value of user_id')
      expect(await count()).toBe(0)
      await fixture.close()
    },
  )

  test('a table name that holds SQL is refused', async () => {
    const fixture = await sqliteFixture()
    expect(() => storeOn(fixture, { table: 'django_session; DROP TABLE auth_user' })).toThrow(/table or column name/)
    await fixture.close()
  })
})
