/** A user model in one table of SQLite, for tests without Django: columns are named as the attributes, whatever they hold. */
import { formatPythonJson } from '../python/json-writer.ts'
import type { UserTable } from './user-table.ts'

/** The key's attribute, by which its column is named here. */
export function keyName({ primaryKey = 'id', fields = {} }: UserTable): string {
  const key = Object.entries(fields).find(([, { column, table }]) => column === primaryKey && table === undefined)
  return key?.[0] ?? primaryKey
}

/** The model's fields in one table, whose columns have the names of the attributes. */
export function inOneTable(
  { parents: _, ...given }: UserTable,
  { name, primaryKey }: { readonly name: string; readonly primaryKey: string },
): UserTable {
  const fields = Object.entries(given.fields ?? {}).map(([attribute, { table: _table, ...field }]) => {
    // SQLite has no arrays.
    const type = field.type === 'ArrayField' ? 'JSONField' : field.type
    return [attribute, { ...field, type, column: attribute }]
  })
  return { ...given, name, primaryKey, ...(given.fields && { fields: Object.fromEntries(fields) }) }
}

type Values = Readonly<Record<string, unknown>>

/** What is stored for the values of a user: SQLite keeps JSON as text. */
export function asColumns(values: Values, { fields = {} }: UserTable): Values {
  const stored = (name: string, value: unknown): unknown =>
    fields[name]?.type === 'JSONField' && value !== null ? formatPythonJson(value) : value
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, stored(name, value)]))
}
