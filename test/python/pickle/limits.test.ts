/** Small pickles that stand for much, and large ones: each is refused, at once and within bounds. */
import { describe, expect, test } from 'vitest'
import { SerializationError } from '../../../src/errors.ts'
import type { PickleLimits } from '../../../src/python/pickle/pickle-limits.ts'
import { parsePickle } from '../../../src/python/pickle/pickle-reader.ts'

const bytes = (...parts: readonly (string | readonly number[] | Buffer)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))))
const repeat = (part: string, times: number): Buffer => Buffer.from(part.repeat(times), 'latin1')

/** A list of ten lists of ten lists …: `levels` of them, each written once. */
const laughs = (levels: number): Buffer =>
  bytes(
    [0x80, 4],
    ']\x94',
    ...Array.from({ length: levels }, (_, level) => bytes(']\x94(', repeat(`h${String.fromCharCode(level)}`, 10), 'e')),
    '.',
  )

const int = (length: number): Buffer => {
  const head = Buffer.alloc(5)
  head[0] = 0x8b
  head.writeInt32LE(length, 1)
  return bytes(head, Buffer.alloc(length, 0x55), '.')
}

const BOMBS: readonly (readonly [string, () => Buffer, string])[] = [
  ['a list that contains itself', () => bytes(']\x94h\x00a.'), 'contains itself'],
  ['a dict that contains itself', () => bytes('}\x94K\x01h\x00s.'), 'contains itself'],
  ['a list inside a tuple inside itself', () => bytes(']\x94h\x00\x85a.'), 'contains itself'],
  [
    'an OrderedDict that contains itself',
    () => bytes('ccollections\nOrderedDict\n)R\x94K\x01h\x00s.'),
    'contains itself',
  ],
  ['lists of lists, each written once', () => laughs(12), 'elements'],
  ['pairs of pairs, by DUP', () => bytes(']', repeat('2\x86', 60), '.'), 'elements'],
  ['a million marks', () => repeat('(', 1_000_000), 'elements'],
  ['a million Nones, dropped one by one', () => bytes(repeat('N0', 1_000_000), 'N.'), 'elements'],
  ['lists nested 501 deep', () => bytes(repeat(']', 501), repeat('a', 500), '.'), 'depth'],
  ['tuples nested 100,000 deep', () => bytes(')', repeat('\x85', 100_000), '.'), 'depth'],
  ['a memo index of 2**32 - 1', () => bytes('Nr\xff\xff\xff\xff.'), 'memo'],
  ['a memo index by text', () => bytes('Np99999999\n.'), 'memo'],
  ['300,000 entries of the memo', () => bytes('N', repeat('\x94', 300_000), '.'), 'memo'],
  ['an int of 120,000 digits', () => int(50_000), 'digits'],
  ['an int that claims 2 GB', () => bytes('\x8b\xff\xff\xff\x7f\x00.'), 'digits'],
  ['4301 decimal digits', () => bytes('L', repeat('9', 4301), 'L\n.'), 'digits'],
  ['a line of 9 MB', () => bytes('V', repeat('x', 9_000_000), '\n.'), 'bytes'],
  ['a line without an end', () => bytes('V', repeat('x', 1_000_000)), 'ends early'],
  ['a text that claims 2**63 bytes', () => bytes('\x8d\0\0\0\0\0\0\0\x80.'), 'ends early'],
  ['bytes that claim 4 GB', () => bytes('B\xff\xff\xff\xff.'), 'ends early'],
  ['a frame that claims 2**64 - 1 bytes', () => bytes('\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xff.'), 'ends early'],
  [
    'a set made again and again of one list',
    () => bytes('cbuiltins\nset\n\x94(', repeat('K\x01', 50_000), 'l\x85\x94', repeat('h\x00h\x01R', 1_000), '.'),
    'elements',
  ],
  [
    'bytes made again and again of one text',
    () =>
      bytes(
        'c_codecs\nencode\n\x94(',
        'X\x40\x42\x0f\x00',
        repeat('x', 1_000_000),
        'Vlatin1\nt\x94',
        repeat('h\x00h\x01R', 1_000),
        '.',
      ),
    'elements',
  ],
]

describe('S26: bombs', () => {
  test.each(BOMBS)('%s', (_name, bomb, reason) => {
    const pickle = bomb()
    const before = process.memoryUsage()
    let error: unknown
    try {
      parsePickle(pickle)
    } catch (caught) {
      error = caught
    }
    const after = process.memoryUsage()
    expect(error).toBeInstanceOf(SerializationError)
    expect(String(error)).toContain(reason)
    // What was taken on the way and may not be given back yet.
    const taken = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers
    expect(taken).toBeLessThan(64 << 20)
  })

  test.each<readonly [string, Buffer, PickleLimits]>([
    ['bytes', bytes('N.'), { bytes: 1 }],
    ['depth', bytes(']]a.'), { depth: 1 }],
    ['elements', bytes('](NNNe.'), { elements: 4 }],
    ['memo', bytes(']\x94\x85\x94.'), { memo: 1 }],
    ['digits', bytes('\x8a\x02\xff\x00.'), { digits: 2 }],
  ])('a limit of one’s own on %s', (name, pickle, limits) => {
    parsePickle(pickle)
    expect(() => parsePickle(pickle, { limits })).toThrow(name)
  })
})

test('values are shared as in Python, and what is merely equal is not', () => {
  const [one, same, other] = parsePickle(bytes('](]\x94h\x00]e.')) as unknown[][]
  expect(one).toBe(same)
  expect(one).not.toBe(other)
})
