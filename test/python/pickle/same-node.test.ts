/** Nodes that differ in one thing differ, whatever that is. */
import { expect, test } from 'vitest'
import { PickleCodecs } from '../../../src/python/pickle/pickle-codec.ts'
import { readPickle } from '../../../src/python/pickle/pickle-reader.ts'
import { isSameNode } from '../../../src/python/pickle/same-node.ts'

const codecs = new PickleCodecs([
  {
    classes: [
      { module: 'shop', name: 'A' },
      { module: 'shop', name: 'B' },
    ],
    decode: () => ({}),
  },
])

/** Each with a neighbour that differs in class, way, arguments, keyword arguments, items, entries or state. */
const INSTANCES = [
  'cshop\nA\n)R.',
  'cshop\nB\n)R.',
  '\x80\x02cshop\nA\n)\x81.',
  'cshop\nA\n(K\x01tR.',
  'cshop\nA\n(K\x02tR.',
  '\x80\x04cshop\nA\n)}V1\nNs\x92.',
  'cshop\nA\n)RK\x01a.',
  'cshop\nA\n)RK\x01Ns.',
  'cshop\nA\n)RK\x02Ns.',
  'cshop\nA\n)R}b.',
  'cshop\nA\n)RNb.',
]
const OTHERS = [
  'N.',
  '\x88.',
  'K\x01.',
  'G\x3f\xf0\0\0\0\0\0\0.',
  'V1\n.',
  'C\x011.',
  ').',
  '].',
  '}.',
  'K\x01\x85.',
  '](K\x01e.',
  '}K\x01Ns.',
  '}K\x01K\x01s.',
  '\x80\x04\x8f.',
  '\x80\x04(\x91.',
  '\x80\x05\x96\x01\0\0\0\0\0\0\x001.',
  'G\x7f\xf8\0\0\0\0\0\0.',
  'G\x7f\xf8\0\0\0\0\0\x01.',
  'Vé\n.',
  '\x80\x04\x8c\x06\xed\xa0\xbd\xed\xb8\x80.',
]

test('every one is the same as itself read again, and as no other', () => {
  const read = () => [...INSTANCES, ...OTHERS].map((text) => readPickle(Buffer.from(text, 'latin1'), codecs))
  const [left, right] = [read(), read()]
  for (const [row, one] of left.entries()) {
    expect(right.map((other, column) => [column, isSameNode(one, other)])).toEqual(
      right.map((_, column) => [column, row === column]),
    )
  }
})
