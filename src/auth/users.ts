/** Where users come from: the table of AUTH_USER_MODEL, or the site's own `loadUser` hook. */
import type { DjangoUserFields } from '../augmentations.ts'
import { type Database, NoSuchValue, type Row } from '../databases/database.ts'
import { standardSql } from '../databases/sql-dialect.ts'
import { startDeadline } from '../deadline.ts'
import { SettingsError } from '../errors.ts'

/** A user as the table has it, under Django's column names; without the password. */
export type DjangoUser = DjangoUserFields & {
  /** The primary key as text, as in `_auth_user_id`; a UUID with dashes. */
  readonly pk: string
  readonly is_active: boolean
  readonly username?: string
  readonly email?: string
  readonly first_name?: string
  readonly last_name?: string
  readonly is_staff?: boolean
  readonly is_superuser?: boolean
  readonly last_login?: Date | null
  readonly date_joined?: Date
  readonly [column: string]: unknown
}

/** A row of the user table, or what `loadUser` returns: at least the `password` column as Django stores it. */
export interface UserRow {
  readonly password: string
  readonly is_active?: boolean
  readonly [column: string]: unknown
}

/** @param id text as in `_auth_user_id`; null when there is no such user */
export type LoadUser = (id: string) => Promise<UserRow | null>

export interface UserTable {
  /** Default: `<app>_<model>` of AUTH_USER_MODEL in lower case; `schema.table` is understood. */
  readonly name?: string
  /** The column of the primary key. Default `id`. */
  readonly primaryKey?: string
  /** For settings written by hand: the columns to read beside primary key and password; all by default. */
  readonly columns?: readonly string[]
  /** The model's fields by attribute name (`company_id`), as `settingsFromDjango` finds them; they go before `columns`. */
  readonly fields?: Readonly<Record<string, UserField>>
  /** The tables that a model inherits from, each joined by its key, as `settingsFromDjango` finds them. */
  readonly parents?: readonly ParentTable[]
  /** The model has no field `is_active`, and its class says True: every user is active. */
  readonly alwaysActive?: true
}

/** One field of the user model. */
export interface UserField {
  readonly column: string
  /**
   * Django's internal type, `BooleanField` for example. `unknown` is a field with a conversion of its own: its values
   * are those of the driver.
   */
  readonly type: string
  /** The table that has the column, where it is a parent's. Default the user table. */
  readonly table?: string
  /** Of a foreign key: the internal type of the key that it points to. */
  readonly target?: string
}

/** A table that the user model inherits from. */
export interface ParentTable {
  readonly table: string
  /** The column of the parent's key. */
  readonly primaryKey: string
  /** The column that holds the same key in the child's table. */
  readonly link: string
  /** The table that has `link`. Default the user table. */
  readonly of?: string
}

/** Users of the site's own database. */
export interface UsersInTable {
  readonly load: LoadUser
  /** The names that `load` can give; null while the table is empty. */
  columns(): Promise<readonly string[] | null>
}

/** Finds names that no table and no column has. @throws SettingsError */
export function checkUserTable(authUserModel: string, table: UserTable): void {
  const { primaryKey = 'id', columns = [] } = table
  for (const name of [tableName(authUserModel, table), primaryKey, ...columns]) standardSql.quote(name)
}

function tableName(authUserModel: string, { name }: UserTable): string {
  return name ?? authUserModel.replace('.', '_').toLowerCase()
}

/** Reads users from the table that AUTH_USER_MODEL (`app.Model`) names. */
export function usersFromTable(
  database: Database,
  authUserModel: string,
  table: UserTable,
  deadlineMs: number,
): UsersInTable {
  const { quote } = database.dialect
  const primaryKey = table.primaryKey ?? 'id'
  const columns = table.columns && [primaryKey, 'password', ...table.columns].map(quote).join(', ')
  const key = quote(primaryKey)
  const select = `SELECT ${columns ?? '*'} FROM ${quote(tableName(authUserModel, table))}`
  const sql = `${select} WHERE ${key} = ?`

  const load: LoadUser = async (id) => {
    const deadline = startDeadline(deadlineMs)
    for (const form of keyForms(id)) {
      const row = (await rowsOrNone(database, sql, form, deadline)).find((found) => keyText(found[primaryKey]) === id)
      if (row === undefined) continue
      if (typeof row.password !== 'string') {
        throw new SettingsError(
          'The user table has no text column `password`; set options.userTable or hooks.loadUser.',
        )
      }
      return { ...withPythonTypes(row, database), pk: id, password: row.password }
    }
    return null
  }
  return {
    load,
    async columns() {
      const [row] = await database.rows(`${select} LIMIT 1`, [], startDeadline(deadlineMs))
      return row === undefined ? null : ['pk', ...Object.keys(row)]
    },
  }
}

/** The user that handlers see: the row without its password. */
export function publicUser(id: string, row: UserRow): DjangoUser {
  const { password: _, ...columns } = row
  return { ...columns, pk: id, is_active: row.is_active !== false } as DjangoUser
}

/** A UUID is a text of 32 digits in SQLite's tables and those of older MySQL, and native elsewhere. */
function keyForms(id: string): string[] {
  return UUID.test(id) ? [id, id.replaceAll('-', '')] : [id]
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const BARE_UUID = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/

/** Databases compare loosely ('1.0' finds the row 1): only the row whose key reads as the session has it counts. */
function keyText(column: unknown): string {
  return String(column).replace(BARE_UUID, '$1-$2-$3-$4-$5')
}

async function rowsOrNone(
  database: Database,
  sql: string,
  id: string,
  deadline: ReturnType<typeof startDeadline>,
): Promise<readonly Row[]> {
  try {
    return await database.rows(sql, [id], deadline)
  } catch (error) {
    // Text that is no value of the key's type belongs to no user.
    if (error instanceof NoSuchValue) return []
    throw error
  }
}

const BOOLEANS = ['is_active', 'is_staff', 'is_superuser']
const MOMENTS = ['last_login', 'date_joined']

function withPythonTypes(row: Row, database: Database): Row {
  const typed: Record<string, unknown> = { ...row }
  for (const name of BOOLEANS) if (name in typed) typed[name] = Boolean(typed[name])
  for (const name of MOMENTS) if (name in typed) typed[name] = database.toDate(typed[name])
  return typed
}
