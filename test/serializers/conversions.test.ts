/** Values that one serializer read and another writes, as between the cache and the rows of a site. */
import { expect, test } from 'vitest'
import { formatPickle } from '../../src/python/pickle/pickle-writer.ts'
import { float } from '../../src/python/values.ts'
import { jsonSerializer } from '../../src/serializers/json.ts'
import { createPickleSerializer } from '../../src/serializers/pickle-serializer.ts'

const pickles = createPickleSerializer()
const JSON_TEXT = '{"n":1,"f":1.0,"deep":[1.0,{"g":-0.0,"i":12345678901234567890}],"none":null}'

test('an int stays an int and a float a float, from JSON to pickle and back', () => {
  const read = jsonSerializer.loads(Buffer.from(JSON_TEXT))
  const values = { n: 1, f: float(1), deep: [float(1), { g: float(-0), i: 12345678901234567890n }], none: null }
  const pickle = pickles.dumps(read)
  expect(Buffer.from(pickle)).toEqual(formatPickle(values))
  expect(String(jsonSerializer.dumps(pickles.loads(pickle)))).toBe(JSON_TEXT)
})

test('what JSON cannot hold is an error that names no value', () => {
  const withSet = pickles.loads(formatPickle({ tags: new Set(['secret']) }))
  expect(() => jsonSerializer.dumps(withSet)).toThrow('JSON cannot hold Set.')
  const withNumber = pickles.loads(formatPickle(new Map([[1, 'one']])))
  expect(() => jsonSerializer.dumps(withNumber)).toThrow('a key of a session that is no text')
})
