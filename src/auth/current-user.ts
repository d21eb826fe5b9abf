/**
 * Who a session's user is. Mirrors get_user of django/contrib/auth/__init__.py.
 *
 * A row is not a login: the session names a user and a backend, and its auth hash must be the one of that user's
 * password today, under SECRET_KEY or one of its fallbacks.
 */
import { SettingsError } from '../errors.ts'
import { constantTimeCompare } from '../signing/salted-hmac.ts'
import { synchronous } from '../unheard.ts'
import { sessionAuthHash } from './session-hash.ts'
import { keyText } from './user-keys.ts'
import { type DjangoUser, type LoadUser, publicUser, type UserRow, type UsersInTable } from './users.ts'

export type AnonymousReason =
  /** The session names no user, or no backend. */
  | 'not_logged_in'
  /** `_auth_user_id` is nothing that the key's field takes, or the backend is no text. */
  | 'malformed_login'
  /** AUTHENTICATION_BACKENDS does not list the backend that logged the user in. */
  | 'backend_not_allowed'
  /** The user table has no such user, or `loadUser` returned null. */
  | 'unknown_user'
  /** The user is not active, and the backend lets only active users in. */
  | 'inactive_user'
  /** The session has no auth hash. */
  | 'auth_hash_missing'
  /** The auth hash is not the one of the user's password under SECRET_KEY or one of its fallbacks. */
  | 'auth_hash_mismatch'
  /** `hooks.veto` returned true. */
  | 'vetoed'

export type AuthState =
  | { readonly status: 'authenticated'; readonly user: DjangoUser }
  | { readonly status: 'anonymous'; readonly reason: AnonymousReason }

export type UserVerdict =
  | {
      readonly status: 'authenticated'
      readonly user: DjangoUser
      /** A fallback key matched: the session is to get a new key and this hash. */
      readonly newHash?: string
    }
  | { readonly status: 'anonymous'; readonly reason: AnonymousReason }

export interface UserCheckOptions {
  readonly SECRET_KEY: string | Uint8Array
  readonly SECRET_KEY_FALLBACKS: readonly (string | Uint8Array)[]
  readonly AUTHENTICATION_BACKENDS: readonly string[]
  readonly loadUser: LoadUser
  /** Of which user a session's `_auth_user_id` speaks; text and integers as they are by default. */
  readonly keyText?: UsersInTable['keyText']
  /** The hash that is written, and behind it those that are taken too. */
  readonly loginHashes: readonly ('sha256' | 'sha1')[]
  /** Backends of the site's own that let inactive users in. */
  readonly backendsAllowingInactive?: readonly string[]
  /** For user models with a `get_session_auth_hash` of their own. */
  readonly sessionAuthHash?: (user: UserRow, secretKey: string | Uint8Array) => string
}

/** Backends of Django that let inactive users in. @see django/contrib/auth/backends.py */
const ALLOW_INACTIVE = new Set([
  'django.contrib.auth.backends.AllowAllUsersModelBackend',
  'django.contrib.auth.backends.AllowAllUsersRemoteUserBackend',
])

/** Judges the three values that a login left in the session. @throws StoreUnavailable */
export async function checkUser(get: (key: string) => unknown, options: UserCheckOptions): Promise<UserVerdict> {
  const id = get('_auth_user_id')
  const backend = get('_auth_user_backend')
  if (id === undefined || backend === undefined) return anonymous('not_logged_in')
  if (typeof backend !== 'string') return anonymous('malformed_login')
  if (!options.AUTHENTICATION_BACKENDS.includes(backend)) return anonymous('backend_not_allowed')
  // Python takes None, and finds nobody.
  if (id === null) return anonymous('unknown_user')
  const key = await (options.keyText ?? textOrInteger)(id)
  if (key === null) return anonymous('malformed_login')

  const row = await options.loadUser(key)
  if (row === null) return anonymous('unknown_user')
  const user = publicUser(key, row)
  const isLenient = ALLOW_INACTIVE.has(backend) || options.backendsAllowingInactive?.includes(backend) === true
  if (!user.is_active && !isLenient) return anonymous('inactive_user')

  const stored = get('_auth_user_hash')
  if (typeof stored !== 'string' || stored === '') return anonymous('auth_hash_missing')
  const hashesWith = (key: string | Uint8Array): string[] =>
    options.sessionAuthHash !== undefined
      ? [synchronous(options.sessionAuthHash(row, key), asyncHash)]
      : options.loginHashes.map((algorithm) => sessionAuthHash(row.password, key, { algorithm }))
  const isHash = (hash: string): boolean => constantTimeCompare(stored, hash)

  const [hash = '', ...others] = hashesWith(options.SECRET_KEY)
  if (isHash(hash) || others.some(isHash)) return { status: 'authenticated', user }
  if (options.SECRET_KEY_FALLBACKS.some((key) => hashesWith(key).some(isHash))) {
    return { status: 'authenticated', user, newHash: hash }
  }
  return anonymous('auth_hash_mismatch')
}

/** Of a site that loads its users itself, nobody knows the type of the key. */
async function textOrInteger(id: unknown): Promise<string | null> {
  const isPlain = (typeof id === 'string' && id !== '') || typeof id === 'bigint' || Number.isSafeInteger(id)
  return isPlain ? keyText(id, undefined) : null
}

function anonymous(reason: AnonymousReason): UserVerdict {
  return { status: 'anonymous', reason }
}

function asyncHash(): SettingsError {
  return new SettingsError('hooks.sessionAuthHash returns text, not a promise: load what it needs in hooks.loadUser.')
}
