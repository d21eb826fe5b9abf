/**
 * From an SQLite among DATABASES, with the OPTIONS of Django's backend, which hands them to Python's `sqlite3`.
 * @see django/db/backends/sqlite3/base.py get_connection_params
 */
import type { Database } from '../databases/database.ts'
import { sqlite } from '../databases/sqlite.ts'
import type { WallClock } from '../databases/wall-clock.ts'
import { named, SettingsError } from '../errors.ts'
import type { DatabaseSettings } from '../settings/settings.ts'

/** Of no bearing on sessions: a locked file is waited for until the deadline, statements are single ones. */
const IGNORED = [
  'autocommit',
  'cached_statements',
  'check_same_thread',
  'detect_types',
  'factory',
  'isolation_level',
  'timeout',
  // Django sets it itself.
  'uri',
]
const TRANSACTION_MODES = ['DEFERRED', 'EXCLUSIVE', 'IMMEDIATE']

/** @throws SettingsError naming an option that is not supported, never its value */
export function checkSqlite({ name, options }: DatabaseSettings): void {
  const { transaction_mode: mode, init_command: command, database, ...rest } = options
  const unknown = Object.keys(rest).find((option) => !IGNORED.includes(option))
  if (unknown !== undefined) {
    throw new SettingsError(`DATABASES.default: OPTIONS.${named(unknown)} is not an option of SQLite.`)
  }
  // No single statement of ours reads before it writes.
  if (mode !== undefined && mode !== null && !TRANSACTION_MODES.includes(String(mode).toUpperCase())) {
    throw new SettingsError(
      `DATABASES.default: OPTIONS.transaction_mode must be one of ${TRANSACTION_MODES.join(', ')}, or None.`,
    )
  }
  for (const [option, value] of Object.entries({ init_command: command, database })) {
    if (value !== undefined && typeof value !== 'string') {
      throw new SettingsError(`DATABASES.default: OPTIONS.${option} must be text.`)
    }
  }
  if (/[?&](mode=memory|vfs=)|^file:(\?|:memory:|$)/.test(pathOf({ name, options }))) {
    throw new SettingsError('DATABASES.default: NAME must be a file, or :memory:, and no other kind of URI.')
  }
}

export function openSqlite(database: DatabaseSettings, wallClock: WallClock): Database {
  const { init_command: command = '' } = database.options
  const commands = String(command)
    .split(';')
    .map((each) => each.trim())
    .filter((each) => each !== '')
  return sqlite({ path: pathOf(database), wallClock, commands })
}

/** OPTIONS' `database` goes before NAME, as there. */
function pathOf({ name, options }: Pick<DatabaseSettings, 'name' | 'options'>): string {
  return typeof options.database === 'string' ? options.database : name
}
