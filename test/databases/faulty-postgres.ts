/** A bridge on PostgreSQL behind a proxy that fails on demand, with one session that a user is logged in to. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import pg from 'pg'
import { type Bridge, createBridge } from '../../src/bridge.ts'
import type { SuspiciousEvent } from '../../src/context.ts'
import { postgresFixture } from '../contracts/database-fixtures.ts'
import { type FaultProxy, startFaultProxy } from '../fault-proxy.ts'
import { loginValues, PASSWORD, SECRET_KEY } from '../site.ts'

export interface FaultyPostgres {
  readonly bridge: Bridge
  readonly proxy: FaultProxy
  /** The bridge's own pool, of `max` connections through the proxy. */
  readonly pool: pg.Pool
  /** Past the proxy. */
  readonly direct: pg.Pool
  /** A URL past the proxy, and options that lead to the tables. */
  readonly url: string
  readonly options: string
  readonly reports: readonly SuspiciousEvent[]
  /** Stores a session that the user 7 is logged in to; returns its Cookie header. */
  login(values?: Record<string, unknown>): Promise<string>
  /** Ends the bridge's connections at the server's side. */
  terminate(): Promise<void>
  close(): Promise<void>
}

export interface FaultyOptions {
  readonly max?: number
  /** Long by default, so that nothing but the fault under test ends a call. */
  readonly deadlineMs?: number
  readonly config?: pg.PoolConfig
}

const PATIENT_MS = 30_000

export async function faultyPostgres(
  url: string,
  { max = 3, deadlineMs = PATIENT_MS, config = {} }: FaultyOptions = {},
): Promise<FaultyPostgres> {
  const fixture = await postgresFixture(url)
  await fixture.run(
    `INSERT INTO auth_user VALUES (7, '${PASSWORD}', NULL, false, 'ada', '', '', '', false, true, '2026-01-01')`,
  )
  const { hostname, port } = new URL(url)
  const proxy = await startFaultProxy({ host: hostname, port: Number(port || 5432) })
  const through = new URL(url)
  through.hostname = '127.0.0.1'
  through.port = String(proxy.port)
  const options = `-c search_path=${fixture.schema}`
  const name = fixture.schema
  const pool = new pg.Pool({ connectionString: through.href, options, application_name: name, max, ...config })
  // Nobody listens to the errors of the bridge's pool: a site may forget it.
  fixture.client.on('error', () => undefined)
  const reports: SuspiciousEvent[] = []
  const bridgeOn = (client: pg.Pool, milliseconds: number): Bridge =>
    createBridge(
      { SECRET_KEY, DEBUG: true },
      {
        clients: { databases: { default: client } },
        hooks: { onSuspicious: (event) => reports.push(event) },
        options: { deadlineMs: milliseconds },
      },
    )
  const aside = bridgeOn(fixture.client, PATIENT_MS)
  return {
    bridge: bridgeOn(pool, deadlineMs),
    proxy,
    pool,
    direct: fixture.client,
    url,
    options,
    reports,
    async login(values = {}) {
      const django = aside.open({ method: 'GET', url: '/', headers: {}, secure: false })
      ;(await django.session()).update({ ...loginValues(), ...values })
      const { cookies } = await django.finish(200)
      return `sessionid=${cookies[0]?.value}`
    },
    async terminate() {
      await fixture.run('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = ?', [name])
    },
    async close() {
      await proxy.close()
      await pool.end()
      await fixture.close()
    },
  }
}

/** A server that answers whatever is said to it with a FATAL error of this SQLSTATE, and counts who came. */
export async function refusingServer(sqlState: string): Promise<{ port: number; asked: number; close(): void }> {
  const fields = ['SFATAL', 'VFATAL', `C${sqlState}`, 'Mthe server says no', ''].map((field) => `${field}\0`).join('')
  const answer = Buffer.alloc(5 + fields.length)
  answer.write('E')
  answer.writeInt32BE(4 + fields.length, 1)
  answer.write(fields, 5)
  const server = createServer((socket) => {
    found.asked++
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(answer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const found = { port: (server.address() as AddressInfo).port, asked: 0, close: () => server.close() }
  return found
}
