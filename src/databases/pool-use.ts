/**
 * How a driver's pool is used, to tell a pool without a free connection from a server that does not answer: to a caller
 * both are a wait. A pool that shows neither counts nor events is never called exhausted.
 */
import { StoreUnavailable } from '../errors.ts'

/** What a pool shows of itself, in the words of `pg`. */
export interface PoolCounts {
  readonly totalCount?: number
  readonly idleCount?: number
  /** How many calls wait for a connection. */
  readonly waitingCount?: number
  /** How many of `totalCount` are more than being made; watched by events where a pool does not tell. */
  readonly standingCount?: number
  readonly options?: { readonly max?: number }
  on?(event: 'acquire' | 'remove' | 'error', listener: (client: object) => void): unknown
}

export interface PoolUse {
  /** Called when a connection was given to us, or taken from the pool because it is of no more use. */
  taken(client: object): void
  destroyed(client: object): void
  released(): void
  /** Called when the server has answered. */
  answered(): void
  /** Whether every connection stands and is in use, so that a call waits until another is done. */
  isFull(): boolean
  /** @param since when the wait began, by `performance.now()` */
  isExhausted(since: number): boolean
  /** The error of a call that waited in vain. */
  exhausted(): StoreUnavailable
}

/** Clients that are listened to. */
const heardOf = new WeakSet<object>()

/**
 * A client may break in the very packet that says it is ready, before whoever asked for it hears of it; on an `error`
 * that nobody hears the process ends. Its statement fails all the same.
 */
function listen(client: object): void {
  if (heardOf.has(client)) return
  heardOf.add(client)
  const { on } = client as { on?: (event: 'error', listener: () => void) => unknown }
  on?.call(client, 'error', () => undefined)
}

/** @param server as the message names it */
export function watchPool(pool: PoolCounts, server: string): PoolUse {
  // A connection that is still being made is in totalCount, too: these are the ones that stand.
  const standing = new Set<object>()
  // In use before we looked, or being made: taken for standing, since a leaked one never shows itself.
  const earlier = (pool.totalCount ?? 0) - (pool.idleCount ?? 0)
  let ours = 0
  let lastAnswer = Number.NEGATIVE_INFINITY
  // Of an idle connection that breaks; a pool on which nobody listens ends the process, and the next call meets it anyway.
  pool.on?.('error', () => undefined)
  pool.on?.('acquire', (client) => {
    standing.add(client)
    listen(client)
  })
  pool.on?.('remove', (client) => standing.delete(client))

  const most = (): number => pool.options?.max ?? Number.POSITIVE_INFINITY

  function isFull(): boolean {
    const { totalCount = 0, idleCount = 0 } = pool
    const stand = pool.standingCount ?? Math.min(standing.size + earlier, totalCount)
    return totalCount >= most() && idleCount === 0 && stand >= most()
  }

  return {
    taken(client) {
      standing.add(client)
      ours++
    },
    destroyed: (client) => void standing.delete(client),
    released: () => void ours--,
    answered() {
      lastAnswer = performance.now()
    },
    isFull,
    // Where we hold them all and no answer came, it is the server that is slow.
    isExhausted: (since) => isFull() && (ours < most() || lastAnswer > since),
    exhausted: () =>
      new StoreUnavailable(
        `All ${pool.options?.max} connections of the ${server} pool stayed in use until the deadline. The database may ` +
          'be well: release every client that is checked out, or give the bridge a larger pool, or one of its own, in ' +
          'clients.databases.',
        { reason: 'pool_exhausted' },
      ),
  }
}
