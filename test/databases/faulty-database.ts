/** A bridge on a server behind a proxy that fails on demand, with one session that a user is logged in to. */
import { randomUUID } from 'node:crypto'
import { createPool, type Pool } from 'mysql2'
import pg from 'pg'
import { type Bridge, createBridge } from '../../src/bridge.ts'
import type { DatabaseClient } from '../../src/connect/database.ts'
import type { SuspiciousEvent } from '../../src/context.ts'
import { mysqlFixture, postgresFixture, type TestDatabase } from '../contracts/database-fixtures.ts'
import { type FaultProxy, proxyTo } from '../fault-proxy.ts'
import { loginValues, PASSWORD, SECRET_KEY } from '../site.ts'

export interface FaultySite {
  readonly bridge: Bridge
  readonly proxy: FaultProxy
  /** A bridge on another client, whose reports are the same. */
  bridgeOn(client: DatabaseClient): Bridge
  /** Connections that the bridge's pool may have, all through the proxy. */
  readonly max: number
  readonly reports: readonly SuspiciousEvent[]
  /** Takes a connection out of the bridge's pool; the function gives it back. */
  checkOut(): Promise<() => void>
  /** How many connections the bridge's pool has. */
  connections(): number
  /** Runs SQL past the proxy. */
  run: TestDatabase['run']
  /** Has others wait who want to read or write the sessions, or only those who want to write; until it is called. */
  lock(against: 'everything' | 'writes'): Promise<() => Promise<void>>
  /** Stores a session that the user 7 is logged in to; returns its Cookie header. */
  login(values?: Record<string, unknown>): Promise<string>
  /** Ends the bridge's connections at the server's side. */
  terminate(): Promise<void>
  /** Makes writes to the sessions fail with a code of the server's, each, or on a connection every other one. */
  failWrites(code: string, which?: 'all' | 'every other'): Promise<void>
  /** Has the one connection of the bridge's pool take no writes. */
  refuseWrites(): Promise<void>
  /** A pool of another user, past the proxy. */
  otherUser(options: OtherUser): Promise<OtherPool>
  close(): Promise<void>
}

export interface OtherUser {
  readonly mayUseTables: boolean
  readonly mostConnections?: number
}

export interface OtherPool {
  readonly client: DatabaseClient
  checkOut(): Promise<() => void>
}

export interface FaultyOptions {
  readonly max?: number
  /** Long by default, so that nothing but the fault under test ends a call. */
  readonly deadlineMs?: number
}

const PATIENT_MS = 30_000

export async function faultyPostgres(url: string, given: FaultyOptions = {}): Promise<FaultySite> {
  const fixture = await postgresFixture(url)
  const { proxy, through } = await proxyTo(url)
  const options = `-c search_path=${fixture.schema}`
  const name = fixture.schema
  const { max = 3 } = given
  const pool = new pg.Pool({ connectionString: through, options, application_name: name, max })
  const ends: (() => Promise<unknown>)[] = []
  // Nobody listens to the errors of the bridge's pool: a site may forget it.
  fixture.client.on('error', () => undefined)
  const checkOutOf = (from: pg.Pool) => async () => {
    const client = await from.connect()
    return () => client.release()
  }
  return {
    ...(await siteOn({ fixture, proxy, pool, direct: fixture.client, max, ...given })),
    checkOut: checkOutOf(pool),
    connections: () => pool.totalCount,
    async lock(against) {
      const other = await fixture.client.connect()
      const mode = against === 'writes' ? 'EXCLUSIVE' : 'ACCESS EXCLUSIVE'
      await other.query(`BEGIN; LOCK TABLE django_session IN ${mode} MODE`)
      return async () => {
        await other.query('ROLLBACK')
        other.release()
      }
    },
    async terminate() {
      await fixture.run('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = ?', [name])
    },
    async failWrites(code, which = 'all') {
      // A sequence counts on though the statement is taken back.
      const condition = which === 'all' ? 'true' : "nextval('writes') % 2 = 1"
      await fixture.client.query(`
        CREATE SEQUENCE writes;
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN IF ${condition} THEN RAISE EXCEPTION 'no' USING ERRCODE = '${code}'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER fail BEFORE UPDATE ON django_session FOR EACH ROW EXECUTE FUNCTION fail();`)
    },
    async refuseWrites() {
      await pool.query('SET default_transaction_read_only = on')
    },
    async otherUser({ mayUseTables, mostConnections = -1 }) {
      const role = `role_${name}`
      await fixture.run(`CREATE ROLE ${role} LOGIN PASSWORD 'secret' CONNECTION LIMIT ${mostConnections}`)
      await fixture.run(`GRANT USAGE ON SCHEMA ${name} TO ${role}`)
      if (mayUseTables) await fixture.run(`GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA ${name} TO ${role}`)
      const other = new URL(url)
      other.username = role
      other.password = 'secret'
      const client = new pg.Pool({ connectionString: other.href, options })
      ends.push(async () => {
        await client.end()
        await fixture.client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
      })
      return { client, checkOut: checkOutOf(client) }
    },
    async close() {
      await proxy.close()
      for (const end of ends) await end()
      await pool.end()
      await fixture.close()
    },
  }
}

export async function faultyMysql(url: string, given: FaultyOptions = {}): Promise<FaultySite> {
  const fixture = await mysqlFixture(url)
  const { proxy, through } = await proxyTo(fixture.url)
  const { max = 3 } = given
  const pool = createPool({ uri: through, connectionLimit: max })
  const threads = new Set<number>()
  const ends: (() => Promise<unknown>)[] = []
  pool.on('connection', (connection) => {
    threads.add(connection.threadId)
  })
  const checkOutOf = (from: Pool) => async () => {
    const client = await from.promise().getConnection()
    return () => client.release()
  }
  return {
    ...(await siteOn({ fixture, proxy, pool, direct: fixture.client, max, ...given })),
    checkOut: checkOutOf(pool),
    connections: () => (pool as unknown as { _allConnections: { length: number } })._allConnections.length,
    async lock(against) {
      const other = await fixture.client.getConnection()
      await other.query(`LOCK TABLES django_session ${against === 'writes' ? 'READ' : 'WRITE'}`)
      return async () => {
        await other.query('UNLOCK TABLES')
        other.release()
      }
    },
    async terminate() {
      // Some have ended themselves.
      for (const thread of threads) await fixture.run(`KILL ${thread}`).catch(() => undefined)
      threads.clear()
    },
    async failWrites(code, which = 'all') {
      // A variable of the connection counts on though the statement is taken back.
      const condition = which === 'all' ? 'true' : '(SELECT @writes := COALESCE(@writes, 0) + 1) % 2 = 1'
      await fixture.run(`
        CREATE TRIGGER fail BEFORE UPDATE ON django_session FOR EACH ROW
          IF ${condition} THEN SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = ${code}, MESSAGE_TEXT = 'no'; END IF`)
    },
    async refuseWrites() {
      await pool.promise().query('SET SESSION TRANSACTION READ ONLY')
    },
    async otherUser({ mayUseTables, mostConnections = 0 }) {
      const [database, user] = [fixture.url.split('/').at(-1), `user_${randomUUID().slice(0, 8)}`]
      await fixture.run(`CREATE USER ${user} IDENTIFIED BY 'secret' WITH MAX_USER_CONNECTIONS ${mostConnections}`)
      const rights = mayUseTables ? 'SELECT, UPDATE' : 'CREATE'
      await fixture.run(`GRANT ${rights} ON ${database}.* TO ${user}`)
      const other = new URL(fixture.url)
      other.username = user
      other.password = 'secret'
      const client = createPool(other.href)
      ends.push(async () => {
        await client.promise().end()
        await fixture.run(`DROP USER ${user}`)
      })
      return { client, checkOut: checkOutOf(client) }
    },
    async close() {
      await proxy.close()
      for (const end of ends) await end()
      pool.end(() => undefined)
      await fixture.close()
    },
  }
}

interface SiteParts extends FaultyOptions {
  readonly fixture: TestDatabase
  readonly proxy: FaultProxy
  readonly pool: DatabaseClient
  readonly direct: DatabaseClient
  readonly max: number
}

/** What a site has whatever its database is. */
async function siteOn({ fixture, proxy, pool, direct, max, deadlineMs = PATIENT_MS }: SiteParts) {
  await fixture.run(
    `INSERT INTO auth_user VALUES (7, '${PASSWORD}', NULL, false, 'ada', '', '', '', false, true, '2026-01-01')`,
  )
  const reports: SuspiciousEvent[] = []
  const bridgeOn = (client: DatabaseClient, milliseconds: number): Bridge =>
    createBridge(
      { SECRET_KEY, DEBUG: true },
      {
        clients: { databases: { default: client } },
        hooks: { onSuspicious: (event) => reports.push(event) },
        options: { deadlineMs: milliseconds },
      },
    )
  const aside = bridgeOn(direct, PATIENT_MS)
  return {
    bridge: bridgeOn(pool, deadlineMs),
    bridgeOn: (client: DatabaseClient) => bridgeOn(client, deadlineMs),
    proxy,
    max,
    reports,
    run: fixture.run,
    async login(values: Record<string, unknown> = {}) {
      const django = aside.open({ method: 'GET', url: '/', headers: {}, secure: false })
      ;(await django.session()).update({ ...loginValues(), ...values })
      const { cookies } = await django.finish(200)
      return `sessionid=${cookies[0]?.value}`
    },
  }
}
