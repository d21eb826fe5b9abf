/** One database, given as Django's dictionary or as a URL. */
import { named, SettingsError } from '../errors.ts'
import { hideValues, withHiddenValues } from './hidden.ts'
import { type DatabaseSettings, type DatabaseVendor, parseDatabaseUrl } from './parse-database-url.ts'

export type { DatabaseSettings, DatabaseVendor } from './parse-database-url.ts'

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

const ENGINES: ReadonlyMap<string, DatabaseVendor> = new Map([
  ['django.db.backends.sqlite3', 'sqlite'],
  ['django.db.backends.postgresql', 'postgresql'],
  ['django.db.backends.postgresql_psycopg2', 'postgresql'],
  ['django.db.backends.mysql', 'mysql'],
  ['django.contrib.gis.db.backends.spatialite', 'sqlite'],
  ['django.contrib.gis.db.backends.postgis', 'postgresql'],
  ['django.contrib.gis.db.backends.mysql', 'mysql'],
  ['mysql.connector.django', 'mysql'],
  ['timescale.db.backends.postgresql', 'postgresql'],
  ['timescale.db.backends.postgis', 'postgresql'],
  ['django_prometheus.db.backends.sqlite3', 'sqlite'],
  ['django_prometheus.db.backends.spatialite', 'sqlite'],
  ['django_prometheus.db.backends.postgresql', 'postgresql'],
  ['django_prometheus.db.backends.postgis', 'postgresql'],
  ['django_prometheus.db.backends.mysql', 'mysql'],
])

/** OPTIONS that say where the name of the database comes from. */
const NAMING = ['service', 'dbname', 'database', 'db', 'read_default_file']

/** @throws SettingsError naming `alias`, never the URL */
export function databaseSettings(
  alias: string,
  input: string | DatabaseDictionary | DatabaseSettings,
): DatabaseSettings {
  const read = typeof input === 'string' ? parseDatabaseUrl(alias, input) : fromObject(alias, input)
  // What prints the settings prints no password, nor the options, which may hold one.
  return hideValues(withName(alias, read), ['password', 'options'])
}

/** Django's dictionary, or a copy of checked settings. */
function fromObject(alias: string, input: DatabaseDictionary | DatabaseSettings): DatabaseSettings {
  const given = withHiddenValues(input, `DATABASES.${alias}`)
  if (!('hidden' in input)) return fromDictionary(alias, given as unknown as DatabaseDictionary)
  const { vendor, name, user, password, host, port, options } = given as unknown as DatabaseSettings
  if (![...ENGINES.values()].includes(vendor)) throw new SettingsError(`DATABASES.${alias}: vendor is not known.`)
  return { vendor, name, user, password, host, port, options }
}

/** @throws SettingsError for a database without a name */
function withName(alias: string, database: DatabaseSettings): DatabaseSettings {
  const isNamed = database.name !== '' || NAMING.some((option) => Object.hasOwn(database.options, option))
  if (!isNamed) throw new SettingsError(`DATABASES.${alias}: NAME is empty, or the URL names no database.`)
  return database
}

function fromDictionary(alias: string, input: DatabaseDictionary): DatabaseSettings {
  const vendor = ENGINES.get(input.ENGINE)
  if (vendor === undefined) {
    const known = [...ENGINES.keys()].join(', ')
    throw new SettingsError(`DATABASES.${alias}: ENGINE ${named(input.ENGINE)} is not known; known: ${known}.`)
  }
  const { NAME, USER, PASSWORD, HOST, PORT, OPTIONS } = input
  const port = PORT === '' || PORT === undefined || PORT === null ? null : Number(PORT)
  if (port !== null && !Number.isInteger(port)) throw new SettingsError(`DATABASES.${alias}: PORT is not a number.`)
  const options = OPTIONS ?? {}
  if (typeof options !== 'object') throw new SettingsError(`DATABASES.${alias}: OPTIONS must be a dictionary.`)
  return { vendor, name: NAME, user: USER ?? '', password: PASSWORD ?? '', host: HOST ?? '', port, options }
}
