import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { differenceOf } from '../../src/cli/settings-difference.ts'
import { checkSettings, type DjangoSettings } from '../../src/settings/settings.ts'

const DATABASES = { default: 'postgres://ada:canary-one@db.example/shop' }
const CACHES = {
  default: {
    BACKEND: 'django_redis.cache.RedisCache',
    LOCATION: 'redis://:canary-one@redis.example/1',
    OPTIONS: { PASSWORD: 'canary-one', CONNECTION_POOL_KWARGS: { ssl_password: 'canary-one' } },
  },
}
const settings: DjangoSettings = { SECRET_KEY: 'canary-one', DATABASES, CACHES, SESSION_COOKIE_AGE: 60 }
const jwt = (KEY: NonNullable<DjangoSettings['DJANGO_SESSION_JWT']>['KEY']): DjangoSettings => ({
  ...settings,
  DJANGO_SESSION_JWT: { KEY },
})

describe('S33: the first setting that differs is named, and no secret told', () => {
  test.each<[string, DjangoSettings, DjangoSettings]>([
    ['SECRET_KEY', settings, { ...settings, SECRET_KEY: 'canary-two' }],
    ['SECRET_KEY_FALLBACKS', settings, { ...settings, SECRET_KEY_FALLBACKS: ['canary-two'] }],
    [
      'DATABASES.default.password',
      settings,
      { ...settings, DATABASES: { default: 'postgres://ada:canary-two@db.example/shop' } },
    ],
    ['DATABASES.default', { ...settings, DATABASES: {} }, settings],
    [
      'CACHES.default.location',
      settings,
      { ...settings, CACHES: { default: { ...CACHES.default, LOCATION: 'redis://:canary-two@redis.example/1' } } },
    ],
    [
      'CACHES.default.options',
      settings,
      { ...settings, CACHES: { default: { ...CACHES.default, OPTIONS: { PASSWORD: 'canary-two' } } } },
    ],
    ['DJANGO_SESSION_JWT.KEY', jwt({ secret: 'canary-one' }), jwt({ secret: 'canary-two' })],
    ['DJANGO_SESSION_JWT', settings, jwt('canary-two')],
    ['SESSION_COOKIE_AGE', settings, { ...settings, SESSION_COOKIE_AGE: 90 }],
  ])('%s', (name, here, django) => {
    expect(differenceOf(here, django)).toMatch(new RegExp(`^${name} is `))
    expect(differenceOf(here, django)).not.toContain('canary')
    expect(differenceOf(here, here)).toBeNull()
  })

  test('settings that are printed show no password, wherever it stands', () => {
    const OPTIONS = { passwd: 'canary-one' }
    const checked = checkSettings({
      ...settings,
      DATABASES: { default: { ENGINE: 'django.db.backends.mysql', NAME: 'shop', OPTIONS } },
    })
    expect(inspect(checked, { depth: 9, showHidden: true, getters: false })).not.toContain('canary')
    expect(JSON.stringify(checked)).not.toContain('canary')
    expect(checked.DATABASES.default?.options).toEqual(OPTIONS)
  })
})
