/** Pickles that real Pythons wrote, and such as none should read. */
import { describe, expect, test } from 'vitest'
import { PickleForbidden, SerializationError } from '../../../src/errors.ts'
import { parsePickle, readPickle } from '../../../src/python/pickle/pickle-reader.ts'
import { pickle } from '../../../src/python/pickle/pickler.ts'
import { DJANGO_VERSIONS, outcome, type VectorRecord, vectors } from '../../vectors.ts'
import { comparable, describeNode } from './described-node.ts'

type Loads = VectorRecord & { pickles: string[]; value: unknown }
type ByHand = VectorRecord & { pickle: string; value?: unknown; error?: string }
type Forbidden = VectorRecord & { pickle: string; forbidden: string }

const bytesOf = ({ pickle }: { readonly pickle: string }): Buffer => Buffer.from(pickle, 'hex')

describe.each(DJANGO_VERSIONS)('vectors of Django %s', (version) => {
  test.each(vectors<Loads>('pickle', version, 'loads'))('$name', ({ pickles, value }) => {
    for (const hex of pickles) {
      expect(describeNode(readPickle(bytesOf({ pickle: hex })))).toEqual(comparable(value))
      parsePickle(bytesOf({ pickle: hex }))
    }
  })

  test.each(vectors<Loads>('pickle', version, 'loads'))('written again: $name', ({ pickles: [first = ''], value }) => {
    const read = readPickle(bytesOf({ pickle: first }))
    for (const protocol of [2, 3, 4, 5] as const) {
      expect(describeNode(readPickle(pickle(read, protocol)))).toEqual(comparable(value))
    }
  })

  test.each(vectors<ByHand>('pickle', version, 'by hand'))('by hand: $name', (record) => {
    const read = outcome(() => describeNode(readPickle(bytesOf(record))))
    if ('value' in record) expect(read).toEqual({ value: comparable(record.value) })
    else expect(read).toEqual({ error: expect.any(SerializationError) })
  })

  test.each(vectors<Forbidden>('pickle', version, 'forbidden'))('S25: forbidden: $name', (record) => {
    const read = outcome(() => parsePickle(bytesOf(record)))
    expect(read).toEqual({ error: expect.any(PickleForbidden) })
    expect(read).toMatchObject({ error: { code: 'pickle_forbidden', forbidden: record.forbidden } })
    expect(String('error' in read && read.error)).toContain(record.forbidden)
  })
})
