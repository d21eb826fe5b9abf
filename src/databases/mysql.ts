/** MySQL and MariaDB through `mysql2`; a pool that was given is used and never ended. */
import { SettingsError } from '../errors.ts'
import { mysqlType } from './column-types.ts'
import type { Database, SqlDialect, SqlPart } from './database.ts'
import { mysqlFaults } from './mysql-faults.ts'
import { callbackPool, connectionOf, countsOf, type MysqlConnection, type MysqlPool } from './mysql-pool.ts'
import {
  type Done,
  execute,
  executeStrictly,
  isUncommitted,
  matchedRows,
  query,
  type Selected,
  select,
} from './mysql-statements.ts'
import { pooledStatements, type Statement } from './pooled-statements.ts'
import { allOf, equals, quoteName, quoteTable } from './sql-dialect.ts'
import { naiveDate, type WallClock } from './wall-clock.ts'

export interface MysqlOptions {
  /** Called on first use. */
  readonly pool: () => Promise<MysqlPool>
  /** Statements for each new connection of a pool of our own, which make it strict and commit by itself. */
  readonly greeting?: readonly string[]
  /** Ends the pool; absent when it belongs to the caller. */
  readonly end?: (pool: MysqlPool) => Promise<void>
  readonly wallClock: WallClock
}

export function mysql({ pool: open, greeting, end, wallClock }: MysqlOptions): Database {
  /** Connections on which MySQL stores what fits and drops the rest. */
  const lenient = new WeakSet<MysqlConnection>()

  async function greet(connection: MysqlConnection): Promise<void> {
    connection.on('error', ignore)
    if (greeting !== undefined) {
      for (const sql of greeting) await query(connection, sql)
      return
    }
    const [modes] = (await query(connection, MODES)) as { sql_mode: string; autocommit: number }[]
    if (modes?.autocommit !== 1) throw notCommitting()
    if (!/STRICT_(ALL|TRANS)_TABLES/.test(modes.sql_mode)) lenient.add(connection)
  }

  async function send(connection: MysqlConnection, statement: Statement): Promise<unknown> {
    if (statement.isRead) return select(connection, statement)
    if (lenient.has(connection)) return executeStrictly(connection, statement)
    const done = (await execute(connection, statement)) as Done
    if (isUncommitted(done)) throw notCommitting()
    return done
  }

  const { run, close } = pooledStatements(async () => {
    const given = await open()
    const pool = callbackPool(given)
    // One that breaks more than once would end the process.
    pool.on?.('connection', (connection) => connection.on('error', ignore))
    return {
      server: 'MySQL',
      counts: countsOf(pool),
      connect: () => connectionOf(pool),
      greet,
      send,
      release: (connection, destroy) => (destroy ? connection.destroy() : connection.release()),
      ...(end && { end: () => end(given) }),
    }
  }, mysqlFaults)
  return {
    dialect: mysqlSql,
    rows: async (sql, parameters, deadline) =>
      ((await run({ sql, parameters, isRead: true }, deadline)) as Selected).rows,
    async typedRows(sql, parameters, deadline) {
      const { rows, fields } = (await run({ sql, parameters, isRead: true }, deadline)) as Selected
      return { rows, types: new Map(fields.map((field) => [field.name, mysqlType(field)])) }
    },
    execute: async (sql, parameters, deadline) =>
      matchedRows((await run({ sql, parameters, isRead: false }, deadline)) as Done),
    fromInstant: (instant) => instant.wallClock,
    toDate: (column) => naiveDate(column, wallClock),
    close,
  }
}

export const mysqlSql: SqlDialect = {
  quote: (name) => quoteTable(name, '`'),
  quoteName: (name) => quoteName(name, '`'),
  isText: hasBytes,
  // The index finds the rows that resemble, among them the bytes the one that is meant.
  isKey: (column, text) => allOf(equals(column, text), hasBytes(column, text)),
  deleteSome: (table, _, { sql, parameters }, most) => ({
    sql: `DELETE FROM ${table} WHERE ${sql} LIMIT ${most}`,
    parameters,
  }),
}

function hasBytes(column: string, text: string): SqlPart {
  return { sql: `CAST(CONVERT(${column} USING utf8mb4) AS BINARY) = CAST(? AS BINARY)`, parameters: [text] }
}

const MODES = 'SELECT @@SESSION.sql_mode AS sql_mode, @@SESSION.autocommit AS autocommit'

function notCommitting(): SettingsError {
  return new SettingsError(
    'clients.databases.default gives out connections with autocommit off or within a transaction: release them as ' +
      'they were, or give the bridge a pool of its own.',
  )
}

function ignore(): void {}
