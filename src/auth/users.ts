/** Where users come from: the table of AUTH_USER_MODEL, or the site's own `loadUser` hook. */
import type { DjangoUserFields } from '../augmentations.ts'
import {
  type Database,
  NoSuchValue,
  type Row,
  type SqlDialect,
  type TypedRows,
  yesOrNo,
} from '../databases/database.ts'
import { type Deadline, startDeadline } from '../deadline.ts'
import { SettingsError, StoreUnavailable } from '../errors.ts'
import { rememberTypes, typesOf } from './field-types.ts'
import { fieldValue, isKnownField } from './field-values.ts'
import { isKey, keyForms, keyText } from './user-keys.ts'
import { selectFields, selectTable, type UserColumn, type UserSelect } from './user-select.ts'
import type { UserTable } from './user-table.ts'

/**
 * A user with the fields of the model, or the columns of its table; without the password. Values are the same on every
 * database: numbers, text and booleans, a Date for a DateTimeField, `2026-07-01` for a DateField, the exact text of a
 * DecimalField, and bigint for an integer that no number holds.
 */
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
  /**
   * Whether the user may be logged in. As for Django's `getattr(user, 'is_active', True)`, a row without it is active;
   * `null` is not. A driver's `1` and `0` are understood, any other value is an error.
   */
  readonly is_active?: boolean | number | null
  readonly [column: string]: unknown
}

/** @param id text as Django writes it into `_auth_user_id`; null when there is no such user */
export type LoadUser = (id: string) => Promise<UserRow | null>

/** Users of the site's own database. */
export interface UsersInTable {
  readonly load: LoadUser
  /**
   * The key that a session's `_auth_user_id` names, as Django would write it; null for a value that the key's field
   * refuses.
   */
  keyText(value: unknown): Promise<string | null>
  /** The names that `load` can give, and the types of their fields, as far as they are known. */
  columns(): Promise<ReadonlyMap<string, string | undefined>>
}

/** Finds names that no table and no column can have. @throws SettingsError */
export function checkUserTable(dialect: SqlDialect, authUserModel: string, table: UserTable): void {
  const { fields, columns = [] } = table
  if (fields === undefined) selectTable(dialect, authUserModel, table, columns)
  else selectFields(dialect, authUserModel, table, fields)
}

/** Reads users from the table that AUTH_USER_MODEL (`app.Model`) names. */
export function usersFromTable(
  database: Database,
  authUserModel: string,
  table: UserTable,
  deadlineMs: number,
): UsersInTable {
  const { dialect } = database
  const select =
    table.fields === undefined
      ? selectTable(dialect, authUserModel, table, table.columns)
      : selectFields(dialect, authUserModel, table, table.fields)
  let described: Promise<TypedRows['types']> | undefined

  /** The columns of the table, asked for once. */
  function describe(deadline: Deadline): Promise<TypedRows['types']> {
    if (described !== undefined) return described
    const mine = describeTable(database, select, deadline)
    described = mine
    // What failed is asked for again by the next request.
    mine.catch(() => {
      if (described === mine) described = undefined
    })
    return mine
  }

  async function keyType(deadline: Deadline): Promise<string | undefined> {
    const { name, type, alias } = select.key
    return isKnownField(type) ? type : kindOf(name, type, (await describe(deadline)).get(alias))
  }

  const load: LoadUser = async (id) => {
    const deadline = startDeadline(deadlineMs)
    const type = await keyType(deadline)
    // What is no key as Django writes it is nobody's; PostgreSQL refuses a NUL, which none of its texts has.
    if (keyText(id, type) !== id || id.includes('\0')) return null
    const { rows, types } = await rowsOfKey(database, select, id, deadline)
    const { name, alias, decimalPlaces } = select.key
    for (const row of rows) {
      const found = fieldValue(type, row[alias], { name, toDate: database.toDate, decimalPlaces })
      if (isKey(found, id, type)) return userRow(row, types, found)
    }
    return null
  }

  function userRow(row: Row, types: TypedRows['types'], keyValue: unknown): UserRow {
    const values: Record<string, unknown> = {}
    const kinds = new Map<string, string>()
    for (const { name, alias, type, decimalPlaces } of select.columns ?? columnsOf(types)) {
      const kind = kindOf(name, type, types.get(alias))
      if (kind !== undefined) kinds.set(name, kind)
      values[name] = fieldValue(kind, row[alias], { name, toDate: database.toDate, decimalPlaces })
    }
    const { key: keyColumn } = select
    const kind = keyColumn.type ?? types.get(keyColumn.alias)
    if (kind !== undefined) kinds.set('pk', kind).set(keyColumn.name, kind)
    values[keyColumn.name] = keyValue
    if (typeof values.password !== 'string') throw noPassword()
    if (table.alwaysActive === true && !Object.hasOwn(values, 'is_active')) values.is_active = true
    const user = { ...values, pk: String(keyValue), password: values.password }
    rememberTypes(user, kinds, keyValue)
    return user
  }

  return {
    load,
    keyText: async (value) => keyText(value, await keyType(startDeadline(deadlineMs))),
    async columns() {
      const types = await describe(startDeadline(deadlineMs))
      const columns = select.columns ?? columnsOf(types)
      const known = columns.map(({ name, alias, type }) => [name, kindOf(name, type, types.get(alias))] as const)
      return new Map([...known, ['pk', select.key.type ?? types.get(select.key.alias)]])
    },
  }
}

/** @throws SettingsError where a column is not there; StoreUnavailable where the table is not */
async function describeTable(database: Database, select: UserSelect, deadline: Deadline): Promise<TypedRows['types']> {
  const { types } = await database
    .typedRows(`${select.sql} WHERE 1 = 0`, [], deadline)
    .catch(async (error: unknown) => {
      if (!(error instanceof StoreUnavailable) || error.reason !== 'missing') throw error
      await database.rows(`SELECT 1 FROM ${select.table} WHERE 1 = 0`, [], deadline)
      throw new SettingsError(
        'The user table does not have every column that options.userTable names, or no is_active: correct its ' +
          'primaryKey, columns or fields, or set alwaysActive where the model has no such field.',
      )
    })
  return types
}

async function rowsOfKey(
  database: Database,
  { sql, key: { sql: column } }: UserSelect,
  key: string,
  deadline: Deadline,
): Promise<TypedRows> {
  const forms = keyForms(key)
  const condition = forms.length === 1 ? `${column} = ?` : `${column} IN (?, ?)`
  try {
    return await database.typedRows(`${sql} WHERE ${condition}`, forms, deadline)
  } catch (error) {
    // Text that is no value of the key's type belongs to no user.
    if (error instanceof NoSuchValue) return { rows: [], types: new Map() }
    throw error
  }
}

/** Without fields, the table's columns have the names of Django's own. */
function columnsOf(types: TypedRows['types']): UserColumn[] {
  return Array.from(types.keys(), (name) => ({ name, alias: name }))
}

const BOOLEANS = ['is_active', 'is_staff', 'is_superuser']
const POINTERS = ['ForeignKey', 'OneToOneField']
const MOMENTS = ['last_login', 'date_joined']

/** The model's own word goes first, then the column's; Django's own names say something, too. */
function kindOf(name: string, type: string | undefined, columnType: string | undefined): string | undefined {
  if (isKnownField(type)) return type
  // 32 digits are a UUID where a UUIDField has them. A field of the site's own may mean another thing by them.
  if (columnType === 'char(32)' && type !== undefined && !POINTERS.includes(type)) return undefined
  if (BOOLEANS.includes(name)) return 'BooleanField'
  return columnType ?? (MOMENTS.includes(name) ? 'DateTimeField' : undefined)
}

function noPassword(): SettingsError {
  return new SettingsError('The user table has no text column `password`; set options.userTable or hooks.loadUser.')
}

function noIsActive(): SettingsError {
  return new SettingsError(
    'The user table has no column `is_active`: name the column that holds it in options.userTable.fields, or set ' +
      'options.userTable.alwaysActive where the model has no such field, or give hooks.loadUser.',
  )
}

/**
 * Whether a user may be logged in.
 * @throws SettingsError for a value that is neither yes nor no: it could let somebody in
 */
export function isActive(row: UserRow): boolean {
  const { is_active: value } = row
  // Of a table it may be a column with another name; a site's own hook says what it means.
  if (value === undefined && typesOf(row) !== undefined) throw noIsActive()
  if (value === undefined) return true
  const answer = value === null ? false : yesOrNo(value)
  if (answer !== undefined) return answer
  throw new SettingsError('hooks.loadUser returned a user whose is_active is neither true nor false.')
}

/** The user that handlers see: the row without its password. */
export function publicUser(id: string, row: UserRow): DjangoUser {
  const { password: _, ...columns } = row
  const types = typesOf(row)
  // A row of the table has its key as Django spells it.
  const pk = types === undefined ? id : columns.pk
  const user = { ...columns, pk, is_active: isActive(row) } as DjangoUser
  if (types !== undefined) rememberTypes(user, types.kinds, types.key)
  return user
}
