/**
 * OPTIONS of Django's MySQL backend, which hands them to mysqlclient: each is followed, has no bearing on sessions, or is
 * refused by its name. @see MySQLdb/connections.py Connection.__init__, django/db/backends/mysql/base.py
 */
import { existsSync } from 'node:fs'
import { named, SettingsError } from '../../errors.ts'
import type { DatabaseSettings } from '../../settings/settings.ts'

/** Where the server is and who asks. */
export interface MysqlPlace {
  readonly database: string
  readonly user: string | undefined
  readonly password: string | undefined
  /** A name or address; undefined for a socket. */
  readonly host: string | undefined
  readonly port: number
  readonly socketPath: string | undefined
}

const FOLLOWED: readonly string[] = [
  'database',
  'db',
  'host',
  'init_command',
  'isolation_level',
  'passwd',
  'password',
  'port',
  'sql_mode',
  'ssl',
  'ssl_mode',
  'unix_socket',
  'user',
  // Of a URL for dj-database-url, and of mysql.connector.django.
  'ssl-ca',
  'ssl_ca',
  'ssl_cert',
  'ssl_key',
]

/** Of no bearing on sessions, or what a connection of ours has in its own way: the server converts from utf8mb4. */
const IGNORED: readonly string[] = [
  'autocommit',
  'binary_prefix',
  'charset',
  'collation',
  'compress',
  'connect_timeout',
  'conv',
  'cursorclass',
  'executemany_fallback',
  'local_infile',
  'local_infile_dir',
  'multi_statements',
  'read_timeout',
  'use_unicode',
  'write_timeout',
]

/** What else mysqlclient takes. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['read_default_file', 'option files are not read: write what the file says into DATABASES'],
  ['read_default_group', 'option files are not read: write what the file says into DATABASES'],
  ['auth_plugin', 'the server names the way to log in'],
  ['server_public_key_path', 'the key of the server is asked for'],
  ['named_pipe', 'there are TCP and sockets'],
])

/** CLIENT_SSL and CLIENT_SSL_VERIFY_SERVER_CERT, which `ssl_mode` has words for. */
const TLS_FLAGS = (1n << 11n) | (1n << 30n)

/** @throws SettingsError naming an option that is not supported, never its value */
export function checkOptions(options: Readonly<Record<string, unknown>>): void {
  for (const name of Object.keys(options)) {
    if (FOLLOWED.includes(name) || IGNORED.includes(name) || options[name] === null) continue
    if (name === 'client_flag' && !asksForTls(options[name])) continue
    const reason = name === 'client_flag' ? 'flags of TLS are not read: set ssl_mode' : REASONS.get(name)
    throw new SettingsError(
      `DATABASES.default: OPTIONS.${named(name)} is not supported${reason === undefined ? '' : ` (${reason})`}; ` +
        `supported: ${FOLLOWED.join(', ')}. Or give a pool of mysql2 in clients.databases.default.`,
    )
  }
}

function asksForTls(flags: unknown): boolean {
  return typeof flags !== 'number' || !Number.isSafeInteger(flags) || (BigInt(flags) & TLS_FLAGS) !== 0n
}

/** OPTIONS go before USER, PASSWORD, HOST, PORT and NAME, as in `kwargs.update(options)`. */
export function placeOf(settings: DatabaseSettings): MysqlPlace {
  const { options } = settings
  const host = text(options, 'host') ?? settings.host
  const port = options.port ?? settings.port ?? 3306
  if (!Number.isInteger(Number(port))) throw new SettingsError('DATABASES.default: OPTIONS.port must be a number.')
  // Django takes a HOST with a slash at its beginning for the path of a socket.
  const socketPath = text(options, 'unix_socket') ?? (host.startsWith('/') ? host : undefined)
  const isHere = host === '' || host === 'localhost' || host.startsWith('/')
  const socket = isHere ? (socketPath ?? standardSocket()) : undefined
  return {
    database: text(options, 'db') ?? text(options, 'database') ?? settings.name,
    user: text(options, 'user') ?? (settings.user || undefined),
    password: text(options, 'passwd') ?? text(options, 'password') ?? (settings.password || undefined),
    host: socket === undefined ? host || 'localhost' : undefined,
    port: Number(port),
    socketPath: socket,
  }
}

/** Where packages of Debian, Red Hat and MySQL put it; which one the C library takes was compiled into it. */
const SOCKETS = [
  '/run/mysqld/mysqld.sock',
  '/var/run/mysqld/mysqld.sock',
  '/var/lib/mysql/mysql.sock',
  '/tmp/mysql.sock',
]

/** To MySQL `localhost` is the socket, whatever the port; where there is none, as on Windows, it is the name. */
function standardSocket(): string | undefined {
  return SOCKETS.find((path) => existsSync(path))
}

/** Undefined for one that is absent or None. */
export function text(options: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = options[name]
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined
  throw new SettingsError(`DATABASES.default: OPTIONS.${name} must be text.`)
}
