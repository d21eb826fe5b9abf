/**
 * PostgreSQL through `pg`. A connection that missed its deadline or broke is destroyed, never used again; a pool that
 * was given is used and never ended.
 */
import { SettingsError } from '../errors.ts'
import { parseIsoFormat } from '../python/iso-format.ts'
import { postgresType } from './column-types.ts'
import type { Database, Row } from './database.ts'
import { pooledStatements } from './pooled-statements.ts'
import { postgresFaults } from './postgres-faults.ts'
import type { PostgresClient, PostgresPool, PostgresQuery, PostgresResult } from './postgres-pool.ts'
import { statementSender } from './postgres-statements.ts'
import { standardSql } from './sql-dialect.ts'

export interface PostgresOptions {
  /** Called on first use. */
  readonly pool: () => Promise<PostgresPool>
  /** Ends the pool; absent when it belongs to the caller. */
  readonly end?: (pool: PostgresPool) => Promise<void>
  /** Whether statements are prepared once for a connection. Default true. */
  readonly preparedStatements?: boolean | undefined
}

export function postgres(options: PostgresOptions): Database {
  const send = statementSender(options.preparedStatements ?? true, AS_TEXT)
  const { run, close } = pooledStatements<PostgresClient, PostgresResult>(async () => {
    const pool = await options.pool()
    return {
      server: 'PostgreSQL',
      counts: pool,
      connect: () => pool.connect(),
      send,
      release: (client, destroy) => client.release(destroy),
      ...(options.end && { end: () => options.end?.(pool) ?? Promise.resolve() }),
    }
  }, postgresFaults)
  return {
    dialect: standardSql,
    rows: async (sql, parameters, deadline) => (await run({ sql, parameters, isRead: true }, deadline)).rows as Row[],
    async typedRows(sql, parameters, deadline) {
      const { rows, fields = [] } = await run({ sql, parameters, isRead: true }, deadline)
      return {
        rows: rows as Row[],
        types: new Map(fields.map(({ name, dataTypeID }) => [name, postgresType(dataTypeID)])),
      }
    },
    execute: async (sql, parameters, deadline) =>
      (await run({ sql, parameters, isRead: false }, deadline)).rowCount ?? 0,
    fromInstant: (instant) => instant.at.toISOString(),
    toDate,
    close,
  }
}

const BOOL = 16

/** Every value as PostgreSQL's own text, except booleans. */
const AS_TEXT: PostgresQuery['types'] = {
  getTypeParser: (oid, format) => {
    if (format === 'binary') return refuseBinary
    return oid === BOOL ? (text: string) => text === 't' : (text: string) => text
  },
}

/** `pg` decides it for a whole client, and catches what a parser throws. */
function refuseBinary(): never {
  throw new SettingsError(
    'clients.databases.default is made with `binary: true`, whose values cannot be read: give a pool without it.',
  )
}

/** `2026-01-02 03:04:05.678901+00`; a session of the server may have another offset. */
function toDate(column: unknown): Date | null {
  const read = typeof column === 'string' ? parseIsoFormat(column) : null
  return read === null ? null : new Date(read.localMilliseconds - (read.offsetMilliseconds ?? 0))
}
