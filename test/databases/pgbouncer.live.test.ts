/** Sessions through PgBouncer in transaction mode, where each statement may meet another connection of the server. */
import { createHash } from 'node:crypto'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { createBridge } from '../../src/bridge.ts'
import { postgres } from '../../src/databases/postgres.ts'
import { postgresTables, type TestDatabase } from '../contracts/database-fixtures.ts'
import { storeOn } from '../contracts/db-store.ts'
import { openOn, unavailable } from '../contracts/faulty-requests.ts'
import { describeSessionStore } from '../contracts/session-store.ts'
import { proxyTo } from '../fault-proxy.ts'
import { type DatabaseHome, postgresHome } from '../interop/live-site.ts'
import { startPrivatePgBouncer } from '../private-pgbouncer.ts'
import { loginValues, PASSWORD, SECRET_KEY } from '../site.ts'

/** What PgBouncer itself sets for each client, from what it started with. */
const STARTUP = ['client_encoding', 'DateStyle', 'TimeZone', 'standard_conforming_strings']

const server = inject('postgres')
const started = 'missing' in server ? { bouncer: server } : await startBetween(server.url)

async function startBetween(url: string) {
  const { proxy, through } = await proxyTo(url)
  return { proxy, bouncer: await startPrivatePgBouncer(through) }
}

const { bouncer } = started
if ('missing' in bouncer) {
  if (process.env.CI) throw new Error(`In CI every server must be there: ${bouncer.missing}`)
  test.skip(`PgBouncer (${bouncer.missing})`, () => {})
} else {
  const proxy = 'proxy' in started ? started.proxy : undefined
  afterAll(async () => {
    await bouncer.stop()
    await proxy?.close()
  })

  // Its tables need no search_path: that would be the state of one connection.
  let home: DatabaseHome
  let throughBouncer: string
  beforeAll(async () => {
    home = await postgresHome(server)
    throughBouncer = bouncer.url(new URL(home.url).pathname.slice(1))
    await postgresTables(home.url)
    await home.sql(
      `INSERT INTO auth_user VALUES (7, '${PASSWORD}', NULL, false, 'ada', '', '', '', false, true, now())`,
      [],
    )
  })
  afterEach(() => home.sql('DELETE FROM django_session', []))
  afterAll(() => home.drop())

  async function make(): Promise<TestDatabase> {
    const pool = new pg.Pool({ connectionString: throughBouncer, max: 6 })
    return {
      database: postgres({ pool: async () => pool }),
      run: (sql, parameters = []) => home.sql(sql, parameters as (string | number)[]),
      close: () => pool.end(),
    }
  }

  const bridgeTo = (url: string, deadlineMs: number) =>
    createBridge({ SECRET_KEY, DEBUG: true, DATABASES: { default: url } }, { options: { deadlineMs } })

  describeSessionStore('db behind PgBouncer', async () => storeOn(await make()))

  describe('a pool of our own behind PgBouncer', () => {
    test('leaves nothing behind for whoever has the connection next', async () => {
      const bridge = bridgeTo(throughBouncer, 30_000)
      const made = openOn(bridge)
      ;(await made.session()).update({ ...loginValues(), cart: 0 })
      const cookie = `sessionid=${(await made.finish(200)).cookies[0]?.value}`
      // Many at a time, on the two connections that there are.
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          const django = openOn(bridge, cookie)
          ;(await django.session()).transform('cart', (count) => Number(count) + 1)
          expect((await django.user())?.pk).toBe('7')
          await django.finish(200)
        }),
      )
      expect((await openOn(bridge, cookie).session()).get('cart')).toBe(20)
      const other = new pg.Client(throughBouncer)
      await other.connect()
      const { rows } = await other.query<{ name: string; statement: string }>(
        'SELECT name, statement FROM pg_prepared_statements',
      )
      const set = await other.query(
        "SELECT name FROM pg_settings WHERE source = 'session' AND name <> 'application_name'",
      )
      await other.end()
      // PgBouncer keeps no names, which the first statements find out; what they left cannot be taken for another one.
      const hashes = rows.map(({ statement }) => createHash('sha256').update(statement).digest('base64url'))
      expect(rows.map(({ name }) => name)).toEqual(hashes)
      expect(rows.length).toBeLessThan(6)
      expect(set.rows.filter(({ name }) => !STARTUP.includes(name))).toEqual([])
      await bridge.close()
    })

    test('S35: a PostgreSQL that is down behind it is waited for until the deadline, and used once it is up', async () => {
      const bridge = bridgeTo(throughBouncer, 1000)
      const direct = bridgeTo(home.url, 30_000)
      const made = openOn(direct)
      ;(await made.session()).set('cart', 'tea')
      const cookie = `sessionid=${(await made.finish(200)).cookies[0]?.value}`
      await direct.close()
      if (proxy !== undefined) proxy.fault = { kind: 'down' }
      const django = openOn(bridge, cookie)
      // PgBouncer lets its clients wait for two minutes; this library, until the deadline.
      await expect(django.session()).rejects.toMatchObject(
        unavailable(expect.stringMatching(/^(deadline|unreachable)$/)),
      )
      expect(await django.finish(200)).toEqual({ cookies: [], vary: ['Cookie'] })
      if (proxy !== undefined) proxy.fault = { kind: 'none' }
      const cart = () =>
        openOn(bridge, cookie)
          .session()
          .then((session) => session.get('cart'))
      await expect.poll(() => cart().catch(() => null), { timeout: 30_000 }).toBe('tea')
      await bridge.close()
    })
  })
}
