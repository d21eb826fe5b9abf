/** MessagePack beside @msgpack/msgpack, on what both read; what only Python tells apart is in the vectors of django-redis. */
import { decode, encode } from '@msgpack/msgpack'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SerializationError } from '../../src/errors.ts'
import { readMsgpack } from '../../src/python/msgpack-reader.ts'
import { writeMsgpack } from '../../src/python/msgpack-writer.ts'
import { codecsWith } from '../../src/python/pickle/codecs/built-in.ts'
import { nodeToValue } from '../../src/python/pickle/node-value.ts'
import { ValueNodes } from '../../src/python/pickle/value-node.ts'

const codecs = codecsWith([])
const read = (bytes: Uint8Array): unknown => nodeToValue(readMsgpack(bytes), codecs)
const write = (value: unknown): Buffer => writeMsgpack(new ValueNodes(codecs).nodeOf(value), codecs)
const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(' ', ''), 'hex')

const values = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'grapheme' }),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true }).filter((number) => !Number.isInteger(number)),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 20, noNullPrototype: true },
    ),
  ),
}))

test('what another writes is read, what is written another reads, in the same bytes', () => {
  fc.assert(
    fc.property(values.value, (value) => {
      expect(read(encode(value))).toEqual(value)
      expect(decode(Uint8Array.from(write(value)))).toEqual(value)
      expect(write(value).toString('hex')).toBe(Buffer.from(encode(value)).toString('hex'))
    }),
    { numRuns: 500 },
  )
})

test.each([
  ['a float of four bytes', 'ca 3fc00000', 1.5],
  ['an int of eight bytes that is small', 'd3 ffffffffffffffff', -1],
  ['an unsigned int of eight bytes', 'cf ffffffffffffffff', 2n ** 64n - 1n],
  ['a text of four bytes of length', 'db 00000001 61', 'a'],
  ['an array of four bytes of length', 'dd 00000001 c0', [null]],
  ['a map of two bytes of length', 'de 0001 a161 01', { a: 1 }],
  ['a key twice: the last value counts', '82 a161 01 a161 02', { a: 2 }],
])('%s', (_, digits, value) => {
  expect(read(hex(digits))).toEqual(value)
})

describe('what is refused', () => {
  test.each([
    ['nothing', ''],
    ['a byte that begins nothing', 'c1'],
    ['two values', 'c0 c0'],
    ['a text that is cut', 'a2 61'],
    ['a text that is not UTF-8', 'a1 ff'],
    ['half a surrogate pair', 'a3 eda080'],
    ['an int as key', '81 01 02'],
    ['an array as key', '81 90 02'],
    ['an extension', 'd4 05 00'],
    ['a timestamp', 'd6 ff 00000000'],
    ['a claim of four billion items', 'dd ffffffff'],
    ['a claim of four billion keys', 'df ffffffff'],
    ['a claim of four billion bytes', 'c6 ffffffff'],
  ])('%s', (_, digits) => {
    expect(() => readMsgpack(hex(digits))).toThrow(SerializationError)
  })

  test('S26: nesting, values and bytes beyond the limits', () => {
    expect(readMsgpack(Buffer.concat([Buffer.alloc(499, 0x91), hex('90')]))).toHaveProperty('kind', 'list')
    expect(() => readMsgpack(Buffer.concat([Buffer.alloc(100_000, 0x91), hex('90')]))).toThrow('deeper')
    expect(() => readMsgpack(Buffer.concat([hex('dd 000493e0'), Buffer.alloc(300_000)]))).toThrow('elements')
    expect(() => readMsgpack(Buffer.alloc((8 << 20) + 1))).toThrow('bytes')
  })

  test.each<[string, unknown]>([
    ['a set', new Set([1])],
    ['an int beyond 64 bits', 2n ** 64n],
    ['an int below 64 bits', -(2n ** 63n) - 1n],
    ['a key that is no text', new Map([[1, 2]])],
    ['half a surrogate pair', '\ud800'],
  ])('%s is not written', (_, value) => {
    expect(() => write(value)).toThrow(SerializationError)
  })
})
