/** What every session store does. A store's test calls this with a way to make one. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SessionData } from '../../src/serializers/serializer.ts'
import { type AbsenceReason, isStored, type SessionStore, type StoredSession } from '../../src/stores/store.ts'

export interface StoreUnderTest {
  readonly store: SessionStore
  /** A second store on the same storage, as another process would have. */
  readonly other: SessionStore
  /** Moves the clock of both, and of their server. */
  advance(seconds: number): void | Promise<void>
  /** How many sessions are stored, without those that are hidden. */
  count(): Promise<number>
  /** Breaks what is stored under a key, so that it cannot be read. */
  corrupt(key: string): Promise<void>
  /** The reason for what `corrupt` leaves. Default: its signature fails. */
  readonly corruptReason?: AbsenceReason
  /**
   * A session that has expired is `kept` until it is cleared and known as such, or kept and `hidden`, or `gone` by
   * itself; the last two count as unknown. Default `kept`.
   */
  readonly expired?: 'kept' | 'hidden' | 'gone'
  /** Whether a loaded session shows when it ends, or only how long such a session lives. Default true. */
  readonly tellsEnd?: boolean
  /** `check` looks whether sessions can be `read`, or only whether the server can be `reached`. Default `read`. */
  readonly checks?: 'read' | 'reached'
  close(): Promise<void>
}

/** A next state that sets values. */
export function setting(values: Record<string, unknown>): (current: SessionData) => SessionData {
  return (current) => {
    const next = new Map(current)
    for (const [key, value] of Object.entries(values)) next.set(key, { value })
    return next
  }
}

export function plainValues(session: StoredSession): Record<string, unknown> {
  return Object.fromEntries(
    Array.from(session.data, ([key, value]) => [key, 'decode' in value ? value.decode() : value.value]),
  )
}

export interface EngineTraits {
  /** `nothing`: the key is the session, so there is no place to look, and nothing to merge, end or clear. */
  readonly keeps?: 'sessions' | 'nothing'
}

export function describeSessionStore(
  name: string,
  make: () => Promise<StoreUnderTest>,
  { keeps = 'sessions' }: EngineTraits = {},
): void {
  const keepsSessions = keeps === 'sessions'
  /** For tests of what only a place with sessions in it can do. */
  const testKept: typeof test = keepsSessions ? test : (Object.assign(() => undefined, test) as never)

  describe(`${name} as a session store`, () => {
    let under: StoreUnderTest
    beforeEach(async () => {
      under = await make()
    })
    afterEach(() => under.close())

    async function loaded(key: string, store = under.store): Promise<StoredSession> {
      const answer = await store.load(key)
      if (!isStored(answer)) throw new Error(`expected a session, got ${answer.absent}`)
      return answer
    }

    test('what was created loads under its key, from another process too', async () => {
      const { key } = await under.store.create(setting({ cart: ['pear'], price: 1.5, who: 'Ada' }))
      if (keepsSessions) expect(key).toMatch(/^[a-z0-9]{32}$/)
      expect(plainValues(await loaded(key, under.other))).toEqual({ cart: ['pear'], price: 1.5, who: 'Ada' })
      expect(await under.store.exists(key)).toBe(keepsSessions)
    })

    testKept('S3: an unknown key is unknown, and asking for it stores nothing', async () => {
      expect(await under.store.load('unknownunknownunknownunknown0000')).toMatchObject({ absent: 'unknown' })
      expect(await under.store.exists('unknownunknownunknownunknown0000')).toBe(false)
      expect(await under.count()).toBe(0)
    })

    test('S28: keys that only resemble a stored one open nothing', async () => {
      const { key } = await under.store.create(setting({ a: 1 }))
      for (const near of [
        key.toUpperCase(),
        `${key} `,
        ` ${key}`,
        `${key.slice(0, -1)}%`,
        '0',
        '________________',
        "' OR '1'='1",
      ]) {
        expect(await under.store.load(near)).toMatchObject({ absent: keepsSessions ? 'unknown' : 'unreadable' })
        expect(await under.store.exists(near)).toBe(false)
      }
    })

    testKept(
      'S6: a session opens until the second before it expires and not from then on, though it may be still stored',
      async () => {
        const isKept = (under.expired ?? 'kept') === 'kept'
        // A server that ends sessions itself goes by its own clock, which runs on during a test.
        const left = isKept ? 1 : 60
        const { key } = await under.store.create(setting({ _session_expiry: 100 }))
        await under.advance(100 - left)
        expect(isStored(await under.store.load(key))).toBe(true)
        await under.advance(left)
        expect(await under.store.load(key)).toMatchObject({ absent: isKept ? 'expired' : 'unknown' })
        await under.advance(1)
        expect(await under.store.load(key)).toMatchObject({ absent: isKept ? 'expired' : 'unknown' })
        expect(await under.count()).toBe(isKept ? 1 : 0)
      },
    )

    test('S6: the expiry of a loaded session is not beyond the moment at which it ends', async () => {
      const { key, expiry } = await under.store.create(setting({ _session_expiry: 1000 }))
      await under.advance(600)
      const seen = await loaded(key)
      const unknown = under.tellsEnd === false ? 601_000 : 0
      expect(seen.expiry.at.getTime()).toBeLessThanOrEqual(expiry.at.getTime() + unknown)
      expect(seen.expiry.at.getTime()).toBeGreaterThan(expiry.at.getTime() - 300_000)
    })

    testKept('a session that cannot be read is unreadable and stays where it is', async () => {
      const { key } = await under.store.create(setting({ a: 1 }))
      await under.corrupt(key)
      const reason = under.corruptReason ?? 'session_data_corrupted'
      expect(await under.store.load(key)).toMatchObject({ absent: 'unreadable', reason })
      expect(await under.store.exists(key)).toBe(true)
      expect(await under.count()).toBe(1)
    })

    testKept('a save merges into what somebody else has saved meanwhile', async () => {
      const created = await under.store.create(setting({ a: 1 }))
      const mine = await loaded(created.key)
      await under.other.save(await loaded(created.key, under.other), setting({ theirs: 'kept' }))
      const saved = await under.store.save(mine, setting({ ours: 'added' }))
      expect(saved && plainValues(saved)).toEqual({ a: 1, theirs: 'kept', ours: 'added' })
      expect(plainValues(await loaded(created.key, under.other))).toEqual({ a: 1, theirs: 'kept', ours: 'added' })
    })

    testKept('many writers at once lose nothing', async () => {
      const { key } = await under.store.create(setting({}))
      const seen = await loaded(key)
      const names = Array.from({ length: 12 }, (_, index) => `writer${index}`)
      await Promise.all(
        names.map((name, index) => (index % 2 ? under.store : under.other).save(seen, setting({ [name]: index }))),
      )
      expect(Object.keys(plainValues(await loaded(key))).sort()).toEqual([...names].sort())
    })

    testKept('S36: no write of any kind brings a deleted session back', async () => {
      const { key } = await under.store.create(setting({ a: 1 }))
      const seen = await loaded(key)
      await under.other.delete(key)
      expect(await under.store.save(seen, setting({ b: 2 }))).toBeNull()
      expect(await under.store.cycle(seen, setting({ b: 2 }))).toBeNull()
      expect(await under.store.touch(seen)).toBeNull()
      expect(await under.count()).toBe(0)
    })

    testKept('a save does not overwrite what it cannot read', async () => {
      const { key } = await under.store.create(setting({ a: 1 }))
      const seen = await loaded(key)
      await under.corrupt(key)
      expect(await under.store.save(seen, setting({ b: 2 }))).toBeNull()
      expect(await under.store.load(key)).toMatchObject({ absent: 'unreadable' })
    })

    testKept('S2: cycling moves the session to a new key, merged, and ends the old one', async () => {
      const { key } = await under.store.create(setting({ a: 1 }))
      const mine = await loaded(key)
      await under.other.save(await loaded(key, under.other), setting({ theirs: 2 }))
      const cycled = await under.store.cycle(mine, setting({ ours: 3 }))
      expect(cycled?.key).toMatch(/^[a-z0-9]{32}$/)
      expect(cycled?.key).not.toBe(key)
      expect(await under.other.load(key)).toMatchObject({ absent: 'unknown' })
      expect(plainValues(await loaded(cycled?.key ?? '', under.other))).toEqual({ a: 1, theirs: 2, ours: 3 })
      expect(await under.count()).toBe(1)
    })

    testKept('of two that cycle the same session one gets it, and one session is left', async () => {
      const { key } = await under.store.create(setting({ a: 1 }))
      const seen = await loaded(key)
      const cycled = await Promise.all([under.store.cycle(seen, setting({})), under.other.cycle(seen, setting({}))])
      expect(cycled.filter((answer) => answer !== null)).toHaveLength(1)
      expect(await under.count()).toBe(1)
    })

    test('where a store shows what it holds, sessions that nobody asked for are seen, those too that cannot be read', async () => {
      const { recent } = under.store
      if (recent === undefined) return
      const { key } = await under.store.create(setting({ _auth_user_id: '7' }))
      const spoiled = await under.store.create(setting({ _auth_user_id: '8' }))
      const seen = await recent(10)
      expect(seen.map(({ data }) => data?.has('_auth_user_id'))).toEqual([true, true])
      const hasKeys = seen.every((session) => session.key !== null)
      if (hasKeys) expect(seen.map((session) => session.key).sort()).toEqual([key, spoiled.key].sort())
      await under.corrupt(spoiled.key)
      const after = await recent(10)
      expect(after.filter(({ data }) => data !== null)).toHaveLength(1)
      if (hasKeys) expect(after.find((session) => session.key === spoiled.key)).toMatchObject({ data: null })
      expect(await recent(1)).toHaveLength(1)
    })

    test('touching renews the expiry and nothing else', async () => {
      const { key } = await under.store.create(setting({ _session_expiry: 1000, a: 1 }))
      await under.advance(900)
      const touched = await under.store.touch(await loaded(key))
      expect(touched?.expiry.age).toBe(1000)
      await under.advance(900)
      expect(plainValues(await loaded(key))).toEqual({ _session_expiry: 1000, a: 1 })
    })

    test('what one request writes after another write of its own is a write like any other', async () => {
      const created = await under.store.create(setting({ a: 1 }))
      const saved = await under.store.save(created, setting({ b: 2 }))
      const touched = saved && (await under.store.touch(saved))
      const cycled = touched && (await under.store.cycle(touched, setting({ c: 3 })))
      const again = cycled && (await under.store.save(cycled, setting({ d: 4 })))
      expect(again && plainValues(again)).toEqual({ a: 1, b: 2, c: 3, d: 4 })
      expect(plainValues(await loaded(again?.key ?? '', under.other))).toEqual({ a: 1, b: 2, c: 3, d: 4 })
      expect(await under.count()).toBe(keepsSessions ? 1 : 0)
    })

    testKept('S4: deleting ends a session and can be repeated', async () => {
      const { key } = await under.store.create(setting({ a: 1 }))
      await under.store.delete(key)
      await under.store.delete(key)
      expect(await under.other.load(key)).toMatchObject({ absent: 'unknown' })
    })

    testKept('clearing takes the expired sessions and leaves the others', async () => {
      await under.store.create(setting({ _session_expiry: 10 }))
      await under.store.create(setting({ _session_expiry: 10 }))
      const { key } = await under.store.create(setting({ _session_expiry: 1000 }))
      await under.advance(11)
      expect(await under.store.clearExpired()).toBe(under.expired === 'gone' ? 0 : 2)
      expect(await under.count()).toBe(1)
      expect(isStored(await under.store.load(key))).toBe(true)
    })

    testKept(
      'the check passes on an empty store and one it can read, and fails where it looks and can read nothing',
      async () => {
        await under.store.check()
        const { key } = await under.store.create(setting({ a: 1 }))
        await under.store.check()
        await under.corrupt(key)
        if (under.checks === 'reached') await under.store.check()
        else await expect(under.store.check()).rejects.toMatchObject({ code: 'settings' })
      },
    )
  })
}
