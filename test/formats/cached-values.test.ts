/** What docs/formats.md says of values in Redis, in Memcached, in a table and in files. */
import { hash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { CacheCodec, CacheItem } from '../../src/caches/cache.ts'
import { djangoRedisFormat } from '../../src/caches/django-redis/format.ts'
import { hashRing } from '../../src/caches/django-redis/hash-ring.ts'
import { formatEntry, parseEntry, pickleOf } from '../../src/caches/file-cache-entry.ts'
import { LIBMEMCACHED_HASHES } from '../../src/caches/memcached/libmemcached-hashes.ts'
import { memcachedItems } from '../../src/caches/memcached/memcached-items.ts'
import { pylibmc } from '../../src/caches/memcached/pylibmc.ts'
import { pymemcache } from '../../src/caches/memcached/pymemcache.ts'
import { murmur3 } from '../../src/caches/memcached/rendezvous.ts'
import { AnswerReader } from '../../src/caches/memcached/text-protocol.ts'
import { pickledItems } from '../../src/caches/pickled-items.ts'
import { REPLACE } from '../../src/caches/redis-scripts.ts'
import { parsePickle } from '../../src/python/pickle/pickle-reader.ts'
import { markKind } from '../../src/stores/cache-mark.ts'
import { sessionValues } from '../../src/stores/session-data.ts'
import { examplesOf } from './examples.ts'

const KEY = ':1:django.contrib.sessions.cache4nw9abcdefghij0123456789abcdefgh'

function valuesIn(codec: CacheCodec, item: CacheItem): unknown {
  const answer = codec.decode(item)
  return 'data' in answer ? Object.fromEntries(sessionValues(answer.data)) : answer.error
}

function linesOf(section: string, place = 0): string[] {
  return examplesOf(section)[place]?.split('\n') ?? []
}

const fromHex = (text = ''): Buffer => Buffer.from(text, 'hex')

test('a string of Redis', () => {
  const [key = '', value] = linesOf('Cached values in Redis')
  expect(key).toBe(KEY)
  expect(valuesIn(pickledItems(), { bytes: fromHex(value) })).toEqual({ cart: ['pear'] })
  expect(examplesOf('Cached values in Redis')[1]).toBe(REPLACE.lua)
})

test('strings of django-redis', async () => {
  const section = 'Cached values in django-redis'
  const now = (): Date => new Date('2026-01-01')
  const read = async (options: object, value = '', isHerd = false): Promise<unknown> =>
    valuesIn(await djangoRedisFormat('default', { ...options }, { now, isHerd }).open(), { bytes: fromHex(value) })
  const serializers = ['pickle.PickleSerializer', 'json.JSONSerializer', 'msgpack.MSGPackSerializer']
  for (const [place, name] of serializers.entries()) {
    const SERIALIZER = `django_redis.serializers.${name}`
    expect(await read({ SERIALIZER }, linesOf(section)[place])).toEqual({ cart: ['pear'], total: 1 })
  }
  const names = ['zlib.ZlibCompressor', 'gzip.GzipCompressor', 'zstd.ZStdCompressor', 'lz4.Lz4Compressor']
  const SERIALIZER = `django_redis.serializers.${serializers[1]}`
  for (const [place, name] of [...names, 'lzma.LzmaCompressor'].entries()) {
    const COMPRESSOR = `django_redis.compressors.${name}`
    const value = linesOf(section, 1)[place]
    expect(await read({ SERIALIZER, COMPRESSOR }, value)).toEqual({ cart: Array(12).fill('pear') })
  }
  expect(await read({}, linesOf(section, 2)[0], true)).toEqual({ cart: ['pear'], total: 1 })
})

test('an item of Memcached', () => {
  const [line = '', plain, compressed] = linesOf('Cached values in Memcached')
  const answer = Buffer.concat([Buffer.from(`${line} 1742\r\n`), fromHex(plain), Buffer.from('\r\nEND\r\n')])
  const item = new AnswerReader(KEY).take(answer)
  const codec = memcachedItems({ client: { compressesFrom: null } })
  expect(valuesIn(codec, item as CacheItem)).toEqual({ cart: ['pear'] })
  expect(valuesIn(codec, { bytes: fromHex(compressed), flags: 9 })).toEqual({ cart: ['pear'] })
})

test('the server of a key', () => {
  const names = ['10.0.0.1:11211', '10.0.0.2:11211', '/run/memcached.sock']
  const ours = pymemcache({ location: ['10.0.0.1', '10.0.0.2', 'unix:/run/memcached.sock'], options: {} })
  const lines = [`${names.map((name) => murmur3(`${name}-${KEY}`)).join(' ')} → ${ours.placeOf(KEY)}`]
  for (const behaviors of [{}, { ketama: true }, { ketama_weighted: true }]) {
    const location = ['10.0.0.1', '10.0.0.2', '10.0.0.3:11212']
    const name = 'ketama_weighted' in behaviors ? 'md5' : 'default'
    const place = pylibmc({ location, options: { behaviors } }).placeOf(KEY)
    lines.push(`${LIBMEMCACHED_HASHES.get(name)?.(KEY)} → ${place}`)
  }
  const hashes = ['md5', 'crc', 'fnv1_32', 'fnv1a_32', 'fnv1_64', 'fnv1a_64']
  lines.push(hashes.map((name) => LIBMEMCACHED_HASHES.get(name)?.(KEY)).join(' '))
  expect(linesOf('Cached values in Memcached', 1)).toEqual(lines)
})

test('the server of a key in a ShardClient', () => {
  const [keyHash = '', place = ''] = linesOf('Cached values in django-redis', 3)
  const [placeHash = '', name = ''] = place.split(' ')
  expect([hash('sha256', KEY), hash('sha256', name)]).toEqual([keyHash, placeHash])
  const nodes = ['redis://10.0.0.1:6379/0', 'redis://10.0.0.2:6379/0', 'redis://10.0.0.3:6379/0']
  expect(`${nodes[hashRing(nodes)(KEY)]}:5`).toBe(name)
})

test('a row of a table', () => {
  const [value = ''] = linesOf('Cached values in a table')
  expect(valuesIn(pickledItems(), { bytes: Buffer.from(value, 'base64') })).toEqual({ cart: ['pear'] })
})

test('a file', () => {
  const [name, end, value] = linesOf('Cached values in files')
  expect(`${hash('md5', KEY)}.djcache`).toBe(name)
  const entry = parseEntry(Buffer.concat([fromHex(end), fromHex(value)]))
  expect(entry?.end).toBe(1767229200)
  expect(entry && valuesIn(pickledItems(), { bytes: pickleOf(entry, 1000) })).toEqual({ cart: ['pear'] })
  expect(parseEntry(formatEntry(1767229200, fromHex(value)))).toEqual(entry)
})

test('a mark beside the copies of cached_db', () => {
  const [key = '', mark] = linesOf('Copies of rows (cached_db)')
  expect(key).toBe(':1:django.contrib.sessions.cached_db4nw9abcdefghij0123456789abcdefgh')
  expect(markKind({ bytes: fromHex(mark) })).toBe('block')
  expect(parsePickle(fromHex(mark))).toBeNull()
})
