/** From DATABASES.default to a live database. */
import type { DatabaseSync } from 'node:sqlite'
import type { Database, SqlDialect } from '../databases/database.ts'
import { mysql, mysqlSql } from '../databases/mysql.ts'
import type { MysqlPool } from '../databases/mysql-pool.ts'
import { postgres } from '../databases/postgres.ts'
import type { PostgresPool } from '../databases/postgres-pool.ts'
import { standardSql } from '../databases/sql-dialect.ts'
import { sqlite } from '../databases/sqlite.ts'
import type { WallClock } from '../databases/wall-clock.ts'
import { named, SettingsError } from '../errors.ts'
import type { Settings } from '../settings/settings.ts'
import { checkMysql, openMysql } from './mysql.ts'
import { checkPostgres, openPostgres } from './postgres.ts'
import { checkSqlite, openSqlite } from './sqlite.ts'

/** An open client of the site's own. */
export type DatabaseClient = PostgresPool | MysqlPool | DatabaseSync

/** The database of the sessions. */
const DEFAULT_ALIAS = 'default'

export interface DatabaseOptions {
  readonly clients: { readonly databases?: Readonly<Record<string, DatabaseClient>> }
  readonly deadlineMs: number
  readonly preparedStatements?: boolean | undefined
}

/** Whether there is a database at all, for users where the sessions are elsewhere. */
export function hasDatabase(settings: Settings, { clients }: DatabaseOptions): boolean {
  return clients.databases?.[DEFAULT_ALIAS] !== undefined || settings.DATABASES[DEFAULT_ALIAS] !== undefined
}

/** Finds what can be wrong without a connection. @throws SettingsError, DriverMissingError */
export function checkDatabase(settings: Settings, { clients }: DatabaseOptions, alias: string = DEFAULT_ALIAS): void {
  if (ownEntry(clients.databases, alias) !== undefined) return
  const database = ownEntry(settings.DATABASES, alias)
  if (database === undefined && alias !== DEFAULT_ALIAS) {
    throw new SettingsError(
      `options.userTable.using names ${named(alias)}, which is not in DATABASES: add it there, or an open client in ` +
        'clients.databases.',
    )
  }
  if (database === undefined) {
    throw new SettingsError(
      `SESSION_ENGINE ${named(settings.SESSION_ENGINE)} needs DATABASES.default (Django's dictionary or a URL; ` +
        'settingsFromEnv() takes it from DATABASE_URL), or an open client in clients.databases.default.',
    )
  }
  if (database.vendor === 'sqlite') checkSqlite(database)
  if (database.vendor === 'mysql') checkMysql(database)
  if (database.vendor === 'postgresql') checkPostgres(database)
}

/** What the database's SQL is like, known before anything is opened. */
export function dialectOf(settings: Settings, { clients }: DatabaseOptions, alias: string = DEFAULT_ALIAS): SqlDialect {
  const client = ownEntry(clients.databases, alias)
  if (client === undefined) return ownEntry(settings.DATABASES, alias)?.vendor === 'mysql' ? mysqlSql : standardSql
  return 'getConnection' in client || 'pool' in client ? mysqlSql : standardSql
}

/** Makes the live object; the server is reached when the first statement needs it. */
export function openDatabase(
  settings: Settings,
  options: DatabaseOptions,
  wallClock: WallClock,
  alias: string = DEFAULT_ALIAS,
): Database {
  const client = ownEntry(options.clients.databases, alias)
  if (client !== undefined) return usingClient(client, options, wallClock)
  const database = ownEntry(settings.DATABASES, alias)
  switch (database?.vendor) {
    case 'sqlite':
      return openSqlite(database, wallClock)
    case 'postgresql':
      return openPostgres(database, options)
    case 'mysql':
      return openMysql(database, options.deadlineMs, wallClock)
    case undefined:
      throw new SettingsError('DATABASES.default is missing.')
  }
}

/** Drivers are told apart by what their clients can do. */
function usingClient(client: DatabaseClient, { preparedStatements }: DatabaseOptions, wallClock: WallClock): Database {
  if ('prepare' in client) return sqlite({ path: '', wallClock, client })
  if ('connect' in client) return postgres({ pool: async () => client, preparedStatements })
  if ('getConnection' in client || 'pool' in client) return mysql({ pool: async () => client, wallClock })
  throw new SettingsError('clients.databases.default is no pool of pg or mysql2 and no DatabaseSync.')
}

/** An alias comes from outside: `constructor` is not one that every object has. */
function ownEntry<T>(entries: Readonly<Record<string, T>> | undefined, alias: string): T | undefined {
  return entries !== undefined && Object.hasOwn(entries, alias) ? entries[alias] : undefined
}
