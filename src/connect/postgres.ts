/** From a PostgreSQL among DATABASES, with the keywords of libpq, to a pool of our own. */
import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../databases/database.ts'
import { postgres } from '../databases/postgres.ts'
import { isNotFound, missingPackage, SettingsError, StoreUnavailable } from '../errors.ts'
import type { DatabaseSettings } from '../settings/settings.ts'
import type { DatabaseOptions } from './database.ts'
import { type Environment, type Keywords, keywordsOf } from './libpq/keywords.ts'
import { passwordFrom } from './libpq/password-file.ts'
import { type Tls, tlsAttempts } from './libpq/tls.ts'
import { type EndedPool, twoWays } from './libpq/two-ways.ts'
import { needPackage } from './optional-package.ts'

const REASON = 'DATABASES.default with ENGINE postgresql'

/** Finds what can be wrong without a connection. @throws SettingsError, DriverMissingError */
export function checkPostgres(database: DatabaseSettings, env: Environment = process.env): void {
  needPackage('pg', REASON)
  attemptsOf(keywordsOf(database, env))
}

export function openPostgres(
  database: DatabaseSettings,
  { deadlineMs, preparedStatements }: Pick<DatabaseOptions, 'deadlineMs' | 'preparedStatements'>,
  env: Environment = process.env,
): Database {
  return postgres({
    pool: () => openPool(database, deadlineMs, env),
    preparedStatements,
    end: (pool) => (pool as EndedPool).end(),
  })
}

/** Connections get nothing but what they start with: behind PgBouncer, a SET would reach somebody else's. */
async function openPool(database: DatabaseSettings, deadlineMs: number, env: Environment): Promise<EndedPool> {
  const { default: pg } = await importPg()
  const { shared, ways } = attemptsOf(keywordsOf(database, env))
  const pools = ways.map(
    (ssl) => new pg.Pool({ ...shared, ssl, connectionTimeoutMillis: deadlineMs }) as unknown as EndedPool,
  )
  const [first, second] = pools as [EndedPool, EndedPool?]
  return second === undefined ? first : twoWays(first, second)
}

// A literal name, in a `try`: bundlers then take the package in where it is installed, and go without where it is not.
async function importPg(): Promise<typeof import('pg')> {
  try {
    return await import('pg')
  } catch (error) {
    throw isNotFound(error) ? missingPackage('pg', REASON) : error
  }
}

/** What `pg` is given, whole, so that it looks for nothing in the environment itself; and TLS as it is tried. */
function attemptsOf(keywords: Keywords): { shared: object; ways: readonly Tls[] } {
  const { port = '5432', sslnegotiation = 'postgres', application_name, fallback_application_name } = keywords
  if (!/^\d{1,5}$/.test(port)) throw new SettingsError('DATABASES.default: port must be one number.')
  const host = keywords.host ?? standardHost(port)
  if (host.includes(',')) throw new SettingsError(`DATABASES.default: several hosts are not supported. ${ONE_HOST}`)
  if (host.startsWith('@')) throw new SettingsError('DATABASES.default: a host that begins with @ is not supported.')
  const user = keywords.user ?? systemUser()
  const database = keywords.dbname ?? user
  const isSocket = host.startsWith('/')
  const asked = { host: isStandardSocket(host) ? 'localhost' : host, port, database, user }
  return {
    shared: {
      host,
      port: Number(port),
      user,
      database,
      password: keywords.password ?? (() => passwordFrom(keywords.passfile, asked) ?? noPassword()),
      options: startupOptions(keywords),
      application_name: application_name ?? fallback_application_name ?? 'django-session-bridge',
      keepAlive: true,
      sslnegotiation: isSocket ? 'postgres' : sslnegotiation,
    },
    ways: tlsAttempts(keywords, { isSocket }),
  }
}

const ONE_HOST = 'Name the one that takes writes, or give a pool of pg in clients.databases.default.'

/** Where libpq as Debian, Red Hat and psycopg build it looks without a host, and where PostgreSQL's own does. */
const SOCKET_FOLDERS = ['/var/run/postgresql', '/tmp']

function standardHost(port: string): string {
  if (process.platform === 'win32') return 'localhost'
  const folder = SOCKET_FOLDERS.find((candidate) => existsSync(join(candidate, `.s.PGSQL.${port}`)))
  return folder ?? '/var/run/postgresql'
}

function isStandardSocket(host: string): boolean {
  return SOCKET_FOLDERS.includes(host)
}

function systemUser(): string {
  try {
    return userInfo().username
  } catch {
    throw new SettingsError('DATABASES.default: USER is empty, and this process has no user name of its own.')
  }
}

function noPassword(): never {
  throw new StoreUnavailable(
    'PostgreSQL asks for a password, and neither DATABASES.default, nor PGPASSWORD, nor a password file that only its ' +
      'owner may read has one.',
    { reason: 'denied' },
  )
}

/** libpq's `options`, such as `-c search_path=shop`, what dj-database-url makes of `currentSchema`, and Django's role. */
function startupOptions({ options, currentSchema, assume_role }: Keywords): string {
  const given = currentSchema === undefined ? options : `-c search_path=${currentSchema}`
  // With SET ROLE, as Django has it, the role would be somebody else's behind PgBouncer.
  const role = assume_role === undefined ? [] : [`-c role=${assume_role.replace(/[\s\\]/g, '\\$&')}`]
  return [...(given === undefined ? [] : [given]), ...role].join(' ')
}
