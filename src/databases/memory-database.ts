/** SQLite in memory with the tables that Django's migrations make, and users in it, for tests without Django. */
import type { DatabaseSync } from 'node:sqlite'
import { standardSql } from './sql-dialect.ts'
import { openSqlite } from './sqlite.ts'
import type { WallClock } from './wall-clock.ts'

const { quote } = standardSql

export interface MemoryUserTable {
  readonly name: string
  readonly primaryKey: string
  /** AutoField, UUIDField or CharField. */
  readonly keyType: 'integer' | 'uuid' | 'text'
}

const KEY_COLUMNS: Readonly<Record<MemoryUserTable['keyType'], string>> = {
  integer: 'integer NOT NULL PRIMARY KEY AUTOINCREMENT',
  uuid: 'char(32) NOT NULL PRIMARY KEY',
  text: 'varchar(255) NOT NULL PRIMARY KEY',
}

export const AUTH_USER: MemoryUserTable = { name: 'auth_user', primaryKey: 'id', keyType: 'integer' }

/** Makes `django_session` and the user table. @see django/contrib/sessions/models.py, django/contrib/auth/models.py */
export function openMemoryDatabase(users: MemoryUserTable = AUTH_USER): DatabaseSync {
  const client = openSqlite(':memory:')
  client.exec(`
    CREATE TABLE "django_session" (
      "session_key" varchar(40) NOT NULL PRIMARY KEY, "session_data" text NOT NULL, "expire_date" datetime NOT NULL
    );
    CREATE INDEX "django_session_expire_date_a5c62663" ON "django_session" ("expire_date");
    CREATE TABLE ${quote(users.name)} (
      ${quote(users.primaryKey)} ${KEY_COLUMNS[users.keyType]},
      "password" varchar(128) NOT NULL, "last_login" datetime NULL, "is_superuser" bool NOT NULL,
      "username" varchar(150) NOT NULL UNIQUE, "last_name" varchar(150) NOT NULL, "email" varchar(254) NOT NULL,
      "is_staff" bool NOT NULL, "is_active" bool NOT NULL, "date_joined" datetime NOT NULL,
      "first_name" varchar(150) NOT NULL
    );`)
  return client
}

/** Whether there is a user with this key. */
export function hasUser(client: DatabaseSync, table: MemoryUserTable, pk: string): boolean {
  const sql = `SELECT 1 FROM ${quote(table.name)} WHERE ${quote(table.primaryKey)} = ?`
  return client.prepare(sql).get(keyValue(table, pk)) !== undefined
}

/** Writes columns of a user, who is created with them if not there; columns that the table lacks are added to it. */
export function writeUser(
  client: DatabaseSync,
  table: MemoryUserTable,
  pk: string,
  columns: Readonly<Record<string, unknown>>,
  wallClock: WallClock,
): void {
  const name = quote(table.name)
  const present = client.prepare(`PRAGMA table_info(${name})`).all()
  const values = Object.entries(columns).map(
    ([column, value]) => [column, columnValue(column, value, wallClock)] as const,
  )
  for (const [column] of values) {
    if (present.some((known) => known.name === column)) continue
    client.exec(`ALTER TABLE ${name} ADD COLUMN ${quote(column)} ${columnType(columns[column])}`)
  }
  const all = [[table.primaryKey, keyValue(table, pk)] as const, ...values]
  const names = all.map(([column]) => quote(column))
  const [key = '', ...others] = names
  const sql = hasUser(client, table, pk)
    ? `UPDATE ${name} SET ${others.map((column) => `${column} = ?`).join(', ')} WHERE ${key} = ?`
    : `INSERT INTO ${name} (${[...others, key].join(', ')}) VALUES (${names.map(() => '?').join(', ')})`
  client.prepare(sql).run(...values.map(([, value]) => value), keyValue(table, pk))
}

/** Without a type, SQLite keeps every value as it is. */
function columnType(value: unknown): string {
  if (typeof value === 'boolean') return 'bool'
  return value instanceof Date ? 'datetime' : ''
}

/** As Django's UUIDField has it where a database knows no UUIDs: 32 digits. */
function keyValue(table: MemoryUserTable, pk: string): string {
  return table.keyType === 'uuid' ? pk.replaceAll('-', '') : pk
}

function columnValue(name: string, value: unknown, wallClock: WallClock): string | number | bigint | Uint8Array | null {
  if (value instanceof Date) return wallClock.instant(value).wallClock
  if (typeof value === 'boolean') return Number(value)
  if (value === null || value instanceof Uint8Array) return value
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') return value
  throw new TypeError(`The column ${name} of a user is text, a number, a boolean, a Date, bytes or null.`)
}
