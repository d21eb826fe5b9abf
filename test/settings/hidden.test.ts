/** Copies of settings keep the keys and passwords, or are refused; in no form of print does one show. */
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { sessionAuthHash } from '../../src/auth/session-hash.ts'
import { createBridge } from '../../src/bridge.ts'
import { SettingsError } from '../../src/errors.ts'
import { checkSettings, type DjangoSettings, type Settings } from '../../src/settings/settings.ts'
import { cookieSigner, dumps, loads, Signer } from '../../src/signing/index.ts'
import { createSessionCodec } from '../../src/stores/session-data.ts'
import { outcome } from '../vectors.ts'

const full: DjangoSettings = {
  SECRET_KEY: 'canary key of the site',
  SECRET_KEY_FALLBACKS: ['canary older key'],
  SESSION_ENGINE: 'django.contrib.sessions.backends.cached_db',
  DATABASES: { default: 'postgres://ada:canary@db.example/shop?application_name=canary' },
  CACHES: {
    default: {
      BACKEND: 'django_redis.cache.RedisCache',
      LOCATION: 'redis://:canary@redis.example/1',
      KEY_PREFIX: 'shop',
      VERSION: 3,
      OPTIONS: { PASSWORD: 'canary' },
    },
  },
  DJANGO_SESSION_JWT: { KEY: { secret: 'canary of the tokens' }, FIELDS: ['email'], EXPIRES: 60, SESSION_FIELD: 'sid' },
  DEBUG: true,
}

/** Everything that is told by settings, the secrets too. */
function told(settings: Settings): unknown {
  const { SECRET_KEY, SECRET_KEY_FALLBACKS, DJANGO_SESSION_JWT, DATABASES, CACHES, ...rest } = settings
  const { password, options, ...database } = DATABASES.default ?? {}
  const { location, options: cacheOptions, ...cache } = CACHES.default ?? {}
  const secrets = { password, options, location, cacheOptions, KEY: DJANGO_SESSION_JWT?.KEY }
  return JSON.parse(
    JSON.stringify({ SECRET_KEY, SECRET_KEY_FALLBACKS, DJANGO_SESSION_JWT, database, cache, rest, secrets }),
  )
}

const copies: { readonly [how: string]: (object: object) => object } = {
  spread: (object) => ({ ...object }),
  'Object.assign': (object) => Object.assign({}, object),
  'Object.fromEntries': (object) => Object.fromEntries(Object.entries(object)),
}
const lossy: { readonly [how: string]: (object: object) => object } = {
  structuredClone: (object) => structuredClone(object),
  JSON: (object) => JSON.parse(JSON.stringify(object)),
}

describe('copies of checked settings', () => {
  test.each(Object.entries(copies))('%s: every key and password comes along', async (_, copy) => {
    const { settings } = createBridge(full)
    const changed = { ...copy(settings), SESSION_COOKIE_NAME: 'other' } as DjangoSettings
    const again = createBridge(changed).settings
    expect(again.SESSION_COOKIE_NAME).toBe('other')
    expect(told({ ...again, SESSION_COOKIE_NAME: 'sessionid' } as Settings)).toEqual(told({ ...settings } as Settings))
    expect(again.SECRET_KEY).toBe(full.SECRET_KEY)
    expect(again.SECRET_KEY_FALLBACKS).toEqual(full.SECRET_KEY_FALLBACKS)
  })

  test.each(Object.entries(copies))('%s of a part: a database, a cache, the JWT', (_, copy) => {
    const { DATABASES, CACHES, DJANGO_SESSION_JWT } = checkSettings(full)
    const part = (object: object | null | undefined) => copy(object ?? {}) as never
    const again = checkSettings({
      SECRET_KEY: 'another',
      DATABASES: { default: { ...(part(DATABASES.default) as object), host: 'other.example' } as never },
      CACHES: { default: { ...(part(CACHES.default) as object), version: 4 } as never },
      DJANGO_SESSION_JWT: part(DJANGO_SESSION_JWT),
    })
    expect(again.DATABASES.default).toMatchObject({ host: 'other.example', user: 'ada', password: 'canary' })
    expect(again.DATABASES.default?.options).toEqual(DATABASES.default?.options)
    expect(again.CACHES.default).toMatchObject({ version: 4, keyPrefix: 'shop', location: CACHES.default?.location })
    expect(again.CACHES.default?.options).toEqual({ PASSWORD: 'canary' })
    expect(again.DJANGO_SESSION_JWT?.KEY).toEqual({ secret: 'canary of the tokens' })
  })

  test.each(Object.entries(lossy))('%s loses the secrets, and the copy is refused by their names', (_, copy) => {
    const settings = checkSettings(full)
    expect(() => createBridge(copy(settings) as DjangoSettings)).toThrow(/SECRET_KEY, SECRET_KEY_FALLBACKS/)
    const part = (object: object | null | undefined) => copy(object ?? {}) as never
    const { SECRET_KEY, SESSION_ENGINE } = full
    for (const [lost, parts] of [
      ['DATABASES.default: .*password, options', { DATABASES: { default: part(settings.DATABASES.default) } }],
      ['CACHES.default: .*location, options', { CACHES: { default: part(settings.CACHES.default) } }],
      ['DJANGO_SESSION_JWT: .*KEY', { DJANGO_SESSION_JWT: part(settings.DJANGO_SESSION_JWT) }],
    ] as const) {
      const made = outcome(() => checkSettings({ SECRET_KEY, SESSION_ENGINE, ...parts }))
      expect(made).toMatchObject({ error: expect.any(SettingsError) })
      expect(String((made as { error: unknown }).error)).toMatch(new RegExp(lost))
    }
  })

  test('what a copy is given goes first, also where the environment does not have it', () => {
    const settings = checkSettings(full)
    expect(checkSettings({ ...settings, SECRET_KEY: 'a new one' }).SECRET_KEY).toBe('a new one')
    expect(() => checkSettings({ ...settings, SECRET_KEY: undefined })).toThrow(/SECRET_KEY is missing/)
    const jwt = { ...settings.DJANGO_SESSION_JWT, KEY: undefined }
    expect(() => checkSettings({ ...settings, DJANGO_SESSION_JWT: jwt })).toThrow(/KEY is undefined/)
  })

  test('a JWT whose key is SECRET_KEY stays one, and a site without JWT stays without', () => {
    const jwt = checkSettings({ SECRET_KEY: 'x', DJANGO_SESSION_JWT: { EXPIRES: 60 } })
    expect(checkSettings({ ...jwt }).DJANGO_SESSION_JWT).toMatchObject({ EXPIRES: 60, KEY: undefined })
    const plain = checkSettings({ SECRET_KEY: 'x', MIDDLEWARE: [] })
    expect(checkSettings({ ...plain }).DJANGO_SESSION_JWT).toBeNull()
  })
})

test('S33: settings and their copies show no secret, however they are printed', () => {
  const settings = checkSettings(full)
  const all = [settings, ...Object.values(copies).map((copy) => copy(settings))]
  for (const shown of all.flatMap((one) => [one, ...Object.values(one)])) {
    for (const printed of [
      inspect(shown, { depth: 9 }),
      inspect(shown, { depth: 9, showHidden: true }),
      inspect(shown, { depth: 9, showHidden: true, customInspect: false }),
      JSON.stringify(shown) ?? '',
      String(shown),
    ]) {
      expect(printed).not.toContain('canary')
    }
  }
  expect(inspect(settings)).toContain("names: [ 'SECRET_KEY', 'SECRET_KEY_FALLBACKS' ]")
})

test('a key that is missing or empty is an error wherever one is asked for, which names SECRET_KEY', () => {
  for (const missing of [undefined, null, '', new Uint8Array(), 5, {}]) {
    const key = missing as string
    for (const attempt of [
      () => new Signer({ key }),
      () => new Signer({ key: 'x', fallbackKeys: [key] }),
      () => cookieSigner({ key }),
      () => dumps({}, { key }),
      () => loads('a:b:c', { key }),
      () => sessionAuthHash('pbkdf2_sha256$', key),
      () => createSessionCodec({ SECRET_KEY: key }),
      () => createSessionCodec({ SECRET_KEY: 'x', SECRET_KEY_FALLBACKS: [key] }),
      () => createBridge({ SECRET_KEY: key, SESSION_ENGINE: 'django.contrib.sessions.backends.file' }),
    ]) {
      expect(attempt).toThrow(/SECRET_KEY/)
    }
  }
})
