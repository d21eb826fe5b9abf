/** What a cache is owed: keys under which a copy may stand that is older than its row, or whose row is gone. */

/** What was done to the row while the cache did not answer. */
export type Debt = 'save' | 'logout'

export interface CacheDebts {
  readonly size: number
  /** How many of them are rows that are gone. */
  readonly logouts: number
  add(key: string, debt: Debt): void
  has(key: string): boolean
  settle(key: string): void
  /** Logouts first. */
  keys(): Iterable<string>
  /** False while more was owed than could be remembered, and a copy of that time may still stand somewhere. */
  areComplete(): boolean
}

export interface DebtsOptions {
  readonly now: () => Date
  /** Seconds that any copy lives, at most. */
  readonly longestTimeout: () => number
}

/** Of saves the oldest are forgotten beyond that: those copies are old, and of sessions that live. */
export const MOST_SAVES = 10_000
/** Some 20 MB of keys. */
export const MOST_LOGOUTS = 100_000

export function cacheDebts({ now, longestTimeout }: DebtsOptions): CacheDebts {
  const saves = new Set<string>()
  const logouts = new Set<string>()
  let incompleteUntil = Number.NEGATIVE_INFINITY

  function addSave(key: string): void {
    saves.delete(key)
    saves.add(key)
    const [oldest] = saves
    if (saves.size > MOST_SAVES && oldest !== undefined) saves.delete(oldest)
  }

  function addLogout(key: string): void {
    saves.delete(key)
    if (logouts.size < MOST_LOGOUTS) logouts.add(key)
    else if (!logouts.has(key)) incompleteUntil = now().getTime() + longestTimeout() * 1000
  }

  return {
    get size() {
      return saves.size + logouts.size
    },
    get logouts() {
      return logouts.size
    },
    add(key, debt) {
      if (debt === 'logout') addLogout(key)
      else if (!logouts.has(key)) addSave(key)
    },
    has: (key) => logouts.has(key) || saves.has(key),
    settle(key) {
      saves.delete(key)
      logouts.delete(key)
    },
    *keys() {
      yield* logouts
      yield* saves
    },
    areComplete: () => now().getTime() >= incompleteUntil,
  }
}
