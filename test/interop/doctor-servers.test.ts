/** `doctor` on sites with logins, on real servers: it judges every login by name, and says nothing wrong. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import { startMemcached } from '../private-memcached.ts'
import { startPrivateRedis } from '../private-redis.ts'
import { SECRET_KEY, siteShell, siteWithLogins, told } from './doctor-site.ts'
import { type DatabaseHome, mysqlHome, postgresHome, sqliteHome } from './live-site.ts'

const ENGINES = 'django.contrib.sessions.backends'
const IN_TABLE = { default: { BACKEND: 'django.core.cache.backends.db.DatabaseCache', LOCATION: 'cache_table' } }
const OTHER_KEY: Partial<DjangoSettings> = { SECRET_KEY: 'canary of another site, also long enough' }
/** The verdict of each login that `LOGINS` makes, as the text names it. */
const SIX_LOGINS =
  /logins +ok +6 logins: (?=.*\b1 verified)(?=.*1 inactive_user)(?=.*1 unknown_user)(?=.*1 auth_hash_mismatch)(?=.*1 auth_hash_missing)(?=.*1 malformed_login)/

const pythons = inject('djangos').flatMap((django) => ('python' in django ? [django] : []))
const postgres = inject('postgres')
const mysql = inject('mysql')
const memcached = inject('memcached')
const redis = inject('redis')

async function homeFor(make: () => Promise<DatabaseHome>): Promise<DatabaseHome> {
  const home = await make()
  onTestFinished(() => home.drop())
  return home
}

async function emptySqlite(): Promise<DatabaseHome> {
  const folder = mkdtempSync(join(tmpdir(), 'doctor-servers-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return sqliteHome(folder)
}

interface Expected {
  /** How the place of a session's row or value is named. */
  readonly place: RegExp
  /** What another SECRET_KEY shows: signatures where there are some, else logins. */
  readonly wrongKey: 'wrong_key' | 'wrong_users'
}

/** A healthy site, then the same one with another key, then an empty one. */
async function expectJudged(site: Parameters<typeof siteWithLogins>[0], { place, wrongKey }: Expected): Promise<void> {
  const { input, made } = siteWithLogins(site, true)
  const healthy = await told(input(), { session: made.verified ?? '' })
  const text = healthy.toText()
  expect(healthy, text).toMatchObject({ verdict: 'accepted', refusal: null })
  expect(text).toMatch(SIX_LOGINS)
  expect(text).toMatch(place)
  expect(text).toMatch(/session +ok +the one that was given can be read; login: verified/)
  const wrong = await told(input(OTHER_KEY))
  expect(wrong.refusal, wrong.toText()).toMatchObject({ cause: wrongKey })
  const unknown = await told(input(), { session: 'abcdefghijklmnopqrstuvwxyz012345' })
  expect(unknown.refusal?.cause).toBe('unknown_session')
}

describe.each(pythons)('doctor, Django $version', ({ version, python }) => {
  const servers = [
    ['PostgreSQL', () => postgresHome(postgres), 'missing' in postgres, 'postgres'],
    ['MariaDB or MySQL', () => mysqlHome(mysql), 'missing' in mysql, 'mysql'],
  ] as const
  describe.each(servers)('%s', (_, make, isMissing, kind) => {
    const engines: readonly [string, Partial<DjangoSettings>, 'wrong_key' | 'wrong_users'][] = [
      ['db', {}, 'wrong_key'],
      ['db, USE_TZ off, another zone', { USE_TZ: false, TIME_ZONE: 'Asia/Kathmandu' }, 'wrong_key'],
      ['cached_db over a table', { SESSION_ENGINE: `${ENGINES}.cached_db`, CACHES: IN_TABLE }, 'wrong_key'],
      ['cache in a table', { SESSION_ENGINE: `${ENGINES}.cache`, CACHES: IN_TABLE }, 'wrong_users'],
    ]
    test.skipIf(isMissing).each(engines)('%s', async (_, settings, wrongKey) => {
      const home = await homeFor(make)
      const { hostname, port } = new URL(home.url)
      const place = new RegExp(`DATABASES\\.default \\(${kind}\\w*, bridge_\\w+ at ${hostname}:${port || '\\d+'}\\)`)
      await expectJudged({ python, version, databaseUrl: home.url, settings }, { place, wrongKey })
    })

    test.skipIf(isMissing)('tables that are not there, a server that is not there', async () => {
      const home = await homeFor(make)
      const settings = { SECRET_KEY, DATABASES: { default: home.url }, DJANGO_VERSION: version } as DjangoSettings
      const empty = await told({ settings, options: {}, source: 'a test' })
      expect(empty.refusal, empty.toText()).toMatchObject({ message: expect.stringContaining('django_session') })
      const elsewhere = new URL(home.url)
      elsewhere.port = '1'
      elsewhere.password = 'canary'
      const DATABASES = { default: elsewhere.href }
      const down = await told({ settings: { ...settings, DATABASES }, options: {}, source: 'a test' })
      expect(down.refusal, down.toText()).toMatchObject({
        cause: 'unavailable',
        message: expect.stringContaining(`at ${elsewhere.hostname}:1)`),
      })
    })
  })

  test.skipIf('missing' in memcached).each([
    ['cache', 'wrong_users'],
    ['cached_db', 'wrong_key'],
  ] as const)('Memcached, %s', async (engine, wrongKey) => {
    const server = await startMemcached({ command: 'command' in memcached ? memcached.command : '' })
    onTestFinished(() => server.stop())
    const home = await emptySqlite()
    const BACKEND = 'django.core.cache.backends.memcached.PyMemcacheCache'
    const CACHES = { default: { BACKEND, LOCATION: server.location, KEY_PREFIX: 'shop' } }
    const settings = { SESSION_ENGINE: `${ENGINES}.${engine}`, CACHES }
    if (engine === 'cached_db') {
      const place = /django_session in DATABASES\.default/
      return expectJudged({ python, version, databaseUrl: home.url, settings }, { place, wrongKey })
    }
    // Memcached does not list its keys: what is given is judged, and nothing else is accepted.
    const { input, made } = siteWithLogins({ python, version, databaseUrl: home.url, settings }, true)
    const alone = await told(input())
    expect(alone, alone.toText()).toMatchObject({ verdict: 'nothing to judge', refusal: null })
    expect(alone.toText()).toContain(server.location)
    for (const [verdict, session] of Object.entries(made)) {
      const judged = await told(input(), { session })
      expect(judged.toText()).toMatch(new RegExp(`login: ${verdict}`))
      const expected = { verified: 'accepted', inactive_user: 'nothing to judge' }[verdict] ?? 'refused'
      expect(judged.verdict, judged.toText()).toBe(expected)
      expect(judged.toText()).not.toContain('--session')
    }
    const wrong = await told(input(OTHER_KEY), { session: made.verified ?? '' })
    expect(wrong.refusal, wrong.toText()).toMatchObject({ cause: wrongKey })
    const elsewhere = { default: { ...CACHES.default, KEY_PREFIX: 'other' } }
    const lost = await told(input({ CACHES: elsewhere }), { session: made.verified ?? '' })
    expect(lost.refusal?.cause).toBe('unknown_session')
  })
})

const ANONYMOUS = `import importlib
from django.conf import settings
session = importlib.import_module(settings.SESSION_ENGINE).SessionStore()
session["cart"] = [1]
session.save()
print("key=" + session.session_key)`

const PACKAGE = 'django_redis'
const VALUES: readonly [string, object][] = [
  ['pickles', {}],
  [
    'JSON, compressed',
    {
      SERIALIZER: `${PACKAGE}.serializers.json.JSONSerializer`,
      COMPRESSOR: `${PACKAGE}.compressors.zlib.ZlibCompressor`,
    },
  ],
  ['MessagePack', { SERIALIZER: `${PACKAGE}.serializers.msgpack.MSGPackSerializer` }],
]
describe.skipIf('missing' in redis).each(inject('djangoRedis'))('doctor, django-redis $release', (runtime) => {
  const python = 'python' in runtime ? runtime.python : ''
  const cases = VALUES.flatMap(([name, options]) => [
    [`cache, ${name}`, 'cache', options, 'wrong_users'] as const,
    [`cached_db, ${name}`, 'cached_db', options, 'wrong_key'] as const,
  ])
  test.skipIf('missing' in runtime).each(cases)('%s', async (_, engine, options, wrongKey) => {
    const server = await startPrivateRedis()
    onTestFinished(() => server.drop())
    const home = await emptySqlite()
    const CACHES = {
      default: {
        BACKEND: `${PACKAGE}.cache.RedisCache`,
        LOCATION: `${server.url}/1`,
        KEY_PREFIX: 'shop',
        OPTIONS: options,
      },
    }
    const settings = { SESSION_ENGINE: `${ENGINES}.${engine}`, CACHES } as Partial<DjangoSettings>
    const place = new RegExp(`CACHES\\.default.*127\\.0\\.0\\.1:${server.port}/1`)
    await expectJudged({ python, version: '5.2', databaseUrl: home.url, settings }, { place, wrongKey })
  })
  test.skipIf('missing' in runtime)(
    'a cache of visitors who are not logged in shows nothing of SECRET_KEY',
    async () => {
      const server = await startPrivateRedis()
      onTestFinished(() => server.drop())
      const { url: databaseUrl } = await emptySqlite()
      const CACHES = { default: { BACKEND: `${PACKAGE}.cache.RedisCache`, LOCATION: server.url } }
      const settings = { SESSION_ENGINE: `${ENGINES}.cache`, CACHES }
      const { input, made } = siteWithLogins({ python, version: '5.2', databaseUrl, settings })
      const leave = `from importlib import import_module
from django.conf import settings
import_module(settings.SESSION_ENGINE).SessionStore().delete("${made.verified}")`
      const output = siteShell(`${leave}\n${ANONYMOUS}`, { python, databaseUrl, settings })
      const session = /^key=(\w+)$/m.exec(output)?.[1] ?? ''
      for (const changes of [{}, OTHER_KEY]) {
        for (const options of [{}, { session }]) {
          const found = await told(input(changes), options)
          expect(found, found.toText()).toMatchObject({ verdict: 'nothing to judge', refusal: null })
          expect(found.toText()).toMatch(/verdict +nothing to judge: nobody is logged in .* SECRET_KEY/)
        }
      }
    },
  )
})
