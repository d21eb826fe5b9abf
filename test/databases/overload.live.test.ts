/** 20,000 calls at once: the queue is bounded, those beyond it are refused at once, and nobody is kept out afterwards. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createPool } from 'mysql2'
import pg from 'pg'
import { describe, expect, inject, test } from 'vitest'
import { memcachedServer } from '../../src/caches/memcached/memcached-server.ts'
import { VERSION_COMMAND } from '../../src/caches/memcached/text-protocol.ts'
import { redis } from '../../src/caches/redis.ts'
import { redisConnection } from '../../src/caches/redis-connection.ts'
import { openPostgres } from '../../src/connect/postgres.ts'
import { mysql } from '../../src/databases/mysql.ts'
import type { MysqlPool } from '../../src/databases/mysql-pool.ts'
import { postgres } from '../../src/databases/postgres.ts'
import type { PostgresPool } from '../../src/databases/postgres-pool.ts'
import { sqlite } from '../../src/databases/sqlite.ts'
import { utcClock } from '../../src/databases/wall-clock.ts'
import { startDeadline } from '../../src/deadline.ts'
import type { StoreUnavailable } from '../../src/errors.ts'
import { databaseSettings } from '../../src/settings/database-url.ts'
import { MEMCACHED, missingMemcached, startMemcached } from '../private-memcached.ts'

const CALLS = 20_000

/** Long enough for all that are let in. */
const DEADLINE_MS = 20_000

type Ask = () => Promise<unknown>

async function storm(ask: Ask) {
  const answers = await Promise.allSettled(Array.from({ length: CALLS }, ask))
  const errors = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as StoreUnavailable] : []))
  const refused = errors.filter(({ reason }) => reason === 'overloaded')
  expect(refused[0]).toMatchObject({ code: 'store_unavailable', status: 503 })
  return {
    answered: CALLS - errors.length,
    overloaded: refused.length,
    others: errors.filter(({ reason }) => reason !== 'overloaded'),
  }
}

/** @param bound of the queue */
async function expectBounded(ask: Ask, bound: number): Promise<void> {
  await ask()
  const { answered, overloaded, others } = await storm(ask)
  expect(answered).toBeGreaterThan(0)
  expect(answered + others.length).toBeLessThanOrEqual(bound)
  expect(overloaded).toBe(CALLS - answered - others.length)
  for (const other of others) expect(other).toMatchObject({ reason: expect.stringMatching(/pool_exhausted|deadline/) })
  // No circuit is open.
  await expect(ask()).resolves.toBeDefined()
}

const pgServer = inject('postgres')
const mysqlServer = inject('mysql')

describe.skipIf('missing' in pgServer)('PostgreSQL', () => {
  const url = 'url' in pgServer ? pgServer.url : ''

  test('a pool of two that was given', async () => {
    const pool = new pg.Pool({ connectionString: url, max: 2 })
    const database = postgres({ pool: async () => pool as unknown as PostgresPool })
    await expectBounded(() => database.rows('SELECT 1', [], startDeadline(DEADLINE_MS)), 1000)
    await pool.end()
  })

  test('a pool of our own', async () => {
    const database = openPostgres(databaseSettings('default', url), { deadlineMs: DEADLINE_MS })
    await expectBounded(() => database.rows('SELECT 1', [], startDeadline(DEADLINE_MS)), 1000)
    await database.close()
  })

  test('a pool whose connections are all in use is no reason to call the server away', async () => {
    const pool = new pg.Pool({ connectionString: url, max: 2, connectionTimeoutMillis: 100 })
    const database = postgres({ pool: async () => pool as unknown as PostgresPool })
    const ask = () => database.rows('SELECT 1', [], startDeadline(100))
    await ask()
    const slow = Array.from({ length: 2 }, () => database.rows('SELECT pg_sleep(0.8)', [], startDeadline(DEADLINE_MS)))
    const waited = await Promise.allSettled(Array.from({ length: 20 }, ask))
    expect(waited.map(({ status }) => status)).toEqual(Array(20).fill('rejected'))
    await Promise.all(slow)
    await expect(ask()).resolves.toHaveLength(1)
    await pool.end()
  })
})

test.skipIf('missing' in mysqlServer)('MySQL, a pool of two', async () => {
  const pool = createPool({ uri: 'url' in mysqlServer ? mysqlServer.url : '', connectionLimit: 2 })
  const database = mysql({ pool: async () => pool as unknown as MysqlPool, wallClock: utcClock })
  await expectBounded(() => database.rows('SELECT 1', [], startDeadline(DEADLINE_MS)), 1000)
  await new Promise((ended) => pool.end(ended))
})

test('SQLite that is locked', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'overload-'))
  const file = join(folder, 'db.sqlite3')
  const other = new DatabaseSync(file)
  other.exec('CREATE TABLE t (a); BEGIN EXCLUSIVE')
  const database = sqlite({ path: file, wallClock: utcClock })
  const write = () => database.execute('INSERT INTO t VALUES (1)', [], startDeadline(DEADLINE_MS))
  setTimeout(() => other.exec('COMMIT'), 500)
  const { answered, overloaded, others } = await storm(write)
  expect([answered, overloaded, others]).toEqual([1000, CALLS - 1000, []])
  await expect(write()).resolves.toBe(1)
  await database.close()
  other.close()
  rmSync(folder, { recursive: true })
})

const redisServer = inject('redis')
test.skipIf('missing' in redisServer)('Redis', async () => {
  const { Redis } = await import('ioredis')
  const url = 'url' in redisServer ? redisServer.url : ''
  const make = async () => new Redis(url, { lazyConnect: true, retryStrategy: () => null, enableOfflineQueue: false })
  const primary = redisConnection({ make: make as never, deadlineMs: DEADLINE_MS })
  const cache = redis({ primary, now: () => new Date() })
  await expectBounded(() => cache.get('overload', startDeadline(DEADLINE_MS)).then(() => true), 10_000)
  await cache.close()
})

test.skipIf(missingMemcached() !== null)('Memcached', async () => {
  const started = await startMemcached({ command: MEMCACHED })
  const server = memcachedServer(started.address, true)
  const version = { bytes: VERSION_COMMAND, key: null, mayRepeat: true, answers: /^VERSION / }
  await expectBounded(() => server.ask(version, startDeadline(DEADLINE_MS)), 1000)
  server.close()
  await started.stop()
})
