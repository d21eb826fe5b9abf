/** Real packages beside Django's sessions, set up as their READMEs say: each is followed, or stops the start with a way out. */
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import type { UnclearCode } from '../../src/settings/unclear.ts'
import { djangoDatabase } from '../database-choice.ts'
import { startMemcached } from '../private-memcached.ts'
import { startPrivateRedis } from '../private-redis.ts'
import { postgresHome } from './live-site.ts'
import { bridgeOf, expectRefused, expectShared, MAKE_ADA, packageSite } from './package-site.ts'

const packages = inject('packages')
const python = 'python' in packages ? packages.python : ''
const postgresServer = inject('postgres')

const apps = (...names: string[]) => `INSTALLED_APPS += ${JSON.stringify(names)}\n`
const sessionMiddleware = (path: string) =>
  `MIDDLEWARE = ["${path}", "django.contrib.auth.middleware.AuthenticationMiddleware"]\n`
const wrapped = (before: string, after: string) => `MIDDLEWARE = ["${before}", *MIDDLEWARE, "${after}"]\n`
const databases = (value: object) => `DATABASES = {"default": ${JSON.stringify(value)}}\n`
const caches = (value: object) => `CACHES = {"default": ${JSON.stringify(value)}}\n`
const engine = (name: string) => `SESSION_ENGINE = "${name}"\n`

const NOTHING: readonly UnclearCode[] = []

describe.skipIf('missing' in packages)(`packages${'missing' in packages ? ` (${packages.missing})` : ''}`, () => {
  test.each(['db', 'cached_db'])('django-qsessions, %s: shared with the values of its columns', async (name) => {
    const settings = [
      'INSTALLED_APPS = [name for name in INSTALLED_APPS if name != "django.contrib.sessions"]\n',
      apps('qsessions'),
      sessionMiddleware('qsessions.middleware.SessionMiddleware'),
      engine(`qsessions.backends.${name}`),
      caches({ BACKEND: 'django.core.cache.backends.filebased.FileBasedCache', LOCATION: 'cache' }),
    ]
    const site = packageSite({ python, files: { settings: settings.join('') } })
    const found = await site.found()
    expectRefused(found, ['session_store', 'session_columns', 'session_middleware'])
    expect(found.options.sessionTable).toEqual({ name: 'qsessions_session' })
    const columns = () => ({ updated_at: new Date().toISOString() })
    const sessionTable = { name: 'qsessions_session', columns }
    const bridge = bridgeOf(found, { options: { sessionTable, acknowledge: ['session_store', 'session_middleware'] } })
    await expectShared(site, bridge)
  })

  test('django-user-sessions: an engine with a store and a table of its own', async () => {
    const settings = [
      'INSTALLED_APPS = [name for name in INSTALLED_APPS if name != "django.contrib.sessions"]\n',
      apps('user_sessions'),
      sessionMiddleware('user_sessions.middleware.SessionMiddleware'),
      engine('user_sessions.backends.db'),
    ]
    const site = packageSite({ python, files: { settings: settings.join('') } })
    const found = await site.found()
    expectRefused(found, ['session_store', 'session_columns', 'session_middleware'])
    expect(found.settings.SESSION_ENGINE).toBe('django.contrib.sessions.backends.db')
    const columns = () => ({ last_activity: new Date().toISOString() })
    const sessionTable = { name: 'user_sessions_session', columns }
    expect(found.options.sessionTable).toEqual({ name: sessionTable.name })
    const bridge = bridgeOf(found, { options: { sessionTable, acknowledge: ['session_store', 'session_middleware'] } })
    await expectShared(site, bridge)
  })

  const prometheus = (settings: string) => ({
    settings:
      apps('django_prometheus') +
      wrapped(
        'django_prometheus.middleware.PrometheusBeforeMiddleware',
        'django_prometheus.middleware.PrometheusAfterMiddleware',
      ) +
      settings,
  })

  test('django-prometheus, SQLite: a user model that is counted too', async () => {
    const site = packageSite({
      python,
      files: {
        models: `from django.contrib.auth.models import AbstractUser
from django_prometheus.models import ExportModelOperationsMixin
class Member(ExportModelOperationsMixin("member"), AbstractUser):
    pass
`,
        ...prometheus(
          `AUTH_USER_MODEL = "accounts.Member"\n${databases({ ENGINE: 'django_prometheus.db.backends.sqlite3', NAME: 'db.sqlite3' })}`,
        ),
      },
      makeAda: MAKE_ADA.replace('django.contrib.auth.models import User', 'accounts.models import Member as User'),
    })
    const found = await site.found()
    expectRefused(found, NOTHING)
    await expectShared(site, bridgeOf(found))
  })

  test.skipIf('missing' in postgresServer)('django-prometheus, PostgreSQL', async () => {
    const home = await postgresHome(postgresServer)
    onTestFinished(() => home.drop())
    const database = { ...djangoDatabase(home.url), ENGINE: 'django_prometheus.db.backends.postgresql' }
    const site = packageSite({ python, files: prometheus(databases(database)) })
    const found = await site.found()
    expectRefused(found, NOTHING)
    await expectShared(site, bridgeOf(found))
  })

  const redisCaches: readonly [string, string, object][] = [
    ['django-prometheus on Django’s own', 'django_prometheus.cache.backends.redis.NativeRedisCache', {}],
    ['django-prometheus on django-redis', 'django_prometheus.cache.backends.redis.RedisCache', {}],
    ['django-redis', 'django_redis.cache.RedisCache', { CLIENT_CLASS: 'django_redis.client.DefaultClient' }],
  ]
  describe.skipIf('missing' in inject('redis')).each(redisCaches)('Redis: %s', (_, BACKEND, options) => {
    test.each(['cache', 'cached_db'])('%s', async (name) => {
      const redis = await startPrivateRedis()
      onTestFinished(() => redis.drop())
      const cache = { BACKEND, LOCATION: `${redis.url}/1`, KEY_PREFIX: 'shop', OPTIONS: options }
      const settings = caches(cache) + engine(`django.contrib.sessions.backends.${name}`)
      const site = packageSite({ python, files: prometheus(`${settings}SESSION_CACHE_ALIAS = "default"\n`) })
      const found = await site.found()
      expectRefused(found, NOTHING)
      await expectShared(site, bridgeOf(found))
    })
  })

  const memcached = inject('memcached')
  test.skipIf('missing' in memcached)('Memcached: django-prometheus on pymemcache', async () => {
    const server = await startMemcached({ command: 'command' in memcached ? memcached.command : '' })
    onTestFinished(() => server.stop())
    const cache = { BACKEND: 'django_prometheus.cache.backends.memcached.PyMemcacheCache', LOCATION: server.location }
    const settings = caches(cache) + engine('django.contrib.sessions.backends.cache')
    const site = packageSite({ python, files: prometheus(settings) })
    const found = await site.found()
    expectRefused(found, NOTHING)
    await expectShared(site, bridgeOf(found))
  })

  test('files: a cache in a relative folder is where Django has it', async () => {
    const cache = { BACKEND: 'django.core.cache.backends.filebased.FileBasedCache', LOCATION: 'cache' }
    const settings = caches(cache) + engine('django.contrib.sessions.backends.cache')
    const site = packageSite({ python, files: { settings } })
    const found = await site.found()
    expectRefused(found, NOTHING)
    await expectShared(site, bridgeOf(found))
  })

  test('django-cachalot: Django sees what Node writes, although it keeps the answers of queries', async () => {
    const cache = { BACKEND: 'django.core.cache.backends.filebased.FileBasedCache', LOCATION: 'cache' }
    const site = packageSite({ python, files: { settings: apps('cachalot') + caches(cache) } })
    const found = await site.found()
    expectRefused(found, NOTHING)
    await expectShared(site, bridgeOf(found))
  })
})
