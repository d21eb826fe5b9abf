/**
 * The way in. `createBridge(settings)` once per process; `bridge.open(request)` for every request; then
 * `await django.session()`, `await django.user()`, and `await django.finish(status)` at the end.
 *
 * A request goes down once, adapter → bridge → context → cookie → session → store → database, and up once.
 */
import type { UserCheckOptions } from './auth/current-user.ts'
import { isJsonType } from './auth/field-types.ts'
import type { UserTable } from './auth/user-table.ts'
import type { LoadUser } from './auth/users.ts'
import { type Clients, checkConnections, connect, keyRuleOf } from './connect/connect.ts'
import { lazyConnections } from './connect/lazy-connections.ts'
import { type ContextHooks, type ContextParts, DjangoContext } from './context.ts'
import { strip } from './cookies/cookie-header.ts'
import { createJwtCookie } from './cookies/jwt-cookie.ts'
import { plainCookie, type SessionCookie } from './cookies/session-cookie.ts'
import { isAttributeName } from './cookies/set-cookie.ts'
import { SettingsError } from './errors.ts'
import { Evidence } from './evidence.ts'
import { parseFields } from './jwt/claims.ts'
import type { PickleSerializerOptions } from './serializers/pickle-serializer.ts'
import type { SiteSerializer } from './serializers/site-serializer.ts'
import { lacksExpires } from './settings/session-jwt.ts'
import { checkSettings, type DjangoSettings, type Settings } from './settings/settings.ts'
import { refuseUnclear, type Unclear, type UnclearCode } from './settings/unclear.ts'
import type { SigningLimits } from './signing/signer.ts'
import type { DbStoreOptions } from './stores/db.ts'
import type { RequestInfo } from './stores/store.ts'
import { type BridgeWarning, createWarnings } from './warnings.ts'

/**
 * The site's own functions, all optional. An error that `onSuspicious` or `onWarning` throws goes nowhere, nor does a
 * promise of theirs that rejects.
 */
export interface BridgeHooks extends ContextHooks {
  /** Loads a user instead of the table of AUTH_USER_MODEL. */
  readonly loadUser?: LoadUser
  /** For user models whose `get_session_auth_hash` is their own. */
  readonly sessionAuthHash?: NonNullable<UserCheckOptions['sessionAuthHash']>
  /**
   * Called with warnings about the settings, about a cache that cached_db does without and, where `onSuspicious` is not
   * given, about the cookies of visitors. `process.emitWarning` by default.
   */
  readonly onWarning?: (warning: BridgeWarning) => unknown
  /** The clock; the system's by default. */
  readonly now?: () => Date
}

export type { BridgeWarning, WarningCode } from './warnings.ts'

/** What has no name among Django's settings. */
export interface BridgeOptions {
  /** The table of the site's own session model, and values for its columns beside Django's three. */
  readonly sessionTable?: { readonly name?: string; readonly columns?: NonNullable<DbStoreOptions['columns']> }
  /**
   * The `key_salt` of the site's own SessionStore class: `django.contrib.sessions.` and the class's name. Default
   * that of Django's own, `django.contrib.sessions.SessionStore`. Of no effect on engines that sign nothing with it.
   */
  readonly sessionSalt?: string
  /**
   * The `cache_key_prefix` of the site's own SessionStore class of `cache` or `cached_db`. Default Django's,
   * `django.contrib.sessions.cache` and `django.contrib.sessions.cached_db`.
   */
  readonly sessionCacheKeyPrefix?: string
  readonly userTable?: UserTable
  /**
   * Other cookies to look for, in this order, where there is no SESSION_COOKIE_NAME; only that one is written. A flush
   * ends the sessions of all of them, and deletes the cookies with SESSION_COOKIE_DOMAIN and SESSION_COOKIE_PATH.
   */
  readonly readCookieNames?: readonly string[]
  /** Milliseconds that one call of a store may take: database, cache or files. Default 2000. */
  readonly deadlineMs?: number
  /** How large stored sessions may be; default 1 MiB as stored, 8 MiB decompressed. */
  readonly limits?: SigningLimits
  /**
   * Redis: how many replicas must know of a logout or a change of key before it is done, so that a failover cannot undo
   * it. It costs each the way to them and back, during which the connection waits. Too few of them are an error, in
   * `cached_db` the warning `logout_not_in_cache`. Default 0.
   */
  readonly logoutReplicas?: number
  /**
   * PostgreSQL: whether each statement is prepared once for a connection, which spares the server to parse and plan it
   * at every call. Behind a pooler that does not keep prepared statements, the first call finds out and they are off
   * from then on; false leaves them off from the start. Default true.
   */
  readonly preparedStatements?: boolean
  /** For SESSION_SERIALIZER of a class named PickleSerializer: codecs of the site's own classes, limits, the protocol. */
  readonly pickle?: PickleSerializerOptions
  /** What SESSION_SERIALIZER does, in JavaScript, where it names a class that only the site has. */
  readonly serializer?: SiteSerializer
  /** Accepts HMAC secrets below 20 bytes and RSA keys below 2048 bits. */
  readonly allowWeakKeys?: boolean
  /** Backends of the site's own that let inactive users in, as Django's AllowAllUsersModelBackend does. */
  readonly backendsAllowingInactive?: readonly string[]
  /** What the project's Python decides and Node cannot follow, as `settingsFromDjango` found it. */
  readonly unclear?: readonly Unclear[]
  /** Codes of `unclear` that the site accepts without a hook or option that answers them. */
  readonly acknowledge?: readonly UnclearCode[]
}

export interface BridgeParts {
  readonly clients?: Clients
  readonly hooks?: BridgeHooks
  readonly options?: BridgeOptions
}

export interface Bridge {
  readonly settings: Settings
  /** Starts a request. No I/O happens before its session is asked for. */
  open(request: RequestInfo): DjangoContext
  /**
   * For start-up, optional: reaches the servers of the sessions, reads the newest of `db`, `cached_db` and `file`, and
   * looks for the columns of FIELDS. A cache does not tell which of its sessions are new; `signed_cookies` stores none.
   * A session that it reads, and a login that it verifies, count as evidence that the settings are right: see
   * docs/decisions/0045-evidence-before-damage.md.
   * @throws StoreUnavailable; SettingsError when no stored session can be read with these settings, or FIELDS names
   * what the user table does not have
   */
  check(): Promise<void>
  /** Deletes expired sessions, as `manage.py clearsessions` does; returns how many. */
  clearExpired(): Promise<number>
  /**
   * Ends the connections that the bridge opened itself. A request that asks for its session from then on gets
   * StoreUnavailable with the reason `closed`; one that does not ask for it is answered.
   */
  close(): Promise<void>
}

const DEFAULT_DEADLINE_MS = 2000

/**
 * Joins a Django site's sessions.
 * @param settings Django's own names and shapes; SECRET_KEY and what else differs from Django's defaults
 * @throws SettingsError, DriverMissingError: everything that can be known to be wrong without a connection
 */
export function createBridge(
  settings: DjangoSettings,
  { clients = {}, hooks = {}, options = {} }: BridgeParts = {},
): Bridge {
  const checked = checkSettings(settings)
  if (isAttributeName(checked.SESSION_COOKIE_NAME)) {
    throw new SettingsError('SESSION_COOKIE_NAME must not be the name of an attribute such as Path.')
  }
  refuseUnclear({ hooks, options, hasDatabaseClient: clients.databases?.default !== undefined })
  const now = hooks.now ?? (() => new Date())
  const warnings = createWarnings(hooks)
  const { warn } = warnings
  const connectOptions = {
    clients,
    now,
    deadlineMs: positive(options.deadlineMs ?? DEFAULT_DEADLINE_MS),
    limits: options.limits ?? {},
    logoutReplicas: wholeNumber(options.logoutReplicas ?? 0),
    preparedStatements: options.preparedStatements,
    ...(options.pickle && { pickle: options.pickle }),
    ...(options.serializer && { serializer: options.serializer }),
    sessionTable: options.sessionTable ?? {},
    ...(options.sessionSalt !== undefined && { sessionSalt: options.sessionSalt }),
    ...(options.sessionCacheKeyPrefix !== undefined && { sessionCacheKeyPrefix: options.sessionCacheKeyPrefix }),
    userTable: options.userTable ?? {},
    loadUser: hooks.loadUser,
    sessionAuthHash: hooks.sessionAuthHash,
    ...(options.backendsAllowingInactive && { backendsAllowingInactive: options.backendsAllowingInactive }),
    warn,
  }
  const cookie = chooseCookie(checked, hooks, options, now, warn)
  checkConnections(checked, connectOptions)
  if (!checked.SESSION_COOKIE_SECURE && !checked.DEBUG) {
    const message = 'SESSION_COOKIE_SECURE is off: session cookies travel over plain HTTP too. Set it, or DEBUG.'
    warn({ code: 'cookie_not_secure', message })
  }
  if (checked.DJANGO_SESSION_JWT !== null && lacksExpires(settings.DJANGO_SESSION_JWT ?? {})) {
    const message = 'DJANGO_SESSION_JWT has no EXPIRES: django-session-jwt answers 500 to every request without it.'
    warn({ code: 'jwt_without_expires', message })
  }

  const connections = lazyConnections(() => connect(checked, connectOptions))
  const evidence = new Evidence(checked)
  const parts: ContextParts = {
    settings: checked,
    cookie,
    readCookieNames: Array.from(new Set([checked.SESSION_COOKIE_NAME, ...(options.readCookieNames ?? [])])),
    hooks,
    now,
    connect: connections.get,
    report: warnings.report,
    evidence,
    warn,
  }
  return {
    settings: checked,
    open: (request) => new DjangoContext(parts, seenThroughProxy(request, checked)),
    async check() {
      const live = await connections.get()
      await live.store.check()
      await evidence.gather(live)
      if (hooks.jwtClaims === undefined) checkFieldColumns(checked, await live.userColumns())
    },
    clearExpired: async () => (await connections.get()).store.clearExpired(),
    async close() {
      warnings.close()
      await connections.close()
    },
  }
}

/** The proxy's word on host and HTTPS goes before what the adapter sees. @see django/http/request.py HttpRequest */
function seenThroughProxy(request: RequestInfo, settings: Settings): RequestInfo {
  const forwarded = settings.USE_X_FORWARDED_HOST ? request.headers['x-forwarded-host'] : undefined
  const seen = forwarded === undefined ? request : { ...request, host: String(forwarded) }
  return settings.SECURE_PROXY_SSL_HEADER === null ? seen : withScheme(seen, settings.SECURE_PROXY_SSL_HEADER)
}

function withScheme(request: RequestInfo, [metaName, value]: readonly [header: string, value: string]): RequestInfo {
  const name = metaName.slice('HTTP_'.length).replaceAll('_', '-').toLowerCase()
  const header = Object.hasOwn(request.headers, name) ? request.headers[name] : undefined
  if (header === undefined) return request
  const [first = ''] = String(header).split(',', 1)
  return { ...request, secure: strip(first) === value }
}

function chooseCookie(
  settings: Settings,
  hooks: BridgeHooks,
  options: BridgeOptions,
  now: () => Date,
  warn: (warning: BridgeWarning) => void,
): SessionCookie {
  const jwt = settings.DJANGO_SESSION_JWT
  if (jwt === null) return plainCookie(keyRuleOf(settings))
  return createJwtCookie({
    settings,
    jwt,
    judgeKey: keyRuleOf(settings),
    hasClaimsHook: hooks.jwtClaims !== undefined,
    allowWeakKeys: options.allowWeakKeys === true,
    now,
    onWeakKey: () =>
      warn({
        code: 'weak_hmac_key',
        message: 'The secret of the JWT cookie has less than 32 bytes, which HS256 asks for.',
      }),
  })
}

/** Django leaves out a field that the user does not have; more likely it is a property of Python's. */
function checkFieldColumns(settings: Settings, columns: ReadonlyMap<string, string | undefined> | null): void {
  const jwt = settings.DJANGO_SESSION_JWT
  if (jwt === null || columns === null) return
  const fields = parseFields(jwt.FIELDS, jwt.SESSION_FIELD)
  const missing = fields.find(({ attribute }) => !columns.has(attribute))
  if (missing !== undefined) {
    throw new SettingsError(
      `DJANGO_SESSION_JWT FIELDS: the user table has no column ${missing.attribute}. If Python computes it, give ` +
        `hooks.jwtClaims, which returns "${missing.short}".`,
    )
  }
  const refused = fields.find(({ attribute }) => !isJsonType(columns.get(attribute)))
  if (refused === undefined) return
  throw new SettingsError(
    `DJANGO_SESSION_JWT FIELDS: ${refused.attribute} is a ${columns.get(refused.attribute)}, whose values JSON cannot ` +
      'hold and with which django-session-jwt fails: take it out, or give hooks.jwtClaims.',
  )
}

function wholeNumber(count: number): number {
  if (Number.isSafeInteger(count) && count >= 0) return count
  throw new SettingsError('options.logoutReplicas is a whole number.')
}

function positive(milliseconds: number): number {
  if (Number.isFinite(milliseconds) && milliseconds > 0) return milliseconds
  throw new SettingsError('options.deadlineMs is a positive number of milliseconds.')
}
