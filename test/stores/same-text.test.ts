/**
 * Two requests that write the same in the same second. One of them loses its reply, and its write never took place: what
 * the other one stored is not its own.
 */
import { expect, test } from 'vitest'
import type { Cache } from '../../src/caches/cache.ts'
import { djangoRedisFormat } from '../../src/caches/django-redis/format.ts'
import { memcachedItems } from '../../src/caches/memcached/memcached-items.ts'
import { memoryCache } from '../../src/caches/memory-cache.ts'
import { pickledItems } from '../../src/caches/pickled-items.ts'
import type { Database } from '../../src/databases/database.ts'
import { StoreUnavailable } from '../../src/errors.ts'
import { OutcomeUnknown } from '../../src/outcome-unknown.ts'
import { jsonSerializer } from '../../src/serializers/json.ts'
import { createPickleSerializer } from '../../src/serializers/pickle-serializer.ts'
import type { SessionData } from '../../src/serializers/serializer.ts'
import { createSessionCodec, type SessionCodecOptions } from '../../src/stores/session-data.ts'
import { isStored, type SessionStore, type StoredSession } from '../../src/stores/store.ts'
import type { CacheUnderTest } from '../contracts/cache.ts'
import { storeOnCache } from '../contracts/cache-store.ts'
import { sqliteFixture } from '../contracts/database-fixtures.ts'
import { SITE_SECRET, storeOn } from '../contracts/db-store.ts'
import { plainValues, setting } from '../contracts/session-store.ts'

/** A store, and a healthy one on the same storage; `lose` has the next write of the first lost, after this. */
interface Pair {
  readonly unlucky: SessionStore
  readonly healthy: SessionStore
  lose(meanwhile: () => Promise<unknown>): void
  close(): Promise<void>
}

const lostReply = () => new OutcomeUnknown(new StoreUnavailable('The connection broke.'))

async function onRows(options: Partial<SessionCodecOptions>): Promise<Pair> {
  const fixture = await sqliteFixture()
  let meanwhile: (() => Promise<unknown>) | undefined
  const database: Database = {
    ...fixture.database,
    async execute(...call) {
      if (meanwhile === undefined) return fixture.database.execute(...call)
      const before = meanwhile
      meanwhile = undefined
      await before()
      throw lostReply()
    },
  }
  const codec = createSessionCodec({ SECRET_KEY: SITE_SECRET, now: () => 0, marksWrites: true, ...options })
  const { store: healthy } = storeOn(fixture, { codec })
  const { store: unlucky, close } = storeOn({ ...fixture, database }, { codec })
  return { unlucky, healthy, lose: (before) => (meanwhile = before), close }
}

async function onCache(codec: Parameters<typeof storeOnCache>[1] = {}): Promise<Pair> {
  const kept = memoryCache(() => new Date(0))
  const under: CacheUnderTest = {
    cache: kept,
    other: kept,
    now: () => new Date(0),
    advance: () => undefined,
    count: async () => kept.size,
    set: async () => undefined,
    close: async () => undefined,
  }
  let meanwhile: (() => Promise<unknown>) | undefined
  const cache: Cache = {
    ...kept,
    async replace(...call) {
      if (meanwhile === undefined) return kept.replace(...call)
      const before = meanwhile
      meanwhile = undefined
      await before()
      throw lostReply()
    },
  }
  const { store: healthy } = storeOnCache(under, codec)
  const { store: unlucky, close } = storeOnCache({ ...under, cache }, codec)
  return { unlucky, healthy, lose: (before) => (meanwhile = before), close }
}

const redisFormat = async (SERIALIZER: string) => ({
  codec: await djangoRedisFormat(
    'default',
    { SERIALIZER: `django_redis.serializers.${SERIALIZER}` },
    { now: () => new Date(0), isHerd: false },
  ).open(),
})

const STORES: Readonly<Record<string, () => Promise<Pair>>> = {
  'rows, signed': () => onRows({}),
  'rows of a serializer of the site’s own': () => onRows({ serializer: { ...jsonSerializer, name: 'x.Y' } }),
  'rows before Django 3.1, JSON': () => onRows({ writes: 'old' }),
  'rows before Django 3.1, pickles': () => onRows({ writes: 'old', serializer: createPickleSerializer() }),
  'rows before Django 3.1 of a serializer without room': () => onRows({ writes: 'old', serializer: withoutRoom() }),
  'pickles in a cache': () => onCache({ codec: pickledItems() }),
  'items of Memcached': () => onCache({ codec: memcachedItems({ client: { compressesFrom: null } }) }),
  'compressed items of Memcached': () => onCache({ codec: memcachedItems({ client: { compressesFrom: 1 } }) }),
  'django-redis, pickles': async () => onCache(await redisFormat('pickle.PickleSerializer')),
  'django-redis, JSON': async () => onCache(await redisFormat('json.JSONSerializer')),
  'django-redis, MessagePack, which has no room': async () => onCache(await redisFormat('msgpack.MSGPackSerializer')),
}

function withoutRoom() {
  const { passesOver: _, ...serializer } = jsonSerializer
  return serializer
}

async function visits(store: SessionStore, key: string): Promise<unknown> {
  return plainValues(await loaded(store, key)).visits
}

async function loaded(store: SessionStore, key: string): Promise<StoredSession> {
  const answer = await store.load(key)
  if (!isStored(answer)) throw new Error(answer.reason)
  return answer
}

const counting = (current: SessionData): SessionData => {
  const stored = current.get('visits')
  const value = stored === undefined ? 0 : Number('decode' in stored ? stored.decode() : stored.value)
  return new Map(current).set('visits', { value: value + 1 })
}

test.each(Object.entries(STORES))('%s: the other one’s write is not taken for its own', async (_, make) => {
  const { unlucky, healthy, lose, close } = await make()
  const { key } = await healthy.create(setting({ visits: 5 }))
  const seen = await loaded(unlucky, key)
  lose(async () => healthy.save(await loaded(healthy, key), counting))
  await expect(unlucky.save(seen, counting)).rejects.toBeInstanceOf(OutcomeUnknown)
  expect(await visits(healthy, key)).toBe(6)
  await close()
})

const SETTLED = Object.entries(STORES).filter(([name]) => !/room/.test(name))

test.each(SETTLED)('%s: its own write is known again', async (_, make) => {
  const { unlucky, healthy, lose, close } = await make()
  const { key } = await healthy.create(setting({ visits: 5 }))
  const seen = await loaded(unlucky, key)
  // Lost before it came about: it is sent once more, to the letter the same.
  lose(async () => undefined)
  expect(await unlucky.save(seen, counting)).not.toBeNull()
  expect(await visits(healthy, key)).toBe(6)
  await close()
})
