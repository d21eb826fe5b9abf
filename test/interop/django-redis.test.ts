/** Node and real django-redis on the same sessions in Redis, with every serializer, compressor and client it has. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Bridge, createBridge } from '../../src/bridge.ts'
import { PyDate, PyDateTime } from '../../src/python/dates.ts'
import { readPickle } from '../../src/python/pickle/pickle-reader.ts'
import { formatPickle } from '../../src/python/pickle/pickle-writer.ts'
import { PyTimeZone } from '../../src/python/time-zones.ts'
import { float } from '../../src/python/values.ts'
import type { Session } from '../../src/session/session.ts'
import type { CacheDictionary } from '../../src/settings/cache-setting.ts'
import { proves } from '../live-table.ts'
import { describeNode } from '../python/pickle/described-node.ts'
import { openWith, SECRET_KEY, startLiveSite } from './live-site.ts'
import { type Oracle, startOracle } from './oracle.ts'

const DB = 9
const SERIALIZERS = ['pickle.PickleSerializer', 'json.JSONSerializer', 'msgpack.MSGPackSerializer']
const COMPRESSORS = [
  'identity.IdentityCompressor',
  'zlib.ZlibCompressor',
  'gzip.GzipCompressor',
  'zstd.ZStdCompressor',
  'lz4.Lz4Compressor',
  'lzma.LzmaCompressor',
]
/** How a value begins that Node wrote, where it compresses. */
const MARKS: Readonly<Record<string, string>> = { zlib: '78', gzip: '1f8b', zstd: '28b52ffd' }

const server = inject('redis')
const url = 'missing' in server ? '' : `${server.url}/${DB}`

function cachesOf(release: string): Record<string, CacheDictionary> {
  const BACKEND = 'django_redis.cache.RedisCache'
  const compressors = COMPRESSORS.filter((name) => release !== '5.4' || !name.startsWith('gzip'))
  const formats = compressors.flatMap((compressor) =>
    SERIALIZERS.map((serializer) => ({
      alias: `${serializer.split('.')[0]} and ${compressor.split('.')[0]}`,
      OPTIONS: {
        SERIALIZER: `django_redis.serializers.${serializer}`,
        COMPRESSOR: `django_redis.compressors.${compressor}`,
      },
    })),
  )
  const client = (name: string): object => ({ CLIENT_CLASS: `django_redis.client.${name}` })
  const clients = [
    { alias: 'HerdClient', OPTIONS: client('HerdClient') },
    { alias: 'ShardClient', OPTIONS: client('ShardClient'), LOCATION: [url, `${url.slice(0, -1)}8`] },
    { alias: 'a primary and a replica', OPTIONS: client('DefaultClient'), LOCATION: `${url},${url}` },
    { alias: 'protocol 5', OPTIONS: { PICKLE_VERSION: -1, IGNORE_EXCEPTIONS: true, SOCKET_TIMEOUT: 5 } },
  ]
  const all: { alias: string; OPTIONS: object; LOCATION?: string | string[] }[] = [...formats, ...clients]
  return Object.fromEntries(
    all.map(({ alias, OPTIONS, LOCATION = url }, index) => [
      alias,
      { BACKEND, LOCATION, KEY_PREFIX: `p${index}`, VERSION: 2, OPTIONS: { ...OPTIONS } },
    ]),
  )
}

const told = (values: unknown): unknown => describeNode(readPickle(formatPickle(values)))

for (const runtime of inject('djangoRedis')) {
  if ('missing' in runtime) test.skip(`django-redis ${runtime.release} (${runtime.missing})`, () => {})
  else if ('missing' in server) test.skip(`django-redis ${runtime.release} (${server.missing})`, () => {})
  else describeRelease(runtime.release, runtime.python)
}

function describeRelease(release: string, python: string): void {
  const caches = cachesOf(release)
  describe(`django-redis ${release}`, () => {
    // As pinned in python-fixtures/requirements.
    proves({ engine: 'cache', backend: `django-redis ${release} on Redis`, django: '5.2' })
    let django: Oracle
    let folder: string
    const admin = new Redis(url)
    const bridges: Bridge[] = []
    const reports: string[] = []

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'django-redis-'))
      const options = { secret_key: SECRET_KEY, caches, database: join(folder, 'db.sqlite3') }
      django = startOracle(python, ['cached_sessions.py', JSON.stringify(options)])
      await django.ask({ op: 'load', alias: 'HerdClient', engine: 'cache', key: null })
    })
    afterAll(async () => {
      django?.stop()
      await Promise.all(bridges.map((bridge) => bridge.close()))
      admin.disconnect()
      rmSync(folder, { recursive: true, force: true })
    })

    function bridgeTo(alias: string, engine = 'cache'): Bridge {
      const bridge = createBridge(
        {
          SECRET_KEY,
          DEBUG: true,
          DJANGO_VERSION: '5.2',
          SESSION_ENGINE: `django.contrib.sessions.backends.${engine}`,
          SESSION_CACHE_ALIAS: alias,
          CACHES: caches,
          ...(engine === 'cached_db' && { DATABASES: { default: `sqlite:///${join(folder, 'db.sqlite3')}` } }),
        },
        { hooks: { onSuspicious: ({ code, error }) => reports.push(`${code} ${error?.message}`) } },
      )
      bridges.push(bridge)
      return bridge
    }

    async function inNode<T>(bridge: Bridge, key: string | null, handler: (session: Session) => T) {
      const context = openWith(bridge, key === null ? undefined : `sessionid=${key}`)
      const session = await context.session()
      const answer = await handler(session)
      const { cookies } = await context.finish(200)
      return { answer, key: session.sessionKey, cookies }
    }

    const plain = {
      cart: [1, float(2), 'é', null, true],
      deep: { a: { b: [[]] } },
      note: 'x'.repeat(200),
      big: 2 ** 40,
    }
    const typed = {
      ...plain,
      since: PyDateTime.from(new Date('2026-07-01T12:00:00.250Z'), PyTimeZone.utc),
      born: new PyDate(1815, 12, 10),
      byNumber: new Map([[1, 'one']]),
    }
    const valuesFor = (alias: string): Record<string, unknown> => (/json|msgpack/.test(alias) ? plain : typed)

    interface Loaded {
      values: { dict: unknown[][] } | null
      ttl: number | null
    }
    const load = (alias: string, key: string | null, engine = 'cache') =>
      django.ask<Loaded>({ op: 'load', alias, engine, key })
    const save = async (alias: string, key: string | null, values: object, engine = 'cache') =>
      (await django.ask<{ key: string }>({ op: 'save', alias, engine, key, set: formatPickle(values).toString('hex') }))
        .key

    test.each(Object.keys(caches))('%s: what Django keeps, Node reads, changes and ends', async (alias) => {
      const bridge = bridgeTo(alias)
      const key = await save(alias, null, valuesFor(alias))
      const before = (await load(alias, key)).values
      await inNode(bridge, key, (session) => {
        expect([...session.keys()]).toEqual(Object.keys(valuesFor(alias)))
        expect(session.get('cart')).toEqual([1, 2, 'é', null, true])
        session.set('node', [float(1), 'ü'])
      })
      const { values, ttl } = await load(alias, key)
      const pairs = values?.dict ?? []
      expect(pairs.slice(0, -1)).toEqual(before?.dict)
      expect(pairs.at(-1)?.[0]).toEqual({ str: 'node' })
      expect(ttl === null || (ttl > 1_209_500 && ttl <= 1_209_600)).toBe(true)

      await save(alias, key, { django: 'was here' })
      const seen = await inNode(bridge, key, (session) => session.get('django'))
      expect(seen.answer).toBe('was here')
      await inNode(bridge, key, (session) => session.flush())
      expect((await load(alias, key)).values).toBeNull()
      expect(reports).toEqual([])
    })

    test.each(Object.keys(caches))('%s: what Node keeps, Django reads, changes and ends', async (alias) => {
      const bridge = bridgeTo(alias)
      const { key } = await inNode(bridge, null, (session) => session.update(valuesFor(alias)))
      expect((await load(alias, key)).values).toEqual(told(valuesFor(alias)))
      const stored = await admin.getBuffer(String((await admin.keys(`*${key}`))[0] ?? ''))
      const mark = MARKS[alias.split(' ').at(-1) ?? '']
      if (stored !== null && mark !== undefined) expect(stored.toString('hex').slice(0, mark.length)).toBe(mark)

      await save(alias, key, { count: 5 })
      const { answer } = await inNode(bridge, key, (session) => session.get('count'))
      expect(answer).toBe(5)
      await django.ask({ op: 'delete', alias, engine: 'cache', key })
      const { cookies } = await inNode(bridge, key, (session) => expect(session.size).toBe(0))
      expect(cookies[0]?.header).toContain('Max-Age=0')
      expect(reports.splice(0)).toEqual(['unknown_session undefined'])
    })

    test('cached_db: the row is JSON, the copy a compressed pickle, and both sides see one session', async () => {
      const alias = 'pickle and zlib'
      const bridge = bridgeTo(alias, 'cached_db')
      const { key } = await inNode(bridge, null, (session) => session.update(plain))
      expect((await load(alias, key, 'cached_db')).values).toEqual(told(plain))
      await save(alias, key, { django: 1 }, 'cached_db')
      await inNode(bridge, key, (session) => {
        expect(session.get('django')).toBe(1)
        session.set('node', 2)
      })
      expect((await load(alias, key, 'cached_db')).values).toEqual(told({ ...plain, django: 1, node: 2 }))
      await inNode(bridge, key, (session) => session.flush())
      expect((await load(alias, key, 'cached_db')).values).toBeNull()
    })

    test('a value of another serializer is reported, and neither changed nor deleted', async () => {
      const [from, to] = ['json and identity', 'msgpack and identity']
      // One that can be read, so that nothing is wrong with the settings.
      await save(to, null, plain)
      const key = await save(from, null, plain)
      const [place = ''] = await admin.keys(`*${key}`)
      const elsewhere = place.replace(/^[^:]*/, String(caches[to]?.KEY_PREFIX))
      await admin.rename(place, elsewhere)
      const before = await admin.getBuffer(elsewhere)
      const { key: other } = await inNode(bridgeTo(to), key, (session) => session.set('a', 1))
      expect(other).not.toBe(key)
      expect(await admin.getBuffer(elsewhere)).toEqual(before)
      expect(reports.splice(0)[0]).toMatch(/^session_data_unreadable .*MessagePack/)
    })

    test('a login in Django is one in Node, and a logout in Node one in Django', async () => {
      const settings = {
        SESSION_ENGINE: 'django.contrib.sessions.backends.cache',
        CACHES: { default: { BACKEND: 'django_redis.cache.RedisCache', LOCATION: url } },
      }
      const none = { missing: 'not needed' }
      const where = { name: '', runtime: { version: '5.2', python }, servers: { postgres: none, mysql: none } }
      const site = await startLiveSite({ ...where, database: 'SQLite' }, settings)
      try {
        await site.django.login('ada')
        const context = openWith(site.bridge, site.django.header)
        expect((await context.user())?.pk).toBe((await site.django.whoami()).pk)
        await (await context.session()).flush()
        site.django.accept(await context.finish(200))
        expect(await site.django.whoami()).toMatchObject({ authenticated: false })
      } finally {
        await site.stop()
      }
    })
  })
}
