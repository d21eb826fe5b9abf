/** What a session is, and what becomes of its cookie, after each of the calls that end it, leave it or come too late. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loginValues, makeSite, type Site, sentCookie } from '../site.ts'

const OLD_KEY = 'the key before the present one, long enough'
const WRONG_HASH = { _auth_user_hash: 'f'.repeat(64) }

let site: Site
beforeEach(async () => {
  site = await makeSite({ SECRET_KEY_FALLBACKS: [OLD_KEY] })
})
afterEach(() => site.close())

async function opened(values: Record<string, unknown>) {
  const key = await site.store(values)
  const django = site.open(`sessionid=${key}`)
  return { key, django, session: await django.session() }
}

const rowKeys = (): string[] => site.rows().map((row) => row.session_key)

describe('after a flush', () => {
  test('the session is modified, empty and without a key, and a save stores nothing', async () => {
    const { django, session } = await opened({ a: 1 })
    await session.flush()
    expect([session.modified, session.isEmpty, session.sessionKey, session.size]).toEqual([true, true, null, 0])
    await session.save()
    await session.create()
    expect(sentCookie(await django.finish(200))).not.toBe('')
    expect(rowKeys()).toHaveLength(1)
  })

  test('a touch, a load and a renewal of nothing store nothing', async () => {
    const { django, session } = await opened({ a: 1 })
    await session.flush()
    expect(await session.load()).toEqual(new Map())
    session.modified = true
    expect(sentCookie(await django.finish(200))).toBe('')
    expect(rowKeys()).toEqual([])
  })

  test('of a session that nothing was stored of, the store is asked for nothing', async () => {
    const django = site.open()
    const session = await django.session()
    session.set('a', 1)
    await session.flush()
    expect(await django.finish(200)).toEqual({ cookies: [], vary: ['Cookie'] })
  })
})

describe('after a failed auth hash', () => {
  test('the renewed key stays the browser’s when a second login fails, too', async () => {
    const { key, django, session } = await opened({ ...loginValues(), ...WRONG_HASH })
    await session.cycleKey()
    const [renewed] = rowKeys()
    expect(await django.user()).toBeNull()
    session.update({ ...loginValues(), ...WRONG_HASH })
    expect(await django.user()).toBeNull()
    expect(sentCookie(await django.finish(200))).toBe(renewed)
    expect([rowKeys(), renewed === key]).toEqual([[renewed], false])
  })

  test('a second flush ends what was saved in between', async () => {
    const { django, session } = await opened({ ...loginValues(), ...WRONG_HASH })
    await site.store(loginValues())
    expect(await django.user()).toBeNull()
    session.set('a', 1)
    await session.save()
    expect(rowKeys()).toHaveLength(3)
    await session.flush()
    expect(sentCookie(await django.finish(200))).toBe('')
    expect(rowKeys()).toHaveLength(1)
  })
})

describe('after the response', () => {
  test('a login that a fallback key verifies only then gets no new key', async () => {
    const { key, django, session } = await opened(loginValues('7', OLD_KEY))
    session.set('a', 1)
    await session.save()
    const asking = django.user()
    await django.finish(200)
    expect(await asking).not.toBeNull()
    expect(rowKeys()).toHaveLength(1)
    session.set('b', 2)
    if (rowKeys()[0] === key) await expect(session.save()).rejects.toThrow(TypeError)
    else await session.save()
  })

  test('a save without a change renews the row, and never the key', async () => {
    const { key, django, session } = await opened({ a: 1 })
    await django.finish(200)
    site.advance(3600)
    await session.save()
    expect([rowKeys(), site.rows()[0]?.expire_date]).toEqual([[key], '2026-01-29 13:00:00'])
  })

  test('a save without a change of a session that is gone is interrupted', async () => {
    const { key, django, session } = await opened({ a: 1 })
    await django.finish(200)
    await (await site.open(`sessionid=${key}`).session()).flush()
    await expect(session.save()).rejects.toMatchObject({ code: 'session_interrupted' })
  })
})

describe('deleteStored', () => {
  test('of a session that this request wrote shows at its end', async () => {
    const { django, session } = await opened({ a: 1 })
    session.set('a', 2)
    await session.save()
    await session.deleteStored()
    await expect(django.finish(200)).rejects.toMatchObject({ code: 'session_interrupted' })
    expect(rowKeys()).toEqual([])
  })

  test('of a session that it only read shows nowhere, and its cookie stays', async () => {
    const { django, session } = await opened({ a: 1 })
    await session.deleteStored()
    expect((await django.finish(200)).cookies).toEqual([])
    expect(rowKeys()).toEqual([])
  })

  test('of another session leaves this one’s cookie as it is', async () => {
    const other = await site.store({ b: 1 })
    const { key, django, session } = await opened({ a: 1 })
    session.set('a', 2)
    await session.save()
    await session.deleteStored(other)
    expect(sentCookie(await django.finish(200))).toBe(key)
    expect(rowKeys()).toEqual([key])
  })

  test('of nothing does nothing', async () => {
    const django = site.open()
    await (await django.session()).deleteStored()
    expect((await django.finish(200)).cookies).toEqual([])
  })
})

describe('create and cycleKey', () => {
  test('create() stores what was read and what was set, and leaves the row', async () => {
    const { key, session } = await opened({ a: 1 })
    session.set('b', 2)
    await session.create()
    const made = session.sessionKey ?? ''
    expect(rowKeys()).toEqual([key, made].sort())
    expect(Object.fromEntries(await site.open(`sessionid=${made}`).session())).toEqual({ a: 1, b: 2 })
    expect(Object.fromEntries(await site.open(`sessionid=${key}`).session())).toEqual({ a: 1 })
  })

  test('cycleKey() of a session that was never stored stores it', async () => {
    const django = site.open()
    const session = await django.session()
    session.set('a', 1)
    await session.cycleKey()
    expect(sentCookie(await django.finish(200))).toBe(rowKeys()[0])
  })

  test('a renewal is one: the end of the request saves nothing again', async () => {
    const { django, session } = await opened(loginValues('7', OLD_KEY))
    expect(await django.user()).not.toBeNull()
    await session.cycleKey()
    const [renewed] = rowKeys()
    expect(session.modified).toBe(false)
    expect(sentCookie(await django.finish(200))).toBe(renewed)
    expect(rowKeys()).toEqual([renewed])
  })
})

test('modified = true lasts until a save, and that save writes', async () => {
  const { key, session } = await opened({ a: 1 })
  const [before] = site.rows()
  session.modified = true
  site.advance(3600)
  await session.save()
  // The expiry alone: what is stored is not written again.
  expect(site.rows()[0]?.session_data).toBe(before?.session_data)
  expect([session.modified, site.rows()[0]?.expire_date, rowKeys()]).toEqual([false, '2026-01-29 13:00:00', [key]])
})

test('clear() is saved once', async () => {
  const { django, session } = await opened({ a: 1 })
  session.clear()
  await session.save()
  expect(session.modified).toBe(false)
  session.set('b', 1)
  await site
    .open(`sessionid=${session.sessionKey}`)
    .session()
    .then((other) => other.set('theirs', 1).save())
  await django.finish(200)
  expect(Object.fromEntries(await site.open(`sessionid=${session.sessionKey}`).session())).toEqual({ b: 1, theirs: 1 })
})
