/**
 * The first half of replacing a file: another one beside it, which is then renamed into its place, so that nobody ever
 * reads half of a write.
 */
import { randomBytes } from 'node:crypto'
import { lstat, open, unlink } from 'node:fs/promises'
import { type Deadline, withinDeadline } from '../deadline.ts'
import { OutcomeUnknown } from '../outcome-unknown.ts'
import { callFiles, changeFile, ignored } from './file-calls.ts'
import { nullIfAbsent } from './file-faults.ts'

const OWNER_ONLY = 0o600
const TEMPORARY = '_out_node_'
const TEMPORARY_NAME = /_out_node_[0-9a-f]{16}$/
/** No write takes so long; a temporary file of that age is one whose process was killed. */
const STALE_MS = 3_600_000

/** A name beside `path` that no file has. */
export function temporaryBeside(path: string): string {
  return `${path}${TEMPORARY}${randomBytes(8).toString('hex')}`
}

export function isTemporary(name: string): boolean {
  return TEMPORARY_NAME.test(name)
}

/** Deletes a temporary file that a killed process left. @param begin starts the deadline of one call */
export async function deleteStale(path: string, now: Date, begin: () => Deadline): Promise<void> {
  const found = await callFiles(begin(), () => lstat(path).catch(nullIfAbsent))
  if (found !== null && found.mtimeMs < now.getTime() - STALE_MS) await changeFile(begin(), () => unlink(path))
}

export interface TemporaryFile {
  readonly path: string
  readonly bytes: Uint8Array
  /** What the file says of itself: a session's age is judged by our clock, not by that of a file server. */
  readonly modified: Date
}

/** Writes a temporary file, and removes it unless `work` has renamed it, or may yet. */
export async function withTemporaryFile(
  file: TemporaryFile,
  deadline: Deadline,
  work: () => Promise<boolean>,
): Promise<boolean> {
  const writing = write(file)
  let isUsed = false
  try {
    await callFiles(deadline, () => writing)
    isUsed = await work()
    return isUsed
  } catch (error) {
    isUsed = error instanceof OutcomeUnknown
    throw error
  } finally {
    if (!isUsed) {
      // Also when the writing was given up and ends later.
      const removed = writing.catch(ignored).then(() => unlink(file.path).catch(ignored))
      await withinDeadline(removed, deadline, ignored).catch(ignored)
    }
  }
}

async function write({ path, bytes, modified }: TemporaryFile): Promise<void> {
  const handle = await open(path, 'wx', OWNER_ONLY)
  try {
    await handle.writeFile(bytes)
    await handle.utimes(modified, modified)
  } finally {
    await handle.close()
  }
}
