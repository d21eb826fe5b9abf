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
    const timer = setTimeout(() => {
      abandon()
      reject(new StoreUnavailable(MISSED, { reason: 'deadline' }))
    }, deadline.remaining())
    work.then(
      (result) => {
        clearTimeout(timer)
        resolve(result)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
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
