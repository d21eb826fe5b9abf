/**
 * SQLite through Node's own `node:sqlite`, on the file that Django uses.
 *
 * A locked file is waited for without blocking the event loop: SQLite's own wait is switched off and the statement
 * tried again after a short, random pause, until the deadline. The journal mode of the file is left as the site has it.
 */
import { existsSync, statSync } from 'node:fs'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { callLimit } from '../call-limit.ts'
import { type Deadline, pauseBeforeRetry } from '../deadline.ts'
import { DriverMissingError, driverFault, StoreUnavailable } from '../errors.ts'
import { sqliteType } from './column-types.ts'
import { type Database, type Row, type SqlValue, type TypedRows, UniqueViolation } from './database.ts'
import { standardSql } from './sql-dialect.ts'
import { isLocked, sqliteFault } from './sqlite-faults.ts'
import { naiveDate, type WallClock } from './wall-clock.ts'

export interface SqliteOptions {
  /** Path of the file, its `file:` URI, or `:memory:`. A file that does not exist is never created. */
  readonly path: string
  /** Statements that each connection of our own begins with, PRAGMAs for example. Default none. */
  readonly commands?: readonly string[]
  readonly wallClock: WallClock
  /** An open database of the caller's own, which is then never closed. */
  readonly client?: DatabaseSync
}

const MEMORY = ':memory:'
/** The first table of a SELECT of ours. */
const FROM = / FROM ("(?:[^"]|"")*"\.)?("(?:[^"]|"")*")/

export function sqlite(options: SqliteOptions): Database {
  const { wallClock, client } = options
  const path = client === undefined && options.path !== MEMORY ? fileOf(options.path) : null
  const statements = new Map<string, StatementSync>()
  const limit = callLimit('the SQLite file, which is locked,')
  let opened: DatabaseSync | undefined
  let file: FileIdentity | undefined

  function statement(sql: string): StatementSync {
    const known = statements.get(sql)
    if (known !== undefined) return known
    opened ??= client ?? openSqlite(options.path, options.commands)
    const made = opened.prepare(sql)
    made.setReadBigInts(true)
    // A client of the site may have it otherwise; older Nodes have no such thing.
    made.setReturnArrays?.(false)
    statements.set(sql, made)
    return made
  }

  function columnTypes(prepared: StatementSync, sql: string): TypedRows['types'] {
    const columns = prepared.columns?.() ?? tableColumns(sql)
    return new Map(columns.map(({ name, type }) => [name, sqliteType(type)]))
  }

  /** Node 22.15 cannot say it of a statement. */
  function tableColumns(sql: string): { name: string; type: string }[] {
    const [, schema = '', table = ''] = FROM.exec(sql) ?? []
    const made = opened?.prepare(`PRAGMA ${schema}table_info(${table})`)
    return (made?.all() ?? []) as { name: string; type: string }[]
  }

  function close(): void {
    statements.clear()
    if (opened !== client) opened?.close()
    opened = undefined
  }

  /** Django opens the file for each request, and so meets the one that a deployment or a restored backup put there. */
  function followFile(): void {
    if (path === null) return
    const present = identityOf(path)
    if (opened !== undefined && !isSameFile(file, present)) close()
    file = present
  }

  async function run<T>(sql: string, deadline: Deadline, work: (statement: StatementSync) => T): Promise<T> {
    for (let isLast = false; ; ) {
      try {
        followFile()
        return work(statement(sql))
      } catch (error) {
        if (isLocked(error) && deadline.remaining() > 0) {
          await limit.run(() => pauseBeforeRetry(deadline))
          continue
        }
        const fault = sqliteFault(error)
        const reason = fault instanceof StoreUnavailable && !(fault instanceof UniqueViolation) ? fault.reason : null
        if (reason === null || reason === 'locked') throw fault
        close()
        // Opened while it must not be written, or replaced a moment ago: nothing was written, and a new connection may.
        if (isLast || path === null || reason !== 'read_only') throw fault
        isLast = true
      }
    }
  }

  return {
    dialect: standardSql,
    rows: (sql, parameters, deadline) =>
      run(sql, deadline, (prepared) => prepared.all(...parameters.map(bound)).map(withSafeIntegers)),
    typedRows: (sql, parameters, deadline) =>
      run(sql, deadline, (prepared) => ({
        rows: prepared.all(...parameters.map(bound)).map(withSafeIntegers),
        types: columnTypes(prepared, sql),
      })),
    execute: (sql, parameters, deadline) =>
      run(sql, deadline, (prepared) => Number(prepared.run(...parameters.map(bound)).changes)),
    fromInstant: (instant) => instant.wallClock,
    toDate: (column) => naiveDate(column, wallClock),
    close: async () => close(),
  }
}

interface FileIdentity {
  readonly dev: number
  readonly ino: number
}

function identityOf(path: string): FileIdentity | undefined {
  return statSync(path, { throwIfNoEntry: false })
}

function isSameFile(one: FileIdentity | undefined, other: FileIdentity | undefined): boolean {
  return one?.dev === other?.dev && one?.ino === other?.ino
}

/** Opens a file that exists, or `:memory:`. @throws StoreUnavailable, DriverMissingError */
export function openSqlite(path: string, commands: readonly string[] = []): DatabaseSync {
  // Not a static import: bundlers and Node 22.15's warning meet node:sqlite only where SQLite is used.
  const module = process.getBuiltinModule('node:sqlite')
  if (module === undefined) throw new DriverMissingError('This Node has no node:sqlite; use Node 22.15 or newer.')
  if (path !== MEMORY && !existsSync(fileOf(path))) {
    throw new StoreUnavailable('The SQLite file that DATABASES names does not exist; run `manage.py migrate` first.', {
      reason: 'missing',
    })
  }
  let database: DatabaseSync
  try {
    database = new module.DatabaseSync(path)
  } catch (error) {
    throw new StoreUnavailable('The SQLite file that DATABASES names cannot be opened.', {
      reason: 'denied',
      cause: driverFault(error),
    })
  }
  return begin(database, commands)
}

/** What a command of the site's own waits for is waited for by SQLite; what ours wait for is not. */
function begin(database: DatabaseSync, commands: readonly string[]): DatabaseSync {
  try {
    database.exec('PRAGMA busy_timeout = 0')
    for (const sql of commands) database.exec(sql)
    if (commands.length > 0) database.exec('PRAGMA busy_timeout = 0')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** @see https://www.sqlite.org/uri.html, which Django switches on */
function fileOf(path: string): string {
  if (!path.startsWith('file:')) return path
  const [, file = ''] = /^file:(?:\/\/(?:localhost)?(?=\/))?([^?#]*)/.exec(path) ?? []
  return file.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString())
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
