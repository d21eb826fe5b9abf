/**
 * The port of a cache in a folder, a file for each entry. Mirrors django/core/cache/backends/filebased.py, with its
 * names, but makes no room: Django drops entries at random when there are MAX_ENTRIES, live sessions included.
 *
 * Between the last look at a file and the rename that replaces it, another process may have renamed a file of its own
 * there, and that is lost. Writers of one process take turns. Adding and removing leave no such gap.
 */
import { hash } from 'node:crypto'
import { link, mkdir, stat, unlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Deadline, startDeadline } from '../deadline.ts'
import { StoreUnavailable } from '../errors.ts'
import { callFiles, changeFile, deadlineToMoveBack, ignored, inTurn } from '../files/file-calls.ts'
import { codeOf } from '../files/file-faults.ts'
import { namesIn } from '../files/folder-names.ts'
import { isStill, readStandingFile, renameWhile, type StandingFile } from '../files/standing-file.ts'
import { deleteStale, isTemporary, temporaryBeside, withTemporaryFile } from '../files/temporary-file.ts'
import type { Cache, CacheKey, SampledItem } from './cache.ts'
import { compressValue, type FileCacheEntry, formatEntry, parseEntry, pickleOf, versionOf } from './file-cache-entry.ts'

export interface FileCacheOptions {
  /** What LOCATION names. */
  readonly folder: string
  readonly now: () => Date
  /** Bytes of the largest value, as a pickle. Default 8 MiB. */
  readonly inflatedLength?: number | undefined
}

interface Content {
  readonly compressed: Uint8Array
  /** Seconds. */
  readonly timeout: number
}

const SUFFIX = '.djcache'
const OWNER_ONLY = 0o700
const SAMPLED_FILES = 200

export function fileCache({ now, inflatedLength: most = 8 << 20, ...options }: FileCacheOptions): Cache {
  const folder = resolve(options.folder)
  const pathOf = (key: string): string => join(folder, `${hash('md5', key)}${SUFFIX}`)

  const endAfter = (timeout: number): number => now().getTime() / 1000 + (timeout === 0 ? -1 : timeout)

  /** Django's own test, which leaves the very moment of its end to an entry. */
  function hasEnded(entry: FileCacheEntry | null): boolean {
    return entry === null || (entry.end !== null && entry.end < now().getTime() / 1000)
  }

  function isVersion(file: StandingFile, version: string): boolean {
    const entry = entryOf(file)
    return !hasEnded(entry) && entry?.version === version
  }

  function look(path: string, deadline: Deadline): Promise<StandingFile | null> {
    return callFiles(deadline, () => readStandingFile(path, most))
  }

  /** Has `put` move a file of such content into its place. */
  async function write(
    path: string,
    content: Content,
    deadline: Deadline,
    put: (temporary: string) => Promise<boolean>,
  ): Promise<boolean> {
    const bytes = formatEntry(endAfter(content.timeout), content.compressed)
    const temporary = temporaryBeside(path)
    return withTemporaryFile({ path: temporary, bytes, modified: now() }, deadline, () => put(temporary))
  }

  function replace(
    path: string,
    content: Content,
    deadline: Deadline,
    isSeen: (file: StandingFile) => boolean,
  ): Promise<boolean> {
    return inTurn(path, deadline, () =>
      write(path, content, deadline, (temporary) =>
        renameWhile(path, { mostBytes: most, deadline }, isSeen, { from: temporary, to: path }),
      ),
    )
  }

  /** Puts a file where there is none; false where there is one. */
  async function addFile(path: string, content: Content, deadline: Deadline): Promise<boolean> {
    let isAdded = false
    await write(path, content, deadline, async (temporary) => {
      isAdded = await changeFile(deadline, () => link(temporary, path)).catch(falseIfTaken)
      // The file has two names now, of which this one goes.
      return false
    })
    return isAdded
  }

  async function withFolder<T>(deadline: Deadline, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof StoreUnavailable && error.reason === 'missing')) throw error
      await callFiles(deadline, () => mkdir(folder, { recursive: true, mode: OWNER_ONLY }))
      return work()
    }
  }

  async function removeFile(path: string, version: string, deadline: Deadline): Promise<boolean> {
    // Taken aside first: only one process can, and what it took there nobody replaces any more.
    const aside = temporaryBeside(path)
    const limits = { mostBytes: most, deadline }
    const isSeen = (file: StandingFile): boolean => isVersion(file, version)
    if (!(await renameWhile(path, limits, isSeen, { from: path, to: aside }))) return false
    let isRight: boolean
    try {
      const taken = await look(aside, deadline)
      isRight = taken !== null && isVersion(taken, version)
    } catch (error) {
      await moveBack(aside, path).catch(ignored)
      throw error
    }
    // Newer than what was seen.
    if (!isRight) await moveBack(aside, path)
    else await callFiles(deadline, () => unlink(aside))
    return isRight
  }

  /** Back to its place, unless something newer stands there. */
  async function moveBack(aside: string, path: string): Promise<void> {
    const deadline = deadlineToMoveBack()
    await changeFile(deadline, () => link(aside, path)).catch(falseIfTaken)
    await changeFile(deadline, () => unlink(aside))
  }

  return {
    async get(key, deadline) {
      const file = await look(pathOf(key), deadline)
      // A folder that is gone, or not mounted, says nothing about an entry.
      if (file === null) await callFiles(deadline, () => stat(folder))
      const entry = file === null ? null : entryOf(file)
      if (entry === null || hasEnded(entry)) return null
      return {
        bytes: pickleOf(entry, most),
        version: entry.version,
        ...(entry.end !== null && Number.isFinite(entry.end) && { endsAt: new Date(entry.end * 1000) }),
      }
    },
    async add(key, { bytes }, timeout, deadline) {
      const path = pathOf(key)
      const content = { compressed: compressValue(bytes), timeout }
      const isAdded =
        (await withFolder(deadline, () => addFile(path, content, deadline))) ||
        (await replace(path, content, deadline, (file) => hasEnded(entryOf(file))))
      return isAdded ? versionOf(content.compressed) : null
    },
    async replace(key, version, { bytes }, timeout, deadline) {
      const content = { compressed: compressValue(bytes), timeout }
      const isReplaced = await replace(pathOf(key), content, deadline, (file) => isVersion(file, version))
      return isReplaced ? versionOf(content.compressed) : null
    },
    async touch(key, version, timeout, deadline) {
      const path = pathOf(key)
      const file = await look(path, deadline)
      const entry = file === null ? null : entryOf(file)
      if (entry === null || entry.end === null || entry.version !== version) return false
      return replace(path, { ...entry, timeout }, deadline, (found) => isVersion(found, version))
    },
    remove(key, version, deadline) {
      const path = pathOf(key)
      return inTurn(path, deadline, () => removeFile(path, version, deadline))
    },
    async delete(key, deadline) {
      const path = pathOf(key)
      await inTurn(path, deadline, () => changeFile(deadline, () => unlink(path)))
    },
    async clearExpired(deadline) {
      const milliseconds = deadline.remaining()
      const begin = (): Deadline => startDeadline(milliseconds)
      let total = 0
      for await (const name of namesIn(folder, begin)) {
        const path = join(folder, name)
        if (name.endsWith(SUFFIX)) {
          const file = await look(path, begin()).catch(nullIfDenied)
          if (file !== null && hasEnded(entryOf(file)) && (await callFiles(begin(), () => isStill(path, file)))) {
            if (await changeFile(begin(), () => unlink(path))) total++
          }
        } else if (name.includes(SUFFIX) && isTemporary(name)) await deleteStale(path, now(), begin)
      }
      return total
    },
    // Names are digests: whose item is whose does not show.
    async sample(_part, count, deadline, isWanted = () => true) {
      const found: SampledItem[] = []
      let looked = 0
      for await (const name of namesIn(folder, () => deadline)) {
        if (found.length === count || ++looked > SAMPLED_FILES) break
        if (!name.endsWith(SUFFIX)) continue
        const file = await look(join(folder, name), deadline).catch(nullIfDenied)
        const entry = file === null ? null : entryOf(file)
        if (entry === null || hasEnded(entry)) continue
        const item = { bytes: pickleOf(entry, most) }
        if (isWanted(item)) found.push({ key: null, item })
      }
      return found
    },
    async check(deadline) {
      await callFiles(deadline, () => stat(folder))
    },
    close: async () => {},
  }
}

/** Null for an empty file; what is too large is an entry that cannot be read. */
function entryOf({ bytes, modified }: StandingFile): FileCacheEntry | null {
  return bytes === null
    ? { end: null, compressed: new Uint8Array(), version: modified.toISOString() }
    : parseEntry(bytes)
}

function falseIfTaken(error: unknown): false {
  if (error instanceof StoreUnavailable && codeOf(error.cause) === 'EEXIST') return false
  throw error
}

function nullIfDenied(error: unknown): null {
  if (error instanceof StoreUnavailable && error.reason === 'denied') return null
  throw error
}

/** Text that has bytes to name a file after. */
export function fileCacheKey(make: CacheKey): CacheKey {
  return (key) => {
    const whole = make(key)
    return whole?.isWellFormed() === true ? whole : null
  }
}
