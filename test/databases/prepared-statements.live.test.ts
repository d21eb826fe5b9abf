/** Statements that PostgreSQL keeps prepared: each under the hash of its text, and none that is out of date in the way. */
import { createHash } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest'
import { createBridge } from '../../src/bridge.ts'
import { postgres } from '../../src/databases/postgres.ts'
import { startDeadline } from '../../src/deadline.ts'
import { postgresTables } from '../contracts/database-fixtures.ts'
import { openOn } from '../contracts/faulty-requests.ts'
import { type DatabaseHome, postgresHome } from '../interop/live-site.ts'
import { SECRET_KEY } from '../site.ts'

const server = inject('postgres')
if ('missing' in server) test.skip(`prepared statements of PostgreSQL (${server.missing})`, () => {})
else {
  let home: DatabaseHome
  beforeAll(async () => {
    home = await postgresHome(server)
    await postgresTables(home.url)
  })
  afterAll(() => home.drop())

  const onePool = () => {
    const pool = new pg.Pool({ connectionString: home.url, max: 1 })
    onTestFinished(() => pool.end())
    return pool
  }
  const kept = async (pool: pg.Pool) => {
    const { rows } = await pool.query<{ name: string; statement: string }>(
      'SELECT name, statement FROM pg_prepared_statements ORDER BY statement',
    )
    return rows
  }
  const deadline = () => startDeadline(30_000)

  test('a text is prepared once, under the hash of it', async () => {
    const pool = onePool()
    const database = postgres({ pool: async () => pool })
    for (const key of ['a', 'b', 'c']) {
      expect(await database.rows('SELECT ? AS "a?"', [key], deadline())).toEqual([{ 'a?': key }])
    }
    const text = 'SELECT $1 AS "a?"'
    expect((await kept(pool)).map(({ name }) => name)).toEqual([createHash('sha256').update(text).digest('base64url')])
  })

  test('options.preparedStatements: false keeps none', async () => {
    const pool = onePool()
    const bridge = createBridge(
      { SECRET_KEY, DEBUG: true },
      { clients: { databases: { default: pool } }, options: { preparedStatements: false } },
    )
    const django = openOn(bridge)
    ;(await django.session()).set('a', 1)
    await django.finish(200)
    expect(await kept(pool)).toEqual([])
  })

  test('a column that changes its type is read as it is now, on every connection', async () => {
    const pool = onePool()
    const database = postgres({ pool: async () => pool })
    await pool.query('CREATE TABLE moving (id int, value int)')
    await pool.query('INSERT INTO moving VALUES (1, 5)')
    const read = () => database.rows('SELECT * FROM moving WHERE id = ?', [1], deadline())
    expect(await read()).toEqual([{ id: '1', value: '5' }])
    await pool.query("ALTER TABLE moving ALTER value TYPE text USING 'five', ADD more boolean DEFAULT true")
    expect(await read()).toEqual([{ id: '1', value: 'five', more: true }])
    await pool.query('ALTER TABLE moving DROP value')
    expect(await read()).toEqual([{ id: '1', more: true }])
    expect(await database.execute('UPDATE moving SET more = ? WHERE id = ?', [false, 1], deadline())).toBe(1)
  })

  test('the tables are those of the search_path of the moment', async () => {
    const pool = onePool()
    const database = postgres({ pool: async () => pool })
    for (const schema of ['one', 'two']) {
      await pool.query(`CREATE SCHEMA ${schema}`)
      await pool.query(`CREATE TABLE ${schema}.place AS SELECT '${schema}' AS name`)
    }
    for (const schema of ['one', 'two', 'one']) {
      await pool.query(`SET search_path = ${schema}`)
      expect(await database.rows('SELECT name FROM place', [], deadline())).toEqual([{ name: schema }])
    }
  })

  test.each(['DEALLOCATE ALL', 'DISCARD ALL'])(
    '%s by somebody else with the same connection is no error',
    async (sql) => {
      const pool = onePool()
      const database = postgres({ pool: async () => pool })
      const count = () => database.execute('DELETE FROM django_session WHERE session_key = ?', ['x'], deadline())
      expect(await count()).toBe(0)
      await pool.query(sql)
      expect(await count()).toBe(0)
      expect(await count()).toBe(0)
    },
  )

  test('an error of the statement itself is the same with a name', async () => {
    const pool = onePool()
    const database = postgres({ pool: async () => pool })
    const insert = () =>
      database.execute(
        "INSERT INTO django_session (session_key, session_data, expire_date) VALUES (?, '', now())",
        ['twice'],
        deadline(),
      )
    expect(await insert()).toBe(1)
    for (let again = 0; again < 2; again++) {
      await expect(insert()).rejects.toMatchObject({ name: 'UniqueViolation' })
    }
    expect(await kept(pool)).toHaveLength(1)
  })
}
