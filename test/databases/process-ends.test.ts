/** A PostgreSQL that ends a connection in the very packet in which it is ready: no process ends for that. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPostgres } from '../../src/connect/postgres.ts'
import type { Database } from '../../src/databases/database.ts'
import { postgres } from '../../src/databases/postgres.ts'
import type { PostgresPool } from '../../src/databases/postgres-pool.ts'
import { startDeadline } from '../../src/deadline.ts'
import { databaseSettings } from '../../src/settings/database-url.ts'

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(4 + body.length, 1)
  return Buffer.concat([head, body])
}

const READY = Buffer.concat([message('R', Buffer.alloc(4)), message('Z', Buffer.from('I'))])
const KILLED = message(
  'E',
  Buffer.from(['SFATAL', 'VFATAL', 'C57P01', 'Mterminating connection', ''].map((field) => `${field}\0`).join('')),
)

let server: Server
let greeted = 0
beforeAll(async () => {
  server = createServer((socket) => {
    socket.on('error', () => undefined)
    // No TLS; then ready, and over.
    socket.on('data', (bytes) => {
      if (bytes.length === 8) return void socket.write('N')
      greeted++
      socket.end(Buffer.concat([READY, KILLED]))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(() => server.close())

const port = (): number => (server.address() as AddressInfo).port

describe('a connection that dies as it is ready', () => {
  test.each<[string, () => { database: Database; end(): Promise<void> }]>([
    [
      'of a pool of our own',
      () => {
        const database = openPostgres(
          databaseSettings('default', `postgres://u@127.0.0.1:${port()}/x`),
          { deadlineMs: 300 },
          {},
        )
        return { database, end: () => database.close() }
      },
    ],
    [
      'of a pool that was given',
      () => {
        const pool = new pg.Pool({ host: '127.0.0.1', port: port(), user: 'u', database: 'x' })
        const database = postgres({ pool: async () => pool as unknown as PostgresPool })
        return { database, end: () => pool.end() }
      },
    ],
  ])('%s is an error of its statement alone', async (_, make) => {
    greeted = 0
    const { database, end } = make()
    const uncaught: unknown[] = []
    const note = (error: unknown) => void uncaught.push(error)
    process.on('uncaughtException', note)
    await expect(database.rows('SELECT 1', [], startDeadline(300))).rejects.toMatchObject({
      code: 'store_unavailable',
      reason: 'unreachable',
    })
    await new Promise((resume) => setImmediate(resume))
    process.off('uncaughtException', note)
    expect(greeted).toBeGreaterThan(0)
    expect(uncaught).toEqual([])
    await end()
  })
})
