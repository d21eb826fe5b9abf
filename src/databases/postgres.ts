/**
 * PostgreSQL through `pg`. A connection that missed its deadline or broke is destroyed, never used again; a pool that
 * was given is used and never ended.
 */
import type { Database, Row } from './database.ts'
import type { PoolCounts } from './pool-use.ts'
import { pooledStatements } from './pooled-statements.ts'
import { postgresFaults } from './postgres-faults.ts'
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
  const { run, close } = pooledStatements<PostgresClient, PostgresResult>(async () => {
    const pool = await options.pool()
    return {
      server: 'PostgreSQL',
      counts: pool,
      connect: () => pool.connect(),
      send: (client, { sql, parameters }) => client.query(numbered(sql), [...parameters]),
      release: (client, destroy) => client.release(destroy),
      ...(options.end && { end: () => options.end?.(pool) ?? Promise.resolve() }),
    }
  }, postgresFaults)
  return {
    dialect: standardSql,
    rows: async (sql, parameters, deadline) => (await run({ sql, parameters, isRead: true }, deadline)).rows as Row[],
    execute: async (sql, parameters, deadline) =>
      (await run({ sql, parameters, isRead: false }, deadline)).rowCount ?? 0,
    fromInstant: (instant) => instant.at.toISOString(),
    toDate,
    close,
  }
}

/** A site's own pool may parse timestamps itself: text with an offset is taken too. */
function toDate(column: unknown): Date | null {
  if (column instanceof Date) return column
  const milliseconds = typeof column === 'string' ? Date.parse(column) : Number.NaN
  return Number.isNaN(milliseconds) ? null : new Date(milliseconds)
}

function numbered(sql: string): string {
  let count = 0
  return sql.replaceAll('?', () => `$${++count}`)
}
