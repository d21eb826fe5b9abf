/** Calls of the file system: each within the deadline, and what they throw in this library's terms. */
import { type Deadline, startDeadline, withinDeadline } from '../deadline.ts'
import { StoreUnavailable } from '../errors.ts'
import { OutcomeUnknown } from '../outcome-unknown.ts'
import { fileFault, isAbsent } from './file-faults.ts'

/** A call that changes no session; what comes of it after the deadline is nobody's. @throws StoreUnavailable */
export async function callFiles<T>(deadline: Deadline, call: () => Promise<T>): Promise<T> {
  if (deadline.remaining() === 0) throw new StoreUnavailable(MISSED, { reason: 'deadline' })
  try {
    return await withinDeadline(call(), deadline, ignored)
  } catch (error) {
    throw fileFault(error)
  }
}

/**
 * A call that changes a session, and may do so after the deadline. False where there is no file to change.
 * @throws StoreUnavailable, OutcomeUnknown
 */
export async function changeFile(deadline: Deadline, change: () => Promise<void>): Promise<boolean> {
  if (deadline.remaining() === 0) throw new StoreUnavailable(MISSED, { reason: 'deadline' })
  try {
    await withinDeadline(change(), deadline, ignored)
    return true
  } catch (error) {
    if (isAbsent(error)) return false
    const fault = fileFault(error)
    throw fault instanceof StoreUnavailable && fault.reason === 'deadline' ? new OutcomeUnknown(fault) : fault
  }
}

const MISSED = 'The session files were not worked on within the deadline (options.deadlineMs).'

/** The changes of this process by file, each behind the one before. */
const turns = new Map<string, Promise<unknown>>()

/**
 * Has the changes of one file take turns, so that nothing of this process gets between a look and what follows it.
 * @throws StoreUnavailable when its turn has not come within the deadline; then `work` is not begun
 */
export function inTurn<T>(path: string, deadline: Deadline, work: () => Promise<T>): Promise<T> {
  const before = turns.get(path) ?? Promise.resolve()
  const mine = withinDeadline(before, deadline, ignored).then(work)
  // Whoever gave up waiting lets nobody pass what it waited for.
  const settled = Promise.allSettled([before, mine]).then(ignored)
  turns.set(path, settled)
  void settled.then(() => {
    if (turns.get(path) === settled) turns.delete(path)
  })
  return mine
}

/** For moving a file back when the call's own deadline may be over: short, since somebody waits. */
export function deadlineToMoveBack(): Deadline {
  return startDeadline(MOVE_BACK_MS)
}

const MOVE_BACK_MS = 250

/** For what may fail and leaves nothing to do then. */
export function ignored(): void {}
