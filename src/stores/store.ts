/** The port of a session store: storage, format and expiry; nothing of how the changes of a request merge. */
import type { DjangoBridgeError } from '../errors.ts'
import type { SessionData } from '../serializers/serializer.ts'
import type { Expiry } from './session-expiry.ts'

/**
 * From the data that is stored now to the data to store. Pure and synchronous; it may run again on newer data when
 * somebody else wrote in between, so it must not serialize or remember anything.
 */
export type NextState = (current: SessionData) => SessionData

/** A session as the store has it. */
export interface StoredSession {
  readonly key: string
  readonly data: SessionData
  readonly expiry: Expiry
  /** What the next compare-and-swap compares with; opaque to all but the store that made it. */
  readonly version?: unknown
}

/** What the core knows of a request: strings and one flag, whatever the framework. */
export interface RequestInfo {
  readonly method: string
  /** The request target: path and query, as in Node's `req.url`. */
  readonly url: string
  /** Names in lower case; text as Node has it (bytes as latin-1). */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Whether the browser's connection is HTTPS; where SECURE_PROXY_SSL_HEADER is set, its header goes before this. */
  readonly secure: boolean
  /** The host that the browser asked for, where it is not Host: the bridge follows USE_X_FORWARDED_HOST with it. */
  readonly host?: string | undefined
}

/** Why a session key opened nothing. */
export interface NotLoaded {
  readonly absent: 'unknown' | 'expired' | 'unreadable'
  readonly reason: AbsenceReason
  /** Why it is unreadable. */
  readonly error?: DjangoBridgeError
}

/** Codes of `NotLoaded.reason`, as reported through `onSuspicious`. */
export type AbsenceReason =
  /** No session is stored under the key, after a logout for example. The cookie is deleted. */
  | 'unknown_session'
  /** The session is stored and has expired. The cookie is deleted, the row left to `clearsessions`. */
  | 'expired_session'
  /** The stored data has a bad signature: tampered with, another SECRET_KEY, or over a limit. Row and cookie stay. */
  | 'session_data_corrupted'
  /**
   * The stored data is signed well and cannot be read: another serializer, or over a limit; or what stands in the place
   * of a session's file is a link, a FIFO, a socket or a device. Row and cookie stay.
   */
  | 'session_data_unreadable'

/** A stored session that nobody asked for by its key. */
export interface RecentSession {
  /** Null where the store does not tell. */
  readonly key: string | null
  /** Null where it cannot be read. */
  readonly data: SessionData | null
}

/**
 * `request` reaches the writes only for tables with columns of the site's own, which may be filled from it.
 * Every method rejects with StoreUnavailable when the server does not answer in time.
 */
export interface SessionStore {
  /** The key is the session itself: every write gives it another one, which the browser must be sent. */
  readonly movesKeys?: true
  /** Never writes and never reports. */
  load(key: string): Promise<StoredSession | NotLoaded>
  exists(key: string): Promise<boolean>
  /** Stores a new session under an unused key. */
  create(next: NextState, request?: RequestInfo): Promise<StoredSession>
  /** Compare-and-swap of what was seen; null: the session is gone, and is not recreated. */
  save(seen: StoredSession, next: NextState, request?: RequestInfo): Promise<StoredSession | null>
  /** As `save`, under a new key; the old key opens nothing any more. @param key the new one; default a random one */
  cycle(seen: StoredSession, next: NextState, request?: RequestInfo, key?: string): Promise<StoredSession | null>
  /** Renews the expiry alone. */
  touch(seen: StoredSession): Promise<StoredSession | null>
  /** Idempotent. */
  delete(key: string): Promise<void>
  /** Deletes expired sessions in batches; returns how many. */
  clearExpired(): Promise<number>
  /** Reaches the server and reads the newest sessions. @throws SettingsError when none of them can be read */
  check(): Promise<void>
  /** Some sessions, the newest where the store tells; absent where it cannot show what it holds. */
  recent?(most: number): Promise<readonly RecentSession[]>
  /** Tries once more what failed and can still be made up for; before its servers are closed. */
  close?(): Promise<void>
}

/** Tells the two answers of `load` apart. */
export function isStored(answer: StoredSession | NotLoaded): answer is StoredSession {
  return 'key' in answer
}
