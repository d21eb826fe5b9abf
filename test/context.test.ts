import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SessionInterrupted, StoreUnavailable } from '../src/errors.ts'
import { loginValues, makeSite, type Site, sentCookie } from './site.ts'

const DELETION = 'sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax'

let site: Site
beforeEach(async () => {
  site = await makeSite()
})
afterEach(() => site.close())

describe('a request without a session cookie', () => {
  test('that touches nothing sends nothing, varies on nothing and reports nothing', async () => {
    expect(await site.open().finish(200)).toEqual({ cookies: [], vary: [] })
    expect(site.reports).toEqual([])
  })

  test('that reads has an empty session, and stores none', async () => {
    const django = site.open()
    const session = await django.session()
    expect([session.isEmpty, session.sessionKey, session.get('cart'), await django.user()]).toEqual([
      true,
      null,
      undefined,
      null,
    ])
    expect(await django.finish(200)).toEqual({ cookies: [], vary: ['Cookie'] })
    expect(site.rows()).toEqual([])
  })

  test('that sets a value stores a session and sends its cookie as Django spells it', async () => {
    const django = site.open()
    const session = await django.session()
    session.set('cart', ['pear'])
    const changes = await django.finish(200)
    expect(changes.cookies[0]?.header).toBe(
      `sessionid=${session.sessionKey}; expires=Thu, 29 Jan 2026 12:00:00 GMT; HttpOnly; Max-Age=1209600; Path=/; SameSite=Lax`,
    )
    expect([changes.vary, changes.cacheControl]).toEqual([['Cookie'], 'private'])
    expect(site.rows().map((row) => row.session_key)).toEqual([session.sessionKey])
  })

  test('that sets and takes back again stores nothing', async () => {
    const django = site.open()
    const session = await django.session()
    session.set('a', 1)
    session.delete('a')
    expect(sentCookie(await django.finish(200))).toBeNull()
    expect(site.rows()).toEqual([])
  })
})

describe('a request with the cookie of a session', () => {
  test('that only reads writes nothing and sends nothing', async () => {
    const key = await site.store({ cart: ['pear'] })
    const before = site.rows()
    site.advance(60)
    const django = site.open(`sessionid=${key}`)
    expect((await django.session()).get('cart')).toEqual(['pear'])
    expect(await django.finish(200)).toEqual({ cookies: [], vary: ['Cookie'] })
    expect(site.rows()).toEqual(before)
  })

  test('that touches nothing makes no store call', async () => {
    const key = await site.store({ a: 1 })
    site.client.exec('ALTER TABLE django_session RENAME TO elsewhere')
    expect(await site.open(`sessionid=${key}`).finish(200)).toEqual({ cookies: [], vary: [] })
  })

  test('that changes a value inside another saves it', async () => {
    const key = await site.store({ cart: { pear: 1 } })
    const django = site.open(`sessionid=${key}`)
    const cart = (await django.session()).get('cart') as Record<string, number>
    cart.pear = 2
    expect((await django.session()).modified).toBe(true)
    expect(sentCookie(await django.finish(200))).toBe(key)
    expect((await (await site.open(`sessionid=${key}`).session()).load()).get('cart')).toEqual({ pear: 2 })
  })

  test('that empties it keeps the row and renews the cookie', async () => {
    const key = await site.store({ a: 1 })
    const django = site.open(`sessionid=${key}`)
    ;(await django.session()).clear()
    expect(sentCookie(await django.finish(200))).toBe(key)
    expect(site.rows()).toHaveLength(1)
  })

  test('S4: that flushes ends the row and the cookie, also when it answers 500', async () => {
    for (const status of [200, 500]) {
      const key = await site.store({ a: 1 })
      const django = site.open(`sessionid=${key}`)
      await (await django.session()).flush()
      expect((await django.finish(status)).cookies.map((cookie) => cookie.header)).toEqual([DELETION])
      expect(site.rows()).toEqual([])
    }
  })

  test('that flushes and sets goes on under a new key', async () => {
    const key = await site.store({ a: 1 })
    const django = site.open(`sessionid=${key}`)
    const session = await django.session()
    await session.flush()
    session.set('b', 2)
    const sent = sentCookie(await django.finish(200))
    expect(sent).not.toBe(key)
    expect(site.rows().map((row) => row.session_key)).toEqual([sent])
  })

  test('that answers 500 saves nothing, but sends the cookie of what the handler saved itself', async () => {
    const key = await site.store({ a: 1 })
    const before = site.rows()
    const lost = site.open(`sessionid=${key}`)
    ;(await lost.session()).set('a', 2)
    expect(sentCookie(await lost.finish(500))).toBeNull()
    expect(site.rows()).toEqual(before)

    const cycled = site.open(`sessionid=${key}`)
    await (await cycled.session()).cycleKey()
    expect(sentCookie(await cycled.finish(500))).toBe(site.rows()[0]?.session_key)
  })

  test('S2: that cycles the key carries the data over and ends the old key', async () => {
    const key = await site.store({ a: 1 })
    const django = site.open(`sessionid=${key}`)
    const session = await django.session()
    session.set('b', 2)
    await session.cycleKey()
    const sent = sentCookie(await django.finish(200))
    expect(sent).toBe(session.sessionKey)
    expect(site.rows().map((row) => row.session_key)).toEqual([sent])
    expect([...(await session.load())]).toEqual([
      ['a', 1],
      ['b', 2],
    ])
  })

  test('is merged with what another request saved meanwhile', async () => {
    const key = await site.store({ cart: ['pear'], theirs: 0 })
    const slow = site.open(`sessionid=${key}`)
    const slowSession = await slow.session()
    slowSession.transform('cart', (cart) => [...((cart as string[]) ?? []), 'plum'])
    const quick = site.open(`sessionid=${key}`)
    const quickSession = await quick.session()
    quickSession.set('theirs', 1)
    quickSession.transform('cart', (cart) => [...((cart as string[]) ?? []), 'fig'])
    await quick.finish(200)
    await slow.finish(200)
    expect(Object.fromEntries(await slowSession.load())).toEqual({ cart: ['pear', 'fig', 'plum'], theirs: 1 })
  })

  test('S36: whose session was logged out meanwhile is interrupted and brings nothing back', async () => {
    const key = await site.store({ a: 1 })
    const django = site.open(`sessionid=${key}`)
    ;(await django.session()).set('a', 2)
    await (await site.open(`sessionid=${key}`).session()).flush()
    await expect(django.finish(200)).rejects.toThrow(SessionInterrupted)
    expect(site.rows()).toEqual([])
  })

  test('renews row and cookie when modified is set by hand', async () => {
    const key = await site.store({ a: 1 })
    site.advance(3600)
    const touched = site.open(`sessionid=${key}`)
    ;(await touched.session()).modified = true
    expect(sentCookie(await touched.finish(200))).toBe(key)
    expect(site.rows()[0]?.expire_date).toBe('2026-01-29 13:00:00')
  })

  test('whose expiry is the end of the browser gets a cookie without one and a row with one', async () => {
    const django = site.open()
    const session = await django.session()
    session.set('a', 1)
    session.setExpiry(0)
    const { cookies } = await django.finish(200)
    expect(cookies[0]?.header).toBe(`sessionid=${session.sessionKey}; HttpOnly; Path=/; SameSite=Lax`)
    expect(site.rows()[0]?.expire_date).toBe('2026-01-29 12:00:00')
  })
})

describe('a cookie that opens nothing', () => {
  const unknown = 'a'.repeat(32)

  test('S3: an unknown key is never adopted', async () => {
    const django = site.open(`sessionid=${unknown}`)
    const session = await django.session()
    session.set('a', 1)
    const sent = sentCookie(await django.finish(200))
    expect(sent).not.toBe(unknown)
    expect(site.rows().map((row) => row.session_key)).toEqual([sent])
    expect(site.reports.map((report) => report.code)).toEqual(['unknown_session'])
  })

  test('is deleted once it was looked up, and kept while nothing was touched', async () => {
    const read = site.open(`sessionid=${unknown}`)
    await read.session()
    expect((await read.finish(200)).cookies.map((cookie) => cookie.header)).toEqual([DELETION])
    expect((await site.open(`sessionid=${unknown}`).finish(200)).cookies).toEqual([])
  })

  test.each(['', '""', 'short', '"short"'])('an empty or short cookie (%j) is deleted even untouched', async (text) => {
    const changes = await site.open(`sessionid=${text}`).finish(200)
    expect(changes.cookies.map((cookie) => cookie.header)).toEqual([DELETION])
    expect(changes.vary).toEqual(['Cookie'])
    expect(site.reports.map((report) => report.code)).toEqual(['short_session_key'])
  })

  test.each([
    ['100 kB', 'x'.repeat(100_000)],
    ['not ASCII', Buffer.from('ключ-сессии-сайта').toString('latin1')],
    ['a NUL', 'abcdefgh\0abcdefgh'],
    ['a space inside', 'abcdefgh abcdefgh'],
  ])('of %s is anonymous, reported once, kept, and asks no store', async (_, text) => {
    site.client.exec('ALTER TABLE django_session RENAME TO elsewhere')
    const django = site.open(`sessionid=${text}`)
    expect(await django.user()).toBeNull()
    expect((await django.finish(200)).cookies).toEqual([])
    expect(site.reports.map((report) => report.code)).toEqual(['malformed_session_key'])
  })

  test('S6: an expired session is anonymous and reported; its row stays', async () => {
    const key = await site.store({ _session_expiry: 10, a: 1 })
    site.advance(11)
    const django = site.open(`sessionid=${key}`)
    expect((await django.session()).isEmpty).toBe(true)
    expect(sentCookie(await django.finish(200))).toBe('')
    expect(site.reports.map((report) => report.code)).toEqual(['expired_session'])
    expect(site.rows()).toHaveLength(1)
  })

  test('S40: a row with a bad signature is reported once, left as it is, and its cookie too', async () => {
    const key = await site.store({ a: 1 })
    site.client.exec("UPDATE django_session SET session_data = session_data || 'x'")
    const before = site.rows()
    const django = site.open(`sessionid=${key}`)
    expect((await django.session()).isEmpty).toBe(true)
    expect(await django.user()).toBeNull()
    expect((await django.finish(200)).cookies).toEqual([])
    expect(site.reports.map((report) => report.code)).toEqual(['session_data_corrupted'])
    expect(site.rows()).toEqual(before)
  })

  test('a write beside an unreadable row goes to a new key where another row can be read, a flush ends the row', async () => {
    const key = await site.store({ a: 1 })
    site.client.exec("UPDATE django_session SET session_data = session_data || 'x'")
    const good = await site.store({ c: 3 })
    const writing = site.open(`sessionid=${key}`)
    ;(await writing.session()).set('b', 2)
    const sent = sentCookie(await writing.finish(200))
    expect(
      site
        .rows()
        .map((row) => row.session_key)
        .sort(),
    ).toEqual([key, sent, good].sort())

    const flushing = site.open(`sessionid=${key}`)
    await (await flushing.session()).flush()
    expect(sentCookie(await flushing.finish(200))).toBe('')
    expect(site.rows().map((row) => row.session_key)).not.toContain(key)
    expect(site.rows()).toHaveLength(2)
  })

  test('S15: a key in the URL or another header opens nothing', async () => {
    const key = await site.store(loginValues())
    const django = site.open(undefined, {
      url: `/?sessionid=${key}`,
      headers: { sessionid: key, 'x-sessionid': key, authorization: `Bearer ${key}` },
    })
    expect(await django.user()).toBeNull()
    expect(site.reports).toEqual([])
  })

  test('S13: of duplicated cookies the one counts that Django takes, the last', async () => {
    const ada = await site.store(loginValues('7'))
    const other = await site.store({ a: 1 })
    expect(await site.open(`sessionid=${ada}; sessionid=${other}`).user()).toBeNull()
    expect(await site.open(`sessionid=${other}; sessionid="${ada}"`).user()).toMatchObject({ username: 'ada' })
  })
})

describe('S35: a store that is down', () => {
  test('is an error of the first call, and no cookie is sent or deleted when the handler copes', async () => {
    const key = await site.store({ a: 1 })
    site.client.exec('ALTER TABLE django_session RENAME TO elsewhere')
    const django = site.open(`sessionid=${key}`)
    await expect(django.session()).rejects.toThrow(StoreUnavailable)
    await expect(django.user()).rejects.toMatchObject({ code: 'store_unavailable', status: 503 })
    expect(await django.finish(200)).toEqual({ cookies: [], vary: ['Cookie'] })
  })

  test('at the save is an error of finish', async () => {
    const key = await site.store({ a: 1 })
    const django = site.open(`sessionid=${key}`)
    ;(await django.session()).set('a', 2)
    site.client.exec('ALTER TABLE django_session RENAME TO elsewhere')
    await expect(django.finish(200)).rejects.toThrow(StoreUnavailable)
  })

  test('at a flush that nobody waited for is an error of finish, not of the process', async () => {
    const key = await site.store({ a: 1 })
    const django = site.open(`sessionid=${key}`)
    const session = await django.session()
    site.client.exec('ALTER TABLE django_session RENAME TO elsewhere')
    session.flush().catch(() => undefined)
    await expect(django.finish(200)).rejects.toThrow(StoreUnavailable)
  })
})

describe('SESSION_SAVE_EVERY_REQUEST', () => {
  test('renews row and cookie of a session that nobody touched, and never makes one', async () => {
    const eager = await makeSite({ SESSION_SAVE_EVERY_REQUEST: true })
    const key = await eager.store({ a: 1 })
    eager.advance(60)
    expect(sentCookie(await eager.open(`sessionid=${key}`).finish(200))).toBe(key)
    expect(eager.rows()[0]?.expire_date).toBe('2026-01-29 12:01:00')
    expect((await eager.open().finish(200)).cookies).toEqual([])
    expect(sentCookie(await eager.open(`sessionid=${'a'.repeat(32)}`).finish(200))).toBe('')
    expect(eager.rows()).toHaveLength(1)
    await eager.close()
  })

  test('S35: is an error of finish while the store is down, and deletes no cookie', async () => {
    const eager = await makeSite({ SESSION_SAVE_EVERY_REQUEST: true })
    const key = await eager.store({ a: 1 })
    eager.client.exec('ALTER TABLE django_session RENAME TO elsewhere')
    await expect(eager.open(`sessionid=${key}`).finish(200)).rejects.toThrow(StoreUnavailable)
    expect(await eager.open().finish(200)).toEqual({ cookies: [], vary: [] })
    await eager.close()
  })

  test('leaves a session that nobody touched alone when the response failed: nothing would be saved', async () => {
    const eager = await makeSite({ SESSION_SAVE_EVERY_REQUEST: true })
    const key = await eager.store({ a: 1 })
    const rows = eager.rows()
    eager.advance(60)
    expect(await eager.open(`sessionid=${key}`).finish(500)).toEqual({ cookies: [], vary: [] })
    expect(eager.rows()).toEqual(rows)
    await eager.close()
  })
})

const NOTHING = { cookies: [], vary: [] }

describe('finish', () => {
  test('does its work once', async () => {
    const django = site.open()
    ;(await django.session()).set('a', 1)
    expect(await django.finish(200)).toBe(await django.finish(500))
    expect(site.rows()).toHaveLength(1)
  })

  test('leaves a session its key: what would give it one that no response carries is a mistake', async () => {
    const key = await site.store({ cart: ['pear'] })
    const django = site.open(`sessionid=${key}`)
    const session = await django.session()
    await django.finish(200)
    await expect(session.cycleKey()).rejects.toThrow(TypeError)
    await expect(session.create()).rejects.toThrow(TypeError)
    session.set('a', 1)
    await session.save()
    expect(site.rows().map((row) => row.session_key)).toEqual([key])

    const visitor = site.open()
    const fresh = await visitor.session()
    await visitor.finish(200)
    fresh.set('a', 1)
    await expect(fresh.save()).rejects.toThrow(TypeError)
    expect(site.rows()).toHaveLength(1)
  })

  test('sends the key of whatever a handler that goes on asks for meanwhile, or refuses it', async () => {
    for (let turns = 0; turns < 30; turns++) {
      const key = await site.store({ cart: ['pear'] })
      const django = site.open(`sessionid=${key}`)
      const session = await django.session()
      if (turns % 2 === 0) session.set('a', 1)
      const finishing = django.finish(200)
      for (let turn = 0; turn < turns; turn++) await null
      await session.cycleKey().catch((error) => expect(error).toBeInstanceOf(TypeError))
      const sent = sentCookie(await finishing) ?? key
      expect(site.rows().map((row) => row.session_key)).toContain(sent)
    }
  })

  test('counts what a handler does just after its answer, as `response.json(…); session.set(…)` in one go', async () => {
    const key = await site.store({ cart: ['pear'] })
    const changed = site.open(`sessionid=${key}`)
    const session = await changed.session()
    const finishing = changed.finish(200)
    session.set('late', 1)
    expect(sentCookie(await finishing)).toBe(key)
    const next = site.open(`sessionid=${key}`)
    const again = await next.session()
    expect(again.get('late')).toBe(1)

    const renewing = next.finish(200)
    const cycling = again.cycleKey()
    expect(sentCookie(await renewing)).not.toBe(key)
    await cycling
  })

  test('returns at once where nobody asked for the session, also a deletion', async () => {
    const key = await site.store({ cart: ['pear'] })
    for (const cookie of [undefined, `sessionid=${key}`, 'sessionid=short']) {
      const changes = site.open(cookie).finish(200)
      expect(changes).toEqual(cookie === 'sessionid=short' ? expect.objectContaining({ vary: ['Cookie'] }) : NOTHING)
    }
    const opened = site.open(`sessionid=${key}`)
    void opened.session()
    expect(opened.finish(200)).toBeInstanceOf(Promise)
  })

  test('opens the session late for whoever asks then, for reading and for saves that need no cookie', async () => {
    const key = await site.store({ cart: ['pear'] })
    const django = site.open(`sessionid=${key}`)
    await django.finish(200)
    const session = await django.session()
    expect(session.get('cart')).toEqual(['pear'])
    session.set('late', 1)
    await session.save()
    await expect(session.cycleKey()).rejects.toThrow(TypeError)
    expect(site.rows().map((row) => row.session_key)).toEqual([key])

    const visitor = site.open()
    await visitor.finish(200)
    const fresh = await visitor.session()
    expect([await visitor.user(), fresh.isEmpty]).toEqual([null, true])
    fresh.set('a', 1)
    await expect(fresh.save()).rejects.toThrow(TypeError)
    expect(site.rows()).toHaveLength(1)
  })

  test.each(['save', 'cycleKey'] as const)(
    'warns of a %s whose new key no cookie leads to, since the response sets another',
    async (call) => {
      const warnings: string[] = []
      const own = await makeSite({}, { hooks: { onWarning: ({ code }) => warnings.push(code) } })
      const key = call === 'save' ? undefined : await own.store({ a: 1 })
      const django = own.open(key && `sessionid=${key}`)
      const session = await django.session()
      session.set('a', 2)
      await session[call]()
      expect(await django.finish(200, ['sessionid'])).toEqual({ cookies: [], vary: ['Cookie'] })
      expect(warnings).toEqual(['cookie_set_elsewhere'])
      await own.close()
    },
  )

  test('saves nothing, and fails for nothing, of a session whose cookie the response sets itself', async () => {
    const key = await site.store({ cart: ['pear'] })
    const django = site.open(`sessionid=${key}`)
    const session = await django.session()
    session.set('a', 1)
    site.client.exec('DELETE FROM django_session')
    expect(await django.finish(200, ['other', 'sessionid'])).toEqual({ cookies: [], vary: ['Cookie'] })
    await expect(session.cycleKey()).rejects.toThrow(TypeError)
  })
})
