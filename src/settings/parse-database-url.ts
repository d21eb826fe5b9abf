/**
 * Database URLs as dj-database-url and django-environ read them, which follow Python's `urllib.parse`:
 * `postgres://user:password@host:5432/name?sslmode=require`, `sqlite:////srv/site/db.sqlite3`, `sqlite:///db.sqlite3`
 * (relative to the working directory), `sqlite://:memory:`, `mysql://user:password@host:3306/name?charset=utf8mb4`.
 * A user name and a password may hold `@`, `:`, `+` and lone percent signs without an escape, as there.
 */
import { SettingsError } from '../errors.ts'

export type DatabaseVendor = 'sqlite' | 'postgresql' | 'mysql'

export interface DatabaseSettings {
  readonly vendor: DatabaseVendor
  /** The database's name, empty where an option names it; the path of SQLite's file. */
  readonly name: string
  readonly user: string
  readonly password: string
  readonly host: string
  readonly port: number | null
  readonly options: Readonly<Record<string, unknown>>
}

/** A driver may follow, as in SQLAlchemy's `postgresql+psycopg`. */
const SCHEMES: ReadonlyMap<string, DatabaseVendor> = new Map([
  ['sqlite', 'sqlite'],
  ['sqlite3', 'sqlite'],
  ['spatialite', 'sqlite'],
  ['prometheus_sqlite', 'sqlite'],
  ['prometheus_spatialite', 'sqlite'],
  ['postgres', 'postgresql'],
  ['postgresql', 'postgresql'],
  ['pgsql', 'postgresql'],
  ['psql', 'postgresql'],
  ['postgis', 'postgresql'],
  ['timescale', 'postgresql'],
  ['timescalegis', 'postgresql'],
  ['prometheus_postgresql', 'postgresql'],
  ['prometheus_postgis', 'postgresql'],
  ['mysql', 'mysql'],
  ['mysql2', 'mysql'],
  ['mysql-connector', 'mysql'],
  ['mariadb', 'mysql'],
  ['mysqlgis', 'mysql'],
  ['prometheus_mysql', 'mysql'],
])

/** Django's own settings of a database, which django-environ takes from the query; none is about the server. */
const OF_DJANGO = ['CONN_MAX_AGE', 'ATOMIC_REQUESTS', 'AUTOCOMMIT', 'DISABLE_SERVER_SIDE_CURSORS', 'CONN_HEALTH_CHECKS']

/** @throws SettingsError naming `alias`, never a part of the URL */
export function parseDatabaseUrl(alias: string, url: string): DatabaseSettings {
  const fail = (what: string): never => {
    throw new SettingsError(`DATABASES.${alias}: ${what}.`)
  }
  const parts = (IN_MEMORY.exec(url) ?? URL_SHAPE.exec(url))?.groups
  const vendor = SCHEMES.get((parts?.scheme ?? '').toLowerCase().split('+', 1)[0] ?? '')
  if (parts === undefined || vendor === undefined) {
    return fail(`not a database URL; its scheme must be one of ${[...SCHEMES.keys()].join(', ')}`)
  }
  const { authority = '', path = '', query = '' } = parts
  // As `rpartition` does: neither a password with `@` nor one with `:` moves the host.
  const [, credentials = '', location = ''] = /^(?:(.*)@)?([^@]*)$/s.exec(authority) ?? []
  const [, user = '', password = ''] = /^([^:]*):?(.*)$/s.exec(credentials) ?? []
  const name = unquote(path.slice(1))
  const options = optionsOf(query, fail)
  if (vendor === 'sqlite') {
    if (authority !== '' && name === '') {
      fail('the URL has a host and no file: sqlite:///name is relative, sqlite:////name absolute')
    }
    return { vendor, name: name || ':memory:', user: '', password: '', host: '', port: null, options }
  }
  if (location.includes(',')) fail('the URL names several hosts; one is supported')
  const [, bracketed, plain = '', port = ''] = LOCATION.exec(location) ?? fail(MALFORMED)
  if (Number(port) > 65_535) fail('the URL has a port above 65535')
  const socket = name.startsWith('/') && vendor === 'postgresql' ? name.lastIndexOf('/') : 0
  const found = {
    vendor,
    user: unquote(user),
    password: unquote(password),
    port: port === '' ? null : Number(port),
    options,
  }
  // django-environ: `postgres:////cloudsql/project:region:instance/name`.
  if (socket > 0) return { ...found, host: name.slice(0, socket), name: name.slice(socket + 1) }
  const host = bracketed ?? unquote(plain)
  // The path of a socket has capitals of its own.
  return { ...found, name, host: host.startsWith('/') ? host : host.toLowerCase() }
}

/** An authority ends where a path or query begins; what a `#` in a password begins is no fragment. */
const URL_SHAPE =
  /^\s*(?<scheme>[a-z][a-z0-9+_-]*):\/\/(?<authority>[^/?]*)(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?(?:#.*)?$/is
/** No port follows this colon. */
const IN_MEMORY = /^(?<scheme>sqlite3?):\/\/:memory:$/i
const LOCATION = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d*))?$/
const MALFORMED =
  'the URL cannot be read after its user name: escape special characters of the user name and of the password ' +
  '(`/` is %2F, `?` is %3F, `#` is %23), and the port must be a number'

/** Empty ones are absent, as in `urllib.parse.parse_qs`. */
function optionsOf(query: string, fail: (what: string) => never): Record<string, string> {
  const given = [...new URLSearchParams(query)].filter(
    ([option, value]) => value !== '' && !OF_DJANGO.includes(option.toUpperCase()),
  )
  const options = new Map(given)
  if (options.size < given.length) fail('the URL gives an option of its query twice')
  return Object.fromEntries(options)
}

/** As `urllib.parse.unquote`: what is no escape stays, and bytes that are not UTF-8 become U+FFFD. */
function unquote(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString())
}
