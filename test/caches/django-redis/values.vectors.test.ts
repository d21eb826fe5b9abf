/** Sessions as django-redis 4.12.1, 5.4.0, 6.0.0 and 7.0.0 keep them, told by each release itself. */
import { describe, expect, test } from 'vitest'
import type { CacheCodec } from '../../../src/caches/cache.ts'
import { djangoRedisFormat } from '../../../src/caches/django-redis/format.ts'
import { codecsWith } from '../../../src/python/pickle/codecs/built-in.ts'
import { dictOf } from '../../../src/serializers/dict-entries.ts'
import type { SessionData } from '../../../src/serializers/serializer.ts'
import { describeNode } from '../../python/pickle/described-node.ts'
import { type VectorFile, type VectorRecord, vectorFile } from '../../vectors.ts'

type Value = VectorRecord & {
  serializer: string
  compressor: string
  pickle_version?: number
  herd?: boolean
  stored: string
  result: { value?: unknown; error?: string }
}
type Herded = Value & { end: number | null; value: unknown }

const RELEASES = ['4.12.1', '5.4.0', '6.0.0', '7.0.0']
const NOW = new Date('2026-07-01T12:00:00Z')

function codecFor({ serializer, compressor, pickle_version, herd }: Value, limit?: number): Promise<CacheCodec> {
  const options = { SERIALIZER: serializer, COMPRESSOR: compressor, PICKLE_VERSION: pickle_version }
  const more = limit === undefined ? {} : { limits: { inflatedLength: limit } }
  return djangoRedisFormat('default', options, {
    now: () => NOW,
    isHerd: herd ?? false,
    marksWrites: false,
    ...more,
  }).open()
}

const octets = ({ stored }: Value): Buffer => Buffer.from(stored, 'hex')
const told = (data: SessionData): unknown => describeNode(dictOf(data, codecsWith([])))

function read(codec: CacheCodec, bytes: Uint8Array): SessionData {
  const decoded = codec.decode({ bytes })
  if ('error' in decoded) throw decoded.error
  return decoded.data
}

describe.each(RELEASES)('django-redis %s', (release) => {
  const { records } = vectorFile<VectorFile<Value>>('values', `redis-${release}`)
  const kindOf = <V extends Value>(kind: string): V[] => records.filter((record) => record.kind === kind) as V[]
  const isSession = ({ result: { value } }: Value): boolean =>
    typeof value === 'object' && value !== null && 'dict' in value
  const written = kindOf<Value>('encode')
  const readable = written.filter(isSession)

  test.each(readable)('what it wrote reads as it reads it, and goes back: $name', async (record) => {
    const codec = await codecFor(record)
    const data = read(codec, octets(record))
    expect(told(data)).toEqual(record.result.value)
    const again = codec.encode(data).bytes
    const isSpelledAlike = record.compressor.includes('Identity') && !record.serializer.includes('Pickle')
    if (isSpelledAlike) expect(Buffer.from(again).toString('latin1')).toBe(octets(record).toString('latin1'))
    expect(told(read(codec, again))).toEqual(record.result.value)
  })

  /** The same session as a pickle, which holds whatever Python has. */
  const pickled = (name: string): Value | undefined =>
    written.find((record) => record.name === `${name}: pickle, identity`)
  const plain = written.filter(({ compressor, name }) => compressor.includes('Identity') && name.includes(': '))

  test.each(plain)('a session of Python’s types is written as it writes it: $name', async (record) => {
    const source = pickled(record.name.slice(0, record.name.lastIndexOf(': ')))
    if (source === undefined) throw new Error('every session is pickled too')
    const data = read(await codecFor(source), octets(source))
    const codec = await codecFor(record)
    // Keys of a session that are no text have no place in JSON here.
    const isRefused = !isSession(record) || (record.name.startsWith('a number as key') && !isPickle(record))
    if (isRefused) return expect(() => codec.encode(data)).toThrow(/cannot hold/)
    const { bytes } = codec.encode(data)
    if (!isPickle(record)) expect(Buffer.from(bytes).toString('latin1')).toBe(octets(record).toString('latin1'))
    else expect(told(read(codec, bytes))).toEqual(record.result.value)
  })

  // Node's zstd ends with the frame, where Python's refuses what follows.
  const isEndedEarly = ({ name, compressor }: Value): boolean =>
    name.startsWith('with more behind') && compressor.includes('ZStd')
  const decoded = kindOf<Value>('decode').filter((record) => !isEndedEarly(record))

  test.each(decoded)('what it takes for a session is one, and nothing else: $name', async (record) => {
    const decoded = (await codecFor(record)).decode({ bytes: octets(record) })
    if (isSession(record)) expect('data' in decoded && told(decoded.data)).toEqual(record.result.value)
    else expect(decoded).toHaveProperty('error')
  })

  test.each(kindOf<Herded>('herd'))('$name', async (record) => {
    const decoded = (await codecFor(record)).decode({ bytes: octets(record) })
    const hasEnded = record.end !== null && record.end * 1000 < NOW.getTime()
    if (hasEnded) expect(decoded).toHaveProperty('error')
    else expect('data' in decoded && told(decoded.data)).toEqual(record.value)
  })

  test.each(readable.filter(({ name }) => name.startsWith('long')))(
    'S26: a value that is larger than the limit once it is decompressed is not read: $name',
    async (record) => {
      const bytes = octets(record)
      const size = read(await codecFor(record), bytes).size
      expect(size).toBe(1)
      const decoded = (await codecFor(record, bytes.length)).decode({ bytes })
      if (record.compressor.includes('Identity')) expect(decoded).toHaveProperty('data')
      else expect(decoded).toHaveProperty('error.message', expect.stringContaining('over the limit'))
    },
  )
})

function isPickle({ serializer }: Value): boolean {
  return serializer.includes('Pickle')
}
