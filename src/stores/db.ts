/**
 * Sessions in a database table. Mirrors django/contrib/sessions/backends/db.py, but every write compares and swaps:
 * a session that was deleted meanwhile is not recreated, and what somebody else wrote meanwhile is merged, not lost.
 */
import { type Database, type Row, type SqlValue, UniqueViolation, yesOrNo } from '../databases/database.ts'
import { allOf } from '../databases/sql-dialect.ts'
import type { WallClock } from '../databases/wall-clock.ts'
import { type Deadline, startDeadline } from '../deadline.ts'
import { OutcomeUnknown } from '../outcome-unknown.ts'
import type { SessionData } from '../serializers/serializer.ts'
import { compareAndSwap, type Swap } from './compare-and-swap.ts'
import { extraColumns, type FillColumns } from './extra-columns.ts'
import type { SessionCodec } from './session-data.ts'
import type { Expiry, ExpiryRule } from './session-expiry.ts'
import { newSessionKey } from './session-key.ts'
import {
  isStored,
  type NextState,
  type NotLoaded,
  type RecentSession,
  type RequestInfo,
  type SessionStore,
  type StoredSession,
} from './store.ts'
import { refuseUnreadable } from './unreadable.ts'
import { writtenSession } from './written-session.ts'

export interface DbStoreOptions {
  readonly database: Database
  readonly codec: SessionCodec
  readonly expiryOf: ExpiryRule
  readonly wallClock: WallClock
  readonly now: () => Date
  readonly deadlineMs: number
  /** Default `django_session`. */
  readonly table?: string
  /**
   * Values of columns that the site's own session model has beside Django's three: what its `create_model_instance`
   * fills. They are written with every save: `(session) => ({ user_id: session.get('_auth_user_id') ?? null })`.
   */
  readonly columns?: FillColumns
}

/** The store `db`, whose calls may be parts of another store's: each takes what is left of a deadline. */
export interface RowStore extends SessionStore {
  recent(most: number): Promise<readonly RecentSession[]>
  load(key: string, deadline?: Deadline): Promise<StoredSession | NotLoaded>
  create(next: NextState, request?: RequestInfo, deadline?: Deadline): Promise<StoredSession>
  save(seen: StoredSession, next: NextState, request?: RequestInfo, deadline?: Deadline): Promise<StoredSession | null>
  cycle(
    seen: StoredSession,
    next: NextState,
    request?: RequestInfo,
    key?: string,
    deadline?: Deadline,
  ): Promise<StoredSession | null>
  touch(seen: StoredSession, deadline?: Deadline): Promise<StoredSession | null>
  delete(key: string, deadline?: Deadline): Promise<void>
  /** What is stored under a key, expired or not; null for nothing, and for what cannot be read. */
  present(key: string, deadline: Deadline): Promise<StoredSession | null>
}

const MOST_TAKEN_KEYS = 5
const CLEAR_BATCH = 1000
const CHECKED_ROWS = 20

export function db(options: DbStoreOptions): RowStore {
  const { database, codec, expiryOf, wallClock } = options
  const { quote, quoteName, isText, isKey, deleteSome } = database.dialect
  const table = quote(options.table ?? 'django_session')
  const hasKey = (key: string) => isKey('session_key', key)

  /** The columns to write beside the key, and what was written. */
  function prepare(data: SessionData, request: RequestInfo | undefined) {
    const text = codec.encode(data)
    const expiry = expiryOf(data)
    const extra = extraColumns(options.columns, data, request)
    return {
      names: ['session_data', 'expire_date', ...extra.map(([name]) => name)].map(quoteName),
      values: [text, database.fromInstant(expiry.instant), ...extra.map(([, value]) => value)],
      stored: (key: string): StoredSession => writtenSession(key, text, expiry, () => codec.decode(text)),
    }
  }

  async function select(key: string, deadline: Deadline): Promise<Row | undefined> {
    const alive = `(expire_date > ?) AS alive`
    const { sql, parameters } = hasKey(key)
    const now = database.fromInstant(wallClock.instant(options.now()))
    const columns = `session_key, session_data, expire_date, ${alive}`
    const rows = await database.rows(`SELECT ${columns} FROM ${table} WHERE ${sql}`, [now, ...parameters], deadline)
    return rows.find((row) => row.session_key === key)
  }

  function open(key: string, row: Row): StoredSession | NotLoaded {
    const text = row.session_data
    if (typeof text !== 'string') return { absent: 'unreadable', reason: 'session_data_unreadable' }
    const answer = codec.decode(text)
    if (!('data' in answer)) return { absent: 'unreadable', ...answer }
    const rule = expiryOf(answer.data)
    const expiry: Expiry = { ...rule, at: database.toDate(row.expire_date) ?? rule.at }
    return { key, data: answer.data, expiry, version: text }
  }

  async function present(key: string, deadline: Deadline): Promise<StoredSession | null> {
    const row = await select(key, deadline)
    const answer = row === undefined ? null : open(key, row)
    return answer !== null && isStored(answer) ? answer : null
  }

  function swap(
    seen: StoredSession,
    deadline: Deadline,
    prepareSwap: (current: StoredSession) => Swap,
  ): Promise<StoredSession | null> {
    return compareAndSwap(seen, {
      deadline,
      marksWrites: codec.marksWrites === true,
      read: (key) => present(key, deadline),
      prepare: prepareSwap,
    })
  }

  const begin = (): Deadline => startDeadline(options.deadlineMs)

  async function update(
    current: StoredSession,
    names: readonly string[],
    values: readonly SqlValue[],
    deadline: Deadline,
  ): Promise<boolean> {
    const assignments = names.map((name) => `${name} = ?`).join(', ')
    const { sql, parameters } = allOf(hasKey(current.key), isText('session_data', String(current.version)))
    const statement = `UPDATE ${table} SET ${assignments} WHERE ${sql}`
    return (await database.execute(statement, [...values, ...parameters], deadline)) > 0
  }

  /** Inserts a row; sent again where the reply was lost, it meets itself if it was there. @throws UniqueViolation */
  async function insert(sql: string, session: StoredSession, values: SqlValue[], deadline: Deadline): Promise<void> {
    const send = () => database.execute(sql, [session.key, ...values], deadline)
    try {
      await send()
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error
      try {
        await send()
      } catch (again) {
        if (!(again instanceof UniqueViolation)) throw error
        if ((await select(session.key, deadline))?.session_data !== session.version) throw again
      }
    }
  }

  async function recent(most: number): Promise<readonly RecentSession[]> {
    const newest = `SELECT session_key, session_data FROM ${table} ORDER BY expire_date DESC LIMIT ${most}`
    const rows = await database.rows(newest, [], begin())
    return rows.map(({ session_key: key, session_data: text }) => {
      const answer = typeof text === 'string' ? codec.decode(text) : null
      return { key: String(key), data: answer !== null && 'data' in answer ? answer.data : null }
    })
  }

  return {
    present,
    recent,

    async load(key, deadline = begin()) {
      const row = await select(key, deadline)
      if (row === undefined) return { absent: 'unknown', reason: 'unknown_session' }
      if (yesOrNo(row.alive) !== true) return { absent: 'expired', reason: 'expired_session' }
      return open(key, row)
    },

    async exists(key) {
      const { sql, parameters } = hasKey(key)
      const statement = `SELECT session_key FROM ${table} WHERE ${sql}`
      const rows = await database.rows(statement, parameters, begin())
      return rows.some((row) => row.session_key === key)
    },

    async create(next, request, deadline = begin()) {
      const { names, values, stored } = prepare(next(new Map()), request)
      const marks = ['?', ...values.map(() => '?')].join(', ')
      const sql = `INSERT INTO ${table} (session_key, ${names.join(', ')}) VALUES (${marks})`
      for (let tries = 1; ; tries++) {
        const session = stored(newSessionKey())
        try {
          await insert(sql, session, values, deadline)
          return session
        } catch (error) {
          if (!(error instanceof UniqueViolation) || tries === MOST_TAKEN_KEYS) throw error
        }
      }
    },

    save: (seen, next, request, deadline = begin()) =>
      swap(seen, deadline, (current) => {
        const { names, values, stored } = prepare(next(current.data), request)
        return { result: stored(seen.key), send: () => update(current, names, values, deadline) }
      }),

    // One statement renames the row, which keeps the columns of the site's own model and leaves no moment with two.
    cycle: (seen, next, request, key = newSessionKey(), deadline = begin()) =>
      swap(seen, deadline, (current) => {
        const { names, values, stored } = prepare(next(current.data), request)
        return {
          result: stored(key),
          send: () => update(current, ['session_key', ...names], [key, ...values], deadline),
        }
      }),

    touch: (seen, deadline = begin()) =>
      swap(seen, deadline, (current) => {
        const expiry = expiryOf(current.data)
        return {
          result: { ...current, expiry },
          send: () => update(current, ['expire_date'], [database.fromInstant(expiry.instant)], deadline),
        }
      }),

    async delete(key, deadline = begin()) {
      const { sql, parameters } = hasKey(key)
      await database.execute(`DELETE FROM ${table} WHERE ${sql}`, parameters, deadline)
    },

    async check() {
      refuseUnreadable(await recent(CHECKED_ROWS))
    },

    async clearExpired() {
      const now = database.fromInstant(wallClock.instant(options.now()))
      const isOver = { sql: 'expire_date < ?', parameters: [now] }
      const { sql, parameters } = deleteSome(table, 'session_key', isOver, CLEAR_BATCH)
      for (let total = 0; ; ) {
        const deleted = await database.execute(sql, parameters, begin())
        if (deleted === 0) return total
        total += deleted
      }
    },
  }
}
