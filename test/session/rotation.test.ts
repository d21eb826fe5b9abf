/** Requests at once on a session whose login a fallback key verified: where each of them goes on. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DjangoContext } from '../../src/context.ts'
import { SessionInterrupted } from '../../src/errors.ts'
import { SessionSaving } from '../../src/session/saving.ts'
import { rotatedSessionKey } from '../../src/stores/session-key.ts'
import type { SessionStore } from '../../src/stores/store.ts'
import { sqliteFixture } from '../contracts/database-fixtures.ts'
import { storeOn } from '../contracts/db-store.ts'
import { setting } from '../contracts/session-store.ts'
import { loginValues, makeSite, SECRET_KEY, type Site, sentCookie } from '../site.ts'

const NEW_KEY = 'the new secret of the site, long enough'

let site: Site
beforeEach(async () => {
  site = await makeSite({ SECRET_KEY: NEW_KEY, SECRET_KEY_FALLBACKS: [SECRET_KEY] })
})
afterEach(() => site.close())

/** Requests on one session, each verified, and none at its end. */
async function opened(count: number, values: Record<string, unknown> = {}) {
  const key = await site.store({ ...loginValues(), ...values })
  const requests = Array.from({ length: count }, () => site.open(`sessionid=${key}`))
  for (const request of requests) expect(await request.user()).toMatchObject({ pk: '7' })
  return { key, requests }
}

async function set(request: DjangoContext | undefined, name: string, value: unknown = 1): Promise<DjangoContext> {
  if (request === undefined) throw new Error('there is no such request')
  ;(await request.session()).set(name, value)
  return request
}

async function valuesOf(key: string | null): Promise<Record<string, unknown>> {
  return Object.fromEntries(await site.open(`sessionid=${key}`).session())
}

const keys = (): string[] => site.rows().map((row) => row.session_key)

describe('requests at once whose login a fallback key verified', () => {
  test('all end in the one session that the first made, with what each of them saved', async () => {
    const { key, requests } = await opened(4, { cart: ['pear'] })
    for (const [index, request] of requests.entries()) if (index < 3) await set(request, `visit ${index}`)
    const sent = await Promise.all(requests.map(async (request) => sentCookie(await request.finish(200))))
    expect(new Set(sent).size).toBe(1)
    expect(keys()).toEqual([sent[0]])
    expect(sent[0]).not.toBe(key)
    const login = loginValues('7', NEW_KEY)
    expect(await valuesOf(sent[0] ?? null)).toEqual({
      ...login,
      cart: ['pear'],
      'visit 0': 1,
      'visit 1': 1,
      'visit 2': 1,
    })
    expect(await site.open(`sessionid=${sent[0]}`).user()).toMatchObject({ pk: '7' })
  })

  test('one that began before and ends long after goes on there too', async () => {
    const { requests } = await opened(2)
    const first = sentCookie(await (await set(requests[0], 'a')).finish(200))
    await (await set(site.open(`sessionid=${first}`), 'b')).finish(200)
    expect(sentCookie(await (await set(requests[1], 'c')).finish(200))).toBe(first)
    expect(await valuesOf(first)).toMatchObject({ a: 1, b: 1, c: 1 })
  })

  test.each(['save', 'cycleKey'] as const)('one whose handler calls %s() itself goes on there too', async (call) => {
    const { requests } = await opened(2)
    const first = sentCookie(await (await set(requests[0], 'a')).finish(200))
    const second = await set(requests[1], 'b')
    await (await second.session())[call]()
    expect(sentCookie(await second.finish(200))).toBe(first)
    expect(await valuesOf(first)).toMatchObject({ a: 1, b: 1 })
  })

  test('values that one of them removed stay removed, and what clear() ends is ended', async () => {
    const { requests } = await opened(2, { cart: ['pear'], old: 1 })
    const session = await (await set(requests[1], 'b')).session()
    session.delete('old')
    const first = sentCookie(await (await set(requests[0], 'a')).finish(200))
    await requests[1]?.finish(200)
    expect(Object.keys(await valuesOf(first)).sort()).toEqual([...Object.keys(loginValues()), 'a', 'b', 'cart'].sort())
  })

  test('S36: the second is interrupted when the visitor has logged out of the session that the first made', async () => {
    const { requests } = await opened(2)
    const first = sentCookie(await (await set(requests[0], 'a')).finish(200))
    await (await site.open(`sessionid=${first}`).session()).flush()
    await expect((await set(requests[1], 'b')).finish(200)).rejects.toThrow(SessionInterrupted)
    expect(keys()).toEqual([])
  })

  test('S36: a logout before either of them ends brings nothing back', async () => {
    const { key, requests } = await opened(2)
    await (await site.open(`sessionid=${key}`).session()).flush()
    expect((await requests[0]?.finish(200))?.cookies).toEqual([])
    await expect((await set(requests[1], 'b')).finish(200)).rejects.toThrow(SessionInterrupted)
    expect(keys()).toEqual([])
  })

  test('S36: one that has cleared the session is interrupted when the visitor has logged out', async () => {
    const { key, requests } = await opened(1)
    ;(await requests[0]?.session())?.clear()
    await (await site.open(`sessionid=${key}`).session()).flush()
    await expect(requests[0]?.finish(200)).rejects.toThrow(SessionInterrupted)
  })

  test('a rotation that is found due while a save is under way comes with the next save', async () => {
    const under = storeOn(await sqliteFixture())
    const [begun, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const slow: SessionStore = {
      ...under.store,
      async save(...call) {
        begun.resolve()
        await goOn.promise
        return under.store.save(...call)
      },
    }
    const saving = new SessionSaving({ store: slow, stored: await under.store.create(setting({ a: 1 })) })
    const { key = '' } = saving.stored ?? {}
    saving.changes.set('b', 2)
    const first = saving.save()
    await begun.promise
    saving.rotate('the new hash')
    goOn.resolve()
    await first
    expect(saving.stored?.key).toBe(key)
    await saving.save()
    expect(saving.stored?.key).not.toBe(key)
    await under.close()
  })

  test.each<[string, Record<string, unknown>]>([
    ['somebody else is logged in', loginValues('8', NEW_KEY)],
    ['the password has changed', { ...loginValues('7', NEW_KEY), _auth_user_hash: 'f'.repeat(64) }],
    ['another backend was used', { ...loginValues('7', NEW_KEY), _auth_user_backend: 'shop.auth.Backend' }],
  ])('S2: the second does not join a session to which %s by then', async (_, login) => {
    const { requests } = await opened(2)
    const first = sentCookie(await (await set(requests[0], 'a')).finish(200))
    const other = site.open(`sessionid=${first}`)
    ;(await other.session()).update(login)
    await other.finish(200)
    const before = site.rows()
    await expect((await set(requests[1], 'b')).finish(200)).rejects.toThrow(SessionInterrupted)
    expect(site.rows()).toEqual(before)
  })

  test('one that saves nothing of its own leaves what the first wrote as it is', async () => {
    const { requests } = await opened(2)
    await (await set(requests[0], 'a')).finish(200)
    const before = site.rows()
    site.advance(60)
    expect(sentCookie((await requests[1]?.finish(200)) as never)).toBe(before[0]?.session_key)
    expect(site.rows()).toEqual(before)
  })

  test('a session that was brought back under its old key gets a random one, and ends no other', async () => {
    const { key, requests } = await opened(1)
    const [row] = site.rows()
    const first = sentCookie(await (await set(requests[0], 'a')).finish(200))
    site.client
      .prepare('INSERT INTO django_session VALUES (?, ?, ?)')
      .run(key, row?.session_data ?? '', row?.expire_date ?? '')
    const again = site.open(`sessionid=${key}`)
    await again.user()
    const second = sentCookie(await again.finish(200))
    expect(keys()).toEqual([first, second].sort())
  })
})

describe('the key that a session moves to', () => {
  test('S1: is random where a handler asks for another, with a login or without', async () => {
    for (const values of [{ a: 1 }, loginValues('7', NEW_KEY)]) {
      const key = await site.store(values)
      const django = site.open(`sessionid=${key}`)
      await django.user()
      await (await django.session()).cycleKey()
      const sent = sentCookie(await django.finish(200))
      expect(sent).not.toBe(rotatedSessionKey(key, NEW_KEY))
    }
  })

  test('is no other’s once it was given: what is saved later in the request keeps it', async () => {
    const { requests } = await opened(1)
    const django = await set(requests[0], 'a')
    const session = await django.session()
    await session.save()
    const given = session.sessionKey
    expect(await django.user()).toMatchObject({ pk: '7' })
    expect(session.modified).toBe(false)
    session.set('b', 1)
    expect([sentCookie(await django.finish(200)), keys()]).toEqual([given, [given]])
  })

  test('S1: looks like any other, and cannot be told without SECRET_KEY', () => {
    const key = 'abcdefghijklmnopqrstuvwxyz012345'
    const made = Array.from({ length: 2000 }, (_, index) => rotatedSessionKey(key, `secret ${index}`))
    expect(new Set(made).size).toBe(2000)
    for (const one of made) expect(one).toMatch(/^[a-z0-9]{32}$/)
    const counts = new Map<string, number>()
    for (const sign of made.join('')) counts.set(sign, (counts.get(sign) ?? 0) + 1)
    const expected = (2000 * 32) / 36
    const chiSquare = Array.from(counts.values()).reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    expect([counts.size, chiSquare < 80]).toEqual([36, true])
  })

  test('is the same for everybody who has SECRET_KEY, as text or bytes, and another for every old key', () => {
    const key = 'abcdefghijklmnopqrstuvwxyz012345'
    expect(rotatedSessionKey(key, 'é secret')).toBe(rotatedSessionKey(key, Buffer.from('é secret')))
    expect(rotatedSessionKey(`${key}6`, 'é secret')).not.toBe(rotatedSessionKey(key, 'é secret'))
  })

  test('S2: opens nothing for whoever has the old one alone', async () => {
    const { key, requests } = await opened(1)
    const sent = sentCookie((await requests[0]?.finish(200)) as never)
    expect(sent).toBe(rotatedSessionKey(key, NEW_KEY))
    expect(await site.open(`sessionid=${key}`).user()).toBeNull()
  })
})
