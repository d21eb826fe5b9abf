/** Node and a live Django on the same sessions in Redis: the engine `cache` on Django's own backend. */
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import type { Session } from '../../src/session/session.ts'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import { describePickledSessions } from '../contracts/pickled-sessions.ts'
import { describeSharedSessions } from '../contracts/shared-sessions.ts'
import { type LiveSite, openWith, sitesToTest, startLiveSite } from './live-site.ts'

const server = inject('redis')
/** Of this file alone: a bridge that looks for evidence meets no sessions of other sites. */
const DB = 13
const FIELDS = [['id', 'id', 'user_id'], ['username', 'u', 'username'], 'email']

/** The users are in SQLite. */
const NOT_NEEDED = { missing: 'not needed' }
const sites = sitesToTest(inject('djangos'), { postgres: NOT_NEEDED, mysql: NOT_NEEDED })

if ('missing' in server) test.skip(`sessions in Redis (${server.missing})`, () => {})
else if (sites.length === 0) test.skip('sessions in Redis (no Django)', () => {})
else for (const where of sites) describeRedis(`${where.name}, cache on Redis`, where, `${server.url}/${DB}`)

function describeRedis(name: string, where: (typeof sites)[number], location: string): void {
  const cache = { BACKEND: 'django.core.cache.backends.redis.RedisCache', LOCATION: location }
  const settings = { SESSION_ENGINE: 'django.contrib.sessions.backends.cache', CACHES: { default: cache } }
  const start = async (more: Partial<DjangoSettings> = {}) => {
    await once(location, (redis) => redis.flushdb())
    return startLiveSite(where, { ...settings, ...more })
  }
  const row = { engine: 'cache', backend: 'RedisCache on Redis', django: where.runtime.version } as const
  describeSharedSessions(name, { kind: 'plain', row, start })
  describeSharedSessions(`${name}, HS256 cookie, keys with a prefix and a version`, {
    kind: 'HS256',
    row,
    start: () =>
      start({
        DJANGO_SESSION_JWT: { FIELDS, EXPIRES: 3600 },
        CACHES: { default: { ...cache, KEY_PREFIX: 'shop', VERSION: 3 } },
      }),
  })
  describePickledSessions(name, {
    start,
    stored: async (_, key) => (await once(location, (redis) => redis.getBuffer(placeOf(key))))?.toString('latin1'),
  })
  describeStored(`${name}, what is stored`, location, start)
}

function placeOf(key: string): string {
  return `:1:django.contrib.sessions.cache${key}`
}

async function once<T>(location: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(location)
  try {
    return await work(redis)
  } finally {
    redis.disconnect()
  }
}

function describeStored(name: string, location: string, start: () => Promise<LiveSite>): void {
  describe(name, () => {
    let site: LiveSite
    let redis: Redis
    beforeAll(async () => {
      site = await start()
      redis = new Redis(location)
    })
    afterAll(async () => {
      await site?.stop()
      redis?.disconnect()
    })
    beforeEach(() => {
      site.django.cookie = null
      site.reports.length = 0
    })

    async function inNode<T>(handler: (session: Session) => T | Promise<T>): Promise<T> {
      const django = openWith(site.bridge, site.django.header)
      const answer = await handler(await django.session())
      site.django.accept(await django.finish(200))
      return answer
    }

    const key = (): string => site.django.cookie ?? ''

    test('time-outs are those that Django gives: the age in whole seconds, two weeks where none was set', async () => {
      await inNode((session) => session.set('a', 1))
      expect(await redis.ttl(placeOf(key()))).toBeGreaterThan(1209600 - 60)
      expect(await redis.ttl(placeOf(key()))).toBeLessThanOrEqual(1209600)
      await inNode((session) => session.setExpiry(700.9))
      expect(await redis.ttl(placeOf(key()))).toBeLessThanOrEqual(700)
      await inNode((session) => session.setExpiry(new Date(Date.now() + 5000_500)))
      expect(await redis.ttl(placeOf(key()))).toBeLessThanOrEqual(5000)
      expect(await redis.ttl(placeOf(key()))).toBeGreaterThan(4900)
    })

    test('a session whose end has come is gone in Django too, whoever set it', async () => {
      await site.django.session({ set: { a: 1 } })
      const kept = site.django.header
      const past = new Date(Date.now() - 60_000)
      await inNode((session) => session.set('b', 1).setExpiry(past))
      expect(await redis.exists(placeOf(kept?.slice('sessionid='.length) ?? ''))).toBe(0)
      expect((await site.django.json<{ data: object }>('/api/session', undefined, kept)).data).toEqual({})
    })

    test.each<[string, (place: string) => Promise<unknown>]>([
      ['cut short', async (place) => redis.set(place, (await redis.getBuffer(place))?.subarray(0, -3) ?? '')],
      ['empty', (place) => redis.set(place, '')],
      ['a list', (place) => redis.del(place).then(() => redis.rpush(place, 'a', 'b'))],
      ['a hash', (place) => redis.del(place).then(() => redis.hset(place, 'a', 'b'))],
      ['an int, as Django’s cache keeps one', (place) => redis.set(place, '5')],
      ['text with spaces that Python reads as an int', (place) => redis.set(place, ' 1_0\n')],
      ['JSON, of another serializer', (place) => redis.set(place, '{"a": 1}')],
      ['a signed session of the engine db', (place) => redis.set(place, 'eyJhIjoxfQ:1wAbCd:abc')],
      ['compressed, as another backend does', (place) => redis.set(place, Buffer.from('789c4b04000062006200', 'hex'))],
      ['a pickled list', (place) => redis.set(place, Buffer.from('80045d4b01612e', 'hex'))],
      ['a pickle that would run something', (place) => redis.set(place, "cos\nsystem\n(S'true'\ntR.")],
    ])('S25, S26: what is %s opens no session, is reported once, and stays', async (_, spoil) => {
      await site.django.session({ set: { a: 1 } })
      const spoiled = key()
      await spoil(placeOf(spoiled))
      const dump = await redis.dumpBuffer(placeOf(spoiled))
      const django = openWith(site.bridge, site.django.header)
      const session = await django.session()
      expect(session.size).toBe(0)
      expect(await django.user()).toBeNull()
      expect((await django.finish(200)).cookies).toEqual([])
      expect(site.reports.map(({ code }) => code)).toEqual(['session_data_unreadable'])
      await inNode((other) => other.set('ours', 1))
      expect(key()).not.toBe(spoiled)
      expect(await redis.dumpBuffer(placeOf(spoiled))).toEqual(dump)
    })

    test('S33: what cannot be read is in no report', async () => {
      await site.django.session({ set: { a: 1 } })
      await redis.set(placeOf(key()), 'cshop.canary\nCanary\n.')
      await openWith(site.bridge, site.django.header).session()
      expect(site.reports[0]?.error).toMatchObject({ code: 'pickle_forbidden', forbidden: 'shop.canary.Canary' })
      expect(JSON.stringify(site.reports)).not.toContain(key())
    })
  })
}
