/**
 * Sessions in a cache. Mirrors django/contrib/sessions/backends/cache.py, but every write compares and swaps: a session
 * that was deleted meanwhile is not recreated, and what somebody else wrote meanwhile is merged, not lost.
 *
 *     django.contrib.sessions.cache4nw9…    the key that Django hands to its cache: a prefix and the session key
 */
import type { CacheItem, ConnectedCache } from '../caches/cache.ts'
import { type Deadline, startDeadline } from '../deadline.ts'
import { SettingsError, StoreUnavailable } from '../errors.ts'
import { OutcomeUnknown } from '../outcome-unknown.ts'
import type { SessionData } from '../serializers/serializer.ts'
import { compareAndSwap, type Swap } from './compare-and-swap.ts'
import { type Expiry, type ExpiryRule, notAfter } from './session-expiry.ts'
import { newSessionKey } from './session-key.ts'
import { isStored, type NotLoaded, type RecentSession, type SessionStore, type StoredSession } from './store.ts'
import { writtenSession } from './written-session.ts'

/** @see django/contrib/sessions/backends/cache.py KEY_PREFIX */
export const CACHE_KEY_PREFIX = 'django.contrib.sessions.cache'

export interface CacheStoreOptions {
  readonly cache: ConnectedCache
  readonly expiryOf: ExpiryRule
  readonly now: () => Date
  readonly deadlineMs: number
  /** The `cache_key_prefix` of a SessionStore class of the site's own. */
  readonly keyPrefix?: string
}

const MOST_TAKEN_KEYS = 5

/** `StoredSession.version` of this store. */
class ItemVersion {
  readonly item: CacheItem
  /** What the cache compares with; null where only the content is known. */
  token: string | null

  constructor(item: CacheItem, token: string | null) {
    this.item = item
    this.token = token
  }

  static isSame(one: unknown, other: unknown): boolean {
    if (!(one instanceof ItemVersion && other instanceof ItemVersion)) return false
    return one.item.flags === other.item.flags && Buffer.compare(one.item.bytes, other.item.bytes) === 0
  }
}

/** What is to be stored. */
interface Prepared {
  readonly version: ItemVersion
  /** Seconds, as Django hands them to its cache. */
  readonly timeout: number
  readonly expiry: Expiry
}

export function cache(options: CacheStoreOptions): SessionStore {
  const { expiryOf, now } = options
  const { cache, codec } = options.cache
  const startCall = (): Deadline => startDeadline(options.deadlineMs)

  function keyOf(key: string): string | null {
    return options.cache.keyOf((options.keyPrefix ?? CACHE_KEY_PREFIX) + key)
  }

  /** The place of a session whose key is sound. */
  function placeOf(key: string): string {
    const place = keyOf(key)
    if (place !== null) return place
    throw new SettingsError('CACHES: KEY_PREFIX or KEY_FUNCTION makes keys that this cache cannot have.')
  }

  /** Caches count whole seconds, so that an entry may end a fraction of one before the moment that was asked for. */
  function lifeOf(data: SessionData): { expiry: Expiry; timeout: number } {
    const expiry = expiryOf(data)
    const end = new Date(now().getTime() + Math.trunc(expiry.age) * 1000)
    return { timeout: expiry.age, expiry: notAfter(expiry, end) }
  }

  function prepare(data: SessionData): Prepared {
    return { version: new ItemVersion(codec.encode(data), null), ...lifeOf(data) }
  }

  function stored(key: string, { version, expiry }: Prepared): StoredSession {
    return writtenSession(key, version, expiry, () => codec.decode(version.item))
  }

  async function read(key: string, deadline: Deadline, toWrite?: 'toWrite'): Promise<StoredSession | NotLoaded> {
    const place = keyOf(key)
    const found = place === null ? null : await cache.get(place, deadline, toWrite)
    if (found === null) return { absent: 'unknown', reason: 'unknown_session' }
    const answer = codec.decode(found)
    if (!('data' in answer)) {
      return { absent: 'unreadable', reason: 'session_data_unreadable', error: answer.error }
    }
    const expiry = expiryOf(answer.data)
    return {
      key,
      data: answer.data,
      expiry: found.endsAt === undefined ? expiry : notAfter(expiry, found.endsAt),
      version: new ItemVersion(found, found.version),
    }
  }

  function swap(
    seen: StoredSession,
    prepareSwap: (current: StoredSession, version: ItemVersion, deadline: Deadline) => Swap,
  ): Promise<StoredSession | null> {
    const deadline = startCall()
    return compareAndSwap(seen, {
      deadline,
      isSame: ItemVersion.isSame,
      marksWrites: codec.marksWrites,
      async read(key) {
        const answer = await read(key, deadline, 'toWrite')
        return isStored(answer) ? answer : null
      },
      prepare: (current) => prepareSwap(current, current.version as ItemVersion, deadline),
    })
  }

  /** Adds an item under a new key; sent again where the answer was lost, it meets itself if it was there. */
  async function add(key: string, { version, timeout }: Prepared, deadline: Deadline): Promise<boolean> {
    const place = placeOf(key)
    const send = () => cache.add(place, version.item, timeout, deadline)
    try {
      version.token = await send()
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error
      // Nobody else knows this key yet: nothing can have ended what was stored under it.
      version.token = await send().catch(() => {
        throw error
      })
      version.token ??= await tokenOf(place, version, deadline)
    }
    return version.token !== null
  }

  /** The token of what is stored, if it is the same content. */
  async function tokenOf(place: string, version: ItemVersion, deadline: Deadline): Promise<string | null> {
    const found = await cache.get(place, deadline, 'toWrite')
    return found !== null && ItemVersion.isSame(version, new ItemVersion(found, null)) ? found.version : null
  }

  function dataOf(item: CacheItem): SessionData | null {
    const answer = codec.decode(item)
    return 'data' in answer ? answer.data : null
  }

  async function recent(most: number): Promise<readonly RecentSession[]> {
    const place = keyOf('')
    // Of an item whose key is not known: what has what only sessions have.
    const isLogin = (item: CacheItem): boolean => dataOf(item)?.has('_auth_user_id') === true
    const found = place === null ? [] : await cache.sample?.(place, most, startCall(), isLogin)
    return (found ?? []).flatMap(({ key, item }) => {
      if (key !== null && !key.startsWith(place ?? '')) return []
      return [{ key: key === null ? null : key.slice(place?.length), data: dataOf(item) }]
    })
  }

  return {
    load: (key) => read(key, startCall()),

    async exists(key) {
      const place = keyOf(key)
      return place !== null && (await cache.get(place, startCall())) !== null
    },

    async create(next) {
      const deadline = startCall()
      const prepared = prepare(next(new Map()))
      for (let tries = 1; tries <= MOST_TAKEN_KEYS; tries++) {
        const key = newSessionKey()
        if (await add(key, prepared, deadline)) return stored(key, prepared)
      }
      throw new StoreUnavailable('The cache said of every new session key that it is taken.')
    },

    save: (seen, next) =>
      swap(seen, (current, { token }, deadline) => {
        const prepared = prepare(next(current.data))
        const { version, timeout } = prepared
        return {
          result: stored(current.key, prepared),
          async send() {
            if (token === null) return false
            version.token = await cache.replace(placeOf(current.key), token, version.item, timeout, deadline)
            return version.token !== null
          },
        }
      }),

    // The old key ends first: a failure in between loses a session, and never leaves two.
    cycle: (seen, next, _request, key = newSessionKey()) =>
      swap(seen, (current, { token }, deadline) => {
        const prepared = prepare(next(current.data))
        return {
          result: stored(key, prepared),
          inTwoSteps: true,
          async send() {
            if (token === null) return false
            await cache.tryOut?.(placeOf(key), prepared.version.item, deadline)
            if (!(await cache.remove(placeOf(current.key), token, deadline))) return false
            if (await add(key, prepared, deadline)) return true
            throw new StoreUnavailable('The cache said of a new session key that it is taken.')
          },
        }
      }),

    touch: (seen) =>
      swap(seen, (current, { token }, deadline) => {
        const { expiry, timeout } = lifeOf(current.data)
        return {
          result: { ...current, expiry },
          send: async () => token !== null && cache.touch(placeOf(current.key), token, timeout, deadline),
        }
      }),

    async delete(key) {
      const place = keyOf(key)
      if (place !== null) await cache.delete(place, startCall())
    },

    check: () => cache.check(startCall()),

    ...(cache.sample && { recent }),

    async clearExpired() {
      for (let total = 0; ; ) {
        const deleted = await cache.clearExpired(startCall())
        if (deleted === 0) return total
        total += deleted
      }
    },
  }
}
