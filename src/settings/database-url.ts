/**
 * One database, given as Django's dictionary or as a URL that dj-database-url and django-environ take:
 * `postgres://user:password@host:5432/name?sslmode=require`, `sqlite:////srv/site/db.sqlite3`, `sqlite:///db.sqlite3`
 * (relative to the working directory), `sqlite://:memory:`, `mysql://user:password@host:3306/name?charset=utf8mb4`.
 */
import { named, SettingsError } from '../errors.ts'

export type DatabaseVendor = 'sqlite' | 'postgresql' | 'mysql'

export interface DatabaseSettings {
  readonly vendor: DatabaseVendor
  /** The database's name; the path of SQLite's file. */
  readonly name: string
  readonly user: string
  readonly password: string
  readonly host: string
  readonly port: number | null
  readonly options: Readonly<Record<string, unknown>>
}

/** Django's dictionary of one database. */
export interface DatabaseDictionary {
  readonly ENGINE: string
  readonly NAME: string
  readonly USER?: string | undefined
  readonly PASSWORD?: string | undefined
  readonly HOST?: string | undefined
  readonly PORT?: string | number | undefined
  readonly OPTIONS?: Readonly<Record<string, unknown>> | undefined
}

const ENGINES: Readonly<Record<string, DatabaseVendor>> = {
  'django.db.backends.sqlite3': 'sqlite',
  'django.db.backends.postgresql': 'postgresql',
  'django.db.backends.postgresql_psycopg2': 'postgresql',
  'django.db.backends.mysql': 'mysql',
  'django.contrib.gis.db.backends.spatialite': 'sqlite',
  'django.contrib.gis.db.backends.postgis': 'postgresql',
  'django.contrib.gis.db.backends.mysql': 'mysql',
  'mysql.connector.django': 'mysql',
}

const SCHEMES: Readonly<Record<string, DatabaseVendor>> = {
  sqlite: 'sqlite',
  sqlite3: 'sqlite',
  postgres: 'postgresql',
  postgresql: 'postgresql',
  pgsql: 'postgresql',
  psql: 'postgresql',
  mysql: 'mysql',
  mysql2: 'mysql',
  'mysql-connector': 'mysql',
  mariadb: 'mysql',
  mysqlgis: 'mysql',
  postgis: 'postgresql',
  spatialite: 'sqlite',
}

/** @throws SettingsError naming `alias`, never the URL */
export function databaseSettings(alias: string, input: string | DatabaseDictionary): DatabaseSettings {
  return hideSecrets(typeof input === 'string' ? fromUrl(alias, input) : fromDictionary(alias, input))
}

function fromDictionary(alias: string, input: DatabaseDictionary): DatabaseSettings {
  const vendor = ENGINES[input.ENGINE]
  if (vendor === undefined) {
    const known = Object.keys(ENGINES).join(', ')
    throw new SettingsError(`DATABASES.${alias}: ENGINE ${named(input.ENGINE)} is not known; known: ${known}.`)
  }
  const { NAME, USER = '', PASSWORD = '', HOST = '', PORT = '', OPTIONS = {} } = input
  if (NAME === '') throw new SettingsError(`DATABASES.${alias}: NAME is empty.`)
  const port = PORT === '' ? null : Number(PORT)
  if (port !== null && !Number.isInteger(port)) throw new SettingsError(`DATABASES.${alias}: PORT is not a number.`)
  return { vendor, name: NAME, user: USER, password: PASSWORD, host: HOST, port, options: OPTIONS }
}

function fromUrl(alias: string, url: string): DatabaseSettings {
  const match = IN_MEMORY.exec(url) ?? URL_SHAPE.exec(url)
  const { scheme = '', user = '', password = '', host = '', port, path = '', query = '' } = match?.groups ?? {}
  const vendor = SCHEMES[scheme.toLowerCase()]
  if (vendor === undefined) {
    const known = Object.keys(SCHEMES).join(', ')
    throw new SettingsError(`DATABASES.${alias}: not a database URL; its scheme must be one of ${known}.`)
  }
  const decode = (text: string): string => {
    try {
      return decodeURIComponent(text)
    } catch {
      throw new SettingsError(`DATABASES.${alias}: the URL has a percent sign that starts no escape.`)
    }
  }
  const options = Object.fromEntries(new URLSearchParams(query))
  if (vendor === 'sqlite') {
    if (host !== '' && path.slice(1) === '') {
      throw new SettingsError(
        `DATABASES.${alias}: the URL has a host and no file: sqlite:///name is relative, sqlite:////name absolute.`,
      )
    }
    const name = path.slice(1) === '' ? ':memory:' : decode(path.slice(1))
    return { vendor, name, user: '', password: '', host: '', port: null, options }
  }
  const name = decode(path.slice(1))
  if (name === '') throw new SettingsError(`DATABASES.${alias}: the URL names no database.`)
  return {
    vendor,
    name,
    user: decode(user),
    password: decode(password),
    host: decode(host).replace(/^\[|\]$/g, ''),
    port: port === undefined ? null : Number(port),
    options,
  }
}

const URL_SHAPE =
  /^(?<scheme>[a-z0-9+-]+):\/\/(?:(?<user>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<host>\[[^\]]*\]|[^:/?]*)(?::(?<port>\d+))?(?<path>\/[^?]*)?(?:\?(?<query>.*))?$/i
/** No port follows this colon. */
const IN_MEMORY = /^(?<scheme>sqlite3?):\/\/:memory:$/i

/** What prints the settings prints no password, nor the options, which may hold one. */
function hideSecrets(settings: DatabaseSettings): DatabaseSettings {
  const { password, options } = settings
  return Object.defineProperties(settings, {
    password: { enumerable: false, get: () => password },
    options: { enumerable: false, get: () => options },
  })
}
