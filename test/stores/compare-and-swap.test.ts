/** Writes whose reply is lost: each is looked for before it is sent again, and never made twice. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../src/databases/database.ts'
import { StoreUnavailable } from '../../src/errors.ts'
import { OutcomeUnknown } from '../../src/outcome-unknown.ts'
import type { SessionData } from '../../src/serializers/serializer.ts'
import { isStored, type StoredSession } from '../../src/stores/store.ts'
import { sqliteFixture } from '../contracts/database-fixtures.ts'
import { storeOn } from '../contracts/db-store.ts'
import { plainValues, type StoreUnderTest, setting } from '../contracts/session-store.ts'

/** What becomes of one write, and what others do before its sender goes on. */
interface Fate {
  readonly takesPlace: boolean
  readonly meanwhile?: () => Promise<unknown>
}

let fates: Fate[]
/** Whether reads fail from the next lost reply on. */
let readsFail: boolean
let sent: number
let under: StoreUnderTest
let healthy: StoreUnderTest

beforeEach(async () => {
  fates = []
  readsFail = false
  sent = 0
  const fixture = await sqliteFixture()
  under = storeOn({ ...fixture, database: losingReplies(fixture.database) })
  healthy = storeOn({ ...fixture, close: async () => undefined })
})
afterEach(() => under.close())

function losingReplies(database: Database): Database {
  let isDown = false
  return {
    ...database,
    async rows(...call) {
      if (isDown) throw new StoreUnavailable('The connection is gone.')
      return database.rows(...call)
    },
    async execute(...call) {
      sent++
      const fate = fates.shift()
      const count = fate === undefined || fate.takesPlace ? await database.execute(...call) : 0
      if (fate === undefined) return count
      await fate.meanwhile?.()
      isDown = readsFail
      throw new OutcomeUnknown(new StoreUnavailable('The connection broke.'))
    },
  }
}

async function loaded(key: string): Promise<StoredSession> {
  const answer = await healthy.store.load(key)
  if (!isStored(answer)) throw new Error(`expected a session, got ${answer.absent}`)
  return answer
}

async function values(key: string): Promise<Record<string, unknown>> {
  return plainValues(await loaded(key))
}

const created = async (data: Record<string, unknown>): Promise<StoredSession> =>
  loaded((await healthy.store.create(setting(data))).key)

/** A change that would show if it were made twice. */
const appending = (item: string) => (current: SessionData) => {
  const stored = current.get('list')
  const list = stored === undefined ? [] : ((('decode' in stored ? stored.decode() : stored.value) ?? []) as string[])
  return new Map(current).set('list', { value: [...list, item] })
}

const lost: Fate = { takesPlace: true }
const never: Fate = { takesPlace: false }

describe('S36: a save whose reply is lost', () => {
  test('and which took place is found in the store, and not sent again', async () => {
    const seen = await created({ list: ['a'] })
    fates = [lost]
    const saved = await under.store.save(seen, appending('b'))
    expect(saved && plainValues(saved)).toEqual({ list: ['a', 'b'] })
    expect([sent, await values(seen.key)]).toEqual([1, { list: ['a', 'b'] }])
  })

  test('and which did not take place is sent once more', async () => {
    const seen = await created({ list: ['a'] })
    fates = [never]
    expect(await under.store.save(seen, appending('b'))).not.toBeNull()
    expect([sent, await values(seen.key)]).toEqual([2, { list: ['a', 'b'] }])
  })

  test('and which arrives late, before the second, takes place once', async () => {
    const seen = await created({ list: ['a'] })
    fates = [never, lost]
    expect(await under.store.save(seen, appending('b'))).not.toBeNull()
    expect(await values(seen.key)).toEqual({ list: ['a', 'b'] })
  })

  test('is reported as unknown when the second is lost as well', async () => {
    const seen = await created({ list: ['a'] })
    fates = [never, never]
    await expect(under.store.save(seen, appending('b'))).rejects.toBeInstanceOf(OutcomeUnknown)
    expect([sent, await values(seen.key)]).toEqual([2, { list: ['a'] }])
  })

  test('is reported as unknown when the store cannot be asked', async () => {
    const seen = await created({ list: ['a'] })
    fates = [lost]
    readsFail = true
    await expect(under.store.save(seen, appending('b'))).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(sent).toBe(1)
  })

  test('is reported as unknown, and not made twice, when others have written upon it', async () => {
    const seen = await created({ list: ['a'] })
    fates = [
      { takesPlace: true, meanwhile: async () => healthy.store.save(await loaded(seen.key), setting({ theirs: 1 })) },
    ]
    await expect(under.store.save(seen, appending('b'))).rejects.toBeInstanceOf(OutcomeUnknown)
    expect(await values(seen.key)).toEqual({ list: ['a', 'b'], theirs: 1 })
  })

  test('does not bring back a session that was deleted meanwhile', async () => {
    const seen = await created({ list: ['a'] })
    fates = [{ takesPlace: true, meanwhile: () => healthy.store.delete(seen.key) }]
    expect(await under.store.save(seen, appending('b'))).toBeNull()
    expect(await healthy.count()).toBe(0)
  })
})

describe('S36: a new key whose reply is lost', () => {
  test.each([
    ['took place', lost, 1],
    ['did not take place', never, 2],
  ])('is the session’s own when it %s', async (_, fate, times) => {
    const seen = await created({ list: ['a'] })
    fates = [fate]
    const cycled = await under.store.cycle(seen, appending('b'))
    expect(sent).toBe(times)
    expect(await values(cycled?.key ?? '')).toEqual({ list: ['a', 'b'] })
    expect(await healthy.store.exists(seen.key)).toBe(false)
    expect(await healthy.count()).toBe(1)
  })

  test('is made from what others wrote, when the session is still under the old one', async () => {
    const seen = await created({ list: ['a'] })
    fates = [
      { takesPlace: false, meanwhile: async () => healthy.store.save(await loaded(seen.key), setting({ theirs: 1 })) },
    ]
    const cycled = await under.store.cycle(seen, appending('b'))
    expect(await values(cycled?.key ?? '')).toEqual({ list: ['a', 'b'], theirs: 1 })
    expect(await healthy.count()).toBe(1)
  })
})

describe('a session whose first reply is lost', () => {
  test.each([
    ['took place', lost],
    ['did not take place', never],
  ])('is stored once when the write %s', async (_, fate) => {
    fates = [fate]
    const session = await under.store.create(setting({ a: 1 }))
    expect(await values(session.key)).toEqual({ a: 1 })
    expect([sent, await healthy.count()]).toEqual([2, 1])
  })
})

describe('a renewed expiry whose reply is lost', () => {
  test.each([
    ['took place', lost],
    ['did not take place', never],
  ])('is renewed when the write %s', async (_, fate) => {
    const seen = await created({ _session_expiry: 100 })
    for (const clock of [under, healthy]) clock.advance(90)
    fates = [fate]
    expect((await under.store.touch(seen))?.expiry.age).toBe(100)
    for (const clock of [under, healthy]) clock.advance(90)
    expect(isStored(await healthy.store.load(seen.key))).toBe(true)
  })
})

describe('a version that others wrote away and back', () => {
  test('is no error the first times', async () => {
    const seen = await created({ list: ['a'] })
    let refusals = 2
    const fixture = await sqliteFixture()
    const database: Database = {
      ...fixture.database,
      execute: async (...call) => (refusals-- > 0 ? 0 : fixture.database.execute(...call)),
    }
    const store = storeOn({ ...fixture, database })
    await fixture.run('INSERT INTO django_session VALUES (?, ?, ?)', [
      seen.key,
      String(seen.version),
      '2099-01-01 00:00:00',
    ])
    expect(await store.store.save(seen, appending('b'))).not.toBeNull()
    refusals = Number.POSITIVE_INFINITY
    const again = await store.store.load(seen.key)
    if (!isStored(again)) throw new Error('the session is stored')
    await expect(store.store.save(again, appending('c'))).rejects.toMatchObject({ code: 'store_unavailable' })
    await store.close()
  })
})
