/** The SELECT of a user: the columns of one table, or a model's fields from it and the tables that it inherits from. */
import type { SqlDialect } from '../databases/database.ts'
import { SettingsError } from '../errors.ts'
import type { UserField, UserTable } from './user-table.ts'

export interface UserColumn {
  /** The name that users have it under. */
  readonly name: string
  /** Its name in the rows that are read. */
  readonly alias: string
  /** The internal type of the model's field. */
  readonly type?: string
  readonly decimalPlaces?: number | undefined
}

export interface UserSelect {
  /** Up to the WHERE. */
  readonly sql: string
  readonly table: string
  readonly key: UserColumn & { readonly sql: string }
  /** Undefined for whatever columns the table has. */
  readonly columns?: readonly UserColumn[]
}

/**
 * Django's own default: the app's label as it is, the model's name in lower case.
 * @see django/db/models/options.py Options.contribute_to_class
 */
function tableName(authUserModel: string, { name }: UserTable): string {
  const [app = '', model = ''] = authUserModel.split('.')
  return name ?? `${app}_${model.toLowerCase()}`
}

/** Of a table that was described by hand, or by nothing but AUTH_USER_MODEL. @throws SettingsError */
export function selectTable(
  { quote, quoteName }: SqlDialect,
  authUserModel: string,
  table: UserTable,
  columns: readonly string[] | undefined,
): UserSelect {
  const from = quote(tableName(authUserModel, table))
  const name = table.primaryKey ?? 'id'
  const needed = [name, 'password', ...(table.alwaysActive === true ? [] : ['is_active'])]
  const names = columns && [...new Set([...needed, ...columns])].map(quoteName).join(', ')
  return {
    sql: `SELECT ${names ?? '*'} FROM ${from}`,
    table: from,
    key: { name, alias: name, sql: quoteName(name) },
  }
}

/** Of a model whose fields are known. Every table and column has an alias, since two may have the same name. @throws SettingsError */
export function selectFields(
  { quote, quoteName }: SqlDialect,
  authUserModel: string,
  table: UserTable,
  fields: Readonly<Record<string, UserField>>,
): UserSelect {
  const own = tableName(authUserModel, table)
  const aliases = new Map(
    [own, ...(table.parents ?? []).map((parent) => parent.table)].map((name, index) => [name, `t${index}`]),
  )
  const place = (name: string, column: string): string => {
    const alias = aliases.get(name)
    if (alias !== undefined) return `${alias}.${quoteName(column)}`
    throw new SettingsError(
      'options.userTable: a field or parent is in a table that is neither its own nor a parent’s.',
    )
  }
  const joins = (table.parents ?? []).map(
    (parent) =>
      ` JOIN ${quote(parent.table)} ${aliases.get(parent.table)} ON ` +
      `${place(parent.table, parent.primaryKey)} = ${place(parent.of ?? own, parent.link)}`,
  )
  const columns = Object.entries(fields).map(([name, field], index) => ({
    name,
    alias: `c${index}`,
    // A foreign key has the values of the key that it points to.
    type: field.target ?? field.type,
    decimalPlaces: field.decimalPlaces,
    sql: place(field.table ?? own, field.column),
  }))
  const primaryKey = table.primaryKey ?? 'id'
  const sql = place(own, primaryKey)
  const known = columns.find((column) => column.sql === sql)
  const key = known ?? { name: primaryKey, alias: 'k', sql }
  const list = (known === undefined ? [...columns, key] : columns).map((column) => `${column.sql} AS ${column.alias}`)
  return {
    sql: `SELECT ${list.join(', ')} FROM ${quote(own)} t0${joins.join('')}`,
    table: quote(own),
    key,
    columns,
  }
}
