import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { cacheKey } from '../../src/caches/cache-key.ts'
import { SettingsError } from '../../src/errors.ts'
import { type CacheDictionary, cacheSettings } from '../../src/settings/cache-setting.ts'
import { checkSettings } from '../../src/settings/settings.ts'

const REDIS: CacheDictionary = { BACKEND: 'django.core.cache.backends.redis.RedisCache' }

test('what is left out has Django’s default', () => {
  const { alias, backend, location, keyPrefix, version, keyFunction, options } = cacheSettings('default', REDIS)
  expect({ alias, backend, location, keyPrefix, version, keyFunction, options }).toEqual({
    alias: 'default',
    backend: REDIS.BACKEND,
    location: '',
    keyPrefix: '',
    version: 1,
    keyFunction: null,
    options: {},
  })
})

test('keys are Django’s, or what the site’s own function makes', () => {
  expect(cacheKey(cacheSettings('default', REDIS))('sess')).toBe(':1:sess')
  expect(cacheKey(cacheSettings('default', { ...REDIS, KEY_PREFIX: 'shop', VERSION: 3 }))('sess')).toBe('shop:3:sess')
  const KEY_FUNCTION = (key: string, prefix: string, version: number): string => `${version}/${prefix}/${key}`
  expect(cacheKey(cacheSettings('default', { ...REDIS, KEY_FUNCTION }))('sess')).toBe('1//sess')
})

test.each<[string, object]>([
  ['BACKEND', { BACKEND: '' }],
  ['LOCATION', { LOCATION: 5 }],
  ['LOCATION', { LOCATION: ['redis://a', 5] }],
  ['KEY_PREFIX', { KEY_PREFIX: null }],
  ['VERSION', { VERSION: 1.5 }],
  ['KEY_FUNCTION shop.cache.make_key', { KEY_FUNCTION: 'shop.cache.make_key' }],
  ['KEY_FUNCTION', { KEY_FUNCTION: 5 }],
  ['OPTIONS', { OPTIONS: null }],
])('%s of another kind is an error that names it', (name, wrong) => {
  const caches = { sessions: { ...REDIS, ...wrong } as CacheDictionary }
  expect(() => checkSettings({ SECRET_KEY: 'x', CACHES: caches })).toThrow(SettingsError)
  expect(() => checkSettings({ SECRET_KEY: 'x', CACHES: caches })).toThrow(`CACHES.sessions: ${name}`)
})

test('S33: settings that are printed show no location and no option', () => {
  const secret = 'redis://:canary@localhost'
  const { CACHES } = checkSettings({
    SECRET_KEY: 'x',
    CACHES: { default: { ...REDIS, LOCATION: [secret], OPTIONS: { password: 'canary' } } },
  })
  expect(inspect(CACHES, { depth: 9, showHidden: true, getters: false })).not.toContain('canary')
  expect(JSON.stringify(CACHES)).not.toContain('canary')
  expect(CACHES.default?.location).toEqual([secret])
})
