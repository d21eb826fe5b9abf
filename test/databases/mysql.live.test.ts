/** What is MySQL's own: how it compares, counts, cuts and commits; each with pools that a site may have made. */
import { createPool as createCallbackPool } from 'mysql2'
import { createPool } from 'mysql2/promise'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { usersFromTable } from '../../src/auth/users.ts'
import { createBridge } from '../../src/bridge.ts'
import { mysql } from '../../src/databases/mysql.ts'
import type { MysqlPool } from '../../src/databases/mysql-pool.ts'
import { loadZoneClock, utcClock } from '../../src/databases/wall-clock.ts'
import { startDeadline } from '../../src/deadline.ts'
import { isStored, type StoredSession } from '../../src/stores/store.ts'
import { type MysqlFixture, type MysqlFixtureOptions, mysqlFixture } from '../contracts/database-fixtures.ts'
import { storeOn } from '../contracts/db-store.ts'
import { openOn } from '../contracts/faulty-requests.ts'
import { plainValues, setting } from '../contracts/session-store.ts'
import { loginValues, PASSWORD, SECRET_KEY } from '../site.ts'

const server = inject('mysql')
const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function start(options?: MysqlFixtureOptions): Promise<MysqlFixture> {
  if ('missing' in server) throw new Error(server.missing)
  const fixture = await mysqlFixture(server.url, options)
  ends.push(() => fixture.close())
  return fixture
}

/** A pool on which each connection begins with a statement. */
function poolAfter(url: string, sql: string, options: object = {}): MysqlPool {
  const pool = createCallbackPool({ uri: url, connectionLimit: 2, ...options })
  pool.on('connection', (connection) => connection.query(sql))
  ends.push(() => pool.promise().end())
  return pool
}

const COLLATIONS = [
  'utf8mb4_general_ci',
  'utf8mb4_unicode_ci',
  'utf8mb4_bin',
  'utf8mb3_general_ci',
  'latin1_swedish_ci',
  'latin1_general_cs',
  'ascii_general_ci',
  'ucs2_general_ci',
]

describe.skipIf('missing' in server)('sessions on MySQL', () => {
  test.each(COLLATIONS)(
    'S28: in tables of %s, only the very key opens, ends and saves a session',
    async (collation) => {
      const fixture = await start({ collation })
      const { store, count } = storeOn(fixture)
      const { key } = await store.create(setting({ a: 1 }))
      const seen = (await store.load(key)) as StoredSession
      for (const near of [key.toUpperCase(), `${key} `, `${key}\t`, `${key.slice(1)}%`, '0', '________', '\\']) {
        expect(await store.load(near)).toMatchObject({ absent: 'unknown' })
        expect(await store.exists(near)).toBe(false)
        await store.delete(near)
        expect(await store.save({ ...seen, key: near }, setting({ b: 2 }))).toBeNull()
        expect(await store.cycle({ ...seen, key: near }, setting({ b: 2 }))).toBeNull()
      }
      expect(await count()).toBe(1)
      expect(plainValues((await store.load(key)) as StoredSession)).toEqual({ a: 1 })
    },
  )

  test.each(COLLATIONS)('S36: in tables of %s, data that only resembles is not overwritten', async (collation) => {
    const fixture = await start({ collation })
    const { store } = storeOn(fixture)
    const { key } = await store.create(setting({ a: 1 }))
    const seen = (await store.load(key)) as StoredSession
    const resembling = String(seen.version).toUpperCase()
    await fixture.run('UPDATE django_session SET session_data = ?', [resembling])
    expect(await store.save(seen, setting({ b: 2 }))).toBeNull()
    expect(await fixture.run('SELECT session_data FROM django_session')).toEqual([{ session_data: resembling }])
  })

  test('the index of a key is used, of whatever collation', async () => {
    const fixture = await start()
    await storeOn(fixture).store.create(setting({ a: 1 }))
    const [row] = await fixture.run('SELECT session_key FROM django_session')
    const { sql, parameters } = fixture.database.dialect.isKey('session_key', String(row?.session_key))
    const plan = await fixture.run(`EXPLAIN SELECT * FROM django_session WHERE ${sql}`, parameters as string[])
    expect(plan).toMatchObject([{ type: 'const', key: 'PRIMARY' }])
  })

  test('S28: a number that is bound goes as text: 0 is no row', async () => {
    const fixture = await start()
    await storeOn(fixture).store.create(setting({ a: 1 }))
    await fixture.run("UPDATE django_session SET session_key = 'abcdefghijklmnopqrstuvwxyz012345'")
    const sql = 'SELECT session_key FROM django_session WHERE session_key = ?'
    expect(await fixture.database.rows(sql, [0], startDeadline(30_000))).toEqual([])
    expect(await fixture.run(sql, [0])).toHaveLength(1)
  })

  test('a row that others made is left alone though its key is longer than any of ours', async () => {
    const fixture = await start()
    await fixture.run('ALTER TABLE django_session MODIFY session_key varchar(41) NOT NULL')
    const { store } = storeOn(fixture)
    const { key, version } = await store.create(setting({ a: 1 }))
    const [long, cut] = ['k'.repeat(41), 'k'.repeat(40)]
    await fixture.run('UPDATE django_session SET session_key = ? WHERE session_key = ?', [long, key])
    expect(await store.load(cut)).toMatchObject({ absent: 'unknown' })
    const seen = (await store.load(long)) as StoredSession
    expect(seen.version).toBe(version)
    expect((await store.save(seen, setting({ b: 2 })))?.key).toBe(long)
  })

  test.each(['FOUND_ROWS', '-FOUND_ROWS'])(
    'with a pool of flags %s, a save that changes nothing has saved',
    async (flag) => {
      const fixture = await start({ pool: { flags: [flag] } })
      await fixture.client.query("SET SESSION lc_messages = 'de_DE'")
      const { store, other } = storeOn(fixture)
      const created = await store.create(setting({ a: 1 }))
      // The clock stands still: data and expiry are what is stored.
      for (const each of [store, other]) {
        expect((await each.save(created, setting({ a: 1 })))?.key).toBe(created.key)
        expect((await each.touch(created))?.key).toBe(created.key)
      }
      await store.delete(created.key)
      expect(await store.save(created, setting({ a: 1 }))).toBeNull()
      expect(await store.touch(created)).toBeNull()
    },
  )

  test('microseconds are kept, in UTC under USE_TZ and in local time without, and read as the same moment', async () => {
    const zone = await loadZoneClock('America/St_Johns')
    for (const wallClock of [utcClock, zone]) {
      // Of a site that has its driver make Dates, in a zone of its own.
      const fixture = await start({ wallClock, pool: { timezone: '+09:00', dateStrings: false } })
      const { store, advance } = storeOn(fixture, { wallClock })
      advance(0.25)
      const { key, expiry } = await store.create(setting({}))
      const [row] = await fixture.run('SELECT expire_date FROM django_session')
      const local = wallClock === zone ? '2026-01-29 08:30:00.250000' : '2026-01-29 12:00:00.250000'
      expect(row?.expire_date).toBe(local)
      const seen = await store.load(key)
      expect(isStored(seen) && seen.expiry.at).toEqual(expiry.at)
    }
  })
})

describe.skipIf('missing' in server)('a MySQL that is not strict', () => {
  const MODES = ["SET SESSION sql_mode = ''", "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'"]

  test.each(MODES)('stores nothing cut (%s): the write fails, what was stored stays', async (sql) => {
    const fixture = await start()
    await fixture.run('ALTER TABLE django_session MODIFY session_data varchar(300) NOT NULL')
    const database = mysql({ pool: async () => poolAfter(fixture.url, sql), wallClock: utcClock })
    const { store, count } = storeOn({ ...fixture, database, close: async () => undefined })
    const { key } = await store.create(setting({ a: '\\' }))
    const seen = (await store.load(key)) as StoredSession
    const large = setting({ large: Array.from({ length: 300 }, (_, index) => index) })
    const refused = { reason: 'refused', message: expect.stringMatching(/does not fit/) }
    await expect(store.save(seen, large)).rejects.toMatchObject(refused)
    await expect(store.create(large)).rejects.toMatchObject(refused)
    expect(await count()).toBe(1)
    expect(plainValues((await store.load(key)) as StoredSession)).toEqual({ a: '\\' })
    expect((await store.save(seen, setting({ b: 2 })))?.key).toBe(key)
    expect((await store.touch(seen)) ?? null).not.toBeNull()
    await store.delete(key)
    expect(await count()).toBe(0)
  })

  test('takes a value of a column of the site’s own whole, or not at all', async () => {
    const fixture = await start()
    await fixture.run("ALTER TABLE django_session ADD COLUMN note varchar(4) CHARACTER SET utf8mb4 NOT NULL DEFAULT ''")
    const database = mysql({
      pool: async () => poolAfter(fixture.url, "SET SESSION sql_mode = ''"),
      wallClock: utcClock,
    })
    const noting = (note: string) =>
      storeOn({ ...fixture, database, close: async () => undefined }, { columns: () => ({ note }) }).store
    await noting('😀ä').create(setting({}))
    expect(await fixture.run('SELECT note FROM django_session')).toEqual([{ note: '😀ä' }])
    await expect(noting('12345').create(setting({}))).rejects.toMatchObject({ reason: 'refused' })
    expect(await fixture.run('SELECT note FROM django_session')).toHaveLength(1)
  })

  test('is made strict where the pool is our own, which commits by itself though the server would not', async () => {
    const fixture = await start()
    const options = {
      init_command: 'SET SESSION autocommit = 0',
      sql_mode: 'ANSI_QUOTES',
      isolation_level: 'serializable',
    }
    const bridge = bridgeTo(fixture.url, options)
    const django = openOn(bridge)
    ;(await django.session()).set('a', 1)
    expect((await django.finish(200)).cookies).toHaveLength(1)
    expect(await fixture.run('SELECT session_key FROM django_session')).toHaveLength(1)
    await fixture.run('ALTER TABLE django_session MODIFY session_data varchar(300) NOT NULL')
    const large = openOn(bridge)
    ;(await large.session()).set(
      'large',
      Array.from({ length: 300 }, (_, index) => index),
    )
    await expect(large.finish(200)).rejects.toMatchObject({ reason: 'refused' })
    await bridge.close()
  })
})

function bridgeTo(url: string, options: Record<string, unknown> = {}) {
  const { hostname, port, username, password, pathname } = new URL(url)
  const database = {
    ENGINE: 'django.db.backends.mysql',
    NAME: pathname.slice(1),
    USER: decodeURIComponent(username),
    PASSWORD: decodeURIComponent(password),
    HOST: hostname,
    PORT: port || 3306,
    OPTIONS: options,
  }
  return createBridge({ SECRET_KEY, DEBUG: true, DATABASES: { default: database } })
}

describe.skipIf('missing' in server)('a pool of the site’s own on MySQL', () => {
  async function ada(): Promise<{ fixture: MysqlFixture; cookie: string }> {
    const fixture = await start()
    await fixture.run(
      `INSERT INTO auth_user VALUES (7, '${PASSWORD}', '2026-01-02 03:04:05.678901', 0, 'ada', 'Ada 😀', '', '', 0, 1, '2026-01-01')`,
    )
    const bridge = createBridge({ SECRET_KEY, DEBUG: true }, { clients: { databases: { default: fixture.client } } })
    const django = openOn(bridge)
    ;(await django.session()).update({ ...loginValues(), cart: '😀' })
    return { fixture, cookie: `sessionid=${(await django.finish(200)).cookies[0]?.value}` }
  }

  const STRANGE = {
    rowsAsArray: true,
    nestTables: true,
    typeCast: () => 'cast',
    namedPlaceholders: true,
    bigNumberStrings: true,
    supportBigNumbers: true,
    decimalNumbers: true,
    multipleStatements: true,
    queryFormat: (sql: string) => sql,
  }

  test.each<[string, (url: string) => MysqlPool & { end(): unknown }]>([
    ['of mysql2', (url) => createCallbackPool(url)],
    ['of mysql2/promise', (url) => createPool(url)],
    ['set to make other rows', (url) => createPool({ uri: url, ...STRANGE } as object)],
    ['of latin1', (url) => createPool({ uri: url, charset: 'latin1' })],
    [
      'without local files and session state',
      (url) => createPool({ uri: url, flags: ['-SESSION_TRACK', '-LOCAL_FILES'] }),
    ],
  ])('%s opens sessions and knows users', async (name, make) => {
    const { fixture, cookie } = await ada()
    const pool = make(fixture.url)
    ends.push(async () => pool.end())
    const bridge = createBridge({ SECRET_KEY, DEBUG: true }, { clients: { databases: { default: pool } } })
    const django = openOn(bridge, cookie)
    const session = await django.session()
    expect(session.get('cart')).toBe('😀')
    const user = await django.user()
    expect(user).toMatchObject({ id: 7, username: 'ada', is_active: true, is_staff: false, is_superuser: false })
    if (name !== 'of latin1') expect(user?.first_name).toBe('Ada 😀')
    expect(user?.last_login).toEqual(new Date('2026-01-02T03:04:05.678Z'))
    session.set('cart', 'tea')
    expect((await django.finish(200)).cookies).toHaveLength(1)
    expect((await openOn(bridge, cookie).session()).get('cart')).toBe('tea')
    await fixture.run('UPDATE auth_user SET is_active = 0')
    expect(await openOn(bridge, cookie).user()).toBeNull()
    await fixture.run("UPDATE django_session SET expire_date = '2026-01-01'")
    expect((await openOn(bridge, cookie).session()).isEmpty).toBe(true)
  })

  test.each([
    ['autocommit off', 'SET SESSION autocommit = 0'],
    ['an open transaction', 'START TRANSACTION'],
  ])('whose connections have %s is refused, since nothing would be stored', async (_, sql) => {
    const { fixture, cookie } = await ada()
    const pool = poolAfter(fixture.url, sql)
    const bridge = createBridge({ SECRET_KEY, DEBUG: true }, { clients: { databases: { default: pool } } })
    const django = openOn(bridge, cookie)
    await expect(
      (async () => {
        ;(await django.session()).set('cart', 'tea')
        await django.finish(200)
      })(),
    ).rejects.toThrow(/autocommit off or within a transaction/)
    expect(
      await openOn(bridgeTo(fixture.url), cookie)
        .session()
        .then((session) => session.get('cart')),
    ).toBe('😀')
  })

  test('that lets nobody wait says so', async () => {
    const { fixture, cookie } = await ada()
    const pool = createPool({ uri: fixture.url, connectionLimit: 1, waitForConnections: false })
    ends.push(() => pool.end())
    const bridge = createBridge({ SECRET_KEY, DEBUG: true }, { clients: { databases: { default: pool } } })
    const taken = await pool.getConnection()
    await expect(openOn(bridge, cookie).session()).rejects.toMatchObject({ reason: 'pool_exhausted' })
    taken.release()
    expect((await openOn(bridge, cookie).session()).get('cart')).toBe('😀')
  })
})

describe.skipIf('missing' in server)('users on MySQL', () => {
  const UUID = '0f1e2d3c-4b5a-4697-8877-665544332211'

  test.each([
    ['char(32)', UUID.replaceAll('-', ''), UUID],
    ['char(36)', UUID, UUID],
    ['uuid', UUID, UUID],
    ['bigint', '9007199254740993', '9007199254740993'],
    ['varchar(20)', 'ada', 'ada'],
  ])('with keys of %s are found by the text that the session has, and by no other', async (type, stored, id) => {
    const fixture = await start({ collation: 'utf8mb4_general_ci' })
    const [made] = await fixture
      .run(`CREATE TABLE person (id ${type} NOT NULL PRIMARY KEY, password varchar(128) NOT NULL)`)
      .then(
        () => [true],
        () => [false],
      )
    // MySQL has no type for UUIDs, MariaDB one from 10.7 on.
    if (type === 'uuid' && !made) return
    await fixture.run('INSERT INTO person VALUES (?, ?)', [stored, 'secret'])
    const users = usersFromTable(fixture.database, 'site.Person', { name: 'person' }, 30_000)
    expect(await users.load(id)).toMatchObject({ pk: id, password: 'secret' })
    for (const other of ['0', id.toUpperCase() === id ? `${id}.0` : id.toUpperCase(), `${id} `, `${id}x`, 'ä😀', '7']) {
      expect(await users.load(other)).toBeNull()
    }
  })
})
