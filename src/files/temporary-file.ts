/**
 * The first half of replacing a file: another one beside it, which is then renamed into its place, so that nobody ever
 * reads half of a write.
 */
import { open, unlink } from 'node:fs/promises'
import { type Deadline, withinDeadline } from '../deadline.ts'
import { OutcomeUnknown } from '../outcome-unknown.ts'
import { callFiles, ignored } from './file-calls.ts'

const OWNER_ONLY = 0o600

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
