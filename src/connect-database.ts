/** From DATABASES.default to a live database. */
import type { DatabaseSync } from 'node:sqlite'
import type { Database } from './databases/database.ts'
import { type PostgresPool, postgres } from './databases/postgres.ts'
import { sqlite } from './databases/sqlite.ts'
import type { WallClock } from './databases/wall-clock.ts'
import { isNotFound, missingPackage, named, SettingsError } from './errors.ts'
import { needPackage } from './optional-package.ts'
import type { DatabaseSettings, Settings } from './settings/settings.ts'

/** An open client of the site's own. */
export type DatabaseClient = PostgresPool | DatabaseSync

const ALIAS = 'default'
const POSTGRES_REASON = 'DATABASES.default with ENGINE postgresql'

export interface DatabaseOptions {
  readonly clients: { readonly databases?: Readonly<Record<string, DatabaseClient>> }
  readonly deadlineMs: number
}

/** Whether there is a database at all, for users where the sessions are elsewhere. */
export function hasDatabase(settings: Settings, { clients }: DatabaseOptions): boolean {
  return clients.databases?.[ALIAS] !== undefined || settings.DATABASES[ALIAS] !== undefined
}

/** Finds what can be wrong without a connection. @throws SettingsError, DriverMissingError */
export function checkDatabase(settings: Settings, { clients }: DatabaseOptions): void {
  if (clients.databases?.[ALIAS] !== undefined) return
  const database = settings.DATABASES[ALIAS]
  if (database === undefined) {
    throw new SettingsError(
      `SESSION_ENGINE ${named(settings.SESSION_ENGINE)} needs DATABASES.default (Django's dictionary or a URL; ` +
        'settingsFromEnv() takes it from DATABASE_URL), or an open client in clients.databases.default.',
    )
  }
  if (database.vendor === 'mysql')
    throw new SettingsError('DATABASES.default: MySQL and MariaDB are not supported yet.')
  if (database.vendor === 'postgresql') needPackage('pg', POSTGRES_REASON)
}

/** Makes the live object; the server is reached when the first statement needs it. */
export function openDatabase(settings: Settings, options: DatabaseOptions, wallClock: WallClock): Database {
  const client = options.clients.databases?.[ALIAS]
  if (client !== undefined && 'prepare' in client) return sqlite({ path: '', wallClock, client })
  if (client !== undefined) return postgres({ pool: async () => client })
  const database = settings.DATABASES[ALIAS]
  if (database?.vendor === 'sqlite') return sqlite({ path: database.name, wallClock })
  if (database?.vendor === 'postgresql') {
    return postgres({
      pool: () => openPool(database, options.deadlineMs),
      end: (pool) => (pool as unknown as { end(): Promise<void> }).end(),
    })
  }
  throw new SettingsError('DATABASES.default is not supported.')
}

async function openPool(database: DatabaseSettings, deadlineMs: number): Promise<PostgresPool> {
  const { default: pg } = await importPg()
  return new pg.Pool({
    database: database.name,
    ...(database.user && { user: database.user }),
    ...(database.password && { password: database.password }),
    ...(database.host && { host: database.host }),
    ...(database.port && { port: database.port }),
    ...sslOf(database.options.sslmode),
    connectionTimeoutMillis: deadlineMs,
    application_name: 'django-session-bridge',
  }) as unknown as PostgresPool
}

// A literal name, in a `try`: bundlers then take the package in where it is installed, and go without where it is not.
async function importPg(): Promise<typeof import('pg')> {
  try {
    return await import('pg')
  } catch (error) {
    throw isNotFound(error) ? missingPackage('pg', POSTGRES_REASON) : error
  }
}

/** libpq's sslmode; only the two `verify` modes check the server's certificate, as there. */
function sslOf(mode: unknown): { ssl?: { rejectUnauthorized: boolean } | false } {
  if (mode === undefined || mode === 'prefer' || mode === 'allow') return {}
  if (mode === 'disable') return { ssl: false }
  return { ssl: { rejectUnauthorized: mode === 'verify-ca' || mode === 'verify-full' } }
}
