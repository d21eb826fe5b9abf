/**
 * Sessions in a database table, with a copy of each in a cache. Mirrors django/contrib/sessions/backends/cached_db.py,
 * but the row is the truth: a copy is only ever read, every write is made upon the row, and the copies follow
 * (cached-copies.ts). A cache that fails costs time, and nothing else.
 */
import { startDeadline } from '../deadline.ts'
import type { CachedCopies } from './cached-copies.ts'
import type { RowStore } from './db.ts'
import { isStored, type SessionStore, type StoredSession } from './store.ts'

export interface CachedDbOptions {
  readonly rows: RowStore
  readonly copies: CachedCopies
  readonly deadlineMs: number
}

export function cachedDb({ rows, copies, deadlineMs }: CachedDbOptions): SessionStore {
  /** Writes upon the row of what was seen: a copy has no version. */
  async function upon(
    seen: StoredSession,
    write: (current: StoredSession, deadline: ReturnType<typeof startDeadline>) => Promise<StoredSession | null>,
  ): Promise<StoredSession | null> {
    const deadline = startDeadline(deadlineMs)
    const current = seen.version === undefined ? await rows.present(seen.key, deadline) : seen
    // The copy of a row that is gone.
    if (current === null) return copies.end(seen.key, deadline, async () => null)
    return write(current, deadline)
  }

  return {
    async load(key) {
      const deadline = startDeadline(deadlineMs)
      const copy = await copies.read(key, deadline)
      if (typeof copy !== 'string') return copy
      const row = await rows.load(key, deadline)
      if (copy === 'unusable' || !isStored(row)) return row
      return (await copies.fill(key, deadline, () => rows.load(key, deadline))) ?? row
    },

    exists: (key) => rows.exists(key),

    recent: rows.recent,

    async create(next, request) {
      const deadline = startDeadline(deadlineMs)
      const created = await rows.create(next, request, deadline)
      await copies.fill(created.key, deadline, async () => created)
      return created
    },

    save: (seen, next, request) =>
      upon(seen, (current, deadline) =>
        copies.write(seen.key, deadline, () => rows.save(current, next, request, deadline)),
      ),

    cycle: (seen, next, request, key) =>
      upon(seen, async (current, deadline) => {
        const cycled = await copies.end(seen.key, deadline, () => rows.cycle(current, next, request, key, deadline))
        if (cycled !== null) await copies.fill(cycled.key, deadline, async () => cycled)
        return cycled
      }),

    touch: (seen) =>
      upon(seen, (current, deadline) => copies.write(seen.key, deadline, () => rows.touch(current, deadline))),

    async delete(key) {
      const deadline = startDeadline(deadlineMs)
      await copies.end(key, deadline, () => rows.delete(key, deadline))
    },

    // Copies end by themselves.
    clearExpired: () => rows.clearExpired(),

    async check() {
      await rows.check()
      await copies.check(startDeadline(deadlineMs))
    },

    close: copies.close,
  }
}
