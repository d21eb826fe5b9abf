/** The npm package pickleparser as a second opinion, on the pickles that it can read. */
import { isDeepStrictEqual } from 'node:util'
import { Parser } from 'pickleparser'
import { describe, expect, test } from 'vitest'
import { PyByteArray, PyDefaultDict, PyFrozenSet, PyOrderedDict, PyTuple } from '../../../src/python/collections.ts'
import { parsePickle } from '../../../src/python/pickle/pickle-reader.ts'
import { outcome, type VectorRecord, vectors } from '../../vectors.ts'

const records = vectors<VectorRecord & { pickles: string[] }>('pickle', '6.1', 'loads')
const pickles = records.flatMap(({ name, pickles: several }) =>
  several.map((hex, index) => ({ name: `${name}, ${index + 1}`, bytes: Buffer.from(hex, 'hex') })),
)

/** Its own idea of a value: tuples are arrays there, and so on. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof PyTuple) return value.items.map(plain)
  if (value instanceof Uint8Array) return [...value]
  if (value instanceof Set) return new Set(Array.from(value, plain))
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}

/** Only it has no name for what is no plain value: classes, other keys, and ints that a number does not hold. */
function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlain)
  if (value instanceof PyTuple) return value.items.every(isPlain)
  if (value instanceof PyFrozenSet || value instanceof PyByteArray || value instanceof PyOrderedDict) return false
  if (value instanceof PyDefaultDict || value instanceof Map) return false
  if (value instanceof Set) return Array.from(value).every(isPlain)
  if (typeof value === 'string') return /^[\x20-\x7e]*$/.test(value)
  if (typeof value !== 'object' || value === null) return typeof value !== 'bigint'
  if (value instanceof Uint8Array) return true
  return Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isPlain)
}

/** Where Python's vectors prove it wrong: long negative ints, infinities and escapes of protocol 0, old bytes, names, sets. */
const ERRS = [
  '-2**31 - 1',
  'inf',
  '-inf',
  "'\\\\u0041'",
  "b''",
  "b'bytes'",
  'bytes(range(256))',
  "b'x' * 257",
  "{'__proto__': 1, 'constructor': 2}",
  'set()',
  '{1, 2, 3}',
  '{(1, 2)}',
  '(lambda x: [x, (x, x)])({1})',
]

describe('pickleparser', () => {
  const plains = pickles.filter(({ bytes }) => isPlain(parsePickle(bytes)))
  const both = plains.map(({ name, bytes }) => ({
    name,
    theirs: outcome(() => plain(new Parser().parse(bytes))),
    ours: outcome(() => plain(parsePickle(bytes))),
  }))
  const isOf = (source: string) => (record: { readonly name: string }) =>
    record.name.startsWith(`${source} from protocol`)
  const agreed = both.filter((record) => !ERRS.some((source) => isOf(source)(record)))

  test.each(agreed)('$name', ({ theirs, ours }) => {
    expect(theirs).toEqual(ours)
  })

  test('reads enough of them to count', () => {
    expect(agreed.length).toBeGreaterThan(250)
  })

  test.each(ERRS)('errs on %s', (source) => {
    const read = both.filter(isOf(source))
    expect(read.some(({ theirs, ours }) => !isDeepStrictEqual(theirs, ours))).toBe(true)
  })
})
