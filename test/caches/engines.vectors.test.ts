/** What the engines `cache` and `cached_db` of every Django gave each cache backend: keys, bytes, flags and moments. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { compressValue, formatEntry, parseEntry, pickleOf } from '../../src/caches/file-cache-entry.ts'
import { openCache } from '../../src/connect/cache.ts'
import { sqlite } from '../../src/databases/sqlite.ts'
import { utcClock } from '../../src/databases/wall-clock.ts'
import { createPickleSerializer } from '../../src/serializers/pickle-serializer.ts'
import { checkSettings } from '../../src/settings/settings.ts'
import { CACHE_KEY_PREFIX } from '../../src/stores/cache.ts'
import { told } from '../python/pickle/told-session.ts'
import { SECRET_KEY } from '../site.ts'
import { DJANGO_VERSIONS, OLDER_DJANGO_VERSIONS, type VectorFile, type VectorRecord, vectorFile } from '../vectors.ts'

interface Record extends VectorRecord {
  readonly cache: { readonly BACKEND: string; readonly LOCATION?: string }
  readonly session_key: string
  readonly session: unknown
  readonly now_ms: number
  /** As it is in the cache; FileBasedCache has the name of a file instead, and what that holds in two parts. */
  readonly key?: string
  readonly file?: string
  readonly moment?: string
  readonly packed?: string
  /** Of DatabaseCache, base64. */
  readonly value?: string
  readonly hex?: string
  readonly flags?: number
  readonly timeout?: number
}

const PREFIXES: { [kind: string]: string } = {
  cache: CACHE_KEY_PREFIX,
  cached_db: 'django.contrib.sessions.cached_db',
}
const MOST = 1 << 20
const pickles = createPickleSerializer()

describe.each([...OLDER_DJANGO_VERSIONS, ...DJANGO_VERSIONS])('Django %s', (version) => {
  const { records } = vectorFile<VectorFile<Record>>('engines', version)

  test.each(records.filter(({ kind }) => kind in PREFIXES))('$name', async (record) => {
    const { codec, keyOf, cache } = await open(record)
    const key = keyOf(`${PREFIXES[record.kind]}${record.session_key}`)
    if (record.file === undefined) expect(key).toBe(record.key)
    else expect(`${createHash('md5').update(`${key}`).digest('hex')}.djcache`).toBe(record.file)

    const read = codec.decode({ bytes: bytesOf(record), ...(record.flags !== undefined && { flags: record.flags }) })
    if (!('data' in read)) throw read.error
    expect(told(read.data, pickles)).toEqual(record.session)
    const written = codec.encode(read.data)
    expect(written.flags).toBe(record.flags)
    const again = codec.decode(written)
    expect('data' in again && told(again.data, pickles)).toEqual(record.session)
    await cache.close()
  })

  const files = records.filter(({ packed }) => packed !== undefined)
  test.each(files)('$name, as a file', ({ moment = '', packed = '', now_ms, name }) => {
    const bytes = Buffer.from(moment + packed, 'hex')
    const entry = parseEntry(bytes)
    if (entry === null || entry.end === null) throw new Error('the file has an entry')
    const age = name.includes('of an hour') ? 3600 : 1209600
    expect(entry.end).toBe(now_ms / 1000 + age)
    const again = formatEntry(entry.end, compressValue(pickleOf(entry, MOST)))
    // The moment to the byte; what zlib makes differs between its builds.
    expect(parseEntry(again)?.end).toBe(entry.end)
    expect(pickleOf(parseEntry(again) ?? entry, MOST)).toEqual(pickleOf(entry, MOST))
  })
})

function open({ cache }: Record) {
  const settings = checkSettings({ SECRET_KEY, CACHES: { default: { LOCATION: '/tmp/cache', ...cache } } })
  return openCache(
    settings,
    { clients: {}, now: () => new Date(0), deadlineMs: 2000, limits: {}, warn: () => undefined },
    { database: () => sqlite({ path: ':memory:', wallClock: utcClock }), instant: utcClock.instant },
  )
}

function bytesOf({ value, hex, moment = '', packed = '' }: Record): Buffer {
  if (value !== undefined) return Buffer.from(value, 'base64')
  if (hex !== undefined) return Buffer.from(hex, 'hex')
  const entry = parseEntry(Buffer.from(moment + packed, 'hex'))
  if (entry === null) throw new Error('the file has an entry')
  return Buffer.from(pickleOf(entry, MOST))
}
