/** A server that fails a call is named in the error: setting, table, host and port, and never who goes there. */
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { createBridge } from '../../src/bridge.ts'
import type { DjangoSettings } from '../../src/settings/settings.ts'

const ENGINES = 'django.contrib.sessions.backends'
const cache = (BACKEND: string, LOCATION: string, engine = 'cache'): Partial<DjangoSettings> => ({
  SESSION_ENGINE: `${ENGINES}.${engine}`,
  SESSION_CACHE_ALIAS: 'sessions',
  CACHES: { sessions: { BACKEND: `django.core.cache.backends.${BACKEND}`, LOCATION } },
})
const postgres = { DATABASES: { default: 'postgres://canary:canary@127.0.0.1:1/shop' } }

test.each<[string, Partial<DjangoSettings>, RegExp]>([
  ['PostgreSQL', postgres, /table django_session in DATABASES\.default \(postgresql, shop at 127\.0\.0\.1:1\)/],
  [
    'MySQL',
    { DATABASES: { default: 'mysql://canary:canary@127.0.0.1:1/shop' } },
    /table django_session in DATABASES\.default \(mysql, shop at 127\.0\.0\.1:1\)/,
  ],
  [
    'SQLite',
    { DATABASES: { default: 'sqlite:////none/db.sqlite3' } },
    /DATABASES\.default \(sqlite, \/none\/db\.sqlite3\)/,
  ],
  [
    'Redis',
    cache('redis.RedisCache', 'redis://canary:can@ary@127.0.0.1:1/2?password=canary'),
    /CACHES\.sessions \(RedisCache, 127\.0\.0\.1:1\/2\)/,
  ],
  [
    'Memcached',
    cache('memcached.PyMemcacheCache', '127.0.0.1:1'),
    /CACHES\.sessions \(PyMemcacheCache, 127\.0\.0\.1:1\)/,
  ],
])('%s', async (_, settings, place) => {
  const bridge = createBridge({ SECRET_KEY: 'x', DEBUG: true, ...settings })
  const headers = { cookie: 'sessionid=abcdefghij0123456789abcdefghij01' }
  const django = bridge.open({ method: 'GET', url: '/', headers, secure: false })
  const error: unknown = await django.session().catch((failure: unknown) => failure)
  await bridge.close()
  expect(error).toMatchObject({ code: 'store_unavailable', message: expect.stringMatching(place) })
  expect(String(error) + inspect(error, { showHidden: true, depth: 9 })).not.toContain('can')
})
