/**
 * Copies of rows in a cache, of which the rows know nothing. A copy is put there only in place of a mark that was set
 * before the row was read or written, and is still there: whoever writes or ends the row meanwhile has replaced the
 * mark. Nothing here throws for a cache that fails.
 */
import type { CacheItem, ConnectedCache, StoredItem } from '../caches/cache.ts'
import { type Deadline, startDeadline } from '../deadline.ts'
import { named, SerializationError, StoreUnavailable } from '../errors.ts'
import { isEncoded, isHiddenName } from '../serializers/serializer.ts'
import { markKind, newMark } from './cache-mark.ts'
import { cacheOutage, type WarnOfCache } from './cache-outage.ts'
import { AFTERWARDS, BEFORE_END, BEFORE_WRITE, setMark } from './copy-plans.ts'
import { type ExpiryRule, notAfter } from './session-expiry.ts'
import { isStored, type NotLoaded, type StoredSession } from './store.ts'

export interface CachedCopiesOptions extends ConnectedCache {
  readonly expiryOf: ExpiryRule
  readonly now: () => Date
  readonly deadlineMs: number
  readonly warn: WarnOfCache
  /** The `cache_key_prefix` of a SessionStore class of the site's own. */
  readonly keyPrefix?: string
}

export interface CachedCopies {
  /** The copy of a session; `absent` where one may be put, `unusable` for anything else. */
  read(key: string, deadline: Deadline): Promise<StoredSession | 'absent' | 'unusable'>
  /** Reads a row and puts a copy of it in the cache; null where somebody else is at work. */
  fill(
    key: string,
    deadline: Deadline,
    readRow: () => Promise<StoredSession | NotLoaded>,
  ): Promise<StoredSession | NotLoaded | null>
  /** Writes a row, and then its copy. */
  write(key: string, deadline: Deadline, writeRow: () => Promise<StoredSession | null>): Promise<StoredSession | null>
  /** Ends a row, and its copy. */
  end<T>(key: string, deadline: Deadline, endRow: () => Promise<T>): Promise<T>
  check(deadline: Deadline): Promise<void>
  /** Tries once more to make up for what failed. */
  close(): Promise<void>
}

/** @see django/contrib/sessions/backends/cached_db.py KEY_PREFIX */
export const CACHED_DB_KEY_PREFIX = 'django.contrib.sessions.cached_db'
/** How much longer than a call of a store a mark stays, where whoever set it was killed. */
const BEYOND_SECONDS = 10
/** The part of a deadline that taking a lease away may take beyond it. */
const CLEANING_SHARE = 0.1

export function cachedCopies(options: CachedCopiesOptions): CachedCopies {
  const { cache, codec, expiryOf, now, deadlineMs } = options
  const seconds = Math.ceil(deadlineMs / 1000) + BEYOND_SECONDS
  let longestSeen = 0
  const outage = cacheOutage({
    now,
    deadlineMs,
    warn: options.warn,
    longestTimeout: () => Math.max(longestSeen, expiryOf(new Map()).age),
    amend: (at, deadline) => setMark(cache, at, BEFORE_END, { seconds, deadline }),
  })
  const { attempt } = outage
  const keyOf = (key: string): string | null => options.keyOf((options.keyPrefix ?? CACHED_DB_KEY_PREFIX) + key)

  function see(timeout: number): void {
    longestSeen = Math.max(longestSeen, timeout)
  }

  function unreadable(why: string): 'unusable' {
    outage.warn('cached_copy_unreadable', `A copy in the cache cannot be read, its row is: ${why}`)
    return 'unusable'
  }

  function opened(key: string, item: StoredItem): StoredSession | 'unusable' {
    if (markKind(item) !== null) return 'unusable'
    const answer = codec.decode(item)
    if ('error' in answer) {
      return unreadable(answer.error.message)
    }
    const { data } = answer
    // Django puts an empty one for a row that it cannot read; JSON has other names for keys that are no text.
    if (data.size === 0 || [...data.keys()].some(isHiddenName)) return 'unusable'
    // Django caches the objects themselves, also where the row is JSON, which can be read.
    for (const [name, value] of data) {
      if (isEncoded(value) && value.isOpaque === true) return unreadable(`the value of ${named(name)} needs Python`)
    }
    const expiry = expiryOf(data)
    if (expiry.age <= 0) return 'unusable'
    if (item.endsAt !== undefined) see((item.endsAt.getTime() - now().getTime()) / 1000)
    return { key, data, expiry: item.endsAt === undefined ? expiry : notAfter(expiry, item.endsAt) }
  }

  /** Puts a copy in place of a mark; false where the mark is gone, or nothing can be put. @throws StoreUnavailable */
  async function put(at: string, version: string, session: StoredSession, deadline: Deadline): Promise<boolean> {
    // Whole seconds of the row's own: never longer than the row. @see SessionBase.get_expiry_age
    const timeout = Math.floor((session.expiry.at.getTime() - now().getTime()) / 1000)
    see(timeout)
    const item = timeout > 0 ? encoded(session) : null
    return item !== null && (await cache.replace(at, version, item, timeout, deadline)) !== null
  }

  function encoded(session: StoredSession): CacheItem | null {
    try {
      return codec.encode(session.data)
    } catch (error) {
      if (!(error instanceof SerializationError)) throw error
      outage.warn('session_not_cached', `A session cannot be kept in the cache: ${error.message}`)
      return null
    }
  }

  return {
    async read(key, deadline) {
      const at = keyOf(key)
      if (at === null || !outage.isTrusted()) return 'unusable'
      if (outage.owes(at)) {
        await outage.repay(at, deadline)
        return 'unusable'
      }
      const found = await attempt(deadline, (part) => cache.get(at, part))
      if (found === undefined) return 'unusable'
      return found === null ? 'absent' : opened(key, found)
    },

    async fill(key, deadline, readRow) {
      const at = keyOf(key)
      if (at === null || !outage.isSteady()) return null
      const lease = await attempt(deadline, (part) => cache.add(at, newMark('lease'), seconds, part))
      if (lease === undefined || lease === null) return null
      const row = await readRow().catch(orUnavailable)
      const isPut = await attempt(
        deadline,
        async (part) => row !== null && isStored(row) && (await put(at, lease, row, part)),
      )
      // A row that took all the time there was leaves none for the lease, which would keep others from a copy.
      const isOver = deadline.remaining() === 0
      if (isPut === false || (isPut === undefined && isOver)) {
        const cleaning = isOver ? startDeadline(deadlineMs * CLEANING_SHARE) : deadline
        await attempt(cleaning, (part) => cache.remove(at, lease, part))
      }
      return row
    },

    async write(key, deadline, writeRow) {
      const at = keyOf(key)
      if (at === null) return writeRow()
      const own = await attempt(deadline, (part) => setMark(cache, at, BEFORE_WRITE, { seconds, deadline: part }))
      // What throws leaves the mark to its time-out: the write may take place yet.
      const saved = await writeRow()
      const isDone = await attempt(deadline, async (part) => {
        const isPut = saved !== null && own?.kind === 'write' && (await put(at, own.version, saved, part))
        if (!isPut) await setMark(cache, at, AFTERWARDS, { seconds, deadline: part })
        return true
      })
      if (!isDone) outage.owe(at, 'save')
      return saved
    },

    async end(key, deadline, endRow) {
      const at = keyOf(key)
      if (at === null) return endRow()
      const mark = await attempt(
        deadline,
        (part) => setMark(cache, at, BEFORE_END, { seconds, deadline: part, ends: 'ends' }),
        'urgent',
      )
      const result = await endRow()
      // A mark that is there all the same may not be known to replicas.
      const plan = mark === undefined ? BEFORE_END : AFTERWARDS
      const after = await attempt(
        deadline,
        (part) => setMark(cache, at, plan, { seconds, deadline: part, ends: 'ends' }),
        'urgent',
      )
      if (after === undefined) outage.owe(at, 'logout')
      if (mark === undefined && after === undefined) {
        outage.warn(
          'logout_not_in_cache',
          'A session was ended in the database while the cache did not answer; its copy goes when the cache is back.',
        )
      }
      return result
    },

    check: (deadline) => cache.check(deadline),
    close: outage.close,
  }
}

/** A row that cannot be read for the copy's sake was read before. */
function orUnavailable(error: unknown): null {
  if (error instanceof StoreUnavailable) return null
  throw error
}
