/** A file as it stands in its place, where others may rename another one to at any time. */
import { type BigIntStats, lstatSync, renameSync } from 'node:fs'
import { lstat, rename } from 'node:fs/promises'
import type { Deadline } from '../deadline.ts'
import { callFiles, changeFile } from './file-calls.ts'
import { nullIfAbsent } from './file-faults.ts'
import { openAsItStands, readAtMost } from './regular-file.ts'

/** A file system that reads a file within this time is not waited for when it renames one. */
const AT_ONCE_MS = 50

export interface StandingFile {
  /** Null where they are more than was asked for, and of what is no regular file. */
  readonly bytes: Buffer | null
  /** False of a link, a FIFO, a socket or a device. */
  readonly isRegular: boolean
  /** When it was last written or touched. */
  readonly modified: Date
  /** Differs for every file that stood or stands in this place, and when it was touched. */
  readonly identity: string
}

/** Null where there is no file; a folder is none. */
export async function readStandingFile(path: string, mostBytes: number): Promise<StandingFile | null> {
  try {
    const handle = await openAsItStands(path)
    if (handle === null) return { ...looksOf(await lstat(path, { bigint: true })), ...IRREGULAR }
    try {
      const found = await handle.stat({ bigint: true })
      if (found.isDirectory()) return null
      if (!found.isFile()) return { ...looksOf(found), ...IRREGULAR }
      const bytes = await readAtMost(handle, Number(found.size), mostBytes)
      return { ...looksOf(found), bytes, isRegular: true }
    } finally {
      await handle.close()
    }
  } catch (error) {
    return nullIfAbsent(error)
  }
}

const IRREGULAR = { bytes: null, isRegular: false } as const

function looksOf(found: BigIntStats): Pick<StandingFile, 'modified' | 'identity'> {
  return { modified: new Date(Number(found.mtimeNs) / 1e6), identity: identityOf(found) }
}

/** Whether the file that was read still stands there, untouched. */
export async function isStill(path: string, { identity }: Pick<StandingFile, 'identity'>): Promise<boolean> {
  const found = await lstat(path, { bigint: true }).catch(nullIfAbsent)
  return found !== null && identityOf(found) === identity
}

/**
 * Whether the file has the content that a write follows upon: the last look before a rename. What another process
 * renames after it is lost: a file system has no compare-and-swap.
 */
export async function stillHas(
  path: string,
  { mostBytes, deadline }: { readonly mostBytes: number; readonly deadline: Deadline },
  isSeen: (file: StandingFile) => boolean,
): Promise<boolean> {
  for (;;) {
    const found = await callFiles(deadline, () => readStandingFile(path, mostBytes))
    if (found === null || !isSeen(found)) return false
    // The bytes were read from a file that another may have replaced since it was opened.
    if (await callFiles(deadline, () => isStill(path, found))) return true
  }
}

/**
 * Renames a file while the one at `path` has the content that the write follows upon. Where the file system has just
 * answered at once, the last look and the rename are made in one go, which nothing of this process delays; one that is
 * slow must not stop the event loop. False where the content is another, or nothing is there.
 */
export async function renameWhile(
  path: string,
  limits: { readonly mostBytes: number; readonly deadline: Deadline },
  isSeen: (file: StandingFile) => boolean,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<boolean> {
  const { deadline } = limits
  for (;;) {
    const began = performance.now()
    const found = await callFiles(deadline, () => readStandingFile(path, limits.mostBytes))
    if (found === null || !isSeen(found)) return false
    if (performance.now() - began >= AT_ONCE_MS) {
      if (await callFiles(deadline, () => isStill(path, found))) return changeFile(deadline, () => rename(from, to))
      continue
    }
    let isSame = false
    const isRenamed = await changeFile(deadline, async () => {
      isSame = identityOf(lstatSync(path, { bigint: true })) === found.identity
      if (isSame) renameSync(from, to)
    })
    if (isSame || !isRenamed) return isRenamed
  }
}

function identityOf({ ino, ctimeNs }: { ino: bigint; ctimeNs: bigint }): string {
  return `${ino} ${ctimeNs}`
}
