/** Columns that a site's own session model has beside Django's three, and what a save puts there. */
import type { SqlValue } from '../databases/database.ts'
import { named, SettingsError } from '../errors.ts'
import { plain, type SessionData } from '../serializers/serializer.ts'
import { synchronous } from '../unheard.ts'
import type { RequestInfo } from './store.ts'

/** A session that is about to be written, as Django gives it to `create_model_instance(data)`. */
export interface WrittenValues {
  /** A value of its own for the caller; undefined where the session has none of this name. */
  get(name: string): unknown
  has(name: string): boolean
}

/** Returns values by the names of columns: text, numbers, booleans, bytes or null. */
export type FillColumns = (
  session: WrittenValues,
  request: RequestInfo | undefined,
) => Readonly<Record<string, unknown>>

/** @throws SettingsError for a promise, and for a value that no column can hold */
export function extraColumns(
  fill: FillColumns | undefined,
  data: SessionData,
  request: RequestInfo | undefined,
): readonly (readonly [column: string, value: SqlValue])[] {
  if (fill === undefined) return []
  const values: WrittenValues = { get: (name) => plain(data.get(name)), has: (name) => data.has(name) }
  const filled = synchronous(fill(values, request), isAsynchronous)
  return Object.entries(filled).map(([column, value]) => [column, sqlValue(column, value)])
}

function sqlValue(column: string, value: unknown): SqlValue {
  if (value === null || value instanceof Uint8Array) return value
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new SettingsError(
    `options.sessionTable.columns: the value of ${named(column)} is not text, a number, a boolean, bytes or null.`,
  )
}

function isAsynchronous(): SettingsError {
  return new SettingsError('options.sessionTable.columns returns values, not a promise: a save may run it again.')
}
