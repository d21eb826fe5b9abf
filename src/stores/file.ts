/**
 * Sessions in files, one each: SESSION_COOKIE_NAME + session key. Mirrors django/contrib/sessions/backends/file.py, but a
 * write merges into what is stored, what cannot be read stays, and a load writes nothing.
 *
 * Only regular files are read: what else stands in a folder that anybody may write to is unreadable, and stays.
 * The content is the text of stores/session-data.ts. An empty file is an empty session. A session ends as
 * `_session_expiry` says, counted from the file's time of modification where it is a number.
 */
import type { WallClock } from '../databases/wall-clock.ts'
import { type Deadline, startDeadline } from '../deadline.ts'
import { StoreUnavailable } from '../errors.ts'
import { compareAndSwap, type Swap } from './compare-and-swap.ts'
import type { DecodedSession, SessionCodec } from './session-data.ts'
import { type ExpiryRule, secondsUntil } from './session-expiry.ts'
import type { SessionFile } from './session-file.ts'
import { SessionFiles } from './session-files.ts'
import { newSessionKey } from './session-key.ts'
import { isStored, type NotLoaded, type RecentSession, type SessionStore, type StoredSession } from './store.ts'
import { notRegular, refuseUnreadable, tooLong } from './unreadable.ts'
import { writtenSession } from './written-session.ts'

export interface FileStoreOptions {
  /** SESSION_FILE_PATH; it exists. */
  readonly folder: string
  /** SESSION_COOKIE_NAME. */
  readonly prefix: string
  readonly codec: SessionCodec
  readonly expiryOf: ExpiryRule
  readonly wallClock: WallClock
  readonly now: () => Date
  readonly deadlineMs: number
  /** Characters of the longest session that is read. Default 1 MiB. */
  readonly inputLength?: number
}

const MOST_TAKEN_KEYS = 5
const CHECKED_FILES = 20
/** Of how many files the newest are looked at. */
const LISTED_FILES = 1000

export function file(options: FileStoreOptions): SessionStore {
  const { codec, expiryOf, wallClock, now } = options
  const files = new SessionFiles({ ...options, mostBytes: options.inputLength ?? 1 << 20 })
  const begin = (): Deadline => startDeadline(options.deadlineMs)

  function open(key: string, { text, modified, isRegular }: SessionFile): StoredSession | NotLoaded {
    const answer = isRegular ? decoded(text, codec) : notRegular()
    if (!('data' in answer)) return { absent: 'unreadable', ...answer }
    const { data } = answer
    return { key, data, expiry: { ...expiryOf(data, modified), age: expiryOf(data).age }, version: text }
  }

  /** @see django/contrib/sessions/backends/file.py load, which takes less than a whole second for none */
  function isExpired({ data }: StoredSession, { modified }: SessionFile): boolean {
    return secondsUntil(expiryOf(data, modified).instant, now(), wallClock) <= 0
  }

  function swap(
    seen: StoredSession,
    prepare: (current: StoredSession, deadline: Deadline) => Swap,
  ): Promise<StoredSession | null> {
    const deadline = begin()
    return compareAndSwap(seen, {
      deadline,
      marksWrites: codec.marksWrites === true,
      async read(key) {
        const found = await files.read(key, deadline)
        const answer = found === null ? null : open(key, found)
        return answer !== null && isStored(answer) ? answer : null
      },
      prepare: (current) => prepare(current, deadline),
    })
  }

  /** Null for a file of somebody else's among them. */
  function readIfAllowed(key: string, deadline: Deadline): Promise<SessionFile | null> {
    return files.read(key, deadline).catch((error: unknown) => {
      if (error instanceof StoreUnavailable && error.reason === 'denied') return null
      throw error
    })
  }

  async function recent(most: number): Promise<readonly RecentSession[]> {
    const found: (SessionFile & { readonly key: string })[] = []
    for await (const key of files.keys(begin)) {
      const one = await readIfAllowed(key, begin())
      if (one !== null && one.text !== '') found.push({ ...one, key })
      if (found.length === LISTED_FILES) break
    }
    const newest = found.sort((one, other) => other.modified.getTime() - one.modified.getTime()).slice(0, most)
    return newest.map(({ key, text }) => {
      const answer = decoded(text, codec)
      return { key, data: 'data' in answer ? answer.data : null }
    })
  }

  return {
    recent,

    async load(key) {
      const found = await files.read(key, begin())
      if (found === null) return { absent: 'unknown', reason: 'unknown_session' }
      const answer = open(key, found)
      if (isStored(answer) && isExpired(answer, found)) return { absent: 'expired', reason: 'expired_session' }
      return answer
    },

    exists: async (key) => (await files.read(key, begin())) !== null,

    async create(next) {
      const deadline = begin()
      const data = next(new Map())
      const text = codec.encode(data)
      for (let tries = 1; tries <= MOST_TAKEN_KEYS; tries++) {
        const key = newSessionKey()
        if (!(await files.reserve(key, deadline))) continue
        try {
          // Somebody else has deleted or filled it.
          if (!(await files.replace(key, '', text, deadline))) continue
        } catch (error) {
          await files.delete(key, deadline).catch(() => undefined)
          throw error
        }
        return writtenSession(key, text, expiryOf(data), () => codec.decode(text))
      }
      throw new StoreUnavailable('No unused session key was found.')
    },

    save: (seen, next) =>
      swap(seen, (current, deadline) => {
        const data = next(current.data)
        const text = codec.encode(data)
        return {
          result: writtenSession(seen.key, text, expiryOf(data), () => codec.decode(text)),
          send: () => files.replace(seen.key, String(current.version), text, deadline),
        }
      }),

    cycle: (seen, next, _request, key = newSessionKey()) =>
      swap(seen, (current, deadline) => {
        const data = next(current.data)
        const text = codec.encode(data)
        return {
          result: writtenSession(key, text, expiryOf(data), () => codec.decode(text)),
          send: () => files.move(seen.key, String(current.version), key, text, deadline),
        }
      }),

    touch: (seen) =>
      swap(seen, (current, deadline) => ({
        result: { ...current, expiry: expiryOf(current.data) },
        send: () => files.touch(seen.key, String(current.version), deadline),
      })),

    async delete(key) {
      await files.delete(key, begin())
    },

    async check() {
      refuseUnreadable(await recent(CHECKED_FILES))
    },

    async clearExpired() {
      let total = 0
      for await (const key of files.keys(begin)) {
        const deadline = begin()
        const found = await readIfAllowed(key, deadline)
        if (found === null) continue
        const answer = open(key, found)
        // What cannot be read is left to Django, which knows whether it can.
        if (isStored(answer) && isExpired(answer, found) && (await files.delete(key, deadline, found))) total++
      }
      await files.sweep(begin)
      return total
    },
  }
}

function decoded(text: string | null, codec: SessionCodec): DecodedSession {
  if (text === null) return tooLong()
  return text === '' ? { data: new Map() } : codec.decode(text)
}
