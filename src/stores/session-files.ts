/**
 * One folder of session files: what `file` needs of the file system, and how a file is replaced.
 *
 * A write goes to a temporary file beside the session's, which is renamed into its place, so that nobody ever reads half
 * of a session. Immediately before that, the file that stands there is compared with the one that the write follows
 * upon. What another process renames between this last look and our rename is lost: a file system has no
 * compare-and-swap. Writers of one process take turns, so that only other processes can get there.
 */
import { lutimes, open, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Deadline } from '../deadline.ts'
import { StoreUnavailable } from '../errors.ts'
import { callFiles, changeFile, deadlineToMoveBack, ignored, inTurn } from '../files/file-calls.ts'
import { codeOf } from '../files/file-faults.ts'
import { namesIn } from '../files/folder-names.ts'
import { isStill, renameWhile, type StandingFile, stillHas } from '../files/standing-file.ts'
import { deleteStale, isTemporary, temporaryBeside, withTemporaryFile } from '../files/temporary-file.ts'
import { OutcomeUnknown } from '../outcome-unknown.ts'
import { readSessionFile, type SessionFile, textOf } from './session-file.ts'

export interface SessionFilesOptions {
  readonly folder: string
  /** SESSION_COOKIE_NAME, with which every name begins. */
  readonly prefix: string
  /** Bytes of the largest file that is read. */
  readonly mostBytes: number
  readonly now: () => Date
}

const OWNER_ONLY = 0o600

export class SessionFiles {
  readonly #options: SessionFilesOptions

  constructor(options: SessionFilesOptions) {
    this.#options = options
  }

  /** Null where there is no file. @throws StoreUnavailable, also when the folder is gone */
  async read(key: string, deadline: Deadline): Promise<SessionFile | null> {
    if (!isFileKey(key)) return null
    const found = await this.#look(this.#pathOf(key), deadline)
    // A folder that is gone, or not mounted, says nothing about a session.
    if (found === null) await callFiles(deadline, () => stat(this.#options.folder))
    return found
  }

  /** Takes a name that no file has; what stands there is an empty session. False when it is taken. */
  async reserve(key: string, deadline: Deadline): Promise<boolean> {
    try {
      const handle = await callFiles(deadline, () => open(this.#pathOf(key), 'wx', OWNER_ONLY))
      await callFiles(deadline, () => handle.close())
      return true
    } catch (error) {
      if (error instanceof StoreUnavailable && codeOf(error.cause) === 'EEXIST') return false
      throw error
    }
  }

  /** Replaces the file while its text is `seen`; false where it is not, or the file is gone. */
  replace(key: string, seen: string, text: string, deadline: Deadline): Promise<boolean> {
    const path = this.#pathOf(key)
    return inTurn(path, deadline, () =>
      this.#withTemporary(path, text, deadline, (temporary) =>
        renameWhile(path, this.#limits(deadline), hasText(seen), { from: temporary, to: path }),
      ),
    )
  }

  /**
   * Moves the file, while its text is `seen`, to a new key and replaces it there. The first rename ends the old key, and
   * only one process can make it: a kill between the two leaves the old text under a key that nobody was told.
   */
  move(key: string, seen: string, newKey: string, text: string, deadline: Deadline): Promise<boolean> {
    const path = this.#pathOf(key)
    const newPath = this.#pathOf(newKey)
    return inTurn(path, deadline, () =>
      this.#withTemporary(newPath, text, deadline, async (temporary) => {
        const names = { from: path, to: newPath }
        if (!(await renameWhile(path, this.#limits(deadline), hasText(seen), names))) return false
        try {
          // Nobody else knows the new name: what is seen there now stays.
          const claimed = await this.#look(newPath, deadline)
          if (claimed?.text === seen) return await changeFile(deadline, () => rename(temporary, newPath))
        } catch (error) {
          if (!(error instanceof OutcomeUnknown)) {
            await changeFile(deadlineToMoveBack(), () => rename(newPath, path)).catch(ignored)
          }
          throw error
        }
        await changeFile(deadline, () => rename(newPath, path))
        return false
      }),
    )
  }

  /** Renews the time of modification while the text is `seen`. */
  touch(key: string, seen: string, deadline: Deadline): Promise<boolean> {
    const path = this.#pathOf(key)
    return inTurn(path, deadline, async () => {
      if (!(await stillHas(path, this.#limits(deadline), hasText(seen)))) return false
      const now = this.#options.now()
      return changeFile(deadline, () => lutimes(path, now, now))
    })
  }

  /** Returns whether it deleted one. @param file only this one, not one that has taken its place meanwhile */
  async delete(key: string, deadline: Deadline, file?: SessionFile): Promise<boolean> {
    if (!isFileKey(key)) return false
    const path = this.#pathOf(key)
    return inTurn(path, deadline, async () => {
      if (file !== undefined && !(await callFiles(deadline, () => isStill(path, file)))) return false
      return changeFile(deadline, () => unlink(path))
    })
  }

  /** The keys of all session files, in no order. @param begin starts the deadline of one call */
  async *keys(begin: () => Deadline): AsyncGenerator<string> {
    for await (const name of this.#names(begin)) if (isFileKey(name)) yield name
  }

  /** Deletes temporary files that killed processes of this library left. */
  async sweep(begin: () => Deadline): Promise<void> {
    for await (const name of this.#names(begin)) {
      if (isTemporary(name)) await deleteStale(this.#pathOf(name), this.#options.now(), begin)
    }
  }

  /** The names in the folder that begin with the prefix, without it. */
  async *#names(begin: () => Deadline): AsyncGenerator<string> {
    const { folder, prefix } = this.#options
    for await (const name of namesIn(folder, begin)) if (name.startsWith(prefix)) yield name.slice(prefix.length)
  }

  #look(path: string, deadline: Deadline): Promise<SessionFile | null> {
    return callFiles(deadline, () => readSessionFile(path, this.#options.mostBytes))
  }

  #limits(deadline: Deadline) {
    return { mostBytes: this.#options.mostBytes, deadline }
  }

  #withTemporary(
    path: string,
    text: string,
    deadline: Deadline,
    work: (temporary: string) => Promise<boolean>,
  ): Promise<boolean> {
    const temporary = temporaryBeside(path)
    const file = { path: temporary, bytes: Buffer.from(text, 'latin1'), modified: this.#options.now() }
    return withTemporaryFile(file, deadline, () => work(temporary))
  }

  #pathOf(key: string): string {
    return join(this.#options.folder, `${this.#options.prefix}${key}`)
  }
}

function hasText(seen: string): (file: StandingFile) => boolean {
  return (file) => textOf(file) === seen
}

/** Django's VALID_KEY_CHARS; with any other sign a key could name a file elsewhere. */
export function isFileKey(key: unknown): boolean {
  return typeof key === 'string' && /^[a-z0-9]+$/.test(key)
}
