/** Python's json module, on everything that the vectors hold. */
import { describe, expect, test } from 'vitest'
import { SerializationError } from '../../src/errors.ts'
import { encodeLike } from '../../src/python/encode-like.ts'
import { floatRepr } from '../../src/python/float-repr.ts'
import { parsePythonJson } from '../../src/python/json-reader.ts'
import { formatPythonJson } from '../../src/python/json-writer.ts'
import { DJANGO_VERSIONS, type LongText, longText, outcome, type VectorRecord, vectors } from '../vectors.ts'

type Loads = VectorRecord & { text: LongText; json?: LongText; error?: string }
type Dumps = VectorRecord & { json?: string; error?: string }
type Float = VectorRecord & { bits: string; repr: string }

describe.each(DJANGO_VERSIONS)('vectors of Django %s', (version) => {
  test.each(vectors<Loads>('python-json', version, 'loads'))('$name', ({ text, json, error }) => {
    const read = outcome(() => parsePythonJson(longText(text)))
    if (error !== undefined || json === undefined) {
      expect(read).toEqual({ error: expect.any(SerializationError) })
      return
    }
    // Equal in value and type to what Python read: written in the place of its dump, nothing differs.
    const dumped = longText(json)
    expect(read).toHaveProperty('value')
    if ('value' in read) expect(encodeLike(dumped, read.value)).toBe(dumped)
  })

  test.each(vectors<Dumps>('python-json', version, 'dumps').filter(({ json }) => json !== undefined))(
    '$name',
    ({ json = '' }) => {
      const value = parsePythonJson(json)
      expect(encodeLike(json, value)).toBe(json)
      // Alone, a whole float loses its point and an object its order of numbers; nothing else differs.
      if (!/\d\.0(?!\d)|\de[+-]|Infinity|"\d+":/.test(json)) expect(formatPythonJson(value)).toBe(json)
    },
  )

  test.each(vectors<Float>('python-json', version, 'float'))('$name', ({ bits, repr }) => {
    const value = Buffer.from(bits, 'hex').readDoubleBE()
    expect(floatRepr(value)).toBe(repr)
    expect(Object.is(parsePythonJson(repr), value)).toBe(true)
  })
})
