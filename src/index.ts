/** The entry `django-session-bridge`. */
import './node-version.ts'

// A star, since TypeScript merges a site's augmentation through nothing else.
export * from './augmentations.ts'
export type { AnonymousReason, AuthState } from './auth/current-user.ts'
export {
  type Denial,
  type DenialCode,
  isSameOrigin,
  loginRequired,
  type OriginDenial,
  originDenied,
} from './auth/guards.ts'
export { sessionAuthHash } from './auth/session-hash.ts'
export type { ParentTable, UserField, UserTable } from './auth/user-table.ts'
export type { DjangoUser, LoadUser, UserRow } from './auth/users.ts'
export {
  type Bridge,
  type BridgeHooks,
  type BridgeOptions,
  type BridgeParts,
  type BridgeWarning,
  createBridge,
  type WarningCode,
} from './bridge.ts'
export type { Clients } from './connect/connect.ts'
export type {
  DjangoContext,
  ResponseChanges,
  SetCookie,
  SuspiciousCode,
  SuspiciousEvent,
} from './context.ts'
export type { Claims, CookieReason } from './cookies/session-cookie.ts'
export type { CookieOptions } from './cookies/set-cookie.ts'
export {
  type AnyDjangoBridgeError,
  BadSignature,
  CookieTooLarge,
  DjangoBridgeError,
  DriverMissingError,
  KeyRequired,
  PickleForbidden,
  SerializationError,
  SessionInterrupted,
  SettingsError,
  SignatureExpired,
  type StoreFailure,
  StoreUnavailable,
} from './errors.ts'
export { addVary, privateCacheControl } from './http-headers.ts'
export type { LoginReason } from './login.ts'
export type { Duration } from './python/duration.ts'
export { float, PyFloat } from './python/values.ts'
export type { Session } from './session/session.ts'
export type { DatabaseSettings } from './settings/database-url.ts'
export type { DjangoVersion } from './settings/django-version.ts'
export {
  type DjangoProject,
  type DjangoProjectOptions,
  type SettingsOfDjango,
  settingsFromDjango,
} from './settings/from-django/settings-from-django.ts'
export { settingsFromEnv } from './settings/from-env.ts'
export type { JwtSettings } from './settings/session-jwt.ts'
export type {
  CacheDictionary,
  CacheSettings,
  DatabaseDictionary,
  DjangoSettings,
  JwtDictionary,
  KeyFunction,
  Settings,
} from './settings/settings.ts'
export type { Unclear, UnclearCode } from './settings/unclear.ts'
export type { CacheWarning } from './stores/cache-outage.ts'
export type { FillColumns, WrittenValues } from './stores/extra-columns.ts'
export type { StoreCall } from './stores/observed-store.ts'
export type { AbsenceReason, RequestInfo } from './stores/store.ts'
