/**
 * Marks: items in a cache that hold no session, so that Node knows of other requests at work, and Django goes to the
 * row. Each is a pickle of None with a note in it, different every time:
 *
 *     80 04    8c 34 "django-session-bridge block 3f0c…"  30  4e   2e
 *     PROTO 4  a text, which is taken away again          POP NONE STOP
 *
 * Django's clients read None, which is a miss; one that reads another format fails to, which is a miss as well.
 * @see django/contrib/sessions/backends/cached_db.py load
 */
import { randomBytes } from 'node:crypto'
import type { CacheItem } from '../caches/cache.ts'

/**
 * `lease`: a reader is about to put a copy of the row here. `write`: somebody writes the row, and will put the new copy
 * here. `block`: nobody puts anything here until the mark's time-out.
 */
export type MarkKind = 'lease' | 'write' | 'block'

const KINDS: readonly MarkKind[] = ['lease', 'write', 'block']
const PROTO_4 = Buffer.from([0x80, 0x04, 0x8c])
const NONE = Buffer.from('0N.')
const NAME = 'django-session-bridge'
/** Memcached's clients for Python, pymemcache and pylibmc, both take 1 for a pickle. */
const PICKLE_FLAG = 1

/** A mark like no other one. */
export function newMark(kind: MarkKind): CacheItem {
  const text = Buffer.from(`${NAME} ${kind} ${randomBytes(12).toString('hex')}`)
  return { bytes: Buffer.concat([PROTO_4, Buffer.from([text.length]), text, NONE]), flags: PICKLE_FLAG }
}

/** What kind of mark an item is; null for anything else. */
export function markKind({ bytes }: CacheItem): MarkKind | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', PROTO_4.length + 1)
  return KINDS.find((kind) => text.startsWith(`${NAME} ${kind} `)) ?? null
}
