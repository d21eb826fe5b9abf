/** Node and a live Django on the same sessions, both directions: every Django × database × kind of cookie. */
import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { sessionAuthHash } from '../../src/auth/session-hash.ts'
import type { Session } from '../../src/session/session.ts'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import { type LiveSite, openWith, SECRET_KEY, sitesToTest, startLiveSite } from './live-site.ts'

const FIELDS = [['id', 'id', 'user_id'], ['username', 'u', 'username'], 'email']
const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})
const COOKIES: { [kind: string]: Partial<DjangoSettings> } = {
  plain: {},
  HS256: { DJANGO_SESSION_JWT: { FIELDS, EXPIRES: 3600 } },
  RS256: { DJANGO_SESSION_JWT: { FIELDS, EXPIRES: 3600, KEY: [privateKey, publicKey] } },
}

const sites = sitesToTest(inject('djangos'), { postgres: inject('postgres'), mysql: inject('mysql') }).flatMap(
  (where) => Object.entries(COOKIES).map(([kind, settings]) => ({ ...where, kind, settings })),
)
for (const django of inject('djangos')) {
  if ('missing' in django) test.skip(`live Django ${django.version} (${django.missing})`, () => {})
}

describe.each(sites)('$name, $kind cookie', ({ kind, settings, ...where }) => {
  let site: LiveSite
  beforeAll(async () => {
    site = await startLiveSite(where, settings)
  })
  afterAll(() => site?.stop())
  beforeEach(() => {
    site.django.cookie = null
    site.reports.length = 0
  })

  /** One request at Node's side, with and for the browser's cookie. */
  async function inNode<T>(handler: (session: Session) => T | Promise<T>, status = 200): Promise<T> {
    const django = openWith(site.bridge, site.django.header)
    const answer = await handler(await django.session())
    site.django.accept(await django.finish(status))
    return answer
  }

  const userInNode = () => openWith(site.bridge, site.django.header).auth()

  test('who logs in at Django is known in Node', async () => {
    const { pk } = await site.django.login('ada')
    const context = openWith(site.bridge, site.django.header)
    expect(await context.user()).toMatchObject({ pk, username: 'ada', email: 'ada@example.com', is_active: true })
    if (kind === 'plain') expect(context.claims).toBeNull()
    else expect(context.claims).toMatchObject({ user_id: Number(pk), id: Number(pk), username: 'ada', u: 'ada' })
    expect(site.reports).toEqual([])
  })

  test('what Node changes, Django sees, and what Django changes, Node sees; nobody else’s values move', async () => {
    await site.django.session({ set: { theirs: [1, 2.5, 'é', null, { a: true }], both: 'from Django' } })
    await inNode((session) => {
      session.set('ours', { cart: ['nails'] })
      session.set('both', 'from Node')
    })
    const { data } = await site.django.session()
    expect(data).toEqual({ theirs: [1, 2.5, 'é', null, { a: true }], both: 'from Node', ours: { cart: ['nails'] } })
    await site.django.session({ set: { both: 'Django again' }, delete: ['ours'] })
    expect(await inNode((session) => Object.fromEntries([...session].filter(([name]) => name !== 'jwt')))).toEqual({
      theirs: [1, 2.5, 'é', null, { a: true }],
      both: 'Django again',
    })
  })

  test('a session that Node starts goes on in Django, and a login in it is known in Node', async () => {
    await inNode((session) => session.set('cart', ['nails']))
    const key = site.django.cookie
    expect((await site.django.session()).data).toEqual({ cart: ['nails'] })
    await site.django.login('ada')
    expect(site.django.cookie).not.toBe(key)
    expect(await userInNode()).toMatchObject({ status: 'authenticated', user: { username: 'ada' } })
    expect(await inNode((session) => session.get('cart'))).toEqual(['nails'])
  })

  test('S4: a logout in Django ends the session in Node, also for whoever kept the cookie', async () => {
    await site.django.login('ada')
    const kept = site.django.header
    await site.django.logout()
    expect(await userInNode()).toMatchObject({ status: 'anonymous' })
    expect(await openWith(site.bridge, kept).user()).toBeNull()
  })

  test('S4: a flush in Node ends the session in Django, also for whoever kept the cookie', async () => {
    await site.django.login('ada')
    const kept = site.django.header
    await inNode((session) => session.flush())
    expect(site.django.cookie).toBeNull()
    expect(await site.django.whoami()).toMatchObject({ authenticated: false })
    expect(await site.django.json('/api/whoami', undefined, kept)).toMatchObject({ authenticated: false })
  })

  test('a key that Node renews is Django’s too, and the old one opens nothing', async () => {
    await site.django.login('ada')
    const kept = site.django.header
    await inNode((session) => session.cycleKey())
    expect(site.django.header).not.toBe(kept)
    expect(await site.django.whoami()).toMatchObject({ authenticated: true, username: 'ada' })
    site.django.cookie = null
    expect((await site.django.json<{ data: object }>('/api/session', undefined, kept)).data).toEqual({})
  })

  test('an expiry that Node sets is the one that Django reads: seconds, the browser’s end, a moment, none', async () => {
    await inNode((session) => session.setExpiry(1000))
    expect(await site.django.session()).toMatchObject({ expiry_age: 1000, at_browser_close: false })
    await inNode((session) => session.setExpiry(0))
    expect(await site.django.session()).toMatchObject({ at_browser_close: true })
    await inNode((session) => session.setExpiry(new Date('2036-05-04T03:02:01Z')))
    expect(await site.django.session()).toMatchObject({ expiry_date: '2036-05-04T03:02:01+00:00' })
    await inNode((session) => {
      session.setExpiry(null)
      session.set('a', 1)
    })
    expect(await site.django.session()).toMatchObject({ expiry_age: 1209600, at_browser_close: false })
  })

  test('an expiry that Django sets is the one that Node reads', async () => {
    await site.django.session({ set: { a: 1 }, expiry: 1000 })
    expect(await inNode((session) => session.getExpiryAge())).toBe(1000)
    await site.django.session({ expiry: 0 })
    expect(await inNode((session) => session.getExpireAtBrowserClose())).toBe(true)
  })

  test('S5: a changed password and a user made inactive end the login in Node with the next request', async () => {
    await site.django.user({ username: 'eve', password: 'first' })
    await site.django.login('eve')
    expect(await userInNode()).toMatchObject({ status: 'authenticated' })
    await site.django.user({ username: 'eve', password: 'second' })
    const kept = site.django.header
    expect(await openWith(site.bridge, kept).auth()).toEqual({ status: 'anonymous', reason: 'auth_hash_mismatch' })
    site.django.cookie = null
    await site.django.login('eve')
    await site.django.user({ username: 'eve', is_active: false })
    expect(await userInNode()).toEqual({ status: 'anonymous', reason: 'inactive_user' })
    await site.django.user({ username: 'eve', is_active: true })
  })

  test('S5: a login that a fallback key verifies gets the new key’s hash and a new session key, which Django takes', async () => {
    const oldKey = 'the key before the present one, long enough for HS256'
    const { pk } = await site.django.login('ada')
    const [row] = await site.sql('SELECT password FROM auth_user WHERE id = ?', Number(pk))
    const password = String(row?.password)
    await inNode((session) => session.set('_auth_user_hash', sessionAuthHash(password, oldKey)))
    const before = site.django.header
    const rotating = site.bridgeWith({ SECRET_KEY_FALLBACKS: [oldKey] })
    const context = openWith(rotating, before)
    expect(await context.user()).toMatchObject({ username: 'ada' })
    site.django.accept(await context.finish(200))
    expect(site.django.header).not.toBe(before)
    expect(await site.django.whoami()).toMatchObject({ authenticated: true, username: 'ada' })
    expect((await site.django.session()).data._auth_user_hash).toBe(sessionAuthHash(password, SECRET_KEY))
    expect(await openWith(site.bridge, before).user()).toBeNull()
  })

  // Django adopts no unknown key either, and django-session-jwt overwrites a row that it cannot read.
  if (kind !== 'plain') return

  test('S3: an unknown key is never taken over, whoever writes', async () => {
    site.django.cookie = 'abcdefghijklmnopqrstuvwxyz012345'
    await inNode((session) => session.set('a', 1))
    expect(site.django.cookie).not.toBe('abcdefghijklmnopqrstuvwxyz012345')
    expect((await site.django.session()).data).toEqual({ a: 1 })
  })

  test('S40: a row that was tampered with is reported as often as Django logs it, and stays', async () => {
    await site.django.session({ set: { a: 1 } })
    const tampered = 'e30:1wAbCd:tampered'
    await site.sql(
      'UPDATE django_session SET session_data = ? WHERE session_key = ?',
      tampered,
      site.django.cookie ?? '',
    )
    const header = site.django.header
    const before = await site.django.suspiciousSessions()
    for (let time = 0; time < 3; time++) {
      expect(await site.django.json('/api/session', undefined, header)).toMatchObject({ data: {} })
      expect((await openWith(site.bridge, header).session()).size).toBe(0)
    }
    expect((await site.django.suspiciousSessions()) - before).toBe(3)
    expect(site.reports.map(({ code }) => code)).toEqual(Array(3).fill('session_data_corrupted'))
    const [row] = await site.sql(
      'SELECT session_data FROM django_session WHERE session_key = ?',
      header?.slice(10) ?? '',
    )
    expect(row).toEqual({ session_data: tampered })
  })
})
