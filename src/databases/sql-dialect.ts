/** What SQL has different words for: names in quotes, texts compared to the letter, deleting some of the rows. */
import { SettingsError } from '../errors.ts'
import type { SqlDialect, SqlPart } from './database.ts'

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_$]{0,62}$/

/** PostgreSQL and SQLite, whose texts are equal when their letters are. */
export const standardSql: SqlDialect = {
  quote: (name) => quoteIdentifier(name, '"'),
  isText: equals,
  isKey: equals,
  // Asked again of the row itself: one that was changed while the batch was made stays.
  deleteSome: (table, key, { sql, parameters }, most) => ({
    sql: `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE ${sql} LIMIT ${most}) AND ${sql}`,
    parameters: [...parameters, ...parameters],
  }),
}

export function equals(column: string, text: string): SqlPart {
  return { sql: `${column} = ?`, parameters: [text] }
}

/** Quotes `table` or `schema.table`, refusing what is no plain identifier, so that no setting can hold SQL. */
export function quoteIdentifier(name: string, mark: '"' | '`'): string {
  const parts = name.split('.')
  if (parts.length > 2 || !parts.every((part) => IDENTIFIER.test(part))) {
    throw new SettingsError('A table or column name must be letters, digits and _, at most as schema.table.')
  }
  return parts.map((part) => `${mark}${part}${mark}`).join('.')
}

/** Several conditions that must all hold. */
export function allOf(...parts: readonly SqlPart[]): SqlPart {
  return { sql: parts.map(({ sql }) => sql).join(' AND '), parameters: parts.flatMap(({ parameters }) => parameters) }
}
