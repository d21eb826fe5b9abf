/** Who `django.user()` is, and what a login that fails or rotates does to the session. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loginValues, makeSite, SECRET_KEY, type Site, sentCookie } from './site.ts'

let site: Site
beforeEach(async () => {
  site = await makeSite()
})
afterEach(() => site.close())

describe('the user', () => {
  test('is known when the session’s auth hash is the one of the user’s row', async () => {
    const key = await site.store(loginValues())
    const user = await site.open(`sessionid=${key}`).user()
    expect(user).toMatchObject({ pk: '7', id: 7, username: 'ada', is_active: true, is_staff: true })
    expect(user?.date_joined).toEqual(new Date('2026-01-01T00:00:00Z'))
    expect(user).not.toHaveProperty('password')
  })

  test.each([
    ['no login', {}, 'not_logged_in'],
    ['a basket and messages', { cart: ['pear'], _messages: '[]', 'otp-pending': 7 }, 'not_logged_in'],
    ['an id without a backend', { _auth_user_id: '7' }, 'not_logged_in'],
    ['an id that is a list', { ...loginValues(), _auth_user_id: ['7'] }, 'malformed_login'],
    ['an id that is None', { ...loginValues(), _auth_user_id: null }, 'unknown_user'],
    ['a backend that is a number', { ...loginValues(), _auth_user_backend: 7 }, 'malformed_login'],
    [
      'a backend that is not among the settings',
      { ...loginValues(), _auth_user_backend: 'evil.Backend' },
      'backend_not_allowed',
    ],
    ['a user who is gone', loginValues('99'), 'unknown_user'],
    ['an id that only resembles one', loginValues('7.0'), 'malformed_login'],
    ['an inactive user', loginValues('8'), 'inactive_user'],
    ['no hash', { ...loginValues(), _auth_user_hash: undefined }, 'auth_hash_missing'],
    ['an empty hash', { ...loginValues(), _auth_user_hash: '' }, 'auth_hash_missing'],
    ['a hash that is a number', { ...loginValues(), _auth_user_hash: 5 }, 'auth_hash_missing'],
    ['the hash of another password', { ...loginValues(), _auth_user_hash: 'f'.repeat(64) }, 'auth_hash_mismatch'],
    [
      'the hash in capitals',
      { ...loginValues(), _auth_user_hash: String(loginValues()._auth_user_hash).toUpperCase() },
      'auth_hash_mismatch',
    ],
  ])('S8, S28: %s is anonymous', async (_, values, reason) => {
    const stored = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
    const key = await site.store({ marker: 1, ...stored })
    expect(await site.open(`sessionid=${key}`).auth()).toEqual({ status: 'anonymous', reason })
  })

  test('S5: a disabled user and a changed password end every session at once', async () => {
    const key = await site.store(loginValues())
    site.client.exec('UPDATE auth_user SET is_active = 0 WHERE id = 7')
    expect(await site.open(`sessionid=${key}`).user()).toBeNull()
    site.client.exec("UPDATE auth_user SET is_active = 1, password = 'pbkdf2_sha256$other' WHERE id = 7")
    expect(await site.open(`sessionid=${key}`).user()).toBeNull()
  })

  test('S5: a login whose hash fails becomes an empty session; row and cookie are left to Django', async () => {
    const key = await site.store({ ...loginValues(), _auth_user_hash: 'f'.repeat(64), secret: 1 })
    const before = site.rows()
    const django = site.open(`sessionid=${key}`)
    const session = await django.session()
    session.set('mine', 1)
    expect(await django.user()).toBeNull()
    expect([...session.keys()]).toEqual([])
    expect((await django.finish(200)).cookies).toEqual([])
    expect(site.rows()).toEqual(before)
    expect(site.reports.map((report) => report.code)).toEqual(['auth_hash_mismatch'])

    await site.store(loginValues())
    const writing = site.open(`sessionid=${key}`)
    await writing.user()
    ;(await writing.session()).set('fresh', 1)
    const sent = sentCookie(await writing.finish(200))
    expect(sent).not.toBe(key)
    expect(site.rows()).toHaveLength(3)
  })

  test('S5: one whose key was renewed before goes on under the new key, which the browser gets', async () => {
    for (const waits of [true, false]) {
      const key = await site.store({ ...loginValues(), _auth_user_hash: 'another' })
      const django = site.open(`sessionid=${key}`)
      const cycling = (await django.session()).cycleKey()
      if (waits) await cycling
      expect(await django.user()).toBeNull()
      const sent = sentCookie(await django.finish(200))
      expect(sent).not.toBe(key)
      expect((await site.open(`sessionid=${sent}`).session()).get('_auth_user_hash')).toBe('another')
    }
  })

  test('a hook may veto, and the session stays', async () => {
    const strict = await makeSite(
      {},
      { hooks: { veto: (user, session) => user.username === 'ada' && session.has('marker') } },
    )
    const key = await strict.store({ ...loginValues(), marker: 1 })
    expect(await strict.open(`sessionid=${key}`).auth()).toEqual({ status: 'anonymous', reason: 'vetoed' })
    expect(strict.rows()).toHaveLength(1)
    await strict.close()
  })
})

describe('a login under a fallback key', () => {
  let rotating: Site
  beforeEach(async () => {
    rotating = await makeSite({
      SECRET_KEY: 'the new secret of the site, long enough',
      SECRET_KEY_FALLBACKS: [SECRET_KEY],
    })
  })
  afterEach(() => rotating.close())

  test('S5: is accepted, gets a new key and the new hash with the response', async () => {
    const key = await rotating.store({ ...loginValues(), cart: ['pear'] })
    const django = rotating.open(`sessionid=${key}`)
    expect(await django.user()).toMatchObject({ username: 'ada' })
    expect(rotating.rows().map((row) => row.session_key)).toEqual([key])
    const sent = sentCookie(await django.finish(200))
    expect(sent).not.toBe(key)
    expect(rotating.rows().map((row) => row.session_key)).toEqual([sent])
    const values = Object.fromEntries(await (await rotating.open(`sessionid=${sent}`).session()).load())
    expect(values).toEqual({ ...loginValues('7', 'the new secret of the site, long enough'), cart: ['pear'] })
  })

  test('ends its old key also when the handler stores the session under another one itself', async () => {
    const key = await rotating.store({ ...loginValues(), cart: ['pear'] })
    const django = rotating.open(`sessionid=${key}`)
    await django.user()
    const session = await django.session()
    await session.create()
    const sent = sentCookie(await django.finish(200))
    expect(sent).toBe(session.sessionKey)
    const keys = rotating.rows().map((row) => row.session_key)
    expect(keys).toContain(sent)
    expect(keys).not.toContain(key)
  })

  test('is not rotated by a response of 500', async () => {
    const key = await rotating.store(loginValues())
    const django = rotating.open(`sessionid=${key}`)
    expect(await django.user()).not.toBeNull()
    expect(sentCookie(await django.finish(500))).toBeNull()
    expect(rotating.rows().map((row) => row.session_key)).toEqual([key])
  })

  test('of two requests at once, one rotates, and both go on in the session that it made', async () => {
    const key = await rotating.store(loginValues())
    const requests = [rotating.open(`sessionid=${key}`), rotating.open(`sessionid=${key}`)]
    for (const django of requests) expect(await django.user()).not.toBeNull()
    const sent = await Promise.all(requests.map(async (django) => sentCookie(await django.finish(200))))
    expect(sent[0]).not.toBeNull()
    expect(sent[1]).toBe(sent[0])
    expect(rotating.rows()).toHaveLength(1)
  })
})
