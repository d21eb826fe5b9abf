/**
 * What becomes of whatever stands in the cache under a session's key, before and after its row is written: a table for
 * each case, so that no copy that is older than the row, or whose row is gone, can be put there or stay there.
 */
import type { Cache } from '../caches/cache.ts'
import type { Deadline } from '../deadline.ts'
import { StoreUnavailable } from '../errors.ts'
import { type MarkKind, markKind, newMark } from './cache-mark.ts'

type Found = 'nothing' | 'copy' | MarkKind
type Plan = Readonly<Record<Found, MarkKind | 'leave'>>

/** Who finds nobody else at work may put the new copy in place of its own mark; of two that write, neither may. */
export const BEFORE_WRITE: Plan = { nothing: 'write', copy: 'write', lease: 'write', write: 'block', block: 'leave' }

/** Nobody may put a copy of a row that is about to end. The block of another may be one that no replica knows of. */
export const BEFORE_END: Plan = { nothing: 'block', copy: 'block', lease: 'block', write: 'block', block: 'block' }

/** Whatever may be older than the row as it is now; what others put on nothing from here on is not. */
export const AFTERWARDS: Plan = { ...BEFORE_END, nothing: 'leave', block: 'leave' }

/** A mark that was set, and the version that it has in the cache. */
export interface OwnMark {
  readonly kind: MarkKind
  readonly version: string
}

/** Others change what stands under one key only so often while one tries to mark it. */
const MOST_TRIES = 10

/**
 * Sets the mark that a plan asks for; null where it leaves what it finds. With `ends`, as safely as a logout must be.
 * @throws StoreUnavailable
 */
export async function setMark(
  cache: Cache,
  key: string,
  plan: Plan,
  { seconds, deadline, ends }: { seconds: number; deadline: Deadline; ends?: 'ends' },
): Promise<OwnMark | null> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const found = await cache.get(key, deadline, 'toWrite')
    const kind = plan[found === null ? 'nothing' : (markKind(found) ?? 'copy')]
    if (kind === 'leave') return null
    const version =
      found === null
        ? await cache.add(key, newMark(kind), seconds, deadline, ends)
        : await cache.replace(key, found.version, newMark(kind), seconds, deadline, ends)
    if (version !== null) return { kind, version }
  }
  throw new StoreUnavailable('An item in the cache was changed by others again and again.', { reason: 'locked' })
}
