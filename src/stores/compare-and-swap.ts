/**
 * Check and act in one step: a write changes a session only while it is the version that the write was computed from;
 * else it is computed anew from what is stored by then. So nothing that others wrote is lost, and a session that was
 * deleted stays deleted.
 *
 * A write whose reply was lost is looked for in the store before it is sent again, once, to the letter the same. For
 * that, no two writes may leave the same: else one would take another's work for its own.
 */
import { type Deadline, pauseBeforeRetry } from '../deadline.ts'
import { StoreUnavailable } from '../errors.ts'
import { OutcomeUnknown } from '../outcome-unknown.ts'
import type { StoredSession } from './store.ts'

/** One write, ready to be sent. */
export interface Swap {
  /** What is stored once it has taken place. */
  readonly result: StoredSession
  /** Returns false where another version is stored by now, or none. @throws StoreUnavailable, OutcomeUnknown */
  send(): Promise<boolean>
  /** Of a move that ends the old key first: where both keys are gone, its own first step may have been what ended it. */
  readonly inTwoSteps?: boolean
}

export interface SwapParts {
  readonly deadline: Deadline
  /** What is stored under a key, expired or not; null for nothing, and for what cannot be read. */
  read(key: string): Promise<StoredSession | null>
  /** The write that leads on from `current`. */
  prepare(current: StoredSession): Swap
  /** Whether two versions stand for the same content. Default: whether they are the same. */
  readonly isSame?: (one: unknown, other: unknown) => boolean
  /** Whether no two writes leave the same version, so that what is stored tells who wrote it. */
  readonly marksWrites: boolean
}

/** Times that a store may refuse a version and then show it: others may have written the same text in between. */
const MOST_UNCHANGED = 3

/** Writes on what was seen, then on what is stored, until one hits; null when the session is gone. @throws StoreUnavailable */
export async function compareAndSwap(seen: StoredSession, parts: SwapParts): Promise<StoredSession | null> {
  const { deadline, read, marksWrites, isSame = Object.is } = parts
  let current = seen
  for (let unchanged = 0; ; ) {
    const swap = parts.prepare(current)
    let hasTakenPlace: boolean
    try {
      hasTakenPlace = await swap.send()
    } catch (error) {
      hasTakenPlace = await outcomeAfter(error, swap, current, { read, isSame, marksWrites })
    }
    if (hasTakenPlace) return swap.result
    const newer = await read(seen.key)
    if (newer === null) return null
    unchanged = isSame(newer.version, current.version) ? unchanged + 1 : 0
    if (unchanged === MOST_UNCHANGED) {
      throw new StoreUnavailable('The session store did not change a session that it shows unchanged.')
    }
    current = newer
    await pauseBeforeRetry(deadline)
    if (deadline.remaining() === 0) {
      throw new StoreUnavailable('A session was written by others until the deadline.', { reason: 'locked' })
    }
  }
}

type Rules = Required<Pick<SwapParts, 'read' | 'isSame' | 'marksWrites'>>

/** Finds out what became of a write whose reply was lost. @throws OutcomeUnknown, and any other `error` as it is */
async function outcomeAfter(error: unknown, swap: Swap, current: StoredSession, rules: Rules): Promise<boolean> {
  if (!(error instanceof OutcomeUnknown)) throw error
  // What cannot be asked stays unknown.
  const answer = await settle(swap, current, rules).catch(() => null)
  if (answer === null) throw error
  return answer
}

/** Whether a write took place after all, now or then; null when nothing can tell. */
async function settle(swap: Swap, current: StoredSession, rules: Rules): Promise<boolean | null> {
  for (let isLast = false; ; isLast = true) {
    if (await isStored(swap, current, rules)) return rules.marksWrites ? true : null
    const present = await rules.read(current.key)
    if (present === null) return swap.inTwoSteps === true ? null : false
    if (!rules.isSame(present.version, current.version)) return mayRepeat(swap, current, rules) ? false : null
    if (isLast) return null
    // To the letter the same write: should the first one still be under way, only one of them can hit.
    if (await swap.send().catch(lostAgain)) return true
  }
}

function lostAgain(error: unknown): false {
  if (error instanceof OutcomeUnknown) return false
  throw error
}

/** Whether the store shows what the write was to leave; never for one that leaves no mark. */
async function isStored({ result }: Swap, current: StoredSession, { read, isSame }: Rules): Promise<boolean> {
  const leavesMark = result.key !== current.key || !isSame(result.version, current.version)
  if (!leavesMark) return false
  const present = await read(result.key)
  return present !== null && isSame(present.version, result.version)
}

/**
 * Whether the write may be computed anew from another version: a renewed expiry may come twice, and a session that
 * is still under its key was not moved. A save may stand beneath what another wrote upon it, and a transformation in
 * it would be made twice.
 */
function mayRepeat({ result }: Swap, current: StoredSession, { isSame }: Rules): boolean {
  return result.key !== current.key || isSame(result.version, current.version)
}
