/** What django-redis' JSONSerializer reads, judged by Python's json.loads. */
import { expect, test } from 'vitest'
import { djangoRedisJsonSerializer } from '../../src/serializers/django-redis-json.ts'

const read = (text: string): unknown => djangoRedisJsonSerializer.loads(Buffer.from(text)).get('a')?.decode()

/** Python's verdict on each: `json.loads(text)['a']`, or JSONDecodeError. */
test.each([
  ['{"a": "é"}', 'é'],
  [String.raw`{"a": "\\é"}`, '\\é'],
  [String.raw`{"a": "\u00e9\\\\😀"}`, 'é\\\\😀'],
  [String.raw`{"a": "\n\"é"}`, '\n"é'],
])('%s is read', (text, value) => {
  expect(read(text)).toBe(value)
})

test.each([
  String.raw`{"a": "\é"}`,
  String.raw`{"a": "\\\é"}`,
  String.raw`{"a": "\😀"}`,
  String.raw`{"a": "\x41"}`,
  String.raw`{"a": "\u00é9"}`,
  String.raw`{"a": "\u12"}`,
  '{"a": é}',
])('%s has an escape that Python refuses', (text) => {
  expect(() => read(text)).toThrow(/JSON/)
})
