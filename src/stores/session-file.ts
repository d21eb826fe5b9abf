/** One session file as it stands in its place. */
import { open, stat } from 'node:fs/promises'
import { nullIfAbsent } from './file-faults.ts'

export interface SessionFile {
  /** Its bytes as latin-1; null where they are more than a session may have. */
  readonly text: string | null
  /** When it was last written or touched. */
  readonly modified: Date
  /** Differs for every file that stood or stands in this place, and when it was touched. */
  readonly identity: string
}

/** Null where there is no file; a folder is none. */
export async function readSessionFile(path: string, mostBytes: number): Promise<SessionFile | null> {
  const handle = await open(path, 'r').catch(nullIfAbsent)
  if (handle === null) return null
  try {
    const found = await handle.stat({ bigint: true })
    if (found.isDirectory()) return null
    return {
      text: found.size > mostBytes ? null : await handle.readFile('latin1'),
      modified: new Date(Number(found.mtimeNs) / 1e6),
      identity: identityOf(found),
    }
  } finally {
    await handle.close()
  }
}

/** Whether the file that was read still stands there, untouched. */
export async function isStill(path: string, { identity }: SessionFile): Promise<boolean> {
  const found = await stat(path, { bigint: true }).catch(nullIfAbsent)
  return found !== null && identityOf(found) === identity
}

function identityOf({ ino, ctimeNs }: { ino: bigint; ctimeNs: bigint }): string {
  return `${ino} ${ctimeNs}`
}
