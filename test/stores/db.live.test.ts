import type pg from 'pg'
import { describe, expect, inject, test } from 'vitest'
import { isStored } from '../../src/stores/store.ts'
import { type MysqlFixtureOptions, mysqlFixture, postgresFixture } from '../contracts/database-fixtures.ts'
import { describeRaces } from '../contracts/db-races.ts'
import { storeOn } from '../contracts/db-store.ts'
import { describeSessionStore, setting } from '../contracts/session-store.ts'

const postgres = inject('postgres')
if ('missing' in postgres) test.skip(`db on PostgreSQL (${postgres.missing})`, () => {})
else {
  const make = () => postgresFixture(postgres.url)
  describeSessionStore('db on PostgreSQL', async () => storeOn(await make()))
  describeRaces('db on PostgreSQL', make)

  describe('db on PostgreSQL', () => {
    test('S36: a session that is renewed while expired ones are cleared stays', async () => {
      const fixture = await make()
      const { store, advance } = storeOn(fixture)
      const { key } = await store.create(setting({ _session_expiry: 10 }))
      advance(11)
      const other = await fixture.client.connect()
      await other.query('BEGIN')
      await other.query("UPDATE django_session SET expire_date = '2099-01-01' WHERE session_key = $1", [key])
      const clearing = store.clearExpired()
      await isWaiting(fixture.client)
      await other.query('COMMIT')
      other.release()
      expect(await clearing).toBe(0)
      expect(isStored(await store.load(key))).toBe(true)
      await fixture.close()
    })
  })
}

const mysql = inject('mysql')
if ('missing' in mysql) test.skip(`db on MySQL (${mysql.missing})`, () => {})
else {
  const make = (options?: MysqlFixtureOptions) => mysqlFixture(mysql.url, options)
  describeSessionStore('db on MySQL', async () => storeOn(await make()))
  describeRaces('db on MySQL', make)
}

/** Until some statement waits for a row that another transaction holds. */
async function isWaiting(pool: pg.Pool): Promise<void> {
  const blocked = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'DELETE FROM%'"
  while ((await pool.query(blocked)).rowCount === 0) await new Promise((resolve) => setTimeout(resolve, 10))
}
