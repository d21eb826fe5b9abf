/** A real Redis that fails in every way it can be made to, and what callers of its cache see. */
import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Cache } from '../../src/caches/cache.ts'
import { pickledItems } from '../../src/caches/pickled-items.ts'
import { redis } from '../../src/caches/redis.ts'
import { givenRedisConnection, redisConnection } from '../../src/caches/redis-connection.ts'
import type { RedisLocation } from '../../src/caches/redis-location.ts'
import { shardedCache } from '../../src/caches/sharded-cache.ts'
import { makeRedisClient } from '../../src/connect/redis.ts'
import { utcClock } from '../../src/databases/wall-clock.ts'
import { type Deadline, startDeadline } from '../../src/deadline.ts'
import { StoreUnavailable } from '../../src/errors.ts'
import { cache } from '../../src/stores/cache.ts'
import { newMark } from '../../src/stores/cache-mark.ts'
import { expiryRule } from '../../src/stores/session-expiry.ts'
import { isStored, type SessionStore, type StoredSession } from '../../src/stores/store.ts'
import { storeOnBoth } from '../contracts/cached-db-store.ts'
import { sqliteFixture } from '../contracts/database-fixtures.ts'
import { plainValues, setting } from '../contracts/session-store.ts'
import { type FaultProxy, startFaultProxy } from '../fault-proxy.ts'
import { missingRedisServer, type PrivateRedis, startPrivateRedis } from '../private-redis.ts'

const missing = missingRedisServer()
const DEADLINE_MS = 1000
const now = (): Date => new Date()
const soon = (): Deadline => startDeadline(DEADLINE_MS)
const item = { bytes: Buffer.from('one') }

describe.skipIf(missing !== null)(`Redis that fails${missing === null ? '' : ` (${missing})`}`, () => {
  let closing: (() => Promise<unknown> | unknown)[] = []
  let server: PrivateRedis
  beforeEach(async () => {
    server = await startPrivateRedis()
  })
  afterEach(async () => {
    for (const close of closing.reverse()) await close()
    closing = []
    await server.drop()
  })

  function connectionTo(where: RedisLocation, deadlineMs = DEADLINE_MS) {
    return redisConnection({ make: () => makeRedisClient({ host: '127.0.0.1', ...where }, deadlineMs), deadlineMs })
  }

  function cacheAt(where: RedisLocation = { port: server.port }): Cache {
    const made = redis({ primary: connectionTo(where), now })
    closing.push(() => made.close())
    return made
  }

  function storeOn(over: Cache) {
    const settings = { SESSION_COOKIE_AGE: 1000, SESSION_EXPIRE_AT_BROWSER_CLOSE: false }
    return cache({
      cache: { cache: over, codec: pickledItems(), keyOf: (key) => key },
      expiryOf: expiryRule(settings, utcClock, now),
      now,
      deadlineMs: DEADLINE_MS,
    })
  }

  function admin(options: object = {}): Redis {
    const client = new Redis(server.port, options)
    client.on('error', () => undefined)
    closing.push(() => client.disconnect())
    return client
  }

  async function proxied(): Promise<FaultProxy> {
    const proxy = await startFaultProxy({ port: server.port })
    closing.push(() => proxy.close())
    return proxy
  }

  const reads = (from: Cache) => from.get('k', soon())
  const writes = (to: Cache) => to.add('new', item, 60, soon())

  test('S35: one that is down is unreachable, also at start; once it is there all is well', async () => {
    const over = cacheAt()
    await server.stop()
    await expect(over.check(soon())).rejects.toMatchObject({ reason: 'unreachable' })
    await expect(reads(over)).rejects.toMatchObject({ code: 'store_unavailable', reason: 'unreachable' })
    await server.start()
    await over.check(soon())
    expect(await writes(over)).not.toBeNull()
  })

  test('S35: a restart is waited for: neither a read nor a write fails', async () => {
    const over = cacheAt()
    await over.add('k', item, 60, soon())
    await server.stop()
    const calls = Promise.all([reads(over), writes(over)])
    await server.start()
    expect((await calls)[1]).not.toBeNull()
  })

  test('S35: one that is silent costs the deadline, and its connection', async () => {
    const proxy = await proxied()
    const over = cacheAt({ port: proxy.port })
    await over.add('k', item, 60, soon())
    proxy.fault = { kind: 'blackHole' }
    await expect(over.get('k', startDeadline(100))).rejects.toMatchObject({ reason: 'deadline' })
    await expect(over.add('other', item, 60, startDeadline(100))).rejects.toMatchObject({ reason: 'deadline' })
    proxy.fault = { kind: 'none' }
    expect(await reads(over)).not.toBeNull()
    expect(proxy.accepted).toBeGreaterThanOrEqual(2)
  })

  test('S35: a call whose deadline is over sends nothing, and leaves everybody’s connection alone', async () => {
    const proxy = await proxied()
    const over = cacheAt({ port: proxy.port })
    const tooLate = { remaining: () => 0 }
    for (let call = 0; call < 6; call++) {
      await expect(over.get('k', tooLate)).rejects.toMatchObject({ reason: 'deadline' })
    }
    expect(proxy.accepted).toBe(0)
    await over.check(soon())
    const writing = over.add('k', item, 60, tooLate)
    const reading = reads(over)
    await expect(writing).rejects.toMatchObject({ reason: 'deadline' })
    expect(await reading).toBeNull()
    expect(await reads(over)).toBeNull()
    expect(proxy.accepted).toBe(1)
  })

  test.each<[string, (client: Redis) => Promise<unknown>, string, 'reads and writes' | 'writes']>([
    ['out of memory', (client) => client.config('SET', 'maxmemory', '1mb'), 'full', 'writes'],
    ['a replica', (client) => replicaOfNobody(client), 'read_only', 'writes'],
    [
      'protected by a password',
      (client) => client.config('SET', 'requirepass', 'canary'),
      'denied',
      'reads and writes',
    ],
    [
      'closed to this user’s commands',
      (client) => client.acl('SETUSER', 'default', '-@all', '+acl', '+auth', '+hello', '+client'),
      'denied',
      'reads and writes',
    ],
    [
      'without the replicas that it must have',
      (client) => client.config('SET', 'min-replicas-to-write', '1'),
      'read_only',
      'writes',
    ],
  ])('S35: one that is %s is an error of its own', async (_, spoil, reason, what) => {
    const client = admin()
    await client.set('k', 'one', 'EX', 60)
    await spoil(client)
    const over = cacheAt()
    await expect(writes(over)).rejects.toMatchObject({ code: 'store_unavailable', reason })
    const seen = Buffer.from('one').toString('latin1')
    await expect(over.replace('k', seen, item, 60, soon())).rejects.toMatchObject({ reason })
    if (what === 'writes') expect(await reads(over)).toMatchObject({ version: seen })
    else await expect(reads(over)).rejects.toMatchObject({ reason })
    await expect(writes(over)).rejects.not.toThrow(/canary/)
  })

  test.each([
    ['one', (each: Cache) => each],
    ['one of several shards', (each: Cache) => shardedCache([each], () => 0)],
  ])('S35: on %s that is out of memory a session keeps its key, and is not lost', async (_, over) => {
    const client = admin()
    const store = storeOn(over(cacheAt()))
    const seen = await store.create(setting({ a: 1 }))
    await client.config('SET', 'maxmemory', '1mb')
    await expect(store.cycle(seen, setting({ b: 1 }))).rejects.toMatchObject({ reason: 'full' })
    const still = await store.load(seen.key)
    expect(isStored(still) && plainValues(still)).toEqual({ a: 1 })
    await client.config('SET', 'maxmemory', '0')
    const cycled = await store.cycle(seen, setting({ b: 1 }))
    expect(await client.keys('*')).toEqual([`django.contrib.sessions.cache${cycled?.key}`])
  })

  test('S35: a replica without its primary that gives out nothing old is an error of its own', async () => {
    const client = admin()
    await client.config('SET', 'replica-serve-stale-data', 'no')
    await replicaOfNobody(client)
    const over = cacheAt()
    await expect(reads(over)).rejects.toMatchObject({ reason: 'no_primary' })
    await expect(writes(over)).rejects.toMatchObject({ reason: 'read_only' })
  })

  test('S35: a wrong password, and a database that there is none of, are errors of their own', async () => {
    await admin().acl('SETUSER', 'bridge', 'on', '>right', '~*', '&*', '+@all')
    const wrong = cacheAt({ port: server.port, username: 'bridge', password: 'canary' })
    await expect(wrong.check(soon())).rejects.toMatchObject({ reason: 'denied' })
    await expect(wrong.check(soon())).rejects.not.toThrow(/canary/)
    await cacheAt({ port: server.port, username: 'bridge', password: 'right' }).check(soon())
    const nowhere = cacheAt({ port: server.port, db: 99 })
    await expect(writes(nowhere)).rejects.toMatchObject({ reason: 'missing' })
    // A client that goes on after a refused SELECT writes into database 0.
    expect(await admin().dbsize()).toBe(0)
  })

  test('S35: one that is busy with a script is an error of its own', async () => {
    const client = admin()
    await client.config('SET', 'busy-reply-threshold', '1')
    const over = cacheAt()
    await over.check(soon())
    const script = admin()
      .eval('while true do end', 0)
      .catch(() => undefined)
    await until(() =>
      client.ping().then(
        () => false,
        () => true,
      ),
    )
    await expect(reads(over)).rejects.toMatchObject({ reason: 'busy' })
    await expect(writes(over)).rejects.toMatchObject({ reason: 'busy' })
    await client.script('KILL')
    await script
    expect(await writes(over)).not.toBeNull()
  })

  test('S35: one that reads its data from disk is waited for, and an error of its own in the end', async () => {
    const client = admin()
    const pipeline = client.pipeline()
    for (let index = 0; index < 3000; index++) pipeline.set(`filler${index}`, 'x'.repeat(1000))
    await pipeline.exec()
    await client.set('k', 'one')
    await client.save()
    await server.stop()
    const over = cacheAt()
    await server.startSlowly()
    await expect(reads(over)).rejects.toMatchObject({ reason: 'starting_up' })
    await expect(writes(over)).rejects.toMatchObject({ reason: 'starting_up' })
    await until(() =>
      client.get('k').then(
        (found) => found === 'one',
        () => false,
      ),
    )
    expect(await reads(over)).not.toBeNull()
  })

  test('S35: one with no connection left is an error, and used once it has one', async () => {
    const client = admin()
    await client.config('SET', 'maxclients', '1')
    const over = cacheAt()
    await expect(writes(over)).rejects.toBeInstanceOf(StoreUnavailable)
    await client.config('SET', 'maxclients', '100')
    expect(await writes(over)).not.toBeNull()
  })

  test('S36: a write whose answer is lost is found out about, and made once', async () => {
    const proxy = await proxied()
    const store = storeOn(cacheAt({ port: proxy.port }))
    const created = await store.create(setting({ count: 1 }))
    for (const operation of ['save', 'touch'] as const) {
      proxy.fault = { kind: 'loseReplies' }
      const done = operation === 'save' ? store.save(created, setting({ count: 2 })) : store.touch(created)
      await until(async () => proxy.open === 0)
      proxy.fault = { kind: 'none' }
      expect(await done).not.toBeNull()
    }
    const seen = await store.load(created.key)
    expect(isStored(seen) && plainValues(seen)).toEqual({ count: 2 })
    proxy.fault = { kind: 'loseReplies' }
    await expect(store.delete(created.key)).rejects.toBeInstanceOf(StoreUnavailable)
    proxy.fault = { kind: 'none' }
    expect(await store.load(created.key)).toMatchObject({ absent: 'unknown' })
  })

  test('S36: a key that changes while answers are lost never leaves two sessions', async () => {
    const proxy = await proxied()
    const store = storeOn(cacheAt({ port: proxy.port }))
    const client = admin()
    for (let bytes = 0; bytes < 900; bytes += 60) {
      await client.flushall()
      const seen = await store.create(setting({ a: 'x'.repeat(100) }))
      proxy.fault = { kind: 'cut', direction: bytes % 120 === 0 ? 'toServer' : 'toClient', afterBytes: bytes }
      const cycled = await store.cycle(seen, setting({ b: 1 })).catch((error: unknown) => {
        if (!(error instanceof StoreUnavailable)) throw error
        return null
      })
      proxy.fault = { kind: 'none' }
      const keys = await client.keys('*')
      expect(keys.length, `cut after ${bytes}`).toBeLessThanOrEqual(1)
      if (cycled !== null) expect(keys).toEqual([`django.contrib.sessions.cache${cycled.key}`])
    }
  })

  test('S41: while connections are cut, slowed and reset, nobody gets the session of somebody else', async () => {
    const proxy = await proxied()
    const store = storeOn(cacheAt({ port: proxy.port }))
    const direct = storeOn(cacheAt())
    const visitors = await Promise.all(
      Array.from({ length: 20 }, async (_, who) => ({ who, key: (await direct.create(setting({ who }))).key })),
    )
    let seen = 0
    for (let round = 0; round < 24; round++) {
      const asking = visitors.map(async ({ who, key }) => {
        const answer = await store.load(key).catch((error: unknown) => {
          if (error instanceof StoreUnavailable) return null
          throw error
        })
        if (answer === null) return
        expect(isStored(answer) && plainValues(answer)).toEqual({ who })
        seen++
      })
      proxy.fault =
        round % 3 === 0
          ? { kind: 'cut', direction: 'toClient', afterBytes: round * 37 }
          : round % 3 === 1
            ? { kind: 'loseReplies' }
            : { kind: 'delay', milliseconds: 2 }
      if (round % 4 === 3) proxy.reset()
      await new Promise((resume) => setImmediate(resume))
      proxy.fault = { kind: 'none' }
      await Promise.all(asking)
    }
    expect(seen).toBeGreaterThan(20 * 12)
  })

  test('S41: what stands in a cookie is no command', async () => {
    const store = storeOn(cacheAt())
    const { key } = await store.create(setting({ a: 1 }))
    for (const text of [`${key}\r\nFLUSHALL\r\n`, '*1\r\n$8\r\nFLUSHALL\r\n', '\0', '*', `${key} EX 1`]) {
      expect(await store.load(text)).toMatchObject({ absent: 'unknown' })
      await store.delete(text)
    }
    expect(await store.exists(key)).toBe(true)
  })

  test('S33: no error holds a key, a value or a password', async () => {
    const client = admin()
    await client.acl('SETUSER', 'bridge', 'on', '>canary-password', '~*', '&*', '+@all')
    const over = cacheAt({ port: server.port, username: 'bridge', password: 'canary-password' })
    await over.check(soon())
    const secret = { bytes: Buffer.from('canary-value') }
    const failing: (() => Promise<unknown>)[] = [
      () => over.get('canary-key', soon()),
      () => over.add('canary-key', secret, 60, soon()),
      () => over.replace('canary-key', 'canary-value', secret, 60, soon()),
      () => over.delete('canary-key', soon()),
    ]
    await client.config('SET', 'maxmemory', '1mb')
    await expect(failing[1]?.()).rejects.toSatisfy((error: Error) => !inspect(error, { depth: 9 }).includes('canary'))
    await client.acl('SETUSER', 'bridge', '-@all')
    for (const fail of failing) {
      const error = await fail().catch((each: unknown) => each)
      expect(error).toMatchObject({ reason: 'denied' })
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('canary')
    }
    await server.stop()
    for (const fail of failing) {
      const error = await fail().catch((each: unknown) => each)
      expect(error).toBeInstanceOf(StoreUnavailable)
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('canary')
    }
  })

  test('scripts that Redis has forgotten are sent again', async () => {
    const over = cacheAt()
    const first = (await over.add('k', item, 60, soon())) ?? ''
    expect(await over.touch('k', first, 60, soon())).toBe(true)
    await admin().script('FLUSH')
    expect(await over.touch('k', first, 60, soon())).toBe(true)
  })

  test('S36: nothing is written over what is no string', async () => {
    const client = admin()
    await client.rpush('k', 'a')
    const over = cacheAt()
    expect(await reads(over)).toMatchObject({ bytes: new Uint8Array() })
    expect(await over.replace('k', '', item, 60, soon())).toBeNull()
    expect(await over.remove('k', '', soon())).toBe(false)
    expect(await over.touch('k', '', 60, soon())).toBe(false)
    expect(await writes(over)).not.toBeNull()
    expect(await client.lrange('k', 0, -1)).toEqual(['a'])
  })

  test('replicas are read; what one has not, or one that is down, the first is asked for', async () => {
    const other = await startPrivateRedis()
    closing.push(() => other.drop())
    const over = redis({
      primary: connectionTo({ port: server.port }),
      replicas: [connectionTo({ port: other.port })],
      now,
    })
    closing.push(() => over.close())
    const replica = new Redis(other.port)
    closing.push(() => replica.disconnect())
    replica.on('error', () => undefined)
    await replica.set('k', 'old', 'EX', 60)
    await over.add('k', item, 60, soon())
    await over.add('late', item, 60, soon())
    expect(Buffer.from((await reads(over))?.bytes ?? []).toString()).toBe('old')
    expect(Buffer.from((await over.get('k', soon(), 'toWrite'))?.bytes ?? []).toString()).toBe('one')
    expect(await over.get('late', soon())).not.toBeNull()
    await other.stop()
    expect(Buffer.from((await reads(over))?.bytes ?? []).toString()).toBe('one')
  })

  describe('logoutReplicas', () => {
    const seen = Buffer.from('one').toString('latin1')
    const block = newMark('block')

    function waiting(): Cache {
      const made = redis({ primary: connectionTo({ port: server.port }), now, logoutReplicas: 1 })
      closing.push(() => made.close())
      return made
    }

    /** What a replica of the server has, which is behind by some milliseconds. */
    async function lateReplica(): Promise<Redis> {
      const proxy = await proxied()
      const primary = admin()
      await primary.config('SET', 'repl-diskless-sync-delay', '0')
      const replica = await startPrivateRedis()
      closing.push(() => replica.drop())
      const client = new Redis(replica.port)
      closing.push(() => client.disconnect())
      await client.replicaof('127.0.0.1', proxy.port)
      await until(async () => (await primary.info('replication')).includes('state=online'))
      proxy.fault = { kind: 'delay', milliseconds: 50 }
      // Said to be online, it hears of the first writes only a second later.
      for (const _ of [1, 2]) {
        await primary.set('ready', '1', 'PX', 1)
        expect(await primary.wait(1, 10_000)).toBe(1)
      }
      return client
    }

    async function onBoth(over: Cache) {
      const under = storeOnBoth(await sqliteFixture(), { cache: over })
      closing.push(() => under.close())
      return under
    }

    test.each<[string, (over: Cache) => Promise<unknown>]>([
      ['removed', (over) => over.remove('k', seen, soon())],
      ['blocked', (over) => over.replace('k', seen, block, 60, soon(), 'ends')],
      ['blocked before there is one', (over) => over.add('new', block, 60, soon(), 'ends')],
      ['deleted', (over) => over.delete('k', soon())],
      ['tried out', (over) => over.tryOut?.('new', item, soon()) ?? Promise.resolve()],
    ])('S36: an item is %s once a replica knows of it; without one that is an error', async (_, end) => {
      const over = waiting()
      await over.add('k', item, 60, soon())
      await expect(end(over)).rejects.toMatchObject({ code: 'store_unavailable', reason: 'deadline' })
      await admin().set('k', 'one', 'EX', 60)
      await admin().del('new')
      const replica = await lateReplica()
      await end(over)
      expect(await Promise.all(['k', 'new'].map((key) => replica.get(key)))).toEqual(
        await Promise.all(['k', 'new'].map((key) => admin().get(key))),
      )
    })

    test('S36: a session keeps its key where no replica could know that it ended', async () => {
      const store = storeOn(waiting())
      const created = await store.create(setting({ a: 1 }))
      await expect(store.cycle(created, setting({}))).rejects.toMatchObject({ reason: 'deadline' })
      expect(isStored(await store.load(created.key))).toBe(true)
      const replica = await lateReplica()
      await store.cycle(created, setting({}))
      expect(await replica.exists(`django.contrib.sessions.cache${created.key}`)).toBe(0)
    })

    test.each<[string, (store: SessionStore, seen: StoredSession) => Promise<unknown>]>([
      ['logout', (store, { key }) => store.delete(key)],
      ['change of key', (store, session) => store.cycle(session, setting({}))],
    ])('S36: at a %s of cached_db a replica knows that no copy is to be trusted', async (_, end) => {
      const { store, place, warnings } = await onBoth(waiting())
      const replica = await lateReplica()
      const created = await store.create(setting({ a: 1 }))
      const at = place(created.key)
      await until(async () => (await replica.exists(at)) === 1)
      // Of another request, whose block no replica was waited for.
      await cacheAt().replace(at, (await cacheAt().get(at, soon()))?.version ?? '', block, 60, soon())
      await end(store, created)
      expect(await replica.getBuffer(at)).toEqual(await admin().getBuffer(at))
      expect(warnings).toEqual([])
    })

    test('S36: a logout of cached_db that no replica heard of takes place, with a warning', async () => {
      const { store, warnings } = await onBoth(waiting())
      const created = await store.create(setting({ a: 1 }))
      await store.delete(created.key)
      expect(warnings).toContain('logout_not_in_cache')
      expect(isStored(await store.load(created.key))).toBe(false)
    })
  })

  test('a client that was given is waited for while it connects again, used, and never ended', async () => {
    const given = admin({ enableOfflineQueue: false, autoResendUnfulfilledCommands: false, lazyConnect: true })
    const over = redis({ primary: givenRedisConnection(given), now })
    expect(await writes(over)).not.toBeNull()
    await server.stop()
    await expect(reads(over)).rejects.toMatchObject({ code: 'store_unavailable' })
    await server.start()
    await until(async () => given.status === 'ready')
    expect(await writes(over)).not.toBeNull()
    await over.close()
    expect(await given.ping()).toBe('PONG')
    given.disconnect()
    await until(async () => given.status === 'end')
    await expect(reads(over)).rejects.toMatchObject({ reason: 'unreachable' })
  })
})

/** Of a server at which nobody listens. */
async function replicaOfNobody(client: Redis): Promise<void> {
  await client.replicaof('127.0.0.1', 1)
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resume) => setTimeout(resume, 10))
}
