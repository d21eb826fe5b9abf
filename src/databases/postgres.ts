/**
 * PostgreSQL through `pg`. Our own pool destroys a connection that missed its deadline; a pool that was given is used
 * and never ended.
 */
import { type Deadline, withinDeadline } from '../deadline.ts'
import { DjangoBridgeError, driverFault, StoreUnavailable } from '../errors.ts'
import { type Database, NoSuchValue, type Row, UniqueViolation } from './database.ts'

/** The part of a `pg` client that is used. */
export interface PostgresClient {
  query(query: { text: string; values: unknown[] }): Promise<{ rows: unknown[]; rowCount: number | null }>
  /** With `true` the connection is closed instead of going back to the pool. */
  release(destroy?: boolean): void
}

/** The part of a `pg` Pool that is used. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>
}

export interface PostgresOptions {
  /** Called on first use. */
  readonly pool: () => Promise<PostgresPool>
  /** Ends the pool; absent when it belongs to the caller. */
  readonly end?: (pool: PostgresPool) => Promise<void>
}

const UNIQUE_VIOLATION = '23505'
/** invalid_text_representation, numeric_value_out_of_range: text that no value of the column's type has. */
const NO_SUCH_VALUE = new Set(['22P02', '22003'])

export function postgres(options: PostgresOptions): Database {
  let pool: Promise<PostgresPool> | undefined

  async function query(
    sql: string,
    parameters: readonly unknown[],
    deadline: Deadline,
  ): Promise<{ rows: unknown[]; rowCount: number | null }> {
    pool ??= options.pool()
    const connecting = pool.then((ready) => ready.connect())
    let late = false
    // A connection that comes after its deadline belongs to nobody: it goes straight back.
    connecting.then(
      (client) => late && client.release(),
      () => undefined,
    )
    const client = await withinDeadline(connecting, deadline, () => {
      late = true
    }).catch(asStoreUnavailable)

    let destroy = true
    try {
      const answer = client.query({ text: numbered(sql), values: [...parameters] })
      const result = await withinDeadline(answer, deadline, () => undefined)
      destroy = false
      return result
    } catch (error) {
      // What the server itself refused leaves the connection sound; anything else may still have an answer under way.
      destroy = !isServerRefusal(error)
      return asStoreUnavailable(error)
    } finally {
      client.release(destroy)
    }
  }

  return {
    vendor: 'postgresql',
    rows: async (sql, parameters, deadline) => (await query(sql, parameters, deadline)).rows as Row[],
    execute: async (sql, parameters, deadline) => (await query(sql, parameters, deadline)).rowCount ?? 0,
    fromInstant: (instant) => instant.at.toISOString(),
    toDate,
    async close() {
      const opened = await pool?.catch(() => undefined)
      if (opened !== undefined) await options.end?.(opened)
      pool = undefined
    },
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

function isServerRefusal(error: unknown): boolean {
  const fields = error as { severity?: unknown; code?: unknown }
  return typeof fields.code === 'string' && fields.severity === 'ERROR'
}

function asStoreUnavailable(error: unknown): never {
  if (error instanceof DjangoBridgeError) throw error
  const code = (error as { code?: unknown }).code
  const cause = driverFault(error)
  if (code === UNIQUE_VIOLATION) throw new UniqueViolation('A row with this key exists already.')
  if (typeof code === 'string' && NO_SUCH_VALUE.has(code)) throw new NoSuchValue('No such value.', { cause })
  throw new StoreUnavailable('PostgreSQL could not be reached or refused a statement.', { cause })
}
