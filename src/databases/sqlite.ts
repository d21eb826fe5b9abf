/**
 * SQLite through Node's own `node:sqlite`, on the file that Django uses.
 *
 * A locked file is waited for without blocking the event loop: SQLite's own wait is switched off and the statement
 * tried again, a little later each time, until the deadline. The journal mode of the file is left as the site has it.
 */
import { existsSync } from 'node:fs'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type Deadline, pauseBeforeRetry } from '../deadline.ts'
import { DriverMissingError, driverFault, StoreUnavailable } from '../errors.ts'
import { parseIsoFormat } from '../python/iso-format.ts'
import { type Database, type Row, type SqlValue, UniqueViolation } from './database.ts'
import type { WallClock } from './wall-clock.ts'

export interface SqliteOptions {
  /** Path of the file, or `:memory:`. A file that does not exist is never created. */
  readonly path: string
  readonly wallClock: WallClock
  /** An open database of the caller's own, which is then never closed. */
  readonly client?: DatabaseSync
}

const BUSY = 5
const LOCKED = 6
const CONSTRAINT_PRIMARY_KEY = 1555
const CONSTRAINT_UNIQUE = 2067

export function sqlite(options: SqliteOptions): Database {
  const { wallClock } = options
  const statements = new Map<string, StatementSync>()
  let opened: DatabaseSync | undefined

  function statement(sql: string): StatementSync {
    const known = statements.get(sql)
    if (known !== undefined) return known
    opened ??= options.client ?? openSqlite(options.path)
    const made = opened.prepare(sql)
    made.setReadBigInts(true)
    statements.set(sql, made)
    return made
  }

  async function run<T>(sql: string, deadline: Deadline, work: (statement: StatementSync) => T): Promise<T> {
    for (;;) {
      try {
        return work(statement(sql))
      } catch (error) {
        if (error instanceof StoreUnavailable) throw error
        const code = (error as { errcode?: number }).errcode ?? 0
        if (code === CONSTRAINT_UNIQUE || code === CONSTRAINT_PRIMARY_KEY) throw new UniqueViolation(TAKEN)
        const busy = (code & 0xff) === BUSY || (code & 0xff) === LOCKED
        if (!busy) throw new StoreUnavailable('SQLite could not run a statement.', { cause: driverFault(error) })
        if (deadline.remaining() === 0) throw new StoreUnavailable('The SQLite file stayed locked until the deadline.')
        await pauseBeforeRetry(deadline)
      }
    }
  }

  return {
    vendor: 'sqlite',
    rows: (sql, parameters, deadline) =>
      run(sql, deadline, (prepared) => prepared.all(...parameters.map(bound)).map(withSafeIntegers)),
    execute: (sql, parameters, deadline) =>
      run(sql, deadline, (prepared) => Number(prepared.run(...parameters.map(bound)).changes)),
    fromInstant: (instant) => instant.wallClock,
    toDate(column) {
      const read = typeof column === 'string' ? parseIsoFormat(column) : null
      return read === null ? null : wallClock.reading(read.localMilliseconds - (read.offsetMilliseconds ?? 0)).at
    },
    async close() {
      statements.clear()
      if (opened !== options.client) opened?.close()
      opened = undefined
    },
  }
}

const TAKEN = 'A row with this key exists already.'

/** Opens a file that exists, or `:memory:`. @throws StoreUnavailable, DriverMissingError */
export function openSqlite(path: string): DatabaseSync {
  // Not a static import: bundlers and Node 22.15's warning meet node:sqlite only where SQLite is used.
  const module = process.getBuiltinModule('node:sqlite')
  if (module === undefined) throw new DriverMissingError('This Node has no node:sqlite; use Node 22.15 or newer.')
  if (path !== ':memory:' && !existsSync(path)) {
    throw new StoreUnavailable('The SQLite file that DATABASES names does not exist; run `manage.py migrate` first.')
  }
  try {
    const database = new module.DatabaseSync(path)
    database.exec('PRAGMA busy_timeout = 0')
    return database
  } catch (error) {
    throw new StoreUnavailable('The SQLite file that DATABASES names cannot be opened.', { cause: driverFault(error) })
  }
}

function bound(value: SqlValue): string | number | bigint | Uint8Array | null {
  return typeof value === 'boolean' ? Number(value) : value
}

function withSafeIntegers(row: Record<string, unknown>): Row {
  for (const [name, value] of Object.entries(row)) {
    if (typeof value === 'bigint' && Number.isSafeInteger(Number(value))) row[name] = Number(value)
  }
  return row
}
