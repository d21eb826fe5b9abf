/**
 * The port of a cache on a table of the site's database. Mirrors django/core/cache/backends/db.py DatabaseCache.
 *
 *     cache_key                                  value                                expires
 *     :1:django.contrib.sessions.cache4nw9…      gAWVEAAAAAAAAAB9lIwEY2FydJRLAXMu    2026-07-15 12:00:00
 *                                                └ base64 of a pickle                 └ whole seconds, as a DateTimeField
 *
 * Django makes room when it writes more than MAX_ENTRIES, live sessions included; this library never does.
 */
import { type Database, type Instant, type Row, type SqlPart, UniqueViolation, yesOrNo } from '../databases/database.ts'
import { allOf } from '../databases/sql-dialect.ts'
import type { Deadline } from '../deadline.ts'
import { StoreUnavailable } from '../errors.ts'
import type { Cache, CacheItem, CacheKey } from './cache.ts'

export interface DatabaseCacheOptions {
  readonly database: Database
  /** What LOCATION names. */
  readonly table: string
  readonly now: () => Date
  /** How the site's clock shows a moment. */
  readonly instant: (at: Date) => Instant
}

const CLEAR_BATCH = 1000
/** Of so many entries that end last some are sessions, where there are any. */
const SAMPLED_ROWS = 1000

export function databaseCache({ database, now, instant, ...options }: DatabaseCacheOptions): Cache {
  const { quote, isText, isKey, deleteSome } = database.dialect
  const table = quote(options.table)
  const [keyColumn, valueColumn, expires] = ['cache_key', 'value', 'expires'].map(quote) as [string, string, string]

  const hasKey = (key: string): SqlPart => isKey(keyColumn, key)
  const current = () => database.fromInstant(instant(now()))
  /** An entry opens through the second in which it ends. @see DatabaseCache.get_many */
  const isAlive = (): SqlPart => ({ sql: `${expires} >= ?`, parameters: [current()] })
  const isOver = (): SqlPart => ({ sql: `${expires} < ?`, parameters: [current()] })

  const end = (timeout: number) => database.fromInstant(instant(endOf(timeout, now())))

  /** Several conditions, on the entry that a write must find as it was seen. */
  const asSeen = (key: string, version: string): SqlPart => allOf(hasKey(key), isText(valueColumn, version), isAlive())

  async function update(
    columns: Readonly<Record<string, ReturnType<Database['fromInstant']>>>,
    where: SqlPart,
    deadline: Deadline,
  ): Promise<boolean> {
    const names = Object.keys(columns)
    const statement = `UPDATE ${table} SET ${names.map((name) => `${name} = ?`).join(', ')} WHERE ${where.sql}`
    return (await database.execute(statement, [...Object.values(columns), ...where.parameters], deadline)) > 0
  }

  async function remove(where: SqlPart, deadline: Deadline): Promise<boolean> {
    return (await database.execute(`DELETE FROM ${table} WHERE ${where.sql}`, where.parameters, deadline)) > 0
  }

  async function select(key: string, deadline: Deadline): Promise<Row | undefined> {
    const [where, alive] = [hasKey(key), isAlive()]
    const columns = `${keyColumn} AS cache_key, ${valueColumn} AS value, ${expires} AS expires, (${alive.sql}) AS alive`
    const statement = `SELECT ${columns} FROM ${table} WHERE ${where.sql}`
    const rows = await database.rows(statement, [...alive.parameters, ...where.parameters], deadline)
    return rows.find((row) => row.cache_key === key)
  }

  return {
    async get(key, deadline) {
      const row = await select(key, deadline)
      if (row === undefined || yesOrNo(row.alive) !== true) return null
      const value = String(row.value)
      const endsAt = database.toDate(row.expires)
      return { bytes: Buffer.from(value, 'base64'), version: value, ...(endsAt !== null && { endsAt }) }
    },
    async add(key, item, timeout, deadline) {
      const value = textOf(item)
      const columns = { [valueColumn]: value, [expires]: end(timeout) }
      const names = [keyColumn, ...Object.keys(columns)].join(', ')
      try {
        await database.execute(
          `INSERT INTO ${table} (${names}) VALUES (?, ?, ?)`,
          [key, ...Object.values(columns)],
          deadline,
        )
        return value
      } catch (error) {
        if (!(error instanceof UniqueViolation)) throw error
        return (await update(columns, allOf(hasKey(key), isOver()), deadline)) ? value : null
      }
    },
    async replace(key, version, item, timeout, deadline) {
      const value = textOf(item)
      const columns = { [valueColumn]: value, [expires]: end(timeout) }
      return (await update(columns, asSeen(key, version), deadline)) ? value : null
    },
    touch: (key, version, timeout, deadline) => update({ [expires]: end(timeout) }, asSeen(key, version), deadline),
    remove: (key, version, deadline) => remove(asSeen(key, version), deadline),
    async delete(key, deadline) {
      await remove(hasKey(key), deadline)
    },
    clearExpired(deadline) {
      const { sql, parameters } = deleteSome(table, keyColumn, isOver(), CLEAR_BATCH)
      return database.execute(sql, parameters, deadline)
    },
    async find(part, most, deadline) {
      const pattern = `%${part.replace(/[!%_]/g, '!$&')}%`
      const where = `WHERE ${keyColumn} LIKE ? ESCAPE '!' ORDER BY ${expires} DESC LIMIT ${most}`
      const rows = await database.rows(`SELECT ${keyColumn} AS cache_key FROM ${table} ${where}`, [pattern], deadline)
      return rows.map((row) => String(row.cache_key)).filter((key) => key.includes(part))
    },
    async sample(part, most, deadline) {
      const newest = `SELECT ${keyColumn}, ${valueColumn}, ${expires} FROM ${table} ORDER BY ${expires} DESC LIMIT ${SAMPLED_ROWS}`
      const pattern = `%${part.replace(/[!%_]/g, '!$&')}%`
      const statement = `SELECT ${keyColumn} AS cache_key, ${valueColumn} AS value FROM (${newest}) newest
        WHERE ${keyColumn} LIKE ? ESCAPE '!' ORDER BY ${expires} DESC LIMIT ${most}`
      const rows = await database.rows(statement, [pattern], deadline)
      return rows.map((row) => ({
        key: String(row.cache_key),
        item: { bytes: Buffer.from(String(row.value), 'base64') },
      }))
    },
    async check(deadline) {
      await select('', deadline).catch(explainMissing)
    },
    // The database is the bridge's, which ends it.
    close: async () => {},
  }
}

function textOf({ bytes }: CacheItem): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** @see django/core/cache/backends/base.py BaseCache.get_backend_timeout, DatabaseCache._base_set */
function endOf(timeout: number, now: Date): Date {
  const seconds = timeout <= 0 ? Math.min(timeout, -1) : timeout
  return new Date(Math.floor(now.getTime() / 1000 + seconds) * 1000)
}

function explainMissing(error: unknown): never {
  if (!(error instanceof StoreUnavailable) || error.reason !== 'missing') throw error
  throw new StoreUnavailable('The table that CACHES names does not exist; run `manage.py createcachetable` first.', {
    reason: 'missing',
    cause: error.cause,
  })
}

/** The column's length, and texts that every database can be asked for; no other key was ever stored. */
export function databaseCacheKey(make: CacheKey): CacheKey {
  return (key) => {
    const whole = make(key)
    return whole !== null && whole.length <= MOST_KEY_LENGTH && whole.isWellFormed() && !whole.includes('\0')
      ? whole
      : null
  }
}

const MOST_KEY_LENGTH = 255
