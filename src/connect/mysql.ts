/** From a MySQL or MariaDB among DATABASES, with the OPTIONS of mysqlclient, to a pool of our own. */
import type { Database } from '../databases/database.ts'
import { mysql } from '../databases/mysql.ts'
import type { WallClock } from '../databases/wall-clock.ts'
import { isNotFound, missingPackage, SettingsError } from '../errors.ts'
import type { DatabaseSettings } from '../settings/settings.ts'
import { checkOptions, placeOf, text } from './mysqlclient/options.ts'
import { tlsAttempts } from './mysqlclient/tls.ts'
import { type EndedMysqlPool, twoWays } from './mysqlclient/two-ways.ts'
import { needPackage } from './optional-package.ts'

const REASON = 'DATABASES.default with ENGINE mysql'
const ISOLATION_LEVELS = ['read uncommitted', 'read committed', 'repeatable read', 'serializable']

/** Finds what can be wrong without a connection. @throws SettingsError, DriverMissingError */
export function checkMysql(database: DatabaseSettings): void {
  needPackage('mysql2', REASON)
  waysOf(database)
  greetingOf(database, 0)
}

export function openMysql(database: DatabaseSettings, deadlineMs: number, wallClock: WallClock): Database {
  return mysql({
    wallClock,
    greeting: greetingOf(database, deadlineMs),
    pool: async () => {
      const { createPool } = await importMysql()
      const pools = waysOf(database).map((options) => createPool({ ...options, connectTimeout: deadlineMs }))
      const [first, second] = pools as [EndedMysqlPool, EndedMysqlPool?]
      return second === undefined ? first : twoWays(first, second)
    },
    end: (pool) => new Promise((ended) => (pool as EndedMysqlPool).end(() => ended())),
  })
}

// A literal name, in a `try`: bundlers then take the package in where it is installed, and go without where it is not.
async function importMysql(): Promise<{ createPool(options: object): EndedMysqlPool }> {
  try {
    const { default: driver } = await import('mysql2')
    return driver as unknown as { createPool(options: object): EndedMysqlPool }
  } catch (error) {
    throw isNotFound(error) ? missingPackage('mysql2', REASON) : error
  }
}

/** What `mysql2` is given, for each way that a connection tries. */
function waysOf(database: DatabaseSettings): object[] {
  checkOptions(database.options)
  const { host, port, socketPath, ...identity } = placeOf(database)
  const shared = {
    ...identity,
    ...(socketPath === undefined ? { host, port } : { socketPath }),
    // Whatever the site's own charset is, the server converts.
    charset: 'utf8mb4',
    // A server could ask for files of this machine.
    flags: ['-LOCAL_FILES'],
  }
  return tlsAttempts(database.options, host).map((ssl) => ({ ...shared, ...(ssl && { ssl }) }))
}

/**
 * Statements that every connection begins with: it commits by itself and stores nothing cut; it waits for locks no
 * longer than anybody waits for it; and, as in Django, reads what is committed.
 * @see django/db/backends/mysql/base.py get_connection_params, init_connection_state
 */
function greetingOf({ options }: DatabaseSettings, deadlineMs: number): string[] {
  const { isolation_level: level = 'read committed' } = options
  if (level !== null && !ISOLATION_LEVELS.includes(String(level).toLowerCase())) {
    throw new SettingsError(
      `DATABASES.default: OPTIONS.isolation_level must be one of ${ISOLATION_LEVELS.join(', ')}, or None.`,
    )
  }
  const modes = text(options, 'sql_mode')
  if (modes !== undefined && !/^[A-Za-z0-9_, ]*$/.test(modes)) {
    throw new SettingsError('DATABASES.default: OPTIONS.sql_mode must be names of modes with commas between them.')
  }
  const sqlMode = `CONCAT(${modes === undefined ? '@@SESSION.sql_mode' : `'${modes}'`}, ',STRICT_TRANS_TABLES')`
  const seconds = Math.max(1, Math.ceil(deadlineMs / 1000))
  const command = text(options, 'init_command')
  return [
    ...(command === undefined ? [] : [command]),
    `SET SESSION autocommit = 1, innodb_lock_wait_timeout = ${seconds}, sql_mode = ${sqlMode}`,
    ...(level === null ? [] : [`SET SESSION TRANSACTION ISOLATION LEVEL ${String(level).toUpperCase()}`]),
  ]
}
