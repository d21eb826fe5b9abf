/** Bounds how many calls wait for a server at once: more would only wait for their deadlines, and hold memory meanwhile. */
import { StoreUnavailable } from './errors.ts'

/** Calls that may be under way on a pool of connections, or wait for a lock. */
export const MOST_CALLS = 1000

export interface CallLimit {
  /** Runs a call, or rejects at once where too many are under way. @throws StoreUnavailable */
  run<T>(call: () => Promise<T>): Promise<T>
}

/** @param server as the message names it */
export function callLimit(server: string, most: number = MOST_CALLS): CallLimit {
  let underWay = 0
  return {
    async run(call) {
      if (underWay >= most) throw overloaded(server, most)
      underWay++
      try {
        return await call()
      } finally {
        underWay--
      }
    },
  }
}

function overloaded(server: string, most: number): StoreUnavailable {
  return new StoreUnavailable(
    `${most} calls are under way on ${server} already: raise the size of the pool, or let fewer requests in at once.`,
    { reason: 'overloaded' },
  )
}

/** A call that waited in vain for a free connection, and never tried to make one. */
export class WaitedInVain extends StoreUnavailable {}
