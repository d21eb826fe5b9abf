/**
 * Spares callers the wait for a server that cannot be reached: after five failures to connect in a row, calls fail at
 * once for a second; then one of them is let through, and what becomes of it decides for the others.
 */

import { WaitedInVain } from './call-limit.ts'
import { type StoreFailure, StoreUnavailable } from './errors.ts'

/** Connects, or rejects without trying with what the last try ended in. */
export type Circuit = <Client>(connect: () => Promise<Client>) => Promise<Client>

/** For a caller that spares itself the wait. */
export const noCircuit: Circuit = (connect) => connect()

const MOST_FAILURES = 5
const PAUSE_MS = 1000

/** A server that is full, or turns a user away, is there: it may go on serving the connections it has. */
const NOT_THERE: readonly StoreFailure[] = ['unreachable', 'deadline', 'starting_up']

/**
 * @param faultOf what a failure of the driver means
 * @param now milliseconds of a clock that never goes back
 * @param pauseMs default a second
 */
export function createCircuit(
  faultOf: (error: unknown) => Error,
  now: () => number = () => performance.now(),
  pauseMs: number = PAUSE_MS,
): Circuit {
  let failures = 0
  let restsUntil = 0
  let isTrying = false
  let last: StoreUnavailable | undefined
  return async (connect) => {
    if (failures >= MOST_FAILURES) {
      if (isTrying || now() < restsUntil) throw refusal(last)
      isTrying = true
    }
    try {
      const client = await connect()
      failures = 0
      return client
    } catch (error) {
      const fault = faultOf(error)
      if (fault instanceof WaitedInVain) {
        // Of the server it says nothing.
      } else if (fault instanceof StoreUnavailable && NOT_THERE.includes(fault.reason)) {
        last = fault
        failures++
        restsUntil = now() + pauseMs
      } else {
        failures = 0
      }
      throw error
    } finally {
      isTrying = false
    }
  }
}

function refusal(last: StoreUnavailable | undefined): StoreUnavailable {
  return new StoreUnavailable(
    `No connection to the server came about ${MOST_FAILURES} times in a row; it is tried again within a second.`,
    { reason: last?.reason ?? 'unreachable', cause: last?.cause },
  )
}
