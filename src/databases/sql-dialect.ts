/** What SQL has different words for: names in quotes, texts compared to the letter, deleting some of the rows. */
import { SettingsError } from '../errors.ts'
import type { SqlDialect, SqlPart } from './database.ts'

/** PostgreSQL and SQLite, whose texts are equal when their letters are. */
export const standardSql: SqlDialect = {
  quote: (name) => quoteTable(name, '"'),
  quoteName: (name) => quoteName(name, '"'),
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

export type QuotationMark = '"' | '`'

/**
 * Quotes a table as Django does: a name that has its own quotes, or at least those in the middle (`schema"."table`, a
 * way to name a schema that many sites use), stays as it is. In any other name a dot is put between schema and table.
 * @see django/db/backends/postgresql/operations.py quote_name
 */
export function quoteTable(name: string, mark: QuotationMark): string {
  if (!name.includes(mark)) {
    const parts = name.split('.')
    if (parts.length > 2 || !parts.every((part) => PLAIN.test(part))) throw notAName()
    return parts.map((part) => quoteName(part, mark)).join('.')
  }
  const quoted = name.length > 1 && name.startsWith(mark) && name.endsWith(mark) ? name : `${mark}${name}${mark}`
  if (!QUOTED[mark].test(quoted) || quoted.includes('\0')) throw notAName()
  return quoted
}

const PLAIN = /^[\p{L}\p{N}_][\p{L}\p{N}_$ -]*$/u
const QUOTED: Readonly<Record<QuotationMark, RegExp>> = {
  '"': /^"(?:[^"]|"")+"(?:\."(?:[^"]|"")+")?$/,
  '`': /^`(?:[^`]|``)+`(?:\.`(?:[^`]|``)+`)?$/,
}

/** Quotes one name to the letter. Django doubles no marks, so that none of its names has them. */
export function quoteName(name: string, mark: QuotationMark): string {
  if (name === '' || name.includes('\0') || name.includes(mark)) throw notAName()
  return `${mark}${name}${mark}`
}

function notAName(): SettingsError {
  return new SettingsError(
    'A table or column name is letters, digits, _, $, - and spaces, of a table also schema.table. A table with other ' +
      'characters is named in quotes, `"schema"."table"`, on MySQL in backticks.',
  )
}

/** Several conditions that must all hold. */
export function allOf(...parts: readonly SqlPart[]): SqlPart {
  return { sql: parts.map(({ sql }) => sql).join(' AND '), parameters: parts.flatMap(({ parameters }) => parameters) }
}
