/** From settings to live objects: one table each for the names of session engines and databases. */
import type { DatabaseSync } from 'node:sqlite'
import type { UserCheckOptions } from './auth/current-user.ts'
import { type LoadUser, type UserTable, usersFromTable } from './auth/users.ts'
import type { Database } from './databases/database.ts'
import { type PostgresPool, postgres } from './databases/postgres.ts'
import { sqlite } from './databases/sqlite.ts'
import { loadWallClock, type WallClock, ZONE_CLOCK_REASON } from './databases/wall-clock.ts'
import { isNotFound, missingPackage, named, SettingsError } from './errors.ts'
import { chooseSerializer, type SerializerOptions } from './serializers/choose-serializer.ts'
import type { SessionClock } from './session/session.ts'
import { writesIsoExpiry, writesSignedSessions } from './settings/django-version.ts'
import type { DatabaseSettings, Settings } from './settings/settings.ts'
import type { SigningLimits } from './signing/signer.ts'
import { type DbStoreOptions, db } from './stores/db.ts'
import { observedStore } from './stores/observed-store.ts'
import { createSessionCodec } from './stores/session-data.ts'
import { expiryOf, expiryRule } from './stores/session-expiry.ts'
import type { SessionStore } from './stores/store.ts'

/** Clients of the site's own, by Django's alias; they are used and never closed. */
export interface Clients {
  readonly databases?: Readonly<Record<string, PostgresPool | DatabaseSync>>
}

export interface ConnectOptions extends SerializerOptions {
  readonly clients: Clients
  readonly now: () => Date
  readonly deadlineMs: number
  readonly limits: SigningLimits
  readonly sessionTable: { readonly name?: string; readonly columns?: DbStoreOptions['columns'] }
  readonly userTable: UserTable
  readonly loadUser: LoadUser | undefined
  readonly sessionAuthHash: UserCheckOptions['sessionAuthHash'] | undefined
}

/** What the requests of a bridge share once they need a session; nothing here has talked to a server yet. */
export interface Connections {
  readonly store: SessionStore
  readonly clock: SessionClock
  /** Null when the settings name no database with users and no hook loads them. */
  readonly loadUser: LoadUser | null
  /** What the user table has; null where a hook loads users, or no user is there yet. */
  userColumns(): Promise<readonly string[] | null>
  readonly sessionAuthHash?: NonNullable<UserCheckOptions['sessionAuthHash']>
  close(): Promise<void>
}

const ALIAS = 'default'

/** Session engines by Django's dotted path. */
const ENGINES: Readonly<Record<string, (parts: EngineParts) => SessionStore>> = {
  'django.contrib.sessions.backends.db': ({ settings, options, database, wallClock }) =>
    db({
      database,
      codec: createSessionCodec({
        SECRET_KEY: settings.SECRET_KEY,
        SECRET_KEY_FALLBACKS: settings.SECRET_KEY_FALLBACKS,
        limits: options.limits,
        serializer: chooseSerializer(settings.SESSION_SERIALIZER, options),
        writes: writesSignedSessions(settings.DJANGO_VERSION, settings.DEFAULT_HASHING_ALGORITHM) ? 'signed' : 'old',
        now: () => options.now().getTime(),
      }),
      expiryOf: expiryRule(settings, wallClock, options.now),
      wallClock,
      now: options.now,
      deadlineMs: options.deadlineMs,
      ...(options.sessionTable.name !== undefined && { table: options.sessionTable.name }),
      ...(options.sessionTable.columns !== undefined && { columns: options.sessionTable.columns }),
    }),
}

interface EngineParts {
  readonly settings: Settings
  readonly options: ConnectOptions
  readonly database: Database
  readonly wallClock: WallClock
}

const POSTGRES_REASON = 'DATABASES.default with ENGINE postgresql'

/** Finds what can be wrong without a connection. @throws SettingsError, DriverMissingError */
export function checkConnections(settings: Settings, options: ConnectOptions): void {
  if (!(settings.SESSION_ENGINE in ENGINES)) {
    throw new SettingsError(
      `SESSION_ENGINE ${named(settings.SESSION_ENGINE)} is not supported; supported: ${Object.keys(ENGINES).join(', ')}.`,
    )
  }
  chooseSerializer(settings.SESSION_SERIALIZER, options)
  if (!settings.USE_TZ && !('Temporal' in globalThis)) needPackage('temporal-polyfill', ZONE_CLOCK_REASON)
  if (options.clients.databases?.[ALIAS] !== undefined) return
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

/** Makes the live objects; servers are reached when the first statement needs them. */
export async function connect(settings: Settings, options: ConnectOptions): Promise<Connections> {
  const wallClock = await loadWallClock(settings)
  const database = openDatabase(settings, options, wallClock)
  const engine = ENGINES[settings.SESSION_ENGINE]
  if (engine === undefined) throw new SettingsError('SESSION_ENGINE is not supported.')
  const users = usersFromTable(database, settings.AUTH_USER_MODEL, options.userTable, options.deadlineMs)
  return {
    store: observedStore(engine({ settings, options, database, wallClock }), settings.SESSION_ENGINE),
    clock: {
      now: options.now,
      wallClock,
      expiryOf: (value, modification) => expiryOf(value, settings, wallClock, modification),
      writesIsoExpiry: settings.DJANGO_VERSION !== undefined && writesIsoExpiry(settings.DJANGO_VERSION),
    },
    loadUser: options.loadUser ?? users.load,
    userColumns: async () => (options.loadUser === undefined ? users.columns() : null),
    ...(options.sessionAuthHash && { sessionAuthHash: options.sessionAuthHash }),
    close: () => database.close(),
  }
}

function openDatabase(settings: Settings, options: ConnectOptions, wallClock: WallClock): Database {
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

/** In a bundle a package may be part of it; there, a missing one shows on first use. */
function needPackage(name: string, reason: string): void {
  if (!liesInItsPackage()) return
  try {
    import.meta.resolve(name)
  } catch {
    throw missingPackage(name, reason)
  }
}

/** Whether this file lies in the folder of this package, where its neighbours are found by name. */
function liesInItsPackage(): boolean {
  try {
    const folder = new URL('.', import.meta.resolve('django-session-bridge/package.json')).href
    return import.meta.url.startsWith(folder)
  } catch {
    return false
  }
}
