/**
 * Where a Redis is and who goes there, from LOCATION and OPTIONS as Django hands them to the Python package `redis`:
 *
 *     redis://user:password@host:6379/1      rediss:// is the same over TLS
 *     unix:///run/redis.sock?db=1
 *
 * What stands in the address goes before OPTIONS. Mirrors parse_url and ConnectionPool.from_url of redis/connection.py.
 */
import { named, SettingsError } from '../errors.ts'
import type { CacheSettings } from '../settings/cache-setting.ts'

export interface RedisLocation {
  readonly host?: string
  readonly port?: number
  /** A Unix socket. */
  readonly path?: string
  readonly db?: number
  readonly username?: string
  readonly password?: string
  readonly clientName?: string
  readonly tls?: RedisTls
}

/** Files are read when a connection is made. */
export interface RedisTls {
  readonly caFile?: string
  readonly ca?: string
  readonly certFile?: string
  readonly keyFile?: string
  readonly passphrase?: string
  readonly rejectUnauthorized: boolean
  readonly checkHostname: boolean
}

/** Options of `redis` that are about Python's side alone, or about time-outs, for which this library has its own. */
const WITHOUT_BEARING = new Set([
  'socket_timeout',
  'socket_connect_timeout',
  'socket_keepalive',
  'socket_keepalive_options',
  'socket_read_size',
  'timeout',
  'retry',
  'retry_on_timeout',
  'retry_on_error',
  'max_connections',
  'health_check_interval',
  'encoding',
  'encoding_errors',
  'parser_class',
  'protocol',
  'legacy_responses',
  'lib_name',
  'lib_version',
  'driver_info',
])

/** Classes that OPTIONS may name, since they change nothing that is sent. */
const PLAIN_CLASSES: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries<readonly string[]>({
    // The one for TLS would go before a redis:// address.
    connection_class: [
      'redis.Connection',
      'redis.connection.Connection',
      'redis.SentinelManagedConnection',
      'redis.sentinel.SentinelManagedConnection',
    ],
    pool_class: ['redis.ConnectionPool', 'redis.BlockingConnectionPool'].flatMap((name) => [
      name,
      name.replace('redis.', 'redis.connection.'),
    ]),
    serializer: ['django.core.cache.backends.redis.RedisSerializer'],
  }),
)

const TLS_OPTIONS = [
  'ssl_ca_certs',
  'ssl_ca_data',
  'ssl_certfile',
  'ssl_keyfile',
  'ssl_password',
  'ssl_cert_reqs',
  'ssl_check_hostname',
]

type Options = Readonly<Record<string, unknown>>

/**
 * One for each server of LOCATION, a list or text with `;` or `,` between them: the first is written to.
 * @throws SettingsError, showing no address and no value
 */
export function redisLocations({ alias, location, options }: CacheSettings): [RedisLocation, ...RedisLocation[]] {
  const addresses = typeof location === 'string' ? location.split(/[;,]/) : location
  const [first, ...others] = addresses.map((address) => redisLocation(alias, address, options))
  if (first === undefined) throw refusal(alias, 'LOCATION is empty')
  return [first, ...others]
}

function redisLocation(alias: string, text: string, given: Options): RedisLocation {
  const address = splitAddress(text)
  if (address === null) throw refusal(alias, 'LOCATION must be redis://, rediss:// or unix:// addresses')
  const options: Options = { ...given, ...address.query }
  const isTls = address.scheme === 'rediss'
  for (const [name, value] of Object.entries(options)) checkOption(alias, name, value, isTls)
  const database = databaseOf(address) ?? options.db
  const username = address.username || textOf(alias, options, 'username')
  const password = address.password || textOf(alias, options, 'password')
  const clientName = textOf(alias, options, 'client_name')
  return {
    ...(address.scheme === 'unix' ? { path: address.path } : { host: address.host || 'localhost', port: address.port }),
    ...(database !== undefined && { db: wholeNumber(alias, 'db', database) }),
    ...(username && { username }),
    ...(password && { password }),
    ...(clientName && { clientName }),
    ...(isTls && { tls: tlsOf(alias, options) }),
  }
}

interface Address {
  readonly scheme: string
  readonly username: string
  readonly password: string
  readonly host: string
  readonly port: number
  readonly path: string
  readonly query: Readonly<Record<string, string>>
}

/** As Python's urlparse, which takes addresses that URL refuses, such as `redis://:6379/1`. */
function splitAddress(text: string): Address | null {
  const [, scheme, authority = '', path = '', query = ''] =
    /^(redis|rediss|unix):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?/.exec(text) ?? []
  const cut = authority.lastIndexOf('@')
  const [, username = '', password = ''] = /^([^:]*):?(.*)$/s.exec(authority.slice(0, Math.max(cut, 0))) ?? []
  const server = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(authority.slice(cut + 1))
  if (scheme === undefined || server === null) return null
  return {
    scheme,
    username: decoded(username),
    password: decoded(password),
    host: decoded((server[1] ?? '').replace(/^\[|\]$/g, '')).toLowerCase(),
    port: Number(server[2] || 6379),
    path: decoded(path),
    // The first of two of a name counts, and an empty one does not.
    query: Object.fromEntries([...new URLSearchParams(query)].filter(([, value]) => value !== '').reverse()),
  }
}

/** A path that is no number counts for nothing; `db` in the query goes before it. */
function databaseOf({ scheme, path, query }: Address): string | undefined {
  const number = path.replaceAll('/', '')
  return query.db ?? (scheme !== 'unix' && /^\d+$/.test(number) ? number : undefined)
}

function checkOption(alias: string, name: string, value: unknown, isTls: boolean): void {
  if (WITHOUT_BEARING.has(name) || ['db', 'username', 'password', 'client_name'].includes(name)) return
  if (isTls && TLS_OPTIONS.includes(name)) return
  const plain = PLAIN_CLASSES.get(name)
  if (plain?.includes(String(value))) return
  if (plain !== undefined) {
    const known = `OPTIONS ${name} is ${named(String(value))}, and only ${plain.join(', ')} is known`
    throw refusal(alias, `${known}; TLS is had by a rediss:// address, anything else by a client in clients.caches`)
  }
  const why = TLS_OPTIONS.includes(name) ? 'needs a rediss:// address' : 'is not known'
  throw refusal(alias, `OPTIONS ${named(name)} ${why}; for what this library has no option for, give clients.caches`)
}

function tlsOf(alias: string, options: Options): RedisTls {
  const verifies = verifiesCertificate(alias, options.ssl_cert_reqs)
  const checks = options.ssl_check_hostname
  const text = (name: string): string | undefined => textOf(alias, options, name)
  const found = {
    caFile: text('ssl_ca_certs'),
    ca: text('ssl_ca_data'),
    certFile: text('ssl_certfile'),
    keyFile: text('ssl_keyfile'),
    passphrase: text('ssl_password'),
  }
  return {
    ...Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)),
    rejectUnauthorized: verifies,
    checkHostname: verifies && !isFalse(checks),
  }
}

/** By Python's names, or the numbers of its constants. */
function verifiesCertificate(alias: string, value: unknown): boolean {
  if (value === undefined || value === 'required' || value === 'optional' || value === 1 || value === 2) return true
  if (value === null || value === 'none' || value === 0) return false
  throw refusal(alias, 'OPTIONS ssl_cert_reqs must be required, optional or none')
}

/** @see redis/connection.py to_bool */
function isFalse(value: unknown): boolean {
  return value === false || (typeof value === 'string' && ['0', 'F', 'FALSE', 'N', 'NO'].includes(value.toUpperCase()))
}

function wholeNumber(alias: string, name: string, value: unknown): number {
  if (/^\d+$/.test(String(value))) return Number(value)
  throw refusal(alias, `OPTIONS ${name} must be a whole number`)
}

function textOf(alias: string, options: Options, name: string): string | undefined {
  const value = options[name]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  throw refusal(alias, `OPTIONS ${name} must be text`)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function refusal(alias: string, what: string): SettingsError {
  return new SettingsError(`CACHES.${named(alias)}: ${what}.`)
}
