import { describe, expect, test } from 'vitest'
import type { Cache } from '../../src/caches/cache.ts'
import { memoryCache } from '../../src/caches/memory-cache.ts'
import { pickledItems } from '../../src/caches/pickled-items.ts'
import type { Database } from '../../src/databases/database.ts'
import { utcClock } from '../../src/databases/wall-clock.ts'
import { StoreUnavailable } from '../../src/errors.ts'
import { MOST_LOGOUTS } from '../../src/stores/cache-debts.ts'
import { markKind } from '../../src/stores/cache-mark.ts'
import { cachedCopies } from '../../src/stores/cached-copies.ts'
import { sessionOf } from '../../src/stores/session-data.ts'
import { expiryRule } from '../../src/stores/session-expiry.ts'
import { isStored, type StoredSession } from '../../src/stores/store.ts'
import { storeOnBoth } from '../contracts/cached-db-store.ts'
import { sqliteFixture } from '../contracts/database-fixtures.ts'
import { describeSessionStore, plainValues, setting } from '../contracts/session-store.ts'

describeSessionStore('cached_db on SQLite and a cache in memory', async () => storeOnBoth(await sqliteFixture()))

const SOON = { remaining: () => 1000 }
const START = Date.UTC(2026, 0, 15, 12)

/** A server that can be switched off. */
function switched<Server extends object>(server: Server): { server: Server; isDown: boolean; calls: number } {
  const state = { server, isDown: false, calls: 0 }
  state.server = new Proxy(server, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver)
      if (typeof member !== 'function' || name === 'fromInstant' || name === 'toDate') return member
      return async (...call: unknown[]) => {
        state.calls++
        if (state.isDown) throw new StoreUnavailable('It is down.', { reason: 'unreachable' })
        return Reflect.apply(member, target, call)
      }
    },
  })
  return state
}

async function site() {
  const fixture = await sqliteFixture()
  const database = switched<Database>(fixture.database)
  const cache = switched<Cache>(memoryCache(() => new Date(START)))
  const under = storeOnBoth({ ...fixture, database: database.server }, { cache: cache.server })
  const key = (await under.store.create(setting({ a: 1 }))).key
  return { ...under, fixture, database, cache, key, item: () => cache.server.get(under.place(key), SOON) }
}

const seenBy = async ({ store, key }: Awaited<ReturnType<typeof site>>): Promise<StoredSession> => {
  const answer = await store.load(key)
  if (!isStored(answer)) throw new Error(answer.absent)
  return answer
}

describe('S35: cached_db, one of its servers down', () => {
  test('the database: what is in the cache can be read; no write, login or logout goes through', async () => {
    const here = await site()
    const seen = await seenBy(here)
    here.database.isDown = true
    expect(plainValues(await seenBy(here))).toEqual({ a: 1 })
    const writes = [
      () => here.store.save(seen, setting({ b: 2 })),
      () => here.store.touch(seen),
      () => here.store.cycle(seen, setting({})),
      () => here.store.create(setting({})),
    ]
    for (const write of writes) await expect(write()).rejects.toMatchObject({ code: 'store_unavailable', status: 503 })
    expect(plainValues(await seenBy(here))).toEqual({ a: 1 })
    await expect(here.store.delete(here.key)).rejects.toMatchObject({ code: 'store_unavailable' })
    await expect(here.store.load('anotherkeyofnobody00000000000000')).rejects.toMatchObject({ status: 503 })
    here.database.isDown = false
    expect(plainValues(await seenBy(here))).toEqual({ a: 1 })
    await here.fixture.close()
  })

  test('the cache: everything is done in the database, with one warning a minute', async () => {
    const here = await site()
    here.cache.isDown = true
    const seen = await seenBy(here)
    expect(plainValues((await here.store.save(seen, setting({ b: 2 }))) as StoredSession)).toEqual({ a: 1, b: 2 })
    const cycled = (await here.store.cycle(await seenBy(here), setting({ c: 3 }))) as StoredSession
    expect(plainValues((await here.other.load(cycled.key)) as StoredSession)).toEqual({ a: 1, b: 2, c: 3 })
    await here.store.delete(cycled.key)
    expect(await here.store.load(cycled.key)).toMatchObject({ absent: 'unknown' })
    expect(await here.count()).toBe(0)
    // Both stores have told it once.
    expect(here.warnings.filter((code) => code === 'cache_unavailable')).toHaveLength(2)
    here.advance(61)
    await here.store.load(cycled.key)
    expect(here.warnings.filter((code) => code === 'cache_unavailable')).toHaveLength(3)
    await here.fixture.close()
  })

  test('the cache, and then back: what was written meanwhile is found by who reads copies alone', async () => {
    const here = await site()
    const seen = await seenBy(here)
    here.cache.isDown = true
    await here.store.save(seen, setting({ a: 2 }))
    here.cache.isDown = false
    // The copy is older than the row until this process has said so.
    expect(plainValues((await here.other.load(here.key)) as StoredSession)).toEqual({ a: 1 })
    expect(plainValues(await seenBy(here))).toEqual({ a: 2 })
    const mark = await here.item()
    expect(mark && markKind(mark)).toBe('block')
    expect(plainValues((await here.other.load(here.key)) as StoredSession)).toEqual({ a: 2 })
    await here.fixture.close()
  })

  test('the cache, at a logout: there is a warning of its own, and the copy goes when the cache is back', async () => {
    const here = await site()
    here.cache.isDown = true
    await here.store.delete(here.key)
    expect(here.warnings).toContain('logout_not_in_cache')
    expect(await here.store.load(here.key)).toMatchObject({ absent: 'unknown' })
    here.cache.isDown = false
    expect(await here.store.load(here.key)).toMatchObject({ absent: 'unknown' })
    expect(await here.other.load(here.key)).toMatchObject({ absent: 'unknown' })
    await here.fixture.close()
  })

  test('both: a read is refused', async () => {
    const here = await site()
    here.cache.isDown = true
    here.database.isDown = true
    await expect(here.store.load(here.key)).rejects.toMatchObject({ status: 503 })
    await here.fixture.close()
  })
})

function copiesIn(cache: Cache, now = () => new Date(START)) {
  const settings = { SESSION_COOKIE_AGE: 1000, SESSION_EXPIRE_AT_BROWSER_CLOSE: false }
  return cachedCopies({
    cache,
    codec: pickledItems(),
    keyOf: (key) => key,
    keyPrefix: '',
    expiryOf: expiryRule(settings, utcClock, now),
    now,
    deadlineMs: 1000,
    warn: () => undefined,
  })
}

test('S35: a row that takes all the time there is leaves no lease behind', async () => {
  const kept = memoryCache(() => new Date(START))
  const copies = copiesIn({
    ...kept,
    remove: async (key, version, deadline) => deadline.remaining() > 0 && kept.remove(key, version, deadline),
  })
  let left = 1000
  const row = await copies.fill('k', { remaining: () => left }, async () => {
    left = 0
    throw new StoreUnavailable('Too late.', { reason: 'deadline' })
  })
  expect([row, kept.size]).toEqual([null, 0])
})

test('S35: after more logouts than can be remembered no copy is read until the last of them has ended', async () => {
  let milliseconds = START
  const now = () => new Date(milliseconds)
  const kept = memoryCache(now)
  const down = new StoreUnavailable('It is down.', { reason: 'unreachable' })
  let isDown = false
  const copies = copiesIn({ ...kept, get: (...call) => (isDown ? Promise.reject(down) : kept.get(...call)) }, now)
  await kept.add('alive', pickledItems().encode(sessionOf([['a', 1]])), 5000, SOON)
  expect(await copies.read('alive', SOON)).toMatchObject({ key: 'alive' })
  isDown = true
  for (let logout = 0; logout <= MOST_LOGOUTS; logout++) await copies.end(`gone ${logout}`, SOON, async () => null)
  isDown = false
  expect(await copies.read('alive', SOON)).toBe('unusable')
  await copies.close()
  // The longest time-out that was seen.
  milliseconds = START + 4_999_000
  expect(await copies.read('alive', SOON)).toBe('unusable')
  milliseconds = START + 5_000_000
  expect(await copies.read('alive', SOON)).toBe('absent')
})

test('S35: closing makes up for a logout that the cache did not hear of', async () => {
  const here = await site()
  await seenBy(here)
  here.cache.isDown = true
  await here.store.delete(here.key)
  here.cache.isDown = false
  await here.store.close?.()
  const mark = await here.item()
  expect(mark && markKind(mark)).toBe('block')
  await here.fixture.close()
})

describe('what cached_db asks of its servers', () => {
  test('a hit asks the cache once and the database for nothing', async () => {
    const here = await site()
    here.cache.calls = 0
    here.database.calls = 0
    await seenBy(here)
    expect([here.cache.calls, here.database.calls]).toEqual([1, 0])
    await here.fixture.close()
  })

  test('S3: a key that no row has is read there and there, and written nowhere', async () => {
    const here = await site()
    here.cache.calls = 0
    expect(await here.store.load('anotherkeyofnobody00000000000000')).toMatchObject({ absent: 'unknown' })
    expect([
      here.cache.calls,
      await here.cache.server.get(here.place('anotherkeyofnobody00000000000000'), SOON),
    ]).toEqual([1, null])
    await here.fixture.close()
  })

  test('S6: a copy ends with its row, to the second, and one of a moment that has passed is not read', async () => {
    const here = await site()
    await here.store.save(await seenBy(here), setting({ _session_expiry: 700 }))
    expect((await here.item())?.endsAt).toEqual(new Date(START + 700_000))
    await here.store.save(await seenBy(here), setting({ _session_expiry: '2026-01-15T11:59:59+00:00' }))
    const item = pickledItems().encode(sessionOf([['_session_expiry', '2026-01-15T11:59:59+00:00']]))
    await here.cache.server.delete(here.place(here.key), SOON)
    await here.cache.server.add(here.place(here.key), item, 1000, SOON)
    expect(await here.store.load(here.key)).toMatchObject({ absent: 'expired' })
    await here.fixture.close()
  })

  test.each<[string, Uint8Array]>([
    ['with a class of the site’s own', Buffer.from('cshop.models\nColour\n.')],
    ['cut short', Buffer.from('80049505', 'hex')],
    ['of another serializer', Buffer.from('{"a": 5}')],
    ['that is empty, as Django puts for a row that it cannot read', Buffer.from('80047d942e', 'hex')],
    ['with a key that is no text', Buffer.from('80047d944b014b02732e', 'hex')],
    ['that is no session', Buffer.from('80045d942e', 'hex')],
  ])('S25, S35: a copy %s is left alone, and the row is read', async (_, bytes) => {
    const here = await site()
    await here.cache.server.delete(here.place(here.key), SOON)
    await here.cache.server.add(here.place(here.key), { bytes }, 1000, SOON)
    expect(plainValues(await seenBy(here))).toEqual({ a: 1 })
    expect(Buffer.from((await here.item())?.bytes ?? [])).toEqual(Buffer.from(bytes))
    expect(plainValues((await here.store.save(await seenBy(here), setting({ b: 2 }))) as StoredSession)).toEqual({
      a: 1,
      b: 2,
    })
    expect(plainValues((await here.other.load(here.key)) as StoredSession)).toEqual({ a: 1, b: 2 })
    await here.fixture.close()
  })

  test('a value that the row cannot hold is refused, and nothing is stored, in the cache neither', async () => {
    const here = await site()
    const seen = await seenBy(here)
    await expect(here.store.save(seen, setting({ tags: new Set(['x']) }))).rejects.toMatchObject({
      code: 'serialization',
    })
    expect(plainValues(await seenBy(here))).toEqual({ a: 1 })
    await here.fixture.close()
  })

  test('a cache that cannot have a key of ours is done without', async () => {
    const fixture = await sqliteFixture()
    const { store, warnings } = storeOnBoth(fixture, { keyOf: () => null })
    const { key } = await store.create(setting({ a: 1 }))
    const seen = (await store.load(key)) as StoredSession
    expect(plainValues((await store.save(seen, setting({ b: 2 }))) as StoredSession)).toEqual({ a: 1, b: 2 })
    await store.delete(key)
    expect(await store.load(key)).toMatchObject({ absent: 'unknown' })
    expect(warnings).toEqual([])
    await fixture.close()
  })
})
