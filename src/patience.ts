/**
 * Waiting for a server that is being restarted, while nothing has been sent yet: its visitors get a slow answer instead
 * of an error.
 */
import { type Deadline, pauseBeforeRetry } from './deadline.ts'

export interface Patience {
  isOver(): boolean
  /** A pause before the next try, each time a longer one. */
  pause(): Promise<void>
}

const MOST_MS = 1500
/** A part of the deadline is left for what is to be done once the server is there. */
const PART = 0.75

export function startPatience(deadline: Deadline): Patience {
  const left = deadline.remaining() - Math.min(MOST_MS, deadline.remaining() * PART)
  let most = 50
  return {
    isOver: () => deadline.remaining() <= left,
    async pause() {
      await pauseBeforeRetry(deadline, most)
      most = Math.min(2 * most, 200)
    },
  }
}
