/** A change of key whose replies are lost, where a cache takes two steps for it. */
import { expect, test } from 'vitest'
import type { Cache } from '../../src/caches/cache.ts'
import { memoryCache } from '../../src/caches/memory-cache.ts'
import { StoreUnavailable } from '../../src/errors.ts'
import { OutcomeUnknown } from '../../src/outcome-unknown.ts'
import { isStored, type SessionStore, type StoredSession } from '../../src/stores/store.ts'
import type { CacheUnderTest } from '../contracts/cache.ts'
import { storeOnCache } from '../contracts/cache-store.ts'
import { plainValues, setting } from '../contracts/session-store.ts'

type Lossy = 'remove' | 'add'

/** A cache that loses the replies of these calls, in turn; `false` is for one that did not take place either. */
function site(): {
  store: SessionStore
  other: SessionStore
  cache: Cache
  losing(call: Lossy, ...fates: boolean[]): void
} {
  const cache = memoryCache()
  const losses: Record<Lossy, boolean[]> = { remove: [], add: [] }
  const lose = async <T>(call: Lossy, act: () => Promise<T>): Promise<T> => {
    const takesPlace = losses[call].shift()
    if (takesPlace === undefined) return act()
    if (takesPlace) await act()
    throw new OutcomeUnknown(new StoreUnavailable('The connection broke.'))
  }
  const lossy: Cache = {
    ...cache,
    remove: (...call) => lose('remove', () => cache.remove(...call)),
    add: (...call) => lose('add', () => cache.add(...call)),
  }
  const under: CacheUnderTest = {
    cache: lossy,
    other: cache,
    now: () => new Date(),
    advance: () => undefined,
    count: async () => cache.size,
    set: async () => undefined,
    close: async () => undefined,
  }
  const { store, other } = storeOnCache(under)
  return { store, other, cache, losing: (call, ...fates) => void losses[call].push(...fates) }
}

async function created({ other }: { other: SessionStore }): Promise<StoredSession> {
  const answer = await other.load((await other.create(setting({ a: 1 }))).key)
  if (!isStored(answer)) throw new Error(answer.absent)
  return answer
}

test('S36: a removal whose reply was lost is not told as the logout of somebody else', async () => {
  const here = site()
  const seen = await created(here)
  here.losing('remove', true)
  await expect(here.store.cycle(seen, setting({ b: 2 }))).rejects.toBeInstanceOf(OutcomeUnknown)
  expect(await here.other.load(seen.key)).toMatchObject({ absent: 'unknown' })
})

test('S36: nor is one whose second reply was lost, or that was followed by an addition that never came', async () => {
  const here = site()
  const seen = await created(here)
  here.losing('remove', false, true)
  await expect(here.store.cycle(seen, setting({ b: 2 }))).rejects.toBeInstanceOf(OutcomeUnknown)
  const again = await created(here)
  here.losing('add', false, false)
  await expect(here.store.cycle(again, setting({ b: 2 }))).rejects.toBeInstanceOf(OutcomeUnknown)
})

test('S36: one that did not take place is made again, and the session has its new key', async () => {
  const here = site()
  const seen = await created(here)
  here.losing('remove', false)
  const cycled = await here.store.cycle(seen, setting({ b: 2 }))
  const found = await here.other.load(cycled?.key ?? '')
  expect(isStored(found) && plainValues(found)).toEqual({ a: 1, b: 2 })
})

test('S36: a logout that is known to be one is told as one', async () => {
  const here = site()
  const seen = await created(here)
  await here.other.delete(seen.key)
  expect(await here.store.cycle(seen, setting({ b: 2 }))).toBeNull()
})
