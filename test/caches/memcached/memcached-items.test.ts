import { deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { CacheItem } from '../../../src/caches/cache.ts'
import { memcachedItems } from '../../../src/caches/memcached/memcached-items.ts'
import { formatPickle } from '../../../src/python/pickle/pickle-writer.ts'
import { sessionOf, sessionValues } from '../../../src/stores/session-data.ts'

const codec = memcachedItems({ client: { compressesFrom: null } })
const compressing = memcachedItems({ client: { compressesFrom: 401 } })
const pickled = formatPickle({ cart: ['pear'] })

function values(item: CacheItem, by = codec): unknown {
  const answer = by.decode(item)
  return 'data' in answer ? Object.fromEntries(sessionValues(answer.data)) : answer.error.code
}

describe('sessions in Memcached', () => {
  test('are pickles, compressed where the flags say so, whatever this side would write', () => {
    for (const by of [codec, compressing]) {
      expect(values({ bytes: pickled, flags: 1 }, by)).toEqual({ cart: ['pear'] })
      expect(values({ bytes: deflateSync(pickled), flags: 9 }, by)).toEqual({ cart: ['pear'] })
    }
  })

  test('are written compressed only where the client for Python does it, and only if that is shorter', () => {
    const long = sessionOf([['text', 'a'.repeat(1000)]])
    expect(codec.encode(long)).toMatchObject({ flags: 1 })
    const item = compressing.encode(long)
    expect(item.flags).toBe(9)
    expect(item.bytes.length).toBeLessThan(100)
    expect(values(item)).toEqual({ text: 'a'.repeat(1000) })
    expect(compressing.encode(sessionOf([['text', 'short']]))).toMatchObject({ flags: 1 })
  })

  test.each([
    ['no flags: bytes', { bytes: pickled }],
    ['text', { bytes: Buffer.from('cart'), flags: 16 }],
    ['an int of pymemcache, a bool of pylibmc', { bytes: Buffer.from('1'), flags: 2 }],
    ['an int of pylibmc', { bytes: Buffer.from('12'), flags: 4 }],
    ['a pickle and text at once', { bytes: pickled, flags: 17 }],
    ['compressed text', { bytes: deflateSync(pickled), flags: 24 }],
    ['a pickle said to be compressed', { bytes: pickled, flags: 9 }],
    ['a compressed pickle said to be none', { bytes: deflateSync(pickled), flags: 1 }],
    ['a truncated pickle', { bytes: pickled.subarray(0, -2), flags: 1 }],
    ['a truncated zlib stream', { bytes: deflateSync(pickled).subarray(0, -6), flags: 9 }],
    ['a pickle of a list', { bytes: formatPickle(['cart']), flags: 1 }],
    ['JSON', { bytes: Buffer.from('{"cart":["pear"]}'), flags: 1 }],
    ['nothing', { bytes: Buffer.alloc(0), flags: 1 }],
    ['a bomb', { bytes: deflateSync(Buffer.alloc(20_000_000)), flags: 9 }],
  ] as [string, CacheItem][])('S26: cannot be %s', (_name, item) => {
    expect(values(item)).toBe('serialization')
  })

  test('S25: a class that is not allowed is named', () => {
    const answer = codec.decode({ bytes: Buffer.from('cos\nsystem\n(S"ls"\ntR.'), flags: 1 })
    expect(answer).toMatchObject({ error: { code: 'pickle_forbidden', forbidden: 'os.system' } })
  })
})
