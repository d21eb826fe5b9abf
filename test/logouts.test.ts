/** A logout logs out: nothing that the visitor's cookies opened, or may open for others, is left. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DjangoContext, ResponseChanges } from '../src/context.ts'
import type { Session } from '../src/session/session.ts'
import type { DjangoSettings } from '../src/settings/settings.ts'
import { loginValues, makeSite, SECRET_KEY, type Site } from './site.ts'

const SIGNED_COOKIES = { SESSION_ENGINE: 'django.contrib.sessions.backends.signed_cookies' }
const NAMES = { SESSION_COOKIE_NAME: 'new', SESSION_COOKIE_DOMAIN: '.shop.example', SESSION_COOKIE_PATH: '/shop' }

/** What a browser has after a response. */
function kept(cookies: Readonly<Record<string, string>>, changes: ResponseChanges): Record<string, string> {
  const left = { ...cookies }
  for (const { name, value } of changes.cookies) {
    if (value === '') delete left[name]
    else left[name] = value
  }
  return left
}

const header = (cookies: Readonly<Record<string, string>>): string =>
  Object.entries(cookies)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ')

async function flushed(django: DjangoContext, act?: (session: Session) => unknown, status = 200) {
  const session = await django.session()
  await session.flush()
  await act?.(session)
  return django.finish(status)
}

/** The cookie of a session that is stored, or holds itself. */
async function cookieOf(site: Site, values: Record<string, unknown>): Promise<string> {
  const django = site.open()
  ;(await django.session()).update(values)
  return (await django.finish(200)).cookies[0]?.value ?? ''
}

describe.each<[string, Partial<DjangoSettings>]>([
  ['stored sessions', {}],
  ['signed_cookies', SIGNED_COOKIES],
  ['stored sessions in a JWT', { DJANGO_SESSION_JWT: { FIELDS: [], EXPIRES: 3600 } }],
])('with options.readCookieNames and %s', (_, engine) => {
  let site: Site
  let cookies: Record<string, string>
  beforeEach(async () => {
    site = await makeSite({ ...engine, ...NAMES }, { options: { readCookieNames: ['old', 'oldest', 'new'] } })
    cookies = {}
    for (const name of ['oldest', 'old', 'new']) cookies[name] = await cookieOf(site, { ...loginValues(), name })
  })
  afterEach(() => site.close())

  test('S4: a flush ends the session of every cookie that would be read, and deletes each', async () => {
    const changes = await flushed(site.open(header(cookies)))
    expect(changes.cookies.map(({ header: line }) => line).sort()).toEqual(
      ['new', 'old', 'oldest'].map(
        (name) =>
          `${name}=""; Domain=.shop.example; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/shop; SameSite=Lax`,
      ),
    )
    expect(changes.cacheControl).toBe('private')
    expect(await site.open(header(kept(cookies, changes))).user()).toBeNull()
    expect(site.rows()).toEqual([])
  })

  test('S4: one that begins another session keeps only its cookie', async () => {
    const changes = await flushed(site.open(header(cookies)), (session) => session.set('mine', 1))
    const left = kept(cookies, changes)
    expect(Object.keys(left)).toEqual(['new'])
    expect(left.new).not.toBe(cookies.new)
    expect(site.rows()).toHaveLength('SESSION_ENGINE' in engine ? 0 : 1)
    const session = await site.open(header(left)).session()
    expect([session.get('mine'), session.has('_auth_user_id')]).toEqual([1, false])
  })

  test('S4: one in a response of 500 takes the cookies away as well, whatever was set after it', async () => {
    const changes = await flushed(site.open(header(cookies)), (session) => session.set('mine', 1), 500)
    expect(kept(cookies, changes)).toEqual({})
    expect(await site.open(header(kept(cookies, changes))).user()).toBeNull()
  })

  test('S16: a cookie that is not good ends nothing but itself', async () => {
    const [own, forged] = [{ new: cookies.new ?? '' }, { old: 'not a key of Django' }]
    const changes = await flushed(site.open(header({ ...own, ...forged })))
    expect(kept({ ...own, ...forged }, changes)).toEqual({})
    expect(await site.open(header({ old: cookies.old ?? '' })).user()).toMatchObject({ pk: '7' })
  })

  test('a request that flushes nothing touches no other cookie', async () => {
    const django = site.open(header(cookies))
    ;(await django.session()).set('a', 1)
    expect((await django.finish(200)).cookies.map(({ name }) => name)).toEqual(['new'])
    expect(await site.open(header({ old: cookies.old ?? '' })).user()).toMatchObject({ pk: '7' })
  })
})

test('a dead cookie of an older name is deleted by its own name', async () => {
  const site = await makeSite({ SESSION_COOKIE_NAME: 'new' }, { options: { readCookieNames: ['old'] } })
  for (const text of ['short', 'a'.repeat(32)]) {
    const django = site.open(`old=${text}`)
    await django.session()
    expect((await django.finish(200)).cookies).toMatchObject([{ name: 'old', value: '' }])
  }
  expect((await site.open('old=short').finish(200)).cookies).toMatchObject([{ name: 'old', value: '' }])
  await site.close()
})

describe('a flush', () => {
  let site: Site
  beforeEach(async () => {
    site = await makeSite()
  })
  afterEach(() => site.close())

  test.each<[string, Record<string, unknown>]>([
    ['does not match', { ...loginValues(), _auth_user_hash: 'f'.repeat(64) }],
    ['is missing', { ...loginValues(), _auth_user_hash: '' }],
  ])('S4: ends a session whose auth hash %s: whoever kept the cookie has nothing', async (_, values) => {
    const key = await site.store(values)
    const django = site.open(`sessionid=${key}`)
    expect(await django.user()).toBeNull()
    const changes = await flushed(django)
    expect([changes.cookies[0]?.value, site.rows()]).toEqual(['', []])
  })

  test('S4: ends it also when nobody waited for user()', async () => {
    const key = await site.store({ ...loginValues(), _auth_user_hash: 'f'.repeat(64) })
    const django = site.open(`sessionid=${key}`)
    const session = await django.session()
    const asking = django.user()
    const flushing = session.flush()
    await Promise.all([asking, flushing, django.finish(200)])
    expect(site.rows()).toEqual([])
  })

  test('S4: ends the key that was renewed before the auth hash failed', async () => {
    const key = await site.store({ ...loginValues(), _auth_user_hash: 'f'.repeat(64) })
    const django = site.open(`sessionid=${key}`)
    await (await django.session()).cycleKey()
    await django.user()
    const changes = await flushed(django)
    expect([changes.cookies[0]?.value, site.rows()]).toEqual(['', []])
  })

  test('S4: ends a renewed session, waited for or not', async () => {
    for (const waits of [true, false]) {
      const django = site.open(`sessionid=${await site.store(loginValues())}`)
      const cycling = (await django.session()).cycleKey()
      if (waits) await cycling
      const changes = await flushed(django)
      expect([changes.cookies[0]?.value, site.rows()]).toEqual(['', []])
    }
  })

  test('S4: ends what the cookie opened and what create() made of it', async () => {
    const django = site.open(`sessionid=${await site.store(loginValues())}`)
    await (await django.session()).create()
    expect(site.rows()).toHaveLength(2)
    const changes = await flushed(django)
    expect([changes.cookies[0]?.value, site.rows()]).toEqual(['', []])
  })

  test('S4: ends a session that cannot be read, which Django may open', async () => {
    const key = await site.store(loginValues())
    const wrong = await makeSite({ SECRET_KEY: `not ${SECRET_KEY}` })
    const [row] = site.rows()
    wrong.client
      .prepare('INSERT INTO django_session VALUES (?, ?, ?)')
      .run(key, row?.session_data ?? '', row?.expire_date ?? '')
    const changes = await flushed(wrong.open(`sessionid=${key}`))
    expect([changes.cookies[0]?.value, wrong.rows()]).toEqual(['', []])
    await wrong.close()
  })

  test('leaves a session that has expired to clearsessions', async () => {
    const key = await site.store({ _session_expiry: 10 })
    site.advance(11)
    await flushed(site.open(`sessionid=${key}`))
    expect(site.rows()).toHaveLength(1)
  })

  test('S4: after the response ends the rows of all cookies', async () => {
    const named = await makeSite({}, { options: { readCookieNames: ['old'] } })
    const cookies = { old: await named.store(loginValues()), sessionid: await named.store(loginValues()) }
    const django = named.open(header(cookies))
    const session = await django.session()
    await django.finish(200)
    await session.flush()
    expect(named.rows()).toEqual([])
    await named.close()
  })
})

test('S4: a flush of a session in its cookie takes the cookie away, whatever is set then and fails', async () => {
  const site = await makeSite(SIGNED_COOKIES)
  const django = site.open(`sessionid=${await cookieOf(site, loginValues())}`)
  const changes = await flushed(django, (session) => session.set('mine', 1), 500)
  expect(changes.cookies).toMatchObject([{ name: 'sessionid', value: '' }])
  await site.close()
})

describe('deleteStored', () => {
  test('S4: of a session in its cookie ends it, as in Django', async () => {
    const site = await makeSite(SIGNED_COOKIES)
    const cookie = await cookieOf(site, loginValues())
    const django = site.open(`sessionid=${cookie}`)
    const session = await django.session()
    await session.deleteStored()
    expect([...session.keys()]).toEqual([])
    expect((await django.finish(200)).cookies).toMatchObject([{ name: 'sessionid', value: '' }])
    await site.close()
  })

  test('of another key leaves the session in its cookie alone', async () => {
    const site = await makeSite(SIGNED_COOKIES)
    const django = site.open(`sessionid=${await cookieOf(site, { a: 1 })}`)
    const session = await django.session()
    await session.deleteStored('abcdefghijklmnopqrstuvwxyz012345')
    expect([...session.keys()]).toEqual(['a'])
    expect((await django.finish(200)).cookies).toEqual([])
    await site.close()
  })
})
