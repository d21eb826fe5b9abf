import { expect, test } from 'vitest'
import { djangoRedisFormat } from '../../../src/caches/django-redis/format.ts'
import { SettingsError } from '../../../src/errors.ts'
import { sessionOf, sessionValues } from '../../../src/stores/session-data.ts'

const now = (): Date => new Date('2026-07-01T12:00:00Z')
const SERIALIZERS = ['pickle.PickleSerializer', 'json.JSONSerializer', 'msgpack.MSGPackSerializer'].map(
  (name) => `django_redis.serializers.${name}`,
)
const codecOf = (options: object) => djangoRedisFormat('default', { ...options }, { now, isHerd: false }).open()

test.each<[string, object]>([
  ['OPTIONS.SERIALIZER shop.serializers.Mine is not supported', { SERIALIZER: 'shop.serializers.Mine' }],
  ['OPTIONS.SERIALIZER (not shown)', { SERIALIZER: 's3cret!' }],
  ['OPTIONS.COMPRESSOR shop.compressors.Mine is not supported', { COMPRESSOR: 'shop.compressors.Mine' }],
  ['OPTIONS.COMPRESSOR toString', { COMPRESSOR: 'toString' }],
  ['OPTIONS.PICKLE_VERSION must be a whole number up to 5', { PICKLE_VERSION: 6 }],
  ['OPTIONS.PICKLE_VERSION', { PICKLE_VERSION: 'highest' }],
  ['OPTIONS.PICKLE_VERSION', { PICKLE_VERSION: null }],
])('%s', (message, options) => {
  const make = (): unknown => djangoRedisFormat('sessions', { ...options }, { now, isHerd: false })
  expect(make).toThrow(SettingsError)
  expect(make).toThrow(`CACHES.sessions: ${message}`)
})

test('HerdClient packs pickles', () => {
  const options = { SERIALIZER: SERIALIZERS[1] }
  expect(() => djangoRedisFormat('default', options, { now, isHerd: true })).toThrow('HerdClient')
})

test.each([
  [undefined, 4],
  [-1, 4],
  [0, 2],
  [3, 3],
  ['5', 5],
])('PICKLE_VERSION %s is written as protocol %s', async (version, written) => {
  const codec = await codecOf(version === undefined ? {} : { PICKLE_VERSION: version })
  expect(codec.encode(sessionOf([['a', 1]])).bytes[1]).toBe(written)
})

test.each(SERIALIZERS)('S27: names of JavaScript are keys like any other: %s', async (SERIALIZER) => {
  const codec = await codecOf({ SERIALIZER })
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']
  const inner = JSON.parse(`{${names.map((name) => `"${name}":{"polluted":1}`).join(',')}}`) as object
  const { bytes } = codec.encode(sessionOf([...names.map((name) => [name, inner] as const), ['inner', inner]]))
  const decoded = codec.decode({ bytes })
  if (!('data' in decoded)) throw decoded.error
  const values = sessionValues(decoded.data)
  expect([...values.keys()]).toEqual([...names, 'inner'])
  expect(Object.keys(values.get('__proto__') as object)).toEqual(names)
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
})

test.each(SERIALIZERS)('S26: a session over the limit is not written: %s', async (SERIALIZER) => {
  const codec = await codecOf({ SERIALIZER })
  expect(() => codec.encode(sessionOf([['a', 'x'.repeat(2 << 20)]]))).toThrow('over the limit')
  expect(codec.decode({ bytes: Buffer.alloc((1 << 20) + 1, ' ') })).toHaveProperty(
    'error.message',
    expect.stringContaining('over the limit'),
  )
  const deflated = await codecOf({ SERIALIZER, COMPRESSOR: 'django_redis.compressors.zlib.ZlibCompressor' })
  expect(deflated.encode(sessionOf([['a', 'x'.repeat(2 << 20)]])).bytes.length).toBeLessThan(1 << 20)
  expect(() => deflated.encode(sessionOf([['a', 'x'.repeat(9 << 20)]]))).toThrow('over the limit')
})
