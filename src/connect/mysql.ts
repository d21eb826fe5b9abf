/** From a MySQL or MariaDB among DATABASES, with the OPTIONS of mysqlclient, to a pool of our own. */
import { readFileSync } from 'node:fs'
import type { Database } from '../databases/database.ts'
import { mysql } from '../databases/mysql.ts'
import type { MysqlPool } from '../databases/mysql-pool.ts'
import type { WallClock } from '../databases/wall-clock.ts'
import { driverFault, isNotFound, missingPackage, named, SettingsError } from '../errors.ts'
import type { DatabaseSettings } from '../settings/settings.ts'
import { needPackage } from './optional-package.ts'

const REASON = 'DATABASES.default with ENGINE mysql'
const ISOLATION_LEVELS = ['read uncommitted', 'read committed', 'repeatable read', 'serializable']

/** OPTIONS that have no bearing on sessions, or that a connection of ours has in its own way. */
const IGNORED = [
  'autocommit',
  'binary_prefix',
  'charset',
  'client_flag',
  'collation',
  'compress',
  'connect_timeout',
  'conv',
  'cursorclass',
  'local_infile',
  'read_timeout',
  'use_unicode',
  'write_timeout',
]
const KNOWN = [
  'init_command',
  'isolation_level',
  'sql_mode',
  'ssl',
  'ssl-ca',
  'ssl_ca',
  'ssl_cert',
  'ssl_key',
  'ssl_mode',
  'unix_socket',
]

/** Finds what can be wrong without a connection. @throws SettingsError, DriverMissingError */
export function checkMysql(database: DatabaseSettings): void {
  needPackage('mysql2', REASON)
  poolOptions(database)
  greetingOf(database, 0)
}

export function openMysql(database: DatabaseSettings, deadlineMs: number, wallClock: WallClock): Database {
  return mysql({
    wallClock,
    greeting: greetingOf(database, deadlineMs),
    pool: async () => {
      const { createPool } = await importMysql()
      return createPool({ ...poolOptions(database), connectTimeout: deadlineMs })
    },
    end: (pool) => new Promise((ended) => (pool as unknown as { end(done: () => void): void }).end(() => ended())),
  })
}

// A literal name, in a `try`: bundlers then take the package in where it is installed, and go without where it is not.
async function importMysql(): Promise<{ createPool(options: object): MysqlPool }> {
  try {
    const { default: driver } = await import('mysql2')
    return driver as unknown as { createPool(options: object): MysqlPool }
  } catch (error) {
    throw isNotFound(error) ? missingPackage('mysql2', REASON) : error
  }
}

/** What `mysql2` is given. */
function poolOptions(database: DatabaseSettings): object {
  const { name, user, password, host, port, options } = database
  const unknown = Object.keys(options).find((option) => !KNOWN.includes(option) && !IGNORED.includes(option))
  if (unknown !== undefined) {
    throw new SettingsError(
      `DATABASES.default: OPTIONS.${named(unknown)} is not supported; supported: ${KNOWN.join(', ')}. ` +
        'Give a mysql2 pool in clients.databases.default instead.',
    )
  }
  // Django takes a HOST with a slash at its beginning for the path of a socket.
  const socketPath = host.startsWith('/') ? host : text(options, 'unix_socket')
  return {
    database: name,
    ...(user && { user }),
    ...(password && { password }),
    ...(socketPath === undefined ? { host: host || 'localhost', port: port ?? 3306 } : { socketPath }),
    ...sslOf(options),
    // Whatever the site's own charset is, the server converts.
    charset: 'utf8mb4',
    // A server could ask for files of this machine.
    flags: ['-LOCAL_FILES'],
  }
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

/** mysqlclient's `ssl` (paths of files) and `ssl_mode`; a certificate is checked where a CA or a `VERIFY` mode is given. */
function sslOf(options: Readonly<Record<string, unknown>>): object {
  const { ssl } = options
  if (ssl !== undefined && (typeof ssl !== 'object' || ssl === null)) {
    throw new SettingsError('DATABASES.default: OPTIONS.ssl must be a dictionary with ca, cert and key.')
  }
  const paths = {
    ca: text(options, 'ssl_ca') ?? text(options, 'ssl-ca'),
    cert: text(options, 'ssl_cert'),
    key: text(options, 'ssl_key'),
    ...ssl,
  }
  const mode = (text(options, 'ssl_mode') ?? '').toUpperCase()
  const files = Object.entries(paths).flatMap(([name, path]) => (path === undefined ? [] : [[name, path] as const]))
  if (mode === 'DISABLED' || (files.length === 0 && (mode === '' || mode === 'PREFERRED') && ssl === undefined)) {
    return {}
  }
  if (!['', 'PREFERRED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY'].includes(mode)) {
    throw new SettingsError(
      'DATABASES.default: OPTIONS.ssl_mode must be DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY.',
    )
  }
  return {
    ssl: {
      ...Object.fromEntries(files.map(([name, path]) => [name, readOption(name, path)])),
      rejectUnauthorized: mode.startsWith('VERIFY') || paths.ca !== undefined,
      verifyIdentity: mode === 'VERIFY_IDENTITY',
    },
  }
}

function readOption(name: string, path: unknown): unknown {
  if (name === 'cipher') return path
  if (!['ca', 'cert', 'key'].includes(name) || typeof path !== 'string') {
    throw new SettingsError(`DATABASES.default: OPTIONS.ssl.${named(name)} is not supported; ca, cert and key are.`)
  }
  try {
    return readFileSync(path)
  } catch (error) {
    throw new SettingsError(`DATABASES.default: the file of OPTIONS.ssl.${name} cannot be read.`, {
      cause: driverFault(error),
    })
  }
}

function text(options: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = options[name]
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined
  throw new SettingsError(`DATABASES.default: OPTIONS.${name} must be text.`)
}
