/** Requests whose session is in the cookie: every write sends another one, and nothing is stored. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createBridge } from '../src/bridge.ts'
import type { DjangoSettings } from '../src/settings/settings.ts'
import { loginValues, makeSite, SECRET_KEY, type Site, sentCookie } from './site.ts'

const ENGINE = 'django.contrib.sessions.backends.signed_cookies'
const FIELDS = [
  ['id', 'id', 'user_id'],
  ['username', 'u', 'username'],
]

async function inCookies(work: (site: Site) => Promise<void>, settings: Partial<DjangoSettings> = {}): Promise<void> {
  const site = await makeSite({ SESSION_ENGINE: ENGINE, ...settings })
  try {
    await work(site)
    expect(site.rows()).toEqual([])
  } finally {
    await site.close()
  }
}

/** The cookie of a session with these values. */
async function cookieOf(site: Site, values: Record<string, unknown>): Promise<string> {
  const django = site.open()
  ;(await django.session()).update(values)
  return `sessionid=${sentCookie(await django.finish(200))}`
}

describe('a session in the cookie', () => {
  test('goes on in the next request, whatever its length', () =>
    inCookies(async (site) => {
      const cookie = await cookieOf(site, { cart: ['pear'], noise: randomBytes(1000).toString('hex') })
      expect(cookie.length).toBeGreaterThan(1000)
      const django = site.open(cookie)
      expect((await django.session()).get('cart')).toEqual(['pear'])
      expect((await django.finish(200)).cookies).toEqual([])
      expect(site.reports).toEqual([])
    }))

  test('is sent once, as it was saved last', () =>
    inCookies(async (site) => {
      const django = site.open()
      const session = await django.session()
      session.set('a', 1)
      await session.save()
      session.set('b', 2)
      await session.save()
      session.set('c', 3)
      await session.cycleKey()
      const changes = await django.finish(200)
      expect(changes.cookies).toHaveLength(1)
      expect(sentCookie(changes)).toBe(session.sessionKey)
      const next = site.open(`sessionid=${sentCookie(changes)}`)
      expect(Object.fromEntries(await next.session())).toEqual({ a: 1, b: 2, c: 3 })
    }))

  test('cannot be saved when the response is on its way: no cookie would carry it', () =>
    inCookies(async (site) => {
      const django = site.open(await cookieOf(site, { a: 1 }))
      const session = await django.session()
      await django.finish(200)
      session.set('b', 2)
      await expect(session.save()).rejects.toThrow(TypeError)
    }))

  test('is sent anew with every request where SESSION_SAVE_EVERY_REQUEST says so', () =>
    inCookies(
      async (site) => {
        const cookie = await cookieOf(site, { a: 1 })
        site.advance(60)
        const sent = sentCookie(await site.open(cookie).finish(200))
        expect(`sessionid=${sent}`).not.toBe(cookie)
        expect((await site.open(`sessionid=${sent}`).session()).get('a')).toBe(1)
      },
      { SESSION_SAVE_EVERY_REQUEST: true },
    ))

  test('S5, S8: logs in whom its auth hash names, and nobody else', () =>
    inCookies(async (site) => {
      const cookie = await cookieOf(site, loginValues())
      expect(await site.open(cookie).user()).toMatchObject({ username: 'ada' })
      expect(await site.open(await cookieOf(site, { _auth_user_id: '7' })).user()).toBeNull()
      const other = await cookieOf(site, loginValues('7', 'another key of the site'))
      expect(await site.open(other).user()).toBeNull()
    }))

  test('S4: ends for the browser with a flush, which deletes the cookie', () =>
    inCookies(async (site) => {
      const cookie = await cookieOf(site, loginValues())
      const django = site.open(cookie)
      await (await django.session()).flush()
      expect(sentCookie(await django.finish(200))).toBe('')
      expect(await site.open(cookie).user()).not.toBeNull()
    }))

  test('ends with the cookie, which a response must still be there to take away', () =>
    inCookies(async (site) => {
      const cookie = await cookieOf(site, { ...loginValues(), a: 1 })
      for (let turns = 0; turns < 30; turns++) {
        const django = site.open(cookie)
        const session = await django.session()
        const finishing = django.finish(200)
        for (let turn = 0; turn < turns; turn++) await null
        const outcome = await session.flush().catch((error: unknown) => error)
        const { cookies } = await finishing
        if (outcome === undefined) expect(cookies[0]?.header).toMatch(/^sessionid=""; expires=Thu, 01 Jan 1970/)
        else expect([outcome instanceof TypeError, cookies]).toEqual([true, []])
      }
      const django = site.open(cookie)
      const session = await django.session()
      await django.user()
      const finishing = django.finish(200)
      if ((await django.user()) !== null) await session.flush()
      expect(sentCookie(await finishing)).toBe('')
    }))

  test('S35: needs no database, and none that is down', async () => {
    const bridge = createBridge({ SECRET_KEY, DEBUG: true, SESSION_ENGINE: ENGINE })
    const django = bridge.open({ method: 'GET', url: '/', headers: {}, secure: false })
    ;(await django.session()).set('a', 1)
    expect((await django.finish(200)).cookies[0]?.value).toMatch(/^eyJhIjoxfQ:/)
    await bridge.check()
    await bridge.close()
  })

  test('S40: that is tampered with is reported and stays, and a write takes its place once another could be read', () =>
    inCookies(async (site) => {
      const other = await makeSite({ SESSION_ENGINE: ENGINE })
      const good = await cookieOf(other, { c: 3 })
      await other.close()
      const cookie = `${await cookieOf(site, { a: 1 })}x`
      const reading = site.open(cookie)
      expect((await reading.session()).size).toBe(0)
      expect((await reading.finish(200)).cookies).toEqual([])
      await site.open(good).session()
      const writing = site.open(cookie)
      ;(await writing.session()).set('b', 2)
      const sent = sentCookie(await writing.finish(200))
      expect(Object.fromEntries(await site.open(`sessionid=${sent}`).session())).toEqual({ b: 2 })
      expect(site.reports.map(({ code }) => code)).toEqual(['session_data_corrupted', 'session_data_corrupted'])
    }))

  test('S28: of more signs than a cookie has, or of others, is refused unopened', () =>
    inCookies(async (site) => {
      for (const text of ['x'.repeat(4097), 'abcdefgh\u00e9', 'abcd efgh']) {
        const django = site.open(`sessionid=${text}`)
        expect((await django.session()).size).toBe(0)
      }
      expect(site.reports.map(({ code }) => code)).toEqual(Array(3).fill('malformed_session_key'))
    }))
})

describe('a session in a token', () => {
  const jwt = { DJANGO_SESSION_JWT: { FIELDS, EXPIRES: 3600 } }

  test('goes on in the next request, with the claims of its user', () =>
    inCookies(async (site) => {
      const cookie = await cookieOf(site, { ...loginValues(), cart: ['pear'] })
      const django = site.open(cookie)
      expect(await django.user()).toMatchObject({ username: 'ada' })
      expect(django.claims).toMatchObject({ user_id: 7, username: 'ada' })
      expect((await django.session()).get('cart')).toEqual(['pear'])
    }, jwt))

  test('S11: of which the token would be over 4096 bytes is an error before anything is sent', () =>
    inCookies(async (site) => {
      const django = site.open()
      // The session alone would fit.
      ;(await django.session()).set('noise', randomBytes(2200).toString('hex'))
      await expect(django.finish(200)).rejects.toMatchObject({ code: 'cookie_too_large' })
    }, jwt))

  test('needs a key that can sign: without a private one the settings are refused', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const KEY = [null, publicKey.export({ type: 'spki', format: 'pem' }).toString()] as const
    const settings = { SECRET_KEY, DEBUG: true, SESSION_ENGINE: ENGINE, DJANGO_SESSION_JWT: { KEY, EXPIRES: 60 } }
    expect(() => createBridge(settings)).toThrow(/no private key, which SESSION_ENGINE signed_cookies needs/)
  })
})
