/** Node and a live Django on the same rows with the same copies in a cache: the engine `cached_db`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { BridgeWarning } from '../../src/bridge.ts'
import { tuple } from '../../src/python/collections.ts'
import { formatPickle } from '../../src/python/pickle/pickle-writer.ts'
import type { Session } from '../../src/session/session.ts'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import { markKind, newMark } from '../../src/stores/cache-mark.ts'
import { describeSharedSessions } from '../contracts/shared-sessions.ts'
import { startFaultProxy } from '../fault-proxy.ts'
import type { ProvenRow } from '../live-table.ts'
import { type LiveSite, openWith, rowOf, sitesToTest, startLiveSite } from './live-site.ts'

const server = inject('redis')
const DB = 4
const FIELDS = [['id', 'id', 'user_id'], ['username', 'u', 'username'], 'email']
const ENGINE = 'django.contrib.sessions.backends.cached_db'
const sites = sitesToTest(inject('djangos'), { postgres: inject('postgres'), mysql: inject('mysql') })

if (sites.length === 0) test.skip('rows and copies (no Django)', () => {})
for (const where of sites) {
  const django = where.runtime.version
  const start = (cache: { BACKEND: string; LOCATION: string }, more: Partial<DjangoSettings> = {}) =>
    startLiveSite(where, { SESSION_ENGINE: ENGINE, CACHES: { default: cache }, ...more })
  const row = (cache: string): ProvenRow => ({
    engine: 'cached_db',
    backend: `${rowOf(where).backend} and ${cache}`,
    django,
  })

  if ('missing' in server) test.skip(`${where.name}, copies in Redis (${server.missing})`, () => {})
  else {
    const cache = { BACKEND: 'django.core.cache.backends.redis.RedisCache', LOCATION: `${server.url}/${DB}` }
    describeSharedSessions(`${where.name}, copies in Redis`, {
      kind: 'plain',
      row: row('RedisCache on Redis'),
      start: () => start(cache),
      more: (live) => onRedis(live, cache.LOCATION),
    })
  }
  // A container sees no folder of ours but the database's.
  if (where.database !== 'SQLite' || 'image' in where.runtime) continue
  const folder = mkdtempSync(join(tmpdir(), 'cached-db-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  describeSharedSessions(`${where.name}, copies in files, HS256 cookie`, {
    kind: 'HS256',
    row: row('FileBasedCache on files'),
    start: () =>
      start(
        { BACKEND: 'django.core.cache.backends.filebased.FileBasedCache', LOCATION: folder },
        { DJANGO_SESSION_JWT: { FIELDS, EXPIRES: 3600 } },
      ),
  })
}

function onRedis(live: () => LiveSite, location: string): void {
  let redis: Redis
  beforeAll(() => {
    redis = new Redis(location)
  })
  afterAll(() => redis.disconnect())

  const key = (): string => live().django.cookie ?? ''
  const place = (of = key()): string => `:1:django.contrib.sessions.cached_db${of}`
  const rowOf = async (of = key()) =>
    (await live().sql('SELECT session_key, expire_date FROM django_session WHERE session_key = ?', of))[0]

  async function copyOf(of = key()): Promise<Buffer | null> {
    return redis.getBuffer(place(of))
  }

  async function inNode<T>(handler: (session: Session) => T | Promise<T>, bridge = live().bridge): Promise<T> {
    const django = openWith(bridge, live().django.header)
    const answer = await handler(await django.session())
    live().django.accept(await django.finish(200))
    return answer
  }

  const kindOf = (bytes: Buffer | null) => bytes && markKind({ bytes })

  test('what Node writes stands in row and copy, the copy not beyond the row', async () => {
    await inNode((session) => session.set('a', 1).setExpiry(700))
    expect(kindOf(await copyOf())).toBeNull()
    expect(await redis.ttl(place())).toBeGreaterThan(600)
    expect(await redis.ttl(place())).toBeLessThanOrEqual(700)
    expect((await live().django.session()).data).toMatchObject({ a: 1 })
    // Django reads the copy: of this row nobody could read anything.
    await live().sql("UPDATE django_session SET session_data = 'spoiled' WHERE session_key = ?", key())
    expect((await live().django.session()).data).toMatchObject({ a: 1 })
    expect(await inNode((session) => session.get('a'))).toBe(1)
  })

  test('Node reads what Django has put there, and puts there what Django finds', async () => {
    await live().django.session({ set: { a: 1 } })
    await redis.del(place())
    expect(await inNode((session) => session.get('a'))).toBe(1)
    expect(kindOf(await copyOf())).toBeNull()
    await live().sql("UPDATE django_session SET session_data = 'spoiled' WHERE session_key = ?", key())
    expect((await live().django.session()).data).toEqual({ a: 1 })
  })

  test.each(['lease', 'write', 'block'] as const)(
    'a mark of a %s is nothing to Django, which reads the row',
    async (kind) => {
      await live().django.session({ set: { a: 1 } })
      await redis.set(place(), Buffer.from(newMark(kind).bytes))
      expect((await live().django.session()).data).toEqual({ a: 1 })
      await redis.set(place(), Buffer.from(newMark(kind).bytes))
      expect((await live().django.session({ set: { b: 2 } })).data).toEqual({ a: 1, b: 2 })
      const kept = live().django.header
      await redis.set(place(), Buffer.from(newMark(kind).bytes))
      await live().django.session({ delete: ['a'] })
      await redis.set(place(), Buffer.from(newMark(kind).bytes))
      await live().django.login('ada')
      await redis.set(place(), Buffer.from(newMark(kind).bytes))
      expect(await live().django.whoami()).toMatchObject({ authenticated: true })
      await redis.set(place(), Buffer.from(newMark(kind).bytes))
      await live().django.logout()
      expect((await live().django.json<{ data: object }>('/api/session', undefined, kept)).data).toEqual({})
    },
  )

  test('S4: after a logout in Node nothing but a mark is left, for less than a minute', async () => {
    await live().django.login('ada')
    const ended = key()
    const kept = live().django.header
    await inNode((session) => session.flush())
    expect(kindOf(await copyOf(ended))).toBe('block')
    expect(await redis.ttl(place(ended))).toBeLessThan(60)
    expect(await rowOf(ended)).toBeUndefined()
    expect(await live().django.json('/api/whoami', undefined, kept)).toMatchObject({ authenticated: false })
    expect(kindOf(await copyOf(ended))).toBe('block')
    expect(await openWith(live().bridge, kept).user()).toBeNull()
  })

  test('S2: after a new key nothing but a mark is left under the old one, and the new one has its copy', async () => {
    await live().django.login('ada')
    const old = key()
    await inNode((session) => session.cycleKey())
    expect(kindOf(await copyOf(old))).toBe('block')
    expect(kindOf(await copyOf())).toBeNull()
    expect(await live().django.whoami()).toMatchObject({ authenticated: true })
  })

  test('a type that only the copy has is there until Node saves, and is then what the row has', async () => {
    const values = { point: tuple(1, 2), other: 1 }
    await live().django.json('/api/pickled-session', { set: formatPickle(values).toString('hex') })
    expect(await inNode((session) => session.get('point'))).toEqual(tuple(1, 2))
    await inNode((session) => session.set('other', 2))
    expect(await inNode((session) => session.get('point'))).toEqual([1, 2])
    expect((await live().django.session()).data).toEqual({ point: [1, 2], other: 2 })
  })

  test('a copy with a class of the site’s own is left alone, the row is read, and there is a warning', async () => {
    await live().django.session({ set: { a: 1 } })
    await redis.set(place(), 'cshop.models\nColour\n.', 'EX', 1000)
    const warnings: BridgeWarning[] = []
    const bridge = live().bridgeWith({}, { hooks: { onWarning: (warning) => warnings.push(warning) } })
    for (let times = 0; times < 2; times++) expect(await inNode((session) => session.get('a'), bridge)).toBe(1)
    expect(String(await copyOf())).toBe('cshop.models\nColour\n.')
    expect(warnings).toMatchObject([{ code: 'cached_copy_unreadable' }])
    expect(warnings[0]?.message).toContain('shop.models.Colour')
    expect(live().reports).toEqual([])
    await inNode((session) => session.set('b', 2), bridge)
    expect((await live().django.session()).data).toEqual({ a: 1, b: 2 })
  })

  test('S35: while the cache is down Node works from the rows, and makes up for it once the cache is back', async () => {
    const { hostname, port } = new URL(location)
    const proxy = await startFaultProxy({ host: hostname, port: Number(port) })
    const warnings: string[] = []
    const bridge = live().bridgeWith(
      {
        CACHES: {
          default: {
            BACKEND: 'django.core.cache.backends.redis.RedisCache',
            LOCATION: `redis://127.0.0.1:${proxy.port}/${DB}`,
          },
        },
      },
      { hooks: { onWarning: ({ code }) => warnings.push(code) } },
    )
    try {
      await live().django.login('ada')
      await live().django.session({ set: { a: 1 } })
      expect(await inNode((session) => session.get('a'), bridge)).toBe(1)
      proxy.fault = { kind: 'down' }
      await inNode((session) => session.set('a', 2), bridge)
      expect(await inNode((session) => session.get('a'), bridge)).toBe(2)
      expect(await openWith(bridge, live().django.header).user()).toMatchObject({ username: 'ada' })
      const kept = live().django.header
      const ended = key()
      await inNode((session) => session.set('mine', 1), bridge)
      await inNode((session) => session.flush(), bridge)
      expect(warnings).toEqual(['cache_unavailable', 'logout_not_in_cache'])
      // Django trusts the copy, which nobody could remove.
      expect(await live().django.json('/api/whoami', undefined, kept)).toMatchObject({ authenticated: true })
      proxy.fault = { kind: 'none' }
      const other = {
        method: 'GET',
        url: '/',
        headers: { cookie: 'sessionid=anotherkeyofnobody00000000000000' },
        secure: false,
      }
      while (kindOf(await copyOf(ended)) !== 'block') await bridge.open(other).session()
      expect(await live().django.json('/api/whoami', undefined, kept)).toMatchObject({ authenticated: false })
    } finally {
      await bridge.close()
      await proxy.close()
    }
  })
}
