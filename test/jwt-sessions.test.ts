/** Sessions behind django-session-jwt's cookie: what is believed, issued, renewed and carried. */
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { compactVerify, decodeJwt } from 'jose'
import { afterEach, describe, expect, test } from 'vitest'
import { CookieTooLarge, KeyRequired } from '../src/errors.ts'
import { signJws } from '../src/jwt/jws.ts'
import { readKeySetting } from '../src/jwt/key-setting.ts'
import type { Session } from '../src/session/session.ts'
import type { DjangoSettings } from '../src/settings/settings.ts'
import { loginValues, makeSite, type Site, sentCookie } from './site.ts'
import { keyFile } from './vectors.ts'

const SECRET = 'a secret of the JWT cookie, long enough'
const FIELDS = [['id', 'id', 'user_id'], ['username', 'u', 'username'], 'email']
const PAIR = [keyFile('rs256-private.pem'), keyFile('rs256-public.pem')] as const
const HOUR = 3600

const sites: Site[] = []
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close()
})

type Parts = Parameters<typeof makeSite>[1]

async function jwtSite(jwt: object = {}, settings: Partial<DjangoSettings> = {}, parts: Parts = {}): Promise<Site> {
  const DJANGO_SESSION_JWT = { KEY: SECRET, FIELDS, EXPIRES: HOUR, ...jwt }
  const site = await makeSite({ ...settings, DJANGO_SESSION_JWT }, parts)
  sites.push(site)
  return site
}

/** A token as the site's Django would issue it. */
function token(claims: object, key: readonly [string, string] | string = SECRET): string {
  const { algorithm, signKey } = readKeySetting(key, '', true)
  if (signKey === null) throw new Error('no key to sign with')
  return signJws(JSON.stringify(claims), algorithm, signKey)
}

const now = Date.UTC(2026, 0, 15, 12) / 1000

async function loggedIn(site: Site, claims: object = {}): Promise<{ key: string; cookie: string }> {
  const key = await site.store({ ...loginValues(), cart: ['tea'] })
  return { key, cookie: `sessionid=${token({ sk: key, iat: now, exp: now + HOUR, id: 7, u: 'ada', ...claims })}` }
}

/** Opens, changes with `change`, finishes; gives the new token's claims, or null when none was sent. */
async function request(site: Site, cookie: string | undefined, change: (session: never) => unknown = () => undefined) {
  const django = site.open(cookie)
  await change((await django.session()) as never)
  const sent = sentCookie(await django.finish(200))
  return sent ? { claims: decodeJwt(sent), cookie: `sessionid=${sent}` } : null
}

const set = (session: Map<string, unknown>) => session.set('a', 1)

describe('a token that is believed', () => {
  test('opens the session it names; its claims are there without any I/O, under short and long names', async () => {
    const site = await jwtSite()
    const { cookie } = await loggedIn(site)
    const django = site.open(cookie)
    expect(django.claims).toMatchObject({ id: 7, user_id: 7, u: 'ada', username: 'ada', iat: now })
    expect(await django.user()).toMatchObject({ pk: '7', username: 'ada' })
    expect(site.reports).toEqual([])
  })

  test('shows as `jwt` in the session, as Django has it there, and is no change of its own', async () => {
    const site = await jwtSite()
    const { key, cookie } = await loggedIn(site)
    const django = site.open(cookie)
    const session = await django.session()
    expect(session.get('jwt')).toEqual({ iat: now, exp: now + HOUR, id: 7, user_id: 7, u: 'ada', username: 'ada' })
    expect(session.modified).toBe(false)
    await django.finish(200)
    expect(site.rows()[0]?.session_key).toBe(key)
  })

  test('S38: is dead from the second of its `exp` on, and its cookie is deleted', async () => {
    const site = await jwtSite()
    const { cookie } = await loggedIn(site)
    site.advance(HOUR - 1)
    expect(await site.open(cookie).user()).not.toBeNull()
    site.advance(1)
    const late = site.open(cookie)
    expect(await late.user()).toBeNull()
    expect(late.claims).toBeNull()
    expect(sentCookie(await late.finish(200))).toBe('')
    expect(site.reports.map(({ code }) => code)).toEqual(['jwt_expired'])
  })

  test.each([
    [
      'first dialect',
      {
        SESSION_ENGINE: 'django_session_jwt.engine',
        DJANGO_SESSION_JWT: { fields: ['id'], key: SECRET, expires: HOUR },
      },
      'sessionid',
    ],
    [
      'a claim of the site’s own',
      { DJANGO_SESSION_JWT: { KEY: SECRET, FIELDS: ['id'], EXPIRES: HOUR, SESSION_FIELD: 'key' } },
      'key',
    ],
  ])('%s: the claim of the session key has another name', async (_, settings, claim) => {
    const site = await makeSite(settings)
    sites.push(site)
    const key = await site.store(loginValues())
    const cookie = `sessionid=${token({ [claim]: key, iat: now, exp: now + HOUR })}`
    expect(await site.open(cookie).user()).toMatchObject({ pk: '7' })
    expect((await request(site, cookie, set))?.claims).toMatchObject({ [claim]: key, id: 7 })
  })
})

describe('bad cookies', () => {
  const good = { sk: 'abcdefghijklmnopqrstuvwxyz012345', iat: now, exp: now + HOUR }
  const [header = '', payload = '', signature = ''] = token(good).split('.')
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signedAs = (alg: unknown, secret: string) => {
    const input = `${encode({ alg, typ: 'JWT' })}.${encode(good)}`
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
  }
  const publicPem = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
    type: 'spki',
    format: 'pem',
  })

  const cases: [what: string, text: string, code: string][] = [
    ['empty', '', 'short_session_key'],
    ['short', 'abc', 'jwt_invalid'],
    ['a bare session key', good.sk, 'jwt_invalid'],
    ['100 kB', 'a.'.repeat(50_000), 'jwt_invalid'],
    ['non-ASCII', '\xc3\xa9.\xc3\xa9.\xc3\xa9', 'jwt_invalid'],
    ['tampered claims', `${header}.${encode({ ...good, id: 1 })}.${signature}`, 'jwt_invalid'],
    ['a cut signature', `${header}.${payload}.${signature.slice(0, -4)}`, 'jwt_invalid'],
    ['no signature', `${header}.${payload}.`, 'jwt_invalid'],
    ['another key', token(good, 'another secret, just as long as the other'), 'jwt_invalid'],
    ['alg none', signedAs('none', SECRET), 'jwt_invalid'],
    ['alg nOnE', signedAs('nOnE', SECRET), 'jwt_invalid'],
    ['no alg', signedAs(undefined, SECRET), 'jwt_invalid'],
    ['a list of alg', signedAs(['HS256'], SECRET), 'jwt_invalid'],
    ['HS512', signedAs('HS512', SECRET), 'jwt_invalid'],
    ['an RS256 token where HS256 is configured', token(good, PAIR), 'jwt_invalid'],
    ['no session key', token({ iat: now }), 'short_session_key'],
    ['a short session key', token({ ...good, sk: 'abc' }), 'short_session_key'],
    ['a number for a session key', token({ ...good, sk: 12345678 }), 'jwt_invalid'],
    ['a session key that nobody has', token(good), 'unknown_session'],
  ]
  test.each(cases)('S16, S17: %s: anonymous, one report, and no row is made or destroyed', async (_, text, code) => {
    const site = await jwtSite()
    const key = await site.store({ a: 1 })
    const django = site.open(`sessionid=${text}`)
    expect(await django.user()).toBeNull()
    expect((await django.session()).size).toBe(0)
    await django.finish(200)
    expect(site.reports.map((report) => report.code)).toEqual([code])
    expect(site.rows().map(({ session_key }) => session_key)).toEqual([key])
  })

  test('S17: an HMAC made with the public key is no RS256 signature', async () => {
    const site = await jwtSite({ KEY: PAIR })
    for (const pem of [publicPem.toString(), keyFile('rs256-public.pem')]) {
      const django = site.open(`sessionid=${signedAs('HS256', pem)}`)
      expect(await django.user()).toBeNull()
      expect(django.claims).toBeNull()
    }
  })
})

describe('a token that is issued', () => {
  test.each([
    ['HS256', SECRET],
    ['RS256', PAIR],
  ] as const)('%s: jose verifies it, and it names the user', async (alg, KEY) => {
    const site = await jwtSite({ KEY })
    const key = await site.store(loginValues())
    const sent = await request(site, `sessionid=${token({ sk: key, iat: now, exp: now + HOUR }, KEY)}`, set)
    const { verifyKey } = readKeySetting(KEY, '', true)
    const { protectedHeader } = await compactVerify(sent?.cookie.slice(10) ?? '', verifyKey)
    expect(protectedHeader).toEqual({ alg, typ: 'JWT' })
    expect(sent?.claims).toEqual({ sk: key, iat: now, exp: now + HOUR, id: 7, u: 'ada', email: 'ada@example.com' })
  })

  test('a new anonymous session gets one too, with a session key and no user', async () => {
    const site = await jwtSite()
    const sent = await request(site, undefined, set)
    expect(sent?.claims).toEqual({ sk: site.rows()[0]?.session_key, iat: now, exp: now + HOUR })
  })

  test('S38: none outlives its session', async () => {
    const site = await jwtSite({ EXPIRES: 30 * 24 * HOUR })
    const sent = await request(
      site,
      undefined,
      (session: { set(k: string, v: unknown): void; setExpiry(s: number): void }) => {
        session.set('a', 1)
        session.setExpiry(100)
      },
    )
    expect(sent?.claims.exp).toBe(now + 100)
    const { claims } = (await request(site, undefined, set)) ?? {}
    expect(claims?.exp).toBe(now + 1209600)
  })

  test('before half of its life a read writes nothing; after it session and cookie are renewed together', async () => {
    const site = await jwtSite()
    const { key, cookie } = await loggedIn(site)
    const before = site.rows()[0]?.expire_date
    site.advance(HOUR / 2 - 1)
    expect(await request(site, cookie)).toBeNull()
    expect(site.rows()[0]?.expire_date).toBe(before)
    site.advance(1)
    const renewed = await request(site, cookie)
    expect(renewed?.claims).toMatchObject({ sk: key, iat: now + HOUR / 2, exp: now + HOUR * 1.5, u: 'ada' })
    expect(site.rows()[0]?.expire_date).not.toBe(before)
  })

  test('S38: a user who lost the right to it gets no new end of life: a save goes on with the old one', async () => {
    const site = await jwtSite()
    const { cookie } = await loggedIn(site)
    site.client.exec("UPDATE auth_user SET is_active = 0 WHERE username = 'ada'")
    site.advance(HOUR * 0.75)
    expect(await request(site, cookie)).toBeNull()
    const sent = await request(site, cookie, set)
    expect(sent?.claims.exp).toBe(now + HOUR)
  })

  test('S38: an `exp` that is text, which PyJWT takes, stays an end of life in the next token', async () => {
    const site = await jwtSite({}, {}, { hooks: { loadUser: async () => null } })
    const { cookie } = await loggedIn(site, { exp: String(now + HOUR) })
    expect((await request(site, cookie, set))?.claims.exp).toBe(now + HOUR)
  })

  test('fields are carried over where the row cannot be loaded, but not to another user', async () => {
    const site = await jwtSite({}, {}, { hooks: { loadUser: async () => null } })
    const { cookie } = await loggedIn(site, { role: 'admin' })
    const same = await request(site, cookie, set)
    expect(same?.claims).toMatchObject({ id: 7, u: 'ada', role: 'admin', exp: now + HOUR })
    const other = await request(site, cookie, (session: Map<string, unknown>) => session.set('_auth_user_id', '8'))
    expect(other?.claims).not.toHaveProperty('u')
    expect(other?.claims).not.toHaveProperty('role')
  })

  test('S38: nor into a session that nobody is logged in to, cleared by Django for example', async () => {
    const site = await jwtSite()
    const key = await site.store({ cart: ['tea'] })
    const stated = { id: 7, u: 'ada', email: 'ada@example.com', role: 'admin' }
    const cookie = `sessionid=${token({ sk: key, iat: now, exp: now + HOUR, ...stated })}`
    const sent = await request(site, cookie, set)
    expect(sent?.claims).toEqual({ sk: key, iat: now, exp: now + HOUR })
    site.advance(HOUR * 0.75)
    expect(Object.keys((await request(site, cookie))?.claims ?? {}).sort()).toEqual(['exp', 'iat', 'sk'])
  })

  test('S4: nor into one that is made in place of a session that was logged out meanwhile', async () => {
    const site = await jwtSite()
    const { key, cookie } = await loggedIn(site)
    const after = await request(site, cookie, async (session: Session) => {
      site.client.exec(`DELETE FROM django_session WHERE session_key = '${key}'`)
      session.set('a', 1)
      await session.cycleKey({ whenGone: 'create' })
      session.set('b', 1)
    })
    expect(Object.keys(after?.claims ?? {})).toEqual(['sk', 'iat', 'exp'])
    expect(Object.fromEntries(await (await site.open(after?.cookie).session()).load())).toEqual({ a: 1, b: 1 })
  })

  test('S4: nor, with no write after it, into one that names nobody any more', async () => {
    const site = await jwtSite()
    const { key, cookie } = await loggedIn(site, { role: 'admin' })
    const django = site.open(cookie)
    const session = await django.session()
    session.set('a', 1)
    site.client.exec(`DELETE FROM django_session WHERE session_key = '${key}'`)
    await session.cycleKey({ whenGone: 'create' })
    const next = site.open(`sessionid=${sentCookie(await django.finish(200))}`)
    expect(Object.keys(next.claims ?? {}).sort()).toEqual(['exp', 'iat', 'sk'])
    expect(Object.fromEntries(await (await next.session()).load())).toEqual({ a: 1 })
  })

  test('a flush ends what the token stated, too', async () => {
    const site = await jwtSite()
    const { cookie } = await loggedIn(site, { role: 'admin' })
    const sent = await request(
      site,
      cookie,
      async (session: { flush(): Promise<void>; set(k: string, v: number): void }) => {
        await session.flush()
        session.set('a', 1)
      },
    )
    expect(Object.keys(sent?.claims ?? {}).sort()).toEqual(['exp', 'iat', 'sk'])
  })

  test('hooks.jwtClaims plays the part of CALLABLE, for users and visitors', async () => {
    const hooks = { jwtClaims: (user: { username?: string } | null) => ({ plan: user ? 'gold' : 'none' }) }
    const site = await jwtSite({ CALLABLE: 'site.claims' }, {}, { hooks })
    const { cookie } = await loggedIn(site)
    expect((await request(site, cookie, set))?.claims).toMatchObject({ plan: 'gold', u: 'ada' })
    expect((await request(site, undefined, set))?.claims).toMatchObject({ plan: 'none' })
  })
})

describe('a token that cannot be issued', () => {
  test.each([
    ['an audience', { aud: 'shop' }, /this "aud" would be refused by Django/],
    ['a subject that is a number', { sub: 7 }, /this "sub" would be refused by Django/],
    ['an issue time in the future', { iat: 9_999_999_999 }, /this "iat" would be refused by Django/],
    ['a time before which it is not valid', { nbf: 9_999_999_999 }, /this "nbf" would be refused by Django/],
    ['the session key', { sk: 'x'.repeat(32) }, /jwtClaims must not return "sk"/],
    ['an end', { exp: 9_999_999_999 }, /jwtClaims must not return "exp"/],
  ])('hooks.jwtClaims with %s is an error, and nothing is stored', async (_, claims, message) => {
    const site = await jwtSite({ CALLABLE: 'site.claims' }, {}, { hooks: { jwtClaims: () => claims } })
    const before = site.rows()
    await expect(request(site, undefined, set)).rejects.toThrow(message)
    expect(site.rows()).toEqual(before)
  })

  test('a moment in FIELDS is an error, and nothing is stored', async () => {
    const site = await jwtSite({ FIELDS: ['last_login'] })
    site.client.exec("UPDATE auth_user SET last_login = '2026-01-02 03:04:05'")
    const key = await site.store(loginValues())
    const before = site.rows()
    const cookie = `sessionid=${token({ sk: key, iat: now, exp: now + HOUR })}`
    await expect(request(site, cookie, set)).rejects.toThrow(/FIELDS: last_login is a date/)
    expect(site.rows()).toEqual(before)
  })

  test('KEY [null, public]: sessions are read; what needs a new cookie is KeyRequired, and nothing is written', async () => {
    const site = await jwtSite({ KEY: [null, PAIR[1]] })
    const key = await site.store({ ...loginValues(), cart: ['tea'] })
    const cookie = `sessionid=${token({ sk: key, iat: now, exp: now + HOUR, u: 'ada' }, PAIR)}`
    expect(await site.open(cookie).user()).toMatchObject({ username: 'ada' })
    site.advance(HOUR * 0.75)
    expect(await request(site, cookie)).toBeNull()
    const before = site.rows()
    await expect(request(site, cookie, set)).rejects.toThrow(KeyRequired)
    expect(site.rows()).toEqual(before)
    const django = site.open(cookie)
    await (await django.session()).flush()
    expect([sentCookie(await django.finish(200)), site.rows()]).toEqual(['', []])
  })

  test('S11: 4095 and 4096 bytes of name and value are sent, 4097 are an error before anything is stored', async () => {
    const sizeOf = async (length: number) => {
      const hooks = { jwtClaims: () => ({ filler: 'x'.repeat(length) }) }
      const site = await jwtSite({ CALLABLE: 'site.claims' }, {}, { hooks })
      const django = site.open()
      ;(await django.session()).set('a', 1)
      const changes = await django.finish(200)
      return { bytes: 'sessionid'.length + (changes.cookies[0]?.value.length ?? 0), site }
    }
    const { bytes } = await sizeOf(1000)
    // Three bytes of claims are four of the cookie.
    const fits = 1000 + Math.floor(((4096 - bytes) * 3) / 4)
    expect((await sizeOf(fits)).bytes).toBeLessThanOrEqual(4096)
    expect((await sizeOf(fits)).bytes).toBeGreaterThanOrEqual(4095)
    for (const length of [fits + 1, fits + 2, fits + 40_000]) {
      const hooks = { jwtClaims: () => ({ filler: 'x'.repeat(length) }) }
      const site = await jwtSite({ CALLABLE: 'site.claims' }, {}, { hooks })
      const django = site.open()
      ;(await django.session()).set('a', 1)
      await expect(django.finish(200)).rejects.toThrow(CookieTooLarge)
      expect(site.rows()).toEqual([])
    }
  })
})

describe('S35: while the database fails', () => {
  test('a token states its claims; none is sent, and none is deleted', async () => {
    const site = await jwtSite()
    const { cookie } = await loggedIn(site, { iat: now - HOUR, exp: now + 1 })
    site.client.exec('ALTER TABLE django_session RENAME TO elsewhere')
    const unread = site.open(cookie)
    expect(unread.claims).toMatchObject({ username: 'ada' })
    expect(await unread.finish(200)).toEqual({ cookies: [], vary: ['Cookie'] })
    const django = site.open(cookie)
    await expect(django.user()).rejects.toMatchObject({ code: 'store_unavailable', reason: 'missing' })
    expect(django.claims).toMatchObject({ username: 'ada' })
    expect(await django.finish(200)).toEqual({ cookies: [], vary: ['Cookie'] })
    expect(site.reports).toEqual([])
  })

  test('a user that cannot be looked up is an error, not nobody, and no token is renewed', async () => {
    const site = await jwtSite()
    const { cookie } = await loggedIn(site, { iat: now - HOUR, exp: now + 1 })
    site.client.exec('ALTER TABLE auth_user RENAME TO elsewhere')
    const before = site.rows()
    const django = site.open(cookie)
    ;(await django.session()).set('cart', ['coffee'])
    await expect(django.user()).rejects.toMatchObject({ code: 'store_unavailable', reason: 'missing' })
    await expect(django.finish(200)).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(site.rows()).toEqual(before)
  })
})
