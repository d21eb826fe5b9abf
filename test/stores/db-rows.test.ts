/** The store `db` and what a database may answer: rows that only resemble, keys that are taken, batches. */
import { expect, test } from 'vitest'
import { type Database, UniqueViolation } from '../../src/databases/database.ts'
import { StoreUnavailable } from '../../src/errors.ts'
import { OutcomeUnknown } from '../../src/outcome-unknown.ts'
import { sqliteFixture, type TestDatabase } from '../contracts/database-fixtures.ts'
import { storeOn } from '../contracts/db-store.ts'
import { setting } from '../contracts/session-store.ts'

const over = (fixture: TestDatabase, more: Partial<Database>): TestDatabase => ({
  ...fixture,
  database: { ...fixture.database, ...more },
})

test('a row that the database finds for another key opens nothing, and does not exist', async () => {
  const fixture = await sqliteFixture()
  const { store } = storeOn(fixture)
  const { key } = await store.create(setting({ a: 1 }))
  const careless = storeOn(
    over(fixture, {
      rows: (sql, _, deadline) =>
        fixture.database.rows(sql.replace(/ WHERE .*$/, '').replace('(expire_date > ?)', '1'), [], deadline),
    }),
  ).store
  expect(await careless.load(`${key.slice(0, -1)}A`)).toMatchObject({ absent: 'unknown' })
  expect(await careless.exists(`${key.slice(0, -1)}A`)).toBe(false)
  expect(await careless.exists(key)).toBe(true)
  await fixture.close()
})

test.each([
  [4, 5, true],
  [5, 5, false],
])('with %i keys that are taken, %i are tried', async (taken, tries, isStored) => {
  const fixture = await sqliteFixture()
  let inserts = 0
  const keys = new Set<unknown>()
  const { store, count } = storeOn(
    over(fixture, {
      async execute(sql, parameters, deadline) {
        keys.add(parameters[0])
        if (++inserts <= taken) throw new UniqueViolation('A row with this key exists already.')
        return fixture.database.execute(sql, parameters, deadline)
      },
    }),
  )
  const made = await store.create(setting({ a: 1 })).catch((error: unknown) => error)
  expect([inserts, keys.size, await count()]).toEqual([tries, tries, isStored ? 1 : 0])
  if (!isStored) expect(made).toBeInstanceOf(UniqueViolation)
  await fixture.close()
})

test('an error that is not about the key is not tried again', async () => {
  const fixture = await sqliteFixture()
  let inserts = 0
  const execute = async () => {
    inserts++
    throw new StoreUnavailable('no', { reason: 'full' })
  }
  await expect(storeOn(over(fixture, { execute })).store.create(setting({}))).rejects.toMatchObject({ reason: 'full' })
  expect(inserts).toBe(1)
  await fixture.close()
})

test('a first reply that was lost, then a key that is somebody else’s: another key is taken', async () => {
  const fixture = await sqliteFixture()
  let inserts = 0
  const { store, count } = storeOn(
    over(fixture, {
      async execute(sql, parameters, deadline) {
        inserts++
        if (inserts === 1) {
          const [key] = parameters
          await fixture.run('INSERT INTO django_session VALUES (?, ?, ?)', [
            String(key),
            'theirs',
            '2099-01-01 00:00:00',
          ])
          throw new OutcomeUnknown(new StoreUnavailable('The connection broke.'))
        }
        return fixture.database.execute(sql, parameters, deadline)
      },
    }),
  )
  const { key } = await store.create(setting({ a: 1 }))
  expect(await count()).toBe(2)
  const rows = await fixture.run('SELECT session_key FROM django_session WHERE session_data = ?', ['theirs'])
  expect(rows[0]?.session_key).not.toBe(key)
  await fixture.close()
})

test('a first reply that was lost, then another failure: the outcome stays unknown', async () => {
  const fixture = await sqliteFixture()
  const ends = [new OutcomeUnknown(new StoreUnavailable('x')), new StoreUnavailable('y', { reason: 'full' })]
  const execute = async () => {
    throw ends.shift() ?? new Error('sent a third time')
  }
  await expect(storeOn(over(fixture, { execute })).store.create(setting({}))).rejects.toBeInstanceOf(OutcomeUnknown)
  expect(ends).toEqual([])
  await fixture.close()
})

test('sessions that have ended are deleted batch by batch, until a batch is empty', async () => {
  const fixture = await sqliteFixture()
  const deleted: number[] = []
  const { store } = storeOn(
    over(fixture, {
      async execute(sql, parameters, deadline) {
        const count = await fixture.database.execute(sql, parameters, deadline)
        deleted.push(count)
        return count
      },
    }),
  )
  const rows = Array.from({ length: 1001 }, (_, index) => `('key${index}', 'x', '2000-01-01 00:00:00')`)
  await fixture.run(`INSERT INTO django_session VALUES ${rows.join(', ')}`)
  await fixture.run("INSERT INTO django_session VALUES ('alive', 'x', '2099-01-01 00:00:00')")
  expect(await store.clearExpired()).toBe(1001)
  expect(deleted).toEqual([1000, 1, 0])
  expect(await fixture.run('SELECT session_key FROM django_session')).toEqual([{ session_key: 'alive' }])
  await fixture.close()
})
