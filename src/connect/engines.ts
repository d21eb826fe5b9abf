/** Session engines: one table for their names, and how each is made of databases, caches and formats. */
import type { ConnectedCache } from '../caches/cache.ts'
import { MOST_COOKIE_BYTES } from '../cookies/set-cookie.ts'
import type { Database } from '../databases/database.ts'
import type { WallClock } from '../databases/wall-clock.ts'
import { named, SettingsError } from '../errors.ts'
import { chooseSerializer } from '../serializers/choose-serializer.ts'
import { sessionCacheOf } from '../settings/cache-setting.ts'
import { readsSha1, writesSignedSessions } from '../settings/django-version.ts'
import type { Settings } from '../settings/settings.ts'
import { cache } from '../stores/cache.ts'
import type { CacheWarning } from '../stores/cache-outage.ts'
import { cachedCopies } from '../stores/cached-copies.ts'
import { cachedDb } from '../stores/cached-db.ts'
import { db, type RowStore } from '../stores/db.ts'
import { file } from '../stores/file.ts'
import { fileStoragePath } from '../stores/file-storage-path.ts'
import { createSessionCodec, type SessionCodec } from '../stores/session-data.ts'
import type { ExpiryRule } from '../stores/session-expiry.ts'
import { type SessionKeyRule, sessionKeyRule } from '../stores/session-key.ts'
import { signedCookies } from '../stores/signed-cookies.ts'
import type { SessionStore } from '../stores/store.ts'
import type { ConnectOptions } from './connect.ts'
import { dialectOf } from './database.ts'

/** What an engine is made of; servers are reached when the first call needs them. */
export interface EngineParts {
  readonly settings: Settings
  readonly options: ConnectOptions
  readonly wallClock: WallClock
  readonly codec: SessionCodec
  readonly expiryOf: ExpiryRule
  readonly database: () => Database
  readonly cache: () => ConnectedCache
}

export interface Engine {
  readonly needs: readonly ('database' | 'cache')[]
  /** Which texts may be keys of its sessions. Default `judgeSessionKey`. */
  readonly judgeKey?: SessionKeyRule
  /** Finds what else can be wrong. @throws SettingsError */
  check?(settings: Settings, options: ConnectOptions): void
  open(parts: EngineParts): SessionStore
}

/** Session engines by Django's dotted path. */
const ENGINES: ReadonlyMap<string, Engine> = new Map(
  Object.entries<Engine>({
    'django.contrib.sessions.backends.cache': { needs: ['cache'], open: openCacheEngine },
    'django.contrib.sessions.backends.cached_db': {
      needs: ['database', 'cache'],
      check: checkTable,
      open: openCachedDb,
    },
    'django.contrib.sessions.backends.db': { needs: ['database'], check: checkTable, open: openDb },
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
  }),
)

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

function checkTable(settings: Settings, options: ConnectOptions): void {
  const { name } = options.sessionTable
  if (name !== undefined) dialectOf(settings, options).quote(name)
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

/** @throws SettingsError for a name that is not in the table */
export function engineOf({ SESSION_ENGINE: name }: Settings): Engine {
  const engine = ENGINES.get(name)
  if (engine !== undefined) return engine
  const known = [...ENGINES.keys()].join(', ')
  throw new SettingsError(`SESSION_ENGINE ${named(name)} is not supported; supported: ${known}.`)
}

/** The format of `db`, `file` and the rows of `cached_db`. */
export function sessionCodec(settings: Settings, options: ConnectOptions): SessionCodec {
  return createSessionCodec({
    SECRET_KEY: settings.SECRET_KEY,
    SECRET_KEY_FALLBACKS: settings.SECRET_KEY_FALLBACKS,
    ...(options.sessionSalt !== undefined && { salt: options.sessionSalt }),
    limits: options.limits,
    serializer: chooseSerializer(settings.SESSION_SERIALIZER, options),
    writes: writesSignedSessions(settings.DJANGO_VERSION, settings.DEFAULT_HASHING_ALGORITHM) ? 'signed' : 'old',
    readsSha1: readsSha1(settings.DJANGO_VERSION),
    now: () => options.now().getTime(),
    marksWrites: true,
  })
}

/** Whether a value of Python's own types comes back as it was: from a pickle. */
export function keepsTypes(settings: Settings, options: ConnectOptions): boolean {
  if (settings.SESSION_ENGINE.endsWith('.cache')) return sessionCacheOf(settings)?.options.SERIALIZER === undefined
  return (
    options.serializer === undefined &&
    chooseSerializer(settings.SESSION_SERIALIZER, options).name.endsWith('PickleSerializer')
  )
}
