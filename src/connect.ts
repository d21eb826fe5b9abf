/** From settings to live objects: one table for the names of session engines. */
import type { UserCheckOptions } from './auth/current-user.ts'
import { type LoadUser, type UserTable, usersFromTable } from './auth/users.ts'
import type { BridgeWarning } from './bridge.ts'
import type { ConnectedCache } from './caches/cache.ts'
import { checkCache, openCache } from './connect-cache.ts'
import { checkDatabase, type DatabaseClient, hasDatabase, openDatabase } from './connect-database.ts'
import { MOST_COOKIE_BYTES } from './cookies/set-cookie.ts'
import type { Database } from './databases/database.ts'
import { loadWallClock, type WallClock, ZONE_CLOCK_REASON } from './databases/wall-clock.ts'
import { named, SettingsError } from './errors.ts'
import { needPackage } from './optional-package.ts'
import { chooseSerializer, type SerializerOptions } from './serializers/choose-serializer.ts'
import type { SessionClock } from './session/session.ts'
import { loginHashes, readsSha1, writesSignedSessions } from './settings/django-version.ts'
import type { Settings } from './settings/settings.ts'
import type { SigningLimits } from './signing/signer.ts'
import { cache } from './stores/cache.ts'
import type { CacheWarning } from './stores/cache-outage.ts'
import { cachedCopies } from './stores/cached-copies.ts'
import { cachedDb } from './stores/cached-db.ts'
import { type DbStoreOptions, db, type RowStore } from './stores/db.ts'
import { momentRule } from './stores/expiry-moment.ts'
import { file } from './stores/file.ts'
import { fileStoragePath } from './stores/file-storage-path.ts'
import { observedStore } from './stores/observed-store.ts'
import { createSessionCodec, type SessionCodec } from './stores/session-data.ts'
import { type ExpiryRule, expiryOf, expiryRule } from './stores/session-expiry.ts'
import { judgeSessionKey, type SessionKeyRule, sessionKeyRule } from './stores/session-key.ts'
import { signedCookies } from './stores/signed-cookies.ts'
import type { SessionStore } from './stores/store.ts'

/** Clients of the site's own, by Django's alias; they are used and never closed. */
export interface Clients {
  readonly databases?: Readonly<Record<string, DatabaseClient>>
  readonly caches?: Readonly<Record<string, object>>
}

export interface ConnectOptions extends SerializerOptions {
  readonly clients: Clients
  readonly now: () => Date
  readonly deadlineMs: number
  readonly limits: SigningLimits
  readonly logoutReplicas: number
  readonly warn: (warning: BridgeWarning) => void
  readonly sessionTable: { readonly name?: string; readonly columns?: DbStoreOptions['columns'] }
  readonly sessionSalt?: string
  readonly sessionCacheKeyPrefix?: string
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
  readonly loginHashes: UserCheckOptions['loginHashes']
  readonly sessionAuthHash?: NonNullable<UserCheckOptions['sessionAuthHash']>
  close(): Promise<void>
}

/** What an engine is made of; servers are reached when the first call needs them. */
interface EngineParts {
  readonly settings: Settings
  readonly options: ConnectOptions
  readonly wallClock: WallClock
  readonly codec: SessionCodec
  readonly expiryOf: ExpiryRule
  readonly database: () => Database
  readonly cache: () => ConnectedCache
}

interface Engine {
  readonly needs: readonly ('database' | 'cache')[]
  /** Which texts may be keys of its sessions. Default `judgeSessionKey`. */
  readonly judgeKey?: SessionKeyRule
  /** Finds what else can be wrong. @throws SettingsError */
  check?(settings: Settings): void
  open(parts: EngineParts): SessionStore
}

/** Session engines by Django's dotted path. */
const ENGINES: Readonly<Record<string, Engine>> = {
  'django.contrib.sessions.backends.cache': { needs: ['cache'], open: openCacheEngine },
  'django.contrib.sessions.backends.cached_db': { needs: ['database', 'cache'], open: openCachedDb },
  'django.contrib.sessions.backends.db': { needs: ['database'], open: openDb },
  'django.contrib.sessions.backends.file': {
    needs: [],
    check: ({ SESSION_FILE_PATH }) => void fileStoragePath(SESSION_FILE_PATH),
    open: openFile,
  },
  'django.contrib.sessions.backends.signed_cookies': {
    needs: [],
    judgeKey: sessionKeyRule(MOST_COOKIE_BYTES),
    check: checkSignedCookies,
    open: openSignedCookies,
  },
}

function openCacheEngine({ options, expiryOf, cache: connected }: EngineParts): SessionStore {
  const { now, deadlineMs } = options
  return cache({ cache: connected(), expiryOf, now, deadlineMs, ...ownKeyPrefix(options) })
}

function openCachedDb(parts: EngineParts): SessionStore {
  const { options, expiryOf, cache: connected } = parts
  const { now, deadlineMs } = options
  const warn = (code: CacheWarning, message: string): void => options.warn({ code, message })
  return cachedDb({
    rows: openDb(parts),
    copies: cachedCopies({ ...connected(), expiryOf, now, deadlineMs, warn, ...ownKeyPrefix(options) }),
    deadlineMs,
  })
}

function ownKeyPrefix({ sessionCacheKeyPrefix: keyPrefix }: ConnectOptions): { keyPrefix?: string } {
  return keyPrefix === undefined ? {} : { keyPrefix }
}

function openDb({ options, wallClock, codec, expiryOf, database }: EngineParts): RowStore {
  return db({
    database: database(),
    codec,
    expiryOf,
    wallClock,
    now: options.now,
    deadlineMs: options.deadlineMs,
    ...(options.sessionTable.name !== undefined && { table: options.sessionTable.name }),
    ...(options.sessionTable.columns !== undefined && { columns: options.sessionTable.columns }),
  })
}

function openFile({ settings, options, wallClock, codec, expiryOf }: EngineParts): SessionStore {
  return file({
    folder: fileStoragePath(settings.SESSION_FILE_PATH),
    prefix: settings.SESSION_COOKIE_NAME,
    codec,
    expiryOf,
    wallClock,
    now: options.now,
    deadlineMs: options.deadlineMs,
    ...(options.limits.inputLength !== undefined && { inputLength: options.limits.inputLength }),
  })
}

function openSignedCookies({ settings, options, expiryOf }: EngineParts): SessionStore {
  return signedCookies({
    SECRET_KEY: settings.SECRET_KEY,
    SECRET_KEY_FALLBACKS: settings.SECRET_KEY_FALLBACKS,
    SESSION_COOKIE_AGE: settings.SESSION_COOKIE_AGE,
    SESSION_COOKIE_NAME: settings.SESSION_COOKIE_NAME,
    serializer: chooseSerializer(settings.SESSION_SERIALIZER, options),
    expiryOf,
    now: options.now,
    limits: options.limits,
    hash: writesSignedSessions(settings.DJANGO_VERSION, settings.DEFAULT_HASHING_ALGORITHM) ? 'sha256' : 'sha1',
    readsSha1: readsSha1(settings.DJANGO_VERSION),
  })
}

/** Every write gives such a session another key, so a token must be issued each time. */
function checkSignedCookies({ DJANGO_SESSION_JWT: jwt }: Settings): void {
  if (jwt === null || !Array.isArray(jwt.KEY) || jwt.KEY[0] !== null) return
  throw new SettingsError(
    'DJANGO_SESSION_JWT KEY has no private key, which SESSION_ENGINE signed_cookies needs: there the token holds the ' +
      'session, and is issued with every change.',
  )
}

/** Which texts may be session keys with the engine of these settings. @throws SettingsError for an unknown engine */
export function keyRuleOf(settings: Settings): SessionKeyRule {
  return engineOf(settings).judgeKey ?? judgeSessionKey
}

/** Finds what can be wrong without a connection. @throws SettingsError, DriverMissingError */
export function checkConnections(settings: Settings, options: ConnectOptions): void {
  const { needs, check } = engineOf(settings)
  check?.(settings)
  chooseSerializer(settings.SESSION_SERIALIZER, options)
  if (!settings.USE_TZ && !('Temporal' in globalThis)) needPackage('temporal-polyfill', ZONE_CLOCK_REASON)
  if (needs.includes('database') || hasDatabase(settings, options)) checkDatabase(settings, options)
  if (needs.includes('cache')) checkCache(settings, options)
}

/** Makes the live objects; servers are reached when the first statement needs them. */
export async function connect(settings: Settings, options: ConnectOptions): Promise<Connections> {
  const wallClock = await loadWallClock(settings)
  const opened: { close(): Promise<void> }[] = []
  const kept = <T extends { close(): Promise<void> }>(live: T): T => {
    opened.push(live)
    return live
  }
  const database = hasDatabase(settings, options) ? kept(openDatabase(settings, options, wallClock)) : null
  const engine = engineOf(settings)
  const surroundings = { database: () => database ?? neverMissing(), instant: wallClock.instant }
  const cache = engine.needs.includes('cache') ? await openCache(settings, options, surroundings) : null
  if (cache !== null) kept(cache.cache)
  const store = engine.open({
    settings,
    options,
    wallClock,
    codec: sessionCodec(settings, options),
    expiryOf: expiryRule(settings, wallClock, options.now),
    database: surroundings.database,
    cache: () => cache ?? neverMissing(),
  })
  const users = database && usersFromTable(database, settings.AUTH_USER_MODEL, options.userTable, options.deadlineMs)
  return {
    store: observedStore(store, settings.SESSION_ENGINE),
    clock: {
      now: options.now,
      wallClock,
      expiryOf: (value, modification) => expiryOf(value, settings, wallClock, modification),
      storedMoment: momentRule(settings.DJANGO_VERSION, { keepsTypes: keepsTypes(settings, options), wallClock }),
    },
    loadUser: options.loadUser ?? users?.load ?? null,
    userColumns: async () => (options.loadUser === undefined && users !== null ? users.columns() : null),
    loginHashes: loginHashes(settings.DJANGO_VERSION, settings.DEFAULT_HASHING_ALGORITHM),
    ...(options.sessionAuthHash && { sessionAuthHash: options.sessionAuthHash }),
    async close() {
      for (const live of opened) await live.close()
    },
  }
}

/** Whether a value of Python's own types comes back as it was: from a pickle. */
function keepsTypes(settings: Settings, options: ConnectOptions): boolean {
  if (settings.SESSION_ENGINE.endsWith('.cache'))
    return settings.CACHES[settings.SESSION_CACHE_ALIAS]?.options.SERIALIZER === undefined
  return (
    options.serializer === undefined &&
    chooseSerializer(settings.SESSION_SERIALIZER, options).name.endsWith('PickleSerializer')
  )
}

function engineOf({ SESSION_ENGINE: name }: Settings): Engine {
  const engine = ENGINES[name]
  if (engine !== undefined) return engine
  const known = Object.keys(ENGINES).join(', ')
  throw new SettingsError(`SESSION_ENGINE ${named(name)} is not supported; supported: ${known}.`)
}

/** checkConnections has refused an engine without what it needs. */
function neverMissing(): never {
  throw new SettingsError('DATABASES.default, or a cache, is missing.')
}

/** The format of `db`, `file` and the rows of `cached_db`. */
function sessionCodec(settings: Settings, options: ConnectOptions): SessionCodec {
  return createSessionCodec({
    SECRET_KEY: settings.SECRET_KEY,
    SECRET_KEY_FALLBACKS: settings.SECRET_KEY_FALLBACKS,
    ...(options.sessionSalt !== undefined && { salt: options.sessionSalt }),
    limits: options.limits,
    serializer: chooseSerializer(settings.SESSION_SERIALIZER, options),
    writes: writesSignedSessions(settings.DJANGO_VERSION, settings.DEFAULT_HASHING_ALGORITHM) ? 'signed' : 'old',
    readsSha1: readsSha1(settings.DJANGO_VERSION),
    now: () => options.now().getTime(),
  })
}
