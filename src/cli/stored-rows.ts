/** The rows of a session table as they are, for commands that explain what a store would only refuse. */
import type { Row } from '../databases/database.ts'
import { expectedSalt, findSignature } from './signed-text.ts'
import type { Site } from './site.ts'

export interface StoredRow {
  readonly text: string
  /** Null for a moment that cannot be read. */
  readonly expires: Date | null
}

const COLUMNS = 'session_key, session_data, expire_date'

/** Engines whose sessions are rows. */
export function hasRows({ settings, database }: Site): boolean {
  return database !== null && /\.(db|cached_db)$/.test(settings.SESSION_ENGINE)
}

export function tableName({ options }: Site): string {
  return options.sessionTable?.name ?? 'django_session'
}

/** @throws StoreUnavailable */
export async function rowOf(key: string, site: Site): Promise<StoredRow | null> {
  const rows = await query(site, `WHERE session_key = ?`, [key])
  const row = rows.find((found) => found.session_key === key)
  return row === undefined ? null : storedRow(row, site)
}

/** The sessions that end last, mostly the newest. @throws StoreUnavailable */
export async function newestRows(site: Site, most = 50): Promise<StoredRow[]> {
  const rows = await query(site, `ORDER BY expire_date DESC LIMIT ${most}`, [])
  return rows.map((row) => storedRow(row, site))
}

async function query(site: Site, rest: string, parameters: string[]): Promise<readonly Row[]> {
  const { database } = site
  if (database === null) return []
  const table = database.dialect.quote(tableName(site))
  return database.rows(`SELECT ${COLUMNS} FROM ${table} ${rest}`, parameters, site.deadline())
}

function storedRow(row: Row, { database }: Site): StoredRow {
  return { text: String(row.session_data ?? ''), expires: database?.toDate(row.expire_date) ?? null }
}

/** Whether a key of the settings signs other sessions that are stored; null where none can be asked. */
export async function keyIsProven(site: Site): Promise<boolean | null> {
  if (!hasRows(site)) return null
  const rows = await newestRows(site).catch(() => [])
  if (rows.length === 0) return null
  return rows.some(({ text }) => findSignature(text, site, [expectedSalt(site)]) !== null)
}
