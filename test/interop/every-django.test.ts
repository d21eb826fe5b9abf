/**
 * Sessions of Django 2.2, 3.2, 4.2, 5.2 and 6.1 in every engine that each has: written there, opened, changed and saved
 * in Node, valid there, and every other value as it was.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Bridge, createBridge } from '../../src/bridge.ts'
import { splitPythonObject } from '../../src/python/json-reader.ts'
import type { Session } from '../../src/session/session.ts'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import { type ProvenRow, proves } from '../live-table.ts'
import { type PrivateMemcached, startMemcached } from '../private-memcached.ts'
import { openWith, SECRET_KEY } from './live-site.ts'
import { type Oracle, startOracle } from './oracle.ts'

type Described = unknown
interface Read {
  readonly data: Readonly<Record<string, Described>>
  readonly names: readonly string[]
  readonly whole: { readonly dict: readonly (readonly [key: Described, value: Described])[] }
  readonly user: string | null
  /** Hexadecimal digits of what was signed. */
  readonly payload: string | null
}

/** What the engines of one Django run on. */
interface Places {
  readonly folder: string
  readonly redis: string | null
  readonly memcached: string | null
}

interface Kind {
  readonly engine: ProvenRow['engine']
  readonly backend: string
  /** The first Django that has the backend. */
  readonly since?: string
  /** A SessionStore of the site's own, of python-fixtures/shop_sessions.py. */
  readonly isOwn?: true
  /** The cache, and what Python needs for it. */
  readonly cache?: (places: Places) => { readonly BACKEND: string; readonly LOCATION: string | null }
}

const FILE_CACHE: NonNullable<Kind['cache']> = ({ folder }) => ({
  BACKEND: 'django.core.cache.backends.filebased.FileBasedCache',
  LOCATION: join(folder, 'cache'),
})
const CACHES: readonly (readonly [string, NonNullable<Kind['cache']>])[] = [
  [
    'DatabaseCache on SQLite',
    () => ({ BACKEND: 'django.core.cache.backends.db.DatabaseCache', LOCATION: 'cache_table' }),
  ],
  ['FileBasedCache on files', FILE_CACHE],
  ['RedisCache on Redis', ({ redis }) => ({ BACKEND: 'django.core.cache.backends.redis.RedisCache', LOCATION: redis })],
  ...['PyMemcacheCache', 'PyLibMCCache'].map(
    (name) =>
      [
        `${name} on Memcached`,
        ({ memcached }: Places) => ({ BACKEND: `django.core.cache.backends.memcached.${name}`, LOCATION: memcached }),
      ] as const,
  ),
]
const SINCE: Readonly<Record<string, string>> = { 'RedisCache on Redis': '4.0', 'PyMemcacheCache on Memcached': '3.2' }
const KINDS: readonly Kind[] = [
  { engine: 'db', backend: 'SQLite' },
  { engine: 'file', backend: 'files' },
  { engine: 'signed_cookies', backend: 'the cookie' },
  { engine: 'cached_db', backend: 'SQLite and FileBasedCache on files', cache: FILE_CACHE, isOwn: true },
  ...CACHES.flatMap(([backend, cache]): Kind[] => {
    const common = { cache, since: SINCE[backend] ?? '2.2' }
    return [
      { engine: 'cache', backend, ...common },
      { engine: 'cached_db', backend: `SQLite and ${backend}`, ...common },
    ]
  }),
]
/** What settingsFromDjango would tell of that class. */
const OF_SHOP = { sessionSalt: 'django.contrib.sessions.ShopStore', sessionCacheKeyPrefix: 'shop.sessions.' }
/** A busy machine fails nothing here. */
const PATIENT = { deadlineMs: 30_000 }
const JSON_SERIALIZER = 'django.contrib.sessions.serializers.JSONSerializer'

const redis = inject('redis')
const memcached = inject('memcached')

for (const runtime of inject('pythons')) {
  if ('python' in runtime) describeDjango(runtime.version, runtime.python)
  else test.skip(`Django ${runtime.version} (${'missing' in runtime ? runtime.missing : 'no Python'})`, () => {})
}

function describeDjango(version: string, python: string): void {
  describe(`Django ${version}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'every-django-'))
    const database = join(folder, 'site.sqlite3')
    let oracle: Oracle
    let server: PrivateMemcached | null = null
    const places = (): Places => ({
      folder,
      redis: 'url' in redis ? `${redis.url}/5` : null,
      memcached: server?.location ?? null,
    })
    beforeAll(async () => {
      oracle = startOracle(python, ['session_judge.py', JSON.stringify({ database, secret_key: SECRET_KEY })])
      if ('command' in memcached) server = await startMemcached(memcached)
    })
    afterAll(async () => {
      oracle.stop()
      await server?.stop()
      rmSync(folder, { recursive: true, force: true })
    })

    for (const kind of KINDS.filter(({ since = '2.2' }) => since <= version)) {
      const pickled = `${version < '5' ? 'django.contrib.sessions.serializers' : 'session_judge'}.PickleSerializer`
      const serializers = kind.engine === 'cache' ? [JSON_SERIALIZER] : [JSON_SERIALIZER, pickled]
      for (const serializer of serializers) {
        const isPickled = serializer === pickled || kind.engine === 'cache'
        describeKind(kind, { version, serializer, isPickled, database, places, oracle: () => oracle })
      }
    }
  })
}

interface Where {
  readonly version: string
  readonly serializer: string
  readonly isPickled: boolean
  readonly database: string
  readonly places: () => Places
  readonly oracle: () => Oracle
}

function describeKind({ engine, backend, cache, isOwn }: Kind, where: Where): void {
  const { version, serializer, isPickled } = where
  const own = isOwn === true ? ', a SessionStore of the site’s own' : ''
  describe(`${engine} in ${backend}, ${isPickled ? 'pickled' : 'JSON'}${own}`, () => {
    proves({ engine, backend, django: version })
    let settings: Partial<DjangoSettings>
    let bridge: Bridge
    let lack: string | null = null
    beforeAll(async () => {
      const described = cache?.(where.places())
      lack = await whatLacks(described)
      if (lack !== null) return
      settings = {
        SESSION_ENGINE: `django.contrib.sessions.backends.${engine}`,
        SESSION_SERIALIZER: serializer,
        SESSION_FILE_PATH: where.places().folder,
        ...(described && { CACHES: { default: described as { BACKEND: string; LOCATION: string } } }),
      }
      bridge = createBridge(
        {
          ...settings,
          SECRET_KEY,
          DEBUG: true,
          USE_TZ: true,
          DJANGO_VERSION: version,
          DATABASES: { default: `sqlite:///${where.database}` },
        },
        { options: { ...PATIENT, ...(isOwn === true && OF_SHOP) } },
      )
      if (isOwn === true) settings = { ...settings, SESSION_ENGINE: 'shop_sessions' }
    })
    afterAll(() => bridge?.close())

    async function whatLacks(described: { BACKEND: string; LOCATION: string | null } | undefined) {
      if (described === undefined) return null
      if (described.LOCATION === null) return `no server for ${described.BACKEND}`
      const has = await where.oracle().ask<boolean>({ op: 'has', backend: described.BACKEND })
      return has ? null : `Django ${version} or its Python has no ${described.BACKEND}`
    }

    const inDjango = <T>(op: string, more: object = {}): Promise<T> => where.oracle().ask<T>({ op, settings, ...more })

    /** One request in Node; answers the key that the browser has then. */
    async function inNode(key: string, handler: (session: Session) => unknown): Promise<string> {
      const django = openWith(bridge, `sessionid=${key}`)
      await handler(await django.session())
      const { cookies } = await django.finish(200)
      return cookies[0]?.value ?? key
    }

    test('written there, changed here, valid there with every other value as it was, and the reverse', async (context) => {
      if (lack !== null) return context.skip(lack)
      const { key } = await inDjango<{ key: string }>('write', { session: isPickled ? 'types' : 'json' })
      const before = await inDjango<Read>('read', { key })
      const changedKey = await inNode(key, (session) => {
        expect([...session.keys()]).toEqual(before.names.filter((name) => name !== '7'))
        session.transform('cart', (cart) => [...(cart as string[]), 'nails'])
        session.set('node', 'from Node')
        session.delete('gone')
      })
      if (engine !== 'signed_cookies') expect(changedKey).toBe(key)
      const after = await inDjango<Read>('read', { key: changedKey })
      expect(after.whole.dict).toEqual([
        ...before.whole.dict
          .filter(([name]) => !isDeepEqual(name, { str: 'gone' }))
          .map(([name, value]) => [name, isDeepEqual(name, { str: 'cart' }) ? withNails(value) : value]),
        [{ str: 'node' }, { str: 'from Node' }],
      ])
      if (!isPickled) expect(otherMembers(after)).toEqual(otherMembers(before))

      const { key: theirs } = await inDjango<{ key: string }>('change', { key: changedKey })
      const last = await inNode(theirs, (session) => {
        expect(session.get('django')).toEqual(['changed'])
        expect(session.has('node')).toBe(false)
        expect(session.get('cart')).toEqual(['pear', 'nails'])
        return session.flush()
      })
      expect(last).toBe('')
      // What is in the cookie cannot be taken back.
      if (engine !== 'signed_cookies') expect((await inDjango<Read>('read', { key: theirs })).data).toEqual({})
    })

    test('a session that Node began, and its end', async (context) => {
      if (lack !== null) return context.skip(lack)
      const key = await inNode('', (session) => session.set('node', 'from Node').setExpiry(3600))
      const read = await inDjango<Read & { expiry_age: number }>('read', { key })
      expect(read).toMatchObject({ data: { node: { str: 'from Node' } }, expiry_age: 3600, user: null })
      expect(read.names).toEqual(['node', '_session_expiry'])
    })

    test('S5: a login there is known here, also under a new key of ours', async (context) => {
      if (lack !== null) return context.skip(lack)
      const { key } = await inDjango<{ key: string }>('login')
      expect(await openWith(bridge, `sessionid=${key}`).auth()).toMatchObject({
        status: 'authenticated',
        user: { username: 'ada' },
      })
      const renewed = await inNode(key, (session) => session.cycleKey())
      expect(await inDjango<Read>('read', { key: renewed })).toMatchObject({ user: 'ada' })
      if (engine === 'signed_cookies') return
      expect(renewed).not.toBe(key)
      expect(await inDjango<Read>('read', { key })).toMatchObject({ user: null, data: {} })
    })
  })
}

function withNails(cart: Described): Described {
  return { ...(cart as object), list: [{ str: 'pear' }, { str: 'nails' }] }
}

/** The text of every value that Node left alone. */
function otherMembers({ payload }: Read): [string, string][] | null {
  if (payload === null) return null
  const members = splitPythonObject(Buffer.from(payload, 'hex').toString('latin1'))
  return Array.from(members, ([name, member]): [string, string] => [name, member.text]).filter(
    ([name]) => !['cart', 'gone', 'node'].includes(name),
  )
}

function isDeepEqual(left: Described, right: Described): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}
