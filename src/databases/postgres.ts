/**
 * PostgreSQL through `pg`. A connection that missed its deadline or broke is destroyed, never used again; a pool that
 * was given is used and never ended.
 */

import { createCircuit } from '../circuit.ts'
import { type Deadline, pauseBeforeRetry, withinDeadline } from '../deadline.ts'
import { StoreUnavailable } from '../errors.ts'
import { OutcomeUnknown } from '../outcome-unknown.ts'
import type { Database, Row } from './database.ts'
import { type PoolCounts, type PoolUse, watchPool } from './pool-use.ts'
import { isAnswer, isBroken, isOutOfDate, isRolledBack, mayComeBack, postgresFault } from './postgres-faults.ts'
import { standardSql } from './sql-dialect.ts'

/** The part of a `pg` client that is used. */
export interface PostgresClient {
  query(text: string, values: unknown[]): Promise<PostgresResult>
  /** With `true` the connection is closed instead of going back to the pool. */
  release(destroy?: boolean): void
  on?(event: 'error', listener: () => void): unknown
  removeListener?(event: 'error', listener: () => void): unknown
}

export interface PostgresResult {
  readonly rows: unknown[]
  readonly rowCount: number | null
}

/** The part of a `pg` Pool that is used. */
export interface PostgresPool extends PoolCounts {
  connect(): Promise<PostgresClient>
}

export interface PostgresOptions {
  /** Called on first use. */
  readonly pool: () => Promise<PostgresPool>
  /** Ends the pool; absent when it belongs to the caller. */
  readonly end?: (pool: PostgresPool) => Promise<void>
}

export function postgres(options: PostgresOptions): Database {
  let opened: Promise<{ pool: PostgresPool; use: PoolUse }> | undefined
  /** Connections that have answered before, and so may be stale since the server was restarted. */
  const proven = new WeakSet<PostgresClient>()
  const circuit = createCircuit(postgresFault)

  async function run(statement: Statement, isRead: boolean, deadline: Deadline): Promise<PostgresResult> {
    opened ??= options.pool().then((pool) => ({ pool, use: watchPool(pool) }))
    // A driver that cannot be loaded is tried again with the next call.
    const { pool, use } = await opened.catch((error: unknown) => {
      opened = undefined
      throw postgresFault(error)
    })
    for (let isLast = false; ; ) {
      const attempt = await ask(pool, use, statement, deadline)
      if ('rows' in attempt) return attempt
      const { error, isSent, wasProven } = attempt
      const isHarmless = isRolledBack(error) || (isBroken(error) && (isRead || !isSent))
      if (!isHarmless || isLast || deadline.remaining() === 0) {
        const fault = postgresFault(error)
        const isUnknown = isSent && !isRead && !isAnswer(error) && fault instanceof StoreUnavailable
        throw isUnknown ? new OutcomeUnknown(fault) : fault
      }
      // A restart leaves every pooled connection stale; each one that is met is destroyed, and then a new one is made.
      isLast = !wasProven || isRolledBack(error)
    }
  }

  async function ask(
    pool: PostgresPool,
    use: PoolUse,
    statement: Statement,
    deadline: Deadline,
  ): Promise<PostgresResult | FailedAttempt> {
    let client: PostgresClient
    try {
      client = await circuit(() => checkOutPatiently(pool, use, deadline))
    } catch (error) {
      return { error, isSent: false, wasProven: false }
    }
    const wasProven = proven.has(client)
    // A client that breaks emits `error` beside failing its query; without a listener that ends the process.
    client.on?.('error', ignore)
    let destroy = true
    try {
      const result = await withinDeadline(client.query(statement.text, statement.values), deadline, () => undefined)
      destroy = false
      use.answered()
      proven.add(client)
      return result
    } catch (error) {
      if (isAnswer(error)) use.answered()
      destroy = !isAnswer(error) || isOutOfDate(error)
      return { error, isSent: true, wasProven }
    } finally {
      use.released()
      if (destroy) use.destroyed(client)
      client.release(destroy)
      client.removeListener?.('error', ignore)
    }
  }

  return {
    dialect: standardSql,
    rows: async (sql, parameters, deadline) => (await run(numbered(sql, parameters), true, deadline)).rows as Row[],
    execute: async (sql, parameters, deadline) => (await run(numbered(sql, parameters), false, deadline)).rowCount ?? 0,
    fromInstant: (instant) => instant.at.toISOString(),
    toDate,
    async close() {
      const ending = await opened?.catch(() => undefined)
      opened = undefined
      if (ending !== undefined) await options.end?.(ending.pool)
    },
  }
}

interface Statement {
  readonly text: string
  readonly values: unknown[]
}

interface FailedAttempt {
  readonly error: unknown
  /** Whether the statement may have reached the server. */
  readonly isSent: boolean
  /** Whether the connection had answered before. */
  readonly wasProven: boolean
}

/**
 * Nothing has been sent yet, so that a server which is being restarted can be waited for: its visitors get a slow
 * answer instead of an error.
 */
async function checkOutPatiently(pool: PostgresPool, use: PoolUse, deadline: Deadline): Promise<PostgresClient> {
  const patience = Math.min(MOST_PATIENCE_MS, deadline.remaining() * 0.75)
  const left = deadline.remaining() - patience
  for (let most = 50; ; most = Math.min(2 * most, 200)) {
    try {
      return await checkOut(pool, use, deadline)
    } catch (error) {
      if (!mayComeBack(error) || deadline.remaining() <= left) throw error
    }
    await pauseBeforeRetry(deadline, most)
  }
}

const MOST_PATIENCE_MS = 1500

async function checkOut(pool: PostgresPool, use: PoolUse, deadline: Deadline): Promise<PostgresClient> {
  const since = performance.now()
  const connecting = pool.connect()
  let isLate = false
  // A connection that comes after its deadline belongs to nobody: it goes straight back.
  connecting.then(
    (client) => isLate && client.release(),
    () => undefined,
  )
  try {
    const client = await withinDeadline(connecting, deadline, () => {
      isLate = true
    })
    use.taken(client)
    return client
  } catch (error) {
    const isRefused = (error as { severity?: unknown }).severity !== undefined
    throw !isRefused && use.isExhausted(since) ? use.exhausted() : error
  }
}

function ignore(): void {}

/** A site's own pool may parse timestamps itself: text with an offset is taken too. */
function toDate(column: unknown): Date | null {
  if (column instanceof Date) return column
  const milliseconds = typeof column === 'string' ? Date.parse(column) : Number.NaN
  return Number.isNaN(milliseconds) ? null : new Date(milliseconds)
}

function numbered(sql: string, parameters: readonly unknown[]): Statement {
  let count = 0
  return { text: sql.replaceAll('?', () => `$${++count}`), values: [...parameters] }
}
