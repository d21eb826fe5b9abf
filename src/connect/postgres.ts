/** From a PostgreSQL among DATABASES, with the OPTIONS of libpq, to a pool of our own. */
import type { Database } from '../databases/database.ts'
import { type PostgresPool, postgres } from '../databases/postgres.ts'
import { isNotFound, missingPackage, SettingsError } from '../errors.ts'
import type { DatabaseSettings } from '../settings/settings.ts'
import { needPackage } from './optional-package.ts'

const REASON = 'DATABASES.default with ENGINE postgresql'

/** Finds what can be wrong without a connection. @throws SettingsError, DriverMissingError */
export function checkPostgres(database: DatabaseSettings): void {
  needPackage('pg', REASON)
  startupOptions(database)
}

export function openPostgres(database: DatabaseSettings, deadlineMs: number): Database {
  return postgres({
    pool: () => openPool(database, deadlineMs),
    end: (pool) => (pool as unknown as { end(): Promise<void> }).end(),
  })
}

/** Connections get nothing but what they start with: behind PgBouncer, a SET would reach somebody else's. */
async function openPool(database: DatabaseSettings, deadlineMs: number): Promise<PostgresPool> {
  const { default: pg } = await importPg()
  return new pg.Pool({
    database: database.name,
    ...(database.user && { user: database.user }),
    ...(database.password && { password: database.password }),
    ...(database.host && { host: database.host }),
    ...(database.port && { port: database.port }),
    ...startupOptions(database),
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
    throw isNotFound(error) ? missingPackage('pg', REASON) : error
  }
}

/** libpq's `options`, such as `-c search_path=shop`, and what dj-database-url makes of `?currentSchema=shop`. */
function startupOptions({ options: given }: DatabaseSettings): { options?: string } {
  const { options, currentSchema } = given
  for (const [name, value] of Object.entries({ options, currentSchema })) {
    if (value !== undefined && typeof value !== 'string') {
      throw new SettingsError(`DATABASES.default: OPTIONS.${name} must be text.`)
    }
  }
  if (typeof currentSchema === 'string') return { options: `-c search_path=${currentSchema}` }
  return typeof options === 'string' ? { options } : {}
}

/** libpq's sslmode; only the two `verify` modes check the server's certificate, as there. */
function sslOf(mode: unknown): { ssl?: { rejectUnauthorized: boolean } | false } {
  if (mode === undefined || mode === 'prefer' || mode === 'allow') return {}
  if (mode === 'disable') return { ssl: false }
  return { ssl: { rejectUnauthorized: mode === 'verify-ca' || mode === 'verify-full' } }
}
