/** From settings to live objects, which requests share. */
import type { UserCheckOptions } from '../auth/current-user.ts'
import type { UserTable } from '../auth/user-table.ts'
import { checkUserTable, type LoadUser, type UsersInTable, usersFromTable } from '../auth/users.ts'
import { loadWallClock, ZONE_CLOCK_REASON } from '../databases/wall-clock.ts'
import { SettingsError } from '../errors.ts'
import { chooseSerializer, type SerializerOptions } from '../serializers/choose-serializer.ts'
import type { SessionClock } from '../session/session.ts'
import { loginHashes } from '../settings/django-version.ts'
import type { Settings } from '../settings/settings.ts'
import type { SigningLimits } from '../signing/signer.ts'
import type { DbStoreOptions } from '../stores/db.ts'
import { momentRule } from '../stores/expiry-moment.ts'
import { observedStore } from '../stores/observed-store.ts'
import { expiryOf, expiryRule } from '../stores/session-expiry.ts'
import { judgeSessionKey, type SessionKeyRule } from '../stores/session-key.ts'
import type { SessionStore } from '../stores/store.ts'
import type { BridgeWarning } from '../warnings.ts'
import { checkCache, openCache } from './cache.ts'
import { checkDatabase, type DatabaseClient, dialectOf, hasDatabase, openDatabase } from './database.ts'
import { engineOf, keepsTypes, sessionCodec } from './engines.ts'
import { bridgeClosed } from './lazy-connections.ts'
import { needPackage } from './optional-package.ts'
import { naming, sessionPlace, userPlace } from './places.ts'

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
  readonly preparedStatements?: boolean | undefined
  readonly warn: (warning: BridgeWarning) => void
  readonly sessionTable: { readonly name?: string; readonly columns?: DbStoreOptions['columns'] }
  readonly sessionSalt?: string
  readonly sessionCacheKeyPrefix?: string
  readonly userTable: UserTable
  readonly loadUser: LoadUser | undefined
  readonly sessionAuthHash: UserCheckOptions['sessionAuthHash'] | undefined
  readonly backendsAllowingInactive?: readonly string[]
}

/** What the requests of a bridge share once they need a session; nothing here has talked to a server yet. */
export interface Connections {
  readonly store: SessionStore
  readonly clock: SessionClock
  /** Null when the settings name no database with users and no hook loads them. */
  readonly loadUser: LoadUser | null
  /** Of which user a session speaks, where the table has them. */
  readonly keyText?: UsersInTable['keyText']
  /** What the user table has, with the types of fields; null where a hook loads users. */
  userColumns(): Promise<Awaited<ReturnType<UsersInTable['columns']>> | null>
  readonly loginHashes: UserCheckOptions['loginHashes']
  readonly sessionAuthHash?: NonNullable<UserCheckOptions['sessionAuthHash']>
  readonly backendsAllowingInactive?: readonly string[]
  close(): Promise<void>
}

/** Which texts may be session keys with the engine of these settings. @throws SettingsError for an unknown engine */
export function keyRuleOf(settings: Settings): SessionKeyRule {
  return engineOf(settings).judgeKey ?? judgeSessionKey
}

/** Finds what can be wrong without a connection. @throws SettingsError, DriverMissingError */
export function checkConnections(settings: Settings, options: ConnectOptions): void {
  const { needs, check } = engineOf(settings)
  check?.(settings, options)
  chooseSerializer(settings.SESSION_SERIALIZER, options)
  if (!settings.USE_TZ && !('Temporal' in globalThis)) needPackage('temporal-polyfill', ZONE_CLOCK_REASON)
  if (needs.includes('database') || hasDatabase(settings, options)) {
    checkDatabase(settings, options)
    const { using } = options.userTable
    if (options.loadUser === undefined) checkDatabase(settings, options, using)
    checkUserTable(dialectOf(settings, options, using), settings.AUTH_USER_MODEL, options.userTable)
  }
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
  // A token must not outlive its session, nor a copy its row; a plain cookie is sent only for what was just written.
  const hasRows = engine.needs.includes('database')
  const asksEnd = settings.DJANGO_SESSION_JWT !== null || hasRows
  const cacheOptions = { ...options, asksEnd, hasCircuit: !hasRows }
  const cache = engine.needs.includes('cache') ? await openCache(settings, cacheOptions, surroundings) : null
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
  let isClosed = false
  const refuseOnceClosed = (): void => {
    if (isClosed) throw bridgeClosed()
  }
  const named =
    <Asked, Answer>(ask: (asked: Asked) => Promise<Answer>) =>
    (asked: Asked): Promise<Answer> =>
      naming(
        'Users',
        () => userPlace(settings, options),
        () => ask(asked),
      )
  const { using } = options.userTable
  const hasOwnDatabase = using !== undefined && using !== 'default' && options.loadUser === undefined
  const userDatabase = hasOwnDatabase ? kept(openDatabase(settings, options, wallClock, using)) : database
  const users =
    userDatabase && usersFromTable(userDatabase, settings.AUTH_USER_MODEL, options.userTable, options.deadlineMs)
  return {
    store: observedStore(store, settings.SESSION_ENGINE, refuseOnceClosed, (call) =>
      naming('Sessions', () => sessionPlace(settings, options), call),
    ),
    clock: {
      now: options.now,
      wallClock,
      expiryOf: (value, modification) => expiryOf(value, settings, wallClock, modification),
      storedMoment: momentRule(settings.DJANGO_VERSION, { keepsTypes: keepsTypes(settings, options), wallClock }),
    },
    loadUser: options.loadUser ?? (users && whileOpen(named(users.load), refuseOnceClosed)),
    ...(options.loadUser === undefined &&
      users !== null && { keyText: whileOpen(named(users.keyText), refuseOnceClosed) }),
    userColumns: async () =>
      options.loadUser === undefined && users !== null ? named(users.columns)(undefined) : null,
    loginHashes: loginHashes(settings.DJANGO_VERSION, settings.DEFAULT_HASHING_ALGORITHM),
    ...(options.sessionAuthHash && { sessionAuthHash: options.sessionAuthHash }),
    ...(options.backendsAllowingInactive && { backendsAllowingInactive: options.backendsAllowingInactive }),
    async close() {
      isClosed = true
      await closeAll([{ close: async () => store.close?.() }, ...opened])
    },
  }
}

function whileOpen<Asked, Answer>(
  ask: (asked: Asked) => Promise<Answer>,
  refuseOnceClosed: () => void,
): (asked: Asked) => Promise<Answer> {
  return async (asked) => {
    refuseOnceClosed()
    return ask(asked)
  }
}

/** One that cannot be closed keeps none of the others open. */
async function closeAll(opened: readonly { close(): Promise<void> }[]): Promise<void> {
  const failures: unknown[] = []
  for (const live of opened) await live.close().catch((error: unknown) => failures.push(error))
  if (failures.length > 0) throw failures[0]
}

/** checkConnections has refused an engine without what it needs. */
function neverMissing(): never {
  throw new SettingsError('DATABASES.default, or a cache, is missing.')
}
