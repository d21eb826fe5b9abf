/**
 * The port of a cache: items of bytes under full keys, and writes that compare with what was seen. Drivers know servers
 * and expiry; what the bytes mean is a `CacheCodec`'s affair, and where they lie a `CacheKey`'s.
 */
import type { Deadline } from '../deadline.ts'
import type { DjangoBridgeError } from '../errors.ts'
import type { Encoded, SessionData } from '../serializers/serializer.ts'

/** One value as a cache keeps it. */
export interface CacheItem {
  readonly bytes: Uint8Array
  /** What Memcached keeps beside each value; absent elsewhere. */
  readonly flags?: number
}

/** An item that is stored. */
export interface StoredItem extends CacheItem {
  /** Differs whenever something else is stored; what the next write compares with. */
  readonly version: string
  /** When it ends, where the cache tells. */
  readonly endsAt?: Date
}

/**
 * Keys are whole, prefix and version included. `timeout` is seconds from now, as Django hands it to its backend; zero or
 * less ends an item at once. A write resolves to the version of what it stored. Every method rejects with
 * StoreUnavailable, and a write with OutcomeUnknown when it was sent and its answer was lost.
 */
export interface Cache {
  /** Null for nothing, or an item that has ended. With `toWrite`, what writes compare with: never a replica's. */
  get(key: string, deadline: Deadline, toWrite?: 'toWrite'): Promise<StoredItem | null>
  /** Stores an item where there is none; null where there is one. With `ends`, as safely as `remove` ends one. */
  add(key: string, item: CacheItem, timeout: number, deadline: Deadline, ends?: 'ends'): Promise<string | null>
  /** Stores another item where `version` is stored; null where it is not. With `ends`, as safely as `remove` ends one. */
  replace(
    key: string,
    version: string,
    item: CacheItem,
    timeout: number,
    deadline: Deadline,
    ends?: 'ends',
  ): Promise<string | null>
  /** Renews the time-out of an item while `version` is stored; false where it is not. */
  touch(key: string, version: string, timeout: number, deadline: Deadline): Promise<boolean>
  /** Ends an item while `version` is stored; false where it is not. */
  remove(key: string, version: string, deadline: Deadline): Promise<boolean>
  /** Ends whatever is stored; idempotent. */
  delete(key: string, deadline: Deadline): Promise<void>
  /**
   * Finds out whether an item would be taken, before anything that is to make way for it is ended; absent where every
   * item is taken. @throws StoreUnavailable
   */
  tryOut?(key: string, item: CacheItem, deadline: Deadline): Promise<void>
  /** Deletes items that have ended, where the cache does not do so itself; returns how many. */
  clearExpired(deadline: Deadline): Promise<number>
  /** Keys that hold this text, at most so many, for tools alone; absent where a cache cannot list them. */
  find?(part: string, most: number, deadline: Deadline): Promise<string[]>
  /**
   * Some items whose keys hold this text, at most so many, after a short look: not all that there are. Absent where a
   * cache cannot list what it holds.
   * @param isWanted chooses among the items of a cache that does not tell their keys
   */
  sample?(
    part: string,
    most: number,
    deadline: Deadline,
    isWanted?: (item: CacheItem) => boolean,
  ): Promise<readonly SampledItem[]>
  /** Reaches the server. */
  check(deadline: Deadline): Promise<void>
  /** Ends what this object opened itself, nothing it was given. */
  close(): Promise<void>
}

/** An item that nobody asked for by its key. */
export interface SampledItem {
  /** Null where the cache does not tell: then it may be any item. */
  readonly key: string | null
  readonly item: CacheItem
}

export type DecodedItem = { readonly data: ReadonlyMap<string, Encoded> } | { readonly error: DjangoBridgeError }

/** From session data to an item and back, as one backend's client for Python does it. */
export interface CacheCodec {
  /** Whether no two writes make the same bytes, so that a write can be known by them. */
  readonly marksWrites: boolean
  /** @throws SerializationError for a value that the format cannot hold */
  encode(data: SessionData): CacheItem
  /** Never throws: what it cannot read has an error. */
  decode(item: CacheItem): DecodedItem
}

/** From the key that Django hands to its cache to the key in the cache; null where no such key can be. */
export type CacheKey = (key: string) => string | null

/** A cache as CACHES describes it, with the format of its values and its keys. */
export interface ConnectedCache {
  readonly cache: Cache
  readonly codec: CacheCodec
  readonly keyOf: CacheKey
}
