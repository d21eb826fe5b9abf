/** Names that every JavaScript object has, `constructor` or `__proto__`, are no engines, backends, caches or options. */
import { describe, expect, test } from 'vitest'
import { createBridge } from '../../src/bridge.ts'
import { pylibmc } from '../../src/caches/memcached/pylibmc.ts'
import { pymemcache } from '../../src/caches/memcached/pymemcache.ts'
import { redisFault } from '../../src/caches/redis-faults.ts'
import { redisLocations } from '../../src/caches/redis-location.ts'
import { postgresFault } from '../../src/databases/postgres-faults.ts'
import { SettingsError } from '../../src/errors.ts'
import { fileFault } from '../../src/files/file-faults.ts'
import { parsePythonJson } from '../../src/python/json-reader.ts'
import { settingsFromEnv } from '../../src/settings/from-env.ts'
import { checkSettings, type DjangoSettings } from '../../src/settings/settings.ts'

const SECRET_KEY = 'the secret key of a site, long enough for HS256'
const DATABASES = { default: 'sqlite://:memory:' }
const CACHE_ENGINE = 'django.contrib.sessions.backends.cache'
const FILES = { BACKEND: 'django.core.cache.backends.filebased.FileBasedCache', LOCATION: '/tmp/cache-of-no-site' }
const REDIS = { BACKEND: 'django.core.cache.backends.redis.RedisCache', LOCATION: 'redis://127.0.0.1:1' }

const NAMES = Object.getOwnPropertyNames(Object.prototype)

function bridgeWith(settings: object, options: object = {}) {
  return createBridge({ SECRET_KEY, DEBUG: true, DATABASES, ...settings } as DjangoSettings, options)
}

function cachedIn(cache: object, alias = 'default') {
  return { SESSION_ENGINE: CACHE_ENGINE, SESSION_CACHE_ALIAS: alias, CACHES: { [alias]: cache } }
}

function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof SettingsError) return error.message
    throw error
  }
  throw new Error('was not refused')
}

describe.each(NAMES)('%s', (name) => {
  test.each<[what: string, settings: object, message: RegExp]>([
    ['engine', { SESSION_ENGINE: name }, /^SESSION_ENGINE \w+ is not supported; supported: /],
    ['serializer', { SESSION_SERIALIZER: name }, /^SESSION_SERIALIZER \w+ is not supported; supported: /],
    [
      'engine of a database',
      { DATABASES: { default: { ENGINE: name, NAME: 'x' } } },
      /^DATABASES\.default: ENGINE \w+ is not known; known: /,
    ],
    ['scheme of a URL', { DATABASES: { default: `${name}://x/y` } }, /^DATABASES\.default: not a database URL; /],
    ['backend of a cache', cachedIn({ BACKEND: name }), /^CACHES\.default: BACKEND \w+ is not supported; supported: /],
    [
      'cache, where CACHES has none of this name',
      { SESSION_ENGINE: CACHE_ENGINE, SESSION_CACHE_ALIAS: name, CACHES: { default: FILES } },
      /^SESSION_ENGINE django\.contrib\.sessions\.backends\.cache needs CACHES\.\w+ \(SESSION_CACHE_ALIAS\)\.$/,
    ],
    [
      'option of Redis',
      cachedIn({ ...REDIS, OPTIONS: { [name]: 'x' } }),
      /^CACHES\.default: OPTIONS \w+ is not known; /,
    ],
    [
      'option in the address of a Redis',
      cachedIn({ ...REDIS, LOCATION: `redis://127.0.0.1:1?${name}=x` }),
      /^CACHES\.default: OPTIONS \w+ is not known; /,
    ],
    ['option of the JWT', { DJANGO_SESSION_JWT: { [name]: 'x' } }, /^DJANGO_SESSION_JWT: \w+ is not an option; /],
    [
      'option of PostgreSQL',
      { DATABASES: { default: { ENGINE: 'django.db.backends.postgresql', NAME: 'x', OPTIONS: { [name]: 'x' } } } },
      /^DATABASES\.default: OPTIONS\.\w+ is not supported\. /,
    ],
    [
      'option of MySQL',
      { DATABASES: { default: { ENGINE: 'django.db.backends.mysql', NAME: 'x', OPTIONS: { [name]: 'x' } } } },
      /^DATABASES\.default: OPTIONS\.\w+ is not supported; supported: /,
    ],
    [
      'option of SQLite',
      { DATABASES: { default: { ENGINE: 'django.db.backends.sqlite3', NAME: 'x', OPTIONS: { [name]: 'x' } } } },
      /^DATABASES\.default: OPTIONS\.\w+ is not an option of SQLite\.$/,
    ],
  ])('S27: is no %s', (_, settings, message) => {
    expect(refusal(() => bridgeWith(settings))).toMatch(message)
  })

  test.each<[option: string, value: string]>([
    ['SERIALIZER', name],
    ['SERIALIZER', `django_redis.serializers.${name}`],
    ['COMPRESSOR', name],
    ['COMPRESSOR', `django_redis.compressors.${name}`],
    ['CLIENT_CLASS', name],
    ['CONNECTION_FACTORY', name],
    ['REDIS_CLIENT_CLASS', name],
  ])('S27: is no %s of django-redis: %s', (option, value) => {
    const cache = { ...REDIS, BACKEND: 'django_redis.cache.RedisCache', OPTIONS: { [option]: value } }
    expect(refusal(() => bridgeWith(cachedIn(cache)))).toMatch(`CACHES.default: OPTIONS.${option} ${value} is`)
  })

  test('S27: is none of the classes that a Redis cache may name, and no pool argument of django-redis', () => {
    for (const option of ['connection_class', 'pool_class', 'serializer']) {
      const cache = { ...checkedCache({ ...REDIS, OPTIONS: { [option]: name } }) }
      expect(refusal(() => redisLocations(cache))).toMatch(`OPTIONS ${option} is ${name}, and only`)
    }
    const OPTIONS = { CONNECTION_POOL_KWARGS: { [name]: 'x' } }
    const cache = { ...REDIS, BACKEND: 'django_redis.cache.RedisCache', OPTIONS }
    expect(refusal(() => bridgeWith(cachedIn(cache)))).toMatch(`OPTIONS ${name} is not known`)
  })

  test('S27: is no serde of pymemcache, no hash and no distribution of pylibmc', () => {
    const location = '10.0.0.1,10.0.0.2'
    expect(refusal(() => pymemcache({ location, options: { serde: name } }))).toMatch(
      `OPTIONS.serde ${name} of PyMemcacheCache is not supported`,
    )
    expect(refusal(() => pylibmc({ location, options: { behaviors: { hash: name } } }))).toMatch(
      `OPTIONS.behaviors hash ${name} is not supported`,
    )
    expect(refusal(() => pylibmc({ location, options: { behaviors: { distribution: name } } }))).toMatch(
      /OPTIONS\.behaviors distribution is not supported; supported: /,
    )
  })

  test('S27: is a cache where CACHES has one of this name, in an object, in JSON and in the environment', () => {
    const cached = { SESSION_ENGINE: CACHE_ENGINE, SESSION_CACHE_ALIAS: name, CACHES: { [name]: FILES } }
    const settings = { SECRET_KEY, DEBUG: true, ...cached }
    const text = JSON.stringify(settings)
    const { SESSION_ENGINE, CACHES: given } = settings
    const env = { SECRET_KEY, DEBUG: 'true', SESSION_ENGINE, SESSION_CACHE_ALIAS: name, CACHES: JSON.stringify(given) }
    for (const source of [settings, parsePythonJson(text) as DjangoSettings, settingsFromEnv(env)]) {
      const { CACHES } = checkSettings(source)
      expect(Object.keys(CACHES)).toEqual([name])
      expect(Object.getPrototypeOf(CACHES)).toBe(Object.prototype)
      createBridge(source)
    }
  })

  test('S27: what is wrong with a cache or a database of this name is told', () => {
    const wrong = { [name]: 5 }
    expect(refusal(() => bridgeWith({ CACHES: wrong, DATABASES: wrong }))).toBe(
      `Settings: DATABASES.${name} must be a URL or Django’s dictionary with ENGINE and NAME as text; ` +
        `CACHES.${name} must be Django’s dictionary.`,
    )
    expect(refusal(() => bridgeWith({ CACHES: { [name]: { BACKEND: 5 } } }))).toMatch(`CACHES.${name}: BACKEND must be`)
  })

  test('S27: is no client where clients.caches has none of this name', () => {
    bridgeWith(cachedIn(REDIS, name), { clients: { caches: {} } })
    const mine = { clients: { caches: { [name]: {} } } }
    expect(refusal(() => bridgeWith(cachedIn(REDIS, name), mine))).toBe(
      `clients.caches.${name} must be a client of ioredis.`,
    )
  })

  test('S27: is no code of what is unclear', () => {
    const unclear = [{ code: name, what: 'accounts.Member' }]
    expect(refusal(() => bridgeWith({}, { options: { unclear } }))).toBe(
      `options.unclear: ${name} is not a code of this version: run settingsFromDjango again.`,
    )
    expect(refusal(() => bridgeWith({}, { options: { acknowledge: [name] } }))).toMatch(
      /^options\.acknowledge: there is no such code/,
    )
  })

  test('S27: is no reason that a server, a driver or the system gives', () => {
    const redis = Object.assign(new Error(name), { name: 'ReplyError' })
    const scripted = `ERR Error running script: ${name}`
    expect(redisFault(redis)).toMatchObject({ reason: 'refused' })
    expect(redisFault(Object.assign(new Error(scripted), { name: 'ReplyError' }))).toMatchObject({ reason: 'refused' })
    const postgres = Object.assign(new Error('x'), { severity: 'ERROR', code: name })
    expect(postgresFault(postgres)).toMatchObject({ reason: 'refused' })
    expect(fileFault(Object.assign(new Error('x'), { code: name }))).toMatchObject({ reason: 'refused' })
  })
})

test('CACHES and DATABASES are plain dictionaries: a Map or a list is refused', () => {
  for (const given of [new Map([['default', FILES]]), [FILES], 'x', null]) {
    expect(refusal(() => bridgeWith({ CACHES: given }))).toBe('Settings: CACHES must be a dictionary by alias.')
    expect(refusal(() => bridgeWith({ DATABASES: given }))).toBe('Settings: DATABASES must be a dictionary by alias.')
  }
})

test('S27: a header of SECURE_PROXY_SSL_HEADER that no request has is not there, whatever it is called', async () => {
  const bridge = bridgeWith({ SECURE_PROXY_SSL_HEADER: ['HTTP_CONSTRUCTOR', 'https'] })
  const isSecure = (headers: object): boolean =>
    bridge.open({ method: 'GET', url: '/', headers: { ...headers }, secure: true }).request.secure
  expect(isSecure({})).toBe(true)
  expect(isSecure({ constructor: 'http' })).toBe(false)
  await bridge.close()
})

function checkedCache(cache: object) {
  const { CACHES } = checkSettings({ SECRET_KEY, CACHES: { default: cache as typeof REDIS } })
  if (CACHES.default === undefined) throw new Error('no cache')
  const { alias, backend, keyPrefix, version, keyFunction, location, options } = CACHES.default
  return { alias, backend, keyPrefix, version, keyFunction, location, options }
}
