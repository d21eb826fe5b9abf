/** A cache that a site can do without for a while: its failures are reported, and what they left undone is made up for. */
import { createCircuit } from '../circuit.ts'
import { type Deadline, partOf, startDeadline } from '../deadline.ts'
import { DjangoBridgeError, SerializationError, StoreUnavailable } from '../errors.ts'
import { cacheDebts, type Debt, type DebtsOptions } from './cache-debts.ts'

/** Codes of `onWarning` about the cache of cached_db, each told once a minute at most. */
export type CacheWarning =
  /** The cache does not answer, or refuses. Sessions come from the database alone meanwhile. */
  | 'cache_unavailable'
  /**
   * A session was ended in the database while the cache did not answer. Until it does, Django and other processes may
   * open the copy there: they do not know of it, nor does this one once it was killed, so that the copy then stays until
   * its time-out.
   */
  | 'logout_not_in_cache'
  /** A copy cannot be read, its row is: it has a class of the site's own, or was written by another serializer. */
  | 'cached_copy_unreadable'
  /** A session cannot be kept in the cache; it is read from the database. */
  | 'session_not_cached'

export type WarnOfCache = (code: CacheWarning, message: string) => void

export interface CacheOutage {
  /** What `work` resolves to; undefined where the cache failed or, unless it is `urgent`, is known to, or no time is left. */
  attempt<T>(deadline: Deadline, work: (part: Deadline) => Promise<T>, urgent?: 'urgent'): Promise<T | undefined>
  /** Whether the cache has answered for a while, so that what others owe after an outage is made up for by now. */
  isSteady(): boolean
  /** Tells of something, once a minute at most. */
  warn: WarnOfCache
  /** What stands under a key is not to be trusted, and is to be made up for. */
  owe(key: string, debt: Debt): void
  owes(key: string): boolean
  /** Whether copies may be read: not while more than could be remembered is owed. */
  isTrusted(): boolean
  /** Makes up for one key; resolves once it was tried. */
  repay(key: string, deadline: Deadline): Promise<void>
  /** Tries once more to make up for everything, within a deadline, and then no more. */
  close(): Promise<void>
}

export interface OutageOptions extends DebtsOptions {
  readonly deadlineMs: number
  readonly warn: WarnOfCache
  /** Sees to it that no older copy stands under a key. @throws StoreUnavailable */
  readonly amend: (key: string, deadline: Deadline) => Promise<unknown>
}

/** The part of a call that waits for the cache, so that enough is left for the database. */
const SHARE = 0.25
const MINUTE = 60_000
/** After some failures in a row calls go without the cache for this long; it must be noticed soon when it is back. */
const PAUSE_MS = 200
/** Milliseconds until what is owed is tried again: at first, at most, and after so many tries while a logout is owed. */
const SOON_MS = 50
const LATE_MS = 1000
const MOST_TRIES = 100
const SELDOM_MS = 10_000

export function cacheOutage({ now, deadlineMs, warn, amend, longestTimeout }: OutageOptions): CacheOutage {
  const through = createCircuit((error) => error as Error, undefined, PAUSE_MS)
  const told = new Map<CacheWarning, number>()
  const owed = cacheDebts({ now, longestTimeout })
  let isRepaying = false
  let isWaiting = false
  let isClosed = false
  let tries = 0
  let failedAt = Number.NEGATIVE_INFINITY

  function warnSeldom(code: CacheWarning, message: string): void {
    const time = now().getTime()
    const last = told.get(code)
    if (last !== undefined && Math.abs(time - last) < MINUTE) return
    told.set(code, time)
    warn(code, message)
  }

  const attempt: CacheOutage['attempt'] = async (deadline, work, urgent) => {
    // What else the call had to do took all its time, which says nothing of the cache.
    if (deadline.remaining() === 0) return undefined
    const within = () => work(partOf(deadline, deadlineMs * SHARE))
    try {
      const result = await (urgent === undefined ? through(within) : within())
      if (owed.size > 0) void repayAll()
      return result
    } catch (error) {
      // Settings too: a file that TLS needs is read whenever a connection is made.
      if (!(error instanceof DjangoBridgeError) || error instanceof SerializationError) throw error
      failedAt = performance.now()
      const what = error instanceof StoreUnavailable ? error.reason : error.message
      warnSeldom('cache_unavailable', `The cache failed (${what}); sessions come from the database alone.`)
      return undefined
    }
  }

  async function repay(key: string, deadline: Deadline, urgent?: 'urgent'): Promise<void> {
    if ((await attempt(deadline, (part) => amend(key, part), urgent)) !== undefined) owed.settle(key)
  }

  /** One after another, until the cache fails again. */
  async function repayInTurn(next: () => Deadline, urgent?: 'urgent'): Promise<void> {
    try {
      for (const key of owed.keys()) {
        await repay(key, next(), urgent)
        if (owed.has(key)) return
        tries = 0
      }
    } catch {
      // Nobody waits for this, so nobody could be told; it is still owed.
    }
  }

  /** Beside what requests ask for; and what is left once more, later. */
  async function repayAll(): Promise<void> {
    if (isRepaying || isClosed) return
    isRepaying = true
    await repayInTurn(() => startDeadline(deadlineMs))
    isRepaying = false
    if (owed.size > 0) repayLater()
  }

  /** Saves may wait for the next request that reaches the cache in the end; whoever logged out may never come again. */
  function repayLater(): void {
    if (isRepaying || isWaiting || isClosed) return
    if (++tries > MOST_TRIES && owed.logouts === 0) return
    isWaiting = true
    const pause = tries > MOST_TRIES ? SELDOM_MS : Math.min(LATE_MS, SOON_MS * tries)
    const timer = setTimeout(() => {
      isWaiting = false
      return repayAll()
    }, pause)
    timer.unref?.()
  }

  return {
    attempt,
    isSteady: () => owed.size === 0 && performance.now() - failedAt > deadlineMs,
    warn: warnSeldom,
    owe(key, debt) {
      owed.add(key, debt)
      repayLater()
    },
    owes: owed.has,
    isTrusted: owed.areComplete,
    repay,
    async close() {
      isClosed = true
      const deadline = startDeadline(deadlineMs)
      await repayInTurn(() => deadline, 'urgent')
    },
  }
}
