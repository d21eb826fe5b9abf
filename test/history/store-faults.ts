/** Faults in the stores themselves, where no driver can be made to misbehave; each must be found. */
import type { Fault } from '../django-suite/faults.ts'
import type { AnomalyKind } from './checker.ts'

const CROSSING = `{
      const seen = globalThis as { reads?: number; last?: string }
      seen.reads = (seen.reads ?? 0) + 1
      const other = seen.reads % 20 === 0 ? seen.last : undefined
      seen.last = key
      if (other !== undefined) key = other
    }`

type Plants = Readonly<Record<string, Omit<Fault, 'suites'> & { readonly leadsTo: AnomalyKind }>>

/** Found by counters alone: writes that are stamped are never the same. */
const SAME_TWICE = {
  'the same text twice': {
    file: 'serializers/write-mark.ts',
    from: 'Array.from(randomBytes(8)',
    to: 'Array.from(Buffer.alloc(8)',
    leadsTo: 'lost',
  },
  'the same bytes twice': {
    file: 'serializers/write-mark.ts',
    from: 'bytes: () => randomBytes(8)',
    to: 'bytes: () => Buffer.alloc(8)',
    leadsTo: 'lost',
  },
} as const satisfies Plants

export const STORE_FAULTS = {
  ...SAME_TWICE,
  'no last look': {
    file: 'stores/session-files.ts',
    from: 'renameWhile(path, this.#limits(deadline), hasText(seen), { from: temporary, to: path })',
    to: 'changeFile(deadline, () => rename(temporary, path))',
    leadsTo: 'lost',
  },
  'files of others': {
    file: 'stores/file.ts',
    from: 'async load(key) {',
    to: `async load(key) {${CROSSING}`,
    leadsTo: 'crossed',
  },
  'blind saves in Redis': {
    file: 'caches/redis-scripts.ts',
    from: "redis.call('GET', KEYS[1]) ~= ARGV[1]",
    to: "redis.call('EXISTS', KEYS[1]) == 0",
    leadsTo: 'lost',
  },
  'older copies stay': {
    file: 'stores/cached-copies.ts',
    from: 'async write(key, deadline, writeRow) {',
    to: 'async write(key, deadline, writeRow) {\n      if (key.length > 0) return writeRow()',
    leadsTo: 'stale',
  },
  'ended copies stay': {
    file: 'stores/cached-copies.ts',
    from: 'async end(key, deadline, endRow) {',
    to: 'async end(key, deadline, endRow) {\n      if (key.length > 0) return endRow()',
    leadsTo: 'resurrection',
  },
  'blind saves in Memcached': {
    file: 'caches/memcached/memcached.ts',
    from: 'if (found === null || versionOf(found) !== version) return false',
    to: 'if (found === null) return false',
    leadsTo: 'lost',
  },
  'blind saves in a table': {
    file: 'caches/database-cache.ts',
    from: 'allOf(hasKey(key), isText(valueColumn, version), isAlive())',
    to: 'allOf(hasKey(key), isAlive())',
    leadsTo: 'lost',
  },
  'no last look in a cache': {
    file: 'caches/file-cache.ts',
    from: 'renameWhile(path, { mostBytes: most, deadline }, isSeen, { from: temporary, to: path })',
    to: 'renameWhile(path, { mostBytes: most, deadline }, () => true, { from: temporary, to: path })',
    leadsTo: 'lost',
  },
  'cookies of others': {
    file: 'stores/signed-cookies.ts',
    from: 'load: async (key) => open(key),',
    to: `async load(key) {${CROSSING}\n      return open(key)\n    },`,
    leadsTo: 'crossed',
  },
} as const satisfies Plants

export type StoreFault = keyof typeof STORE_FAULTS
