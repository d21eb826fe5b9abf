/** The time that one call of a store may take, from waiting for a connection to the last byte of the answer. */
import { StoreUnavailable } from './errors.ts'

export interface Deadline {
  /** Milliseconds left, never below zero. */
  remaining(): number
}

export function startDeadline(milliseconds: number): Deadline {
  const end = performance.now() + milliseconds
  return { remaining: () => Math.max(0, end - performance.now()) }
}

/** The part of a deadline that one of several servers may take. */
export function partOf(deadline: Deadline, milliseconds: number): Deadline {
  const part = startDeadline(milliseconds)
  return { remaining: () => Math.min(part.remaining(), deadline.remaining()) }
}

/**
 * Settles as `work` does, or rejects with StoreUnavailable when the deadline comes first; `abandon` then ends what
 * was waited for, so that nothing late can be taken for the answer to somebody else's question.
 */
export function withinDeadline<T>(work: Promise<T>, deadline: Deadline, abandon: () => void): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const call: Waiting = {
      end: performance.now() + deadline.remaining(),
      place: NOWHERE,
      miss() {
        abandon()
        reject(new StoreUnavailable(MISSED, { reason: 'deadline' }))
      },
    }
    startWaiting(call)
    work.then(
      (result) => {
        stopWaiting(call)
        resolve(result)
      },
      (error: unknown) => {
        stopWaiting(call)
        reject(error)
      },
    )
  })
}

/** A call that waits for an answer. */
interface Waiting {
  /** In milliseconds of `performance.now()`. */
  readonly end: number
  /** Where it stands among all that wait. */
  place: number
  miss(): void
}

/**
 * All that wait have one timer, set for the first end; one each would be sorted in and taken out with every call. In no
 * order, and in no Set: as calls come and go it makes table after table, each of which keeps the next one in memory.
 */
const waiting: Waiting[] = []
const NOWHERE = -1
let timer: NodeJS.Timeout | undefined
let firesAt = Number.NaN
/** What made the timer: one that was made while somebody's tests had clocks of their own never comes. */
let madeBy: typeof setTimeout | undefined
const LONGEST_MS = 2 ** 30

function startWaiting(call: Waiting): void {
  if (waiting.length === 0) timer?.ref()
  call.place = waiting.push(call) - 1
  if (!(firesAt <= call.end && madeBy === setTimeout)) setTimer(call.end)
}

/** A timer that nobody waits for keeps no process alive. */
function stopWaiting(call: Waiting): void {
  if (leave(call) && waiting.length === 0) timer?.unref()
}

/** The last one takes its place; false for one that has left before. */
function leave(call: Waiting): boolean {
  if (call.place === NOWHERE) return false
  const last = waiting.pop() ?? call
  if (last !== call) waiting[call.place] = last
  last.place = call.place
  call.place = NOWHERE
  return true
}

function setTimer(end: number): void {
  clearTimeout(timer)
  firesAt = end
  madeBy = setTimeout
  timer = setTimeout(missThoseOver, Math.min(Math.ceil(end - performance.now()), LONGEST_MS))
}

function missThoseOver(): void {
  timer = undefined
  firesAt = Number.NaN
  const now = performance.now()
  for (const call of waiting.filter(({ end }) => end <= now)) if (leave(call)) call.miss()
  // Others may have begun to wait as those were missed.
  const next = waiting.reduce((first, { end }) => Math.min(first, end), Number.POSITIVE_INFINITY)
  if (waiting.length > 0) setTimer(next)
}

/** For before anything is sent: a connection that others share would be given up for nothing. @throws StoreUnavailable */
export function refuseOnceOver(deadline: Deadline): void {
  if (deadline.remaining() === 0) throw new StoreUnavailable(MISSED, { reason: 'deadline' })
}

const MISSED = 'The session store did not answer within its deadline (options.deadlineMs).'

/** Waits a short, random time before another try, so that two writers do not collide again and again. */
export function pauseBeforeRetry(deadline: Deadline, mostMs = 16): Promise<void> {
  const milliseconds = Math.min(deadline.remaining(), 1 + Math.random() * (mostMs - 1))
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
