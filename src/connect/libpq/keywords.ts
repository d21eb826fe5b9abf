/**
 * The keywords of libpq, in OPTIONS, a service file and the environment, as Django's psycopg follows them: each is
 * followed, has no bearing on sessions, or is refused by its name. @see
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS (15 to 18)
 */
import { named, SettingsError } from '../../errors.ts'
import type { DatabaseSettings } from '../../settings/settings.ts'
import { readService } from './service-file.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** What is said of a connection, in libpq's keywords; the ones that are absent have libpq's defaults. */
export type Keywords = Readonly<Partial<Record<FollowedKeyword, string>>>

const FOLLOWED = [
  'application_name',
  'dbname',
  'fallback_application_name',
  'host',
  'options',
  'passfile',
  'password',
  'port',
  'service',
  'servicefile',
  'ssl_max_protocol_version',
  'ssl_min_protocol_version',
  'sslcert',
  'sslcertmode',
  'sslcrl',
  'sslkey',
  'sslmode',
  'sslnegotiation',
  'sslpassword',
  'sslrootcert',
  'user',
  // Of Django's backend since 4.2.
  'assume_role',
  // Of dj-database-url, which makes `options` of it.
  'currentSchema',
] as const

export type FollowedKeyword = (typeof FOLLOWED)[number]

/** Values that change nothing here; any other is refused. */
const ONE_VALUE: ReadonlyMap<string, readonly string[]> = new Map([
  ['channel_binding', ['prefer', 'disable']],
  ['gssencmode', ['prefer', 'disable']],
  ['load_balance_hosts', ['disable']],
  ['min_protocol_version', ['3.0']],
  ['replication', ['false', 'off', 'no', '0']],
  ['sslsni', ['1']],
  ['target_session_attrs', ['any']],
])

/** Of no bearing on sessions: calls have a deadline of their own, statements are single ones, values are UTF-8. */
const IGNORED: readonly string[] = [
  'authtype',
  'client_encoding',
  'connect_timeout',
  'gssdelegation',
  'gsslib',
  'keepalives',
  'keepalives_count',
  'keepalives_idle',
  'keepalives_interval',
  'krbsrvname',
  'max_protocol_version',
  'sslcompression',
  'tcp_user_timeout',
  'tty',
  // Of psycopg, and of Django's backend.
  'async',
  'autocommit',
  'connection_factory',
  'context',
  'cursor_factory',
  'isolation_level',
  'pool',
  'prepare_threshold',
  'row_factory',
  'server_side_binding',
]

const VARIABLES: Readonly<Record<string, string>> = {
  PGAPPNAME: 'application_name',
  PGCHANNELBINDING: 'channel_binding',
  PGDATABASE: 'dbname',
  PGGSSENCMODE: 'gssencmode',
  PGHOST: 'host',
  PGHOSTADDR: 'hostaddr',
  PGLOADBALANCEHOSTS: 'load_balance_hosts',
  PGMINPROTOCOLVERSION: 'min_protocol_version',
  PGOPTIONS: 'options',
  PGPASSFILE: 'passfile',
  PGPASSWORD: 'password',
  PGPORT: 'port',
  PGREQUIREAUTH: 'require_auth',
  PGREQUIREPEER: 'requirepeer',
  PGSERVICE: 'service',
  PGSERVICEFILE: 'servicefile',
  PGSSLCERT: 'sslcert',
  PGSSLCERTMODE: 'sslcertmode',
  PGSSLCRL: 'sslcrl',
  PGSSLCRLDIR: 'sslcrldir',
  PGSSLKEY: 'sslkey',
  PGSSLMAXPROTOCOLVERSION: 'ssl_max_protocol_version',
  PGSSLMINPROTOCOLVERSION: 'ssl_min_protocol_version',
  PGSSLMODE: 'sslmode',
  PGSSLNEGOTIATION: 'sslnegotiation',
  PGSSLROOTCERT: 'sslrootcert',
  PGSSLSNI: 'sslsni',
  PGTARGETSESSIONATTRS: 'target_session_attrs',
  PGUSER: 'user',
}

/**
 * As Django and libpq join them: the settings, then OPTIONS, a service, and the environment, each for what none before
 * it says; but OPTIONS' `dbname` goes before NAME. @see django/db/backends/postgresql/base.py get_connection_params
 * @throws SettingsError naming what is not supported, never its value
 */
export function keywordsOf(database: DatabaseSettings, env: Environment): Keywords {
  const options = checked(Object.entries(database.options), (name) => `DATABASES.default: OPTIONS.${named(name)}`)
  const given = { ...(database.name && { dbname: database.name }), ...options, ...ofSettings(database) }
  const variables = Object.entries(VARIABLES).filter(([variable]) => env[variable])
  const environment = checked(
    variables.map(([variable, keyword]) => [keyword, env[variable]]),
    (name) => `The environment variable ${variables.find(([, keyword]) => keyword === name)?.[0]}`,
  )
  // libpq's older word.
  if (env.PGREQUIRESSL === '1' && environment.sslmode === undefined) environment.sslmode = 'require'
  const { service, servicefile } = { ...environment, ...given }
  const lines = service === undefined ? [] : readService(service, servicefile, env)
  const ofService = checked(lines, (name) => `The service that DATABASES.default names: ${named(name)}`)
  return { ...environment, ...ofService, ...given }
}

function ofSettings({ user, password, host, port }: DatabaseSettings): Partial<Record<FollowedKeyword, string>> {
  return {
    ...(user && { user }),
    ...(password && { password }),
    ...(host && { host }),
    ...(port !== null && { port: String(port) }),
  }
}

/** psycopg leaves out None, and makes text of numbers and booleans, which dj-database-url makes of a query's text. */
function checked(
  entries: readonly (readonly [name: string, value: unknown])[],
  titled: (name: string) => string,
): Partial<Record<FollowedKeyword, string>> {
  const found: Partial<Record<FollowedKeyword, string>> = {}
  for (const [name, value] of entries) {
    if (value === null || value === undefined || IGNORED.includes(name)) continue
    const accepted = ONE_VALUE.get(name)
    if (accepted?.includes(String(value)) || (accepted && value === '')) continue
    if (accepted !== undefined) {
      throw new SettingsError(`${titled(name)} is supported as ${accepted.join(' or ')} only. ${INSTEAD}`)
    }
    if (!isFollowed(name)) throw new SettingsError(`${titled(name)} is not supported. ${INSTEAD}`)
    if (!['string', 'number', 'boolean'].includes(typeof value)) {
      throw new SettingsError(`${titled(name)} must be text.`)
    }
    if (value !== '') found[name] = String(value)
  }
  return found
}

const INSTEAD = 'Leave it out, or give a pool of pg in clients.databases.default, which is set up as you need it.'

function isFollowed(name: string): name is FollowedKeyword {
  return (FOLLOWED as readonly string[]).includes(name)
}
