import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { xz } from '@napi-rs/lzma'
import { compressFrameSync } from 'lz4-napi'
import { describe, expect, test } from 'vitest'
import { COMPRESSORS, type Compressor, compressorKind } from '../../../src/caches/django-redis/compressors.ts'
import { SerializationError } from '../../../src/errors.ts'
import { seededRandom } from '../../seeded-random.ts'

const LIMIT = 1 << 20
const PATH = 'django_redis.compressors.'

async function open(name: string): Promise<Compressor> {
  const kind = compressorKind(PATH + name)
  if (kind === undefined) throw new Error('it is known')
  return kind.open(LIMIT)
}

/** What others make of bytes in each format. */
const MAKERS: readonly [name: string, make: (bytes: Buffer) => Buffer][] = [
  ['zlib.ZlibCompressor', (bytes) => deflateSync(bytes)],
  ['gzip.GzipCompressor', (bytes) => gzipSync(bytes)],
  ['zstd.ZStdCompressor', (bytes) => zstdCompressSync(bytes)],
  ['lz4.Lz4Compressor', (bytes) => compressFrameSync(bytes)],
  ['lzma.LzmaCompressor', (bytes) => xz.compressSync(bytes)],
]

describe.each(MAKERS)('%s', (name, make) => {
  test.each([0, 1, 15, 16, 100, 101, 65_536, 65_537, 300_000, LIMIT])('reads %i bytes', async (length) => {
    const compressor = await open(name)
    const bytes = Buffer.alloc(length, 'session data, ')
    expect(Buffer.from(compressor.decompress(make(bytes))).equals(bytes)).toBe(true)
    expect(Buffer.from(compressor.decompress(compressor.compress(bytes))).equals(bytes)).toBe(true)
  })

  test('S26: one byte over the limit, and 64 MiB of zeros, are refused', async () => {
    const compressor = await open(name)
    for (const length of [LIMIT + 1, 64 << 20]) {
      expect(() => compressor.decompress(make(Buffer.alloc(length)))).toThrow(SerializationError)
    }
  })

  test('S26: damaged values never throw anything else, and grow no larger than the limit', async () => {
    const compressor = await open(name)
    const random = seededRandom(7)
    const good = make(Buffer.from(JSON.stringify(Array.from({ length: 500 }, (_, index) => ({ index })))))
    let unlike = 0
    for (let round = 0; round < 3000; round++) {
      const bad = Buffer.from(good.subarray(0, round % 3 === 0 ? Math.floor(random() * good.length) : good.length))
      for (let flips = round % 4; flips >= 0 && bad.length > 0; flips--) {
        bad[Math.floor(random() * Math.min(bad.length, 60))] = Math.floor(random() * 256)
      }
      try {
        const read = compressor.decompress(bad)
        expect(read.length).toBeLessThanOrEqual(LIMIT)
        if (read === bad) unlike++
      } catch (error) {
        expect(error).toBeInstanceOf(SerializationError)
      }
    }
    expect(unlike).toBeGreaterThan(1000)
  })
})

test('lz4 and lzma write what they read as never compressed', async () => {
  for (const name of ['lz4.Lz4Compressor', 'lzma.LzmaCompressor', 'identity.IdentityCompressor']) {
    const bytes = Buffer.alloc(5000, 'x')
    expect((await open(name)).compress(bytes)).toBe(bytes)
  }
})

test('only the compressors of django-redis itself are known', () => {
  expect(COMPRESSORS).toHaveLength(6)
  expect(compressorKind('shop.compressors.zlib.ZlibCompressor')).toBeUndefined()
  expect(compressorKind(`${PATH}toString`)).toBeUndefined()
})
