/** The port of a database: statements with `?` parameters, and how Django keeps an instant in a column. */
import type { Deadline } from '../deadline.ts'
import { StoreUnavailable } from '../errors.ts'
import type { ColumnType } from './column-types.ts'

export type SqlValue = string | number | bigint | boolean | Uint8Array | null

export type Row = Readonly<Record<string, unknown>>

/** Rows, and what each of their columns is, as far as the database tells. */
export interface TypedRows {
  readonly rows: readonly Row[]
  /** Every column's type, also where there is no row; undefined for one that tells nothing. */
  readonly types: ReadonlyMap<string, ColumnType | undefined>
}

/** A moment, and the wall clock Django would write for it: UTC under USE_TZ, else local time of TIME_ZONE. */
export interface Instant {
  readonly at: Date
  /** `YYYY-MM-DD HH:MM:SS` with six digits of microseconds unless they are zero. */
  readonly wallClock: string
}

/** A piece of SQL, and what to bind for its `?`. */
export interface SqlPart {
  readonly sql: string
  readonly parameters: readonly SqlValue[]
}

/** What the vendors' SQL has different words for; tables and columns are given as they stand in SQL. */
export interface SqlDialect {
  /**
   * Quotes a `table` or `schema.table`. A name in quotes of its own, `"schema"."table"`, has its parts as they are,
   * dots and capitals included. @throws SettingsError for what cannot be a name
   */
  quote(name: string): string
  /** Quotes one name, of a column for example, whatever characters it has. @throws SettingsError for what cannot be a name */
  quoteName(name: string): string
  /** That a text column holds this to the letter, whatever its collation. */
  isText(column: string, text: string): SqlPart
  /** As `isText`, of a column that has an index, which is used. */
  isKey(column: string, text: string): SqlPart
  /** Deletes at most `most` rows of a table for which a condition holds; `key` is unique in it. */
  deleteSome(table: string, key: string, condition: SqlPart, most: number): SqlPart
}

export interface Database {
  readonly dialect: SqlDialect
  /** Runs a statement that only reads; it may be sent again when a connection breaks. @throws StoreUnavailable */
  rows(sql: string, parameters: readonly SqlValue[], deadline: Deadline): Promise<readonly Row[]>
  /** As `rows`, for a SELECT of a table of the site's own, whose columns nobody has named here. */
  typedRows(sql: string, parameters: readonly SqlValue[], deadline: Deadline): Promise<TypedRows>
  /**
   * Runs a statement that writes; returns how many rows it matched. It is sent again only when it is certain that it
   * did not take place. @throws StoreUnavailable, UniqueViolation, OutcomeUnknown
   */
  execute(sql: string, parameters: readonly SqlValue[], deadline: Deadline): Promise<number>
  /** What to bind for a DateTimeField. @see django/db/backends/base/operations.py adapt_datetimefield_value */
  fromInstant(instant: Instant): SqlValue
  /** The moment in a DateTimeField, to the millisecond; null for what is none. */
  toDate(column: unknown): Date | null
  /** Ends what this object opened itself, nothing it was given. */
  close(): Promise<void>
}

/** A row with the same unique key exists already. */
export class UniqueViolation extends StoreUnavailable {}

/** A value cannot be converted to the type of the column it is compared with, so that no row can match. */
export class NoSuchValue extends StoreUnavailable {}

/**
 * What a driver's value says where it can only mean yes or no; undefined for a value that could mean anything: a text or
 * bytes would count as true in JavaScript.
 */
export function yesOrNo(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string')
    return WORDS.get(String(value))
  // BIT of MySQL.
  return value instanceof Uint8Array && value.length === 1 ? WORDS.get(String(value[0])) : undefined
}

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['0', false],
  ['f', false],
  ['false', false],
])
