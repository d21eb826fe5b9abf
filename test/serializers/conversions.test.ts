/** Values that one serializer read and another writes, as between the cache and the rows of a site. */
import { expect, test } from 'vitest'
import { formatPickle } from '../../src/python/pickle/pickle-writer.ts'
import { float } from '../../src/python/values.ts'
import { djangoRedisJsonSerializer } from '../../src/serializers/django-redis-json.ts'
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

test('a value that was read from a pickle, changed and written as JSON keeps its floats', () => {
  const read = pickles.loads(formatPickle({ prices: [float(1), float(2)], odd: new Set(['x']) }))
  const like = read.get('prices')
  const next = new Map([['prices', { value: [1, 2, 3], ...(like && { like }) }]])
  expect(String(jsonSerializer.dumps(next))).toBe('{"prices":[1.0,2.0,3]}')
  // What stood there is no reason to refuse what stands there now.
  const odd = read.get('odd')
  expect(String(jsonSerializer.dumps(new Map([['odd', { value: 1, ...(odd && { like: odd }) }]])))).toBe('{"odd":1}')
})

test('keys that a JavaScript object would sort keep their order, from JSON to pickle and back', () => {
  const text = '{"a":{"10":1,"2":[{"z":1.0,"0":{"b":1,"4294967295":2}}],"":3},"10":{"9":-0.0,"8":{}}}'
  const pickle = pickles.dumps(jsonSerializer.loads(Buffer.from(text)))
  expect(String(jsonSerializer.dumps(pickles.loads(pickle)))).toBe(text)
  expect(String(djangoRedisJsonSerializer.dumps(pickles.loads(pickle))).replaceAll(' ', '')).toBe(text)
  // Changed beside them, too.
  const like = pickles.loads(pickle).get('a')
  const changed = like?.decode() as Record<string, unknown>
  changed['2'] = 'two'
  expect(String(jsonSerializer.dumps(new Map([['a', { value: changed, ...(like && { like }) }]])))).toBe(
    '{"a":{"10":1,"2":"two","":3}}',
  )
})
