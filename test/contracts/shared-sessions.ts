/** Node and a live Django on the same sessions, both directions; called for every engine, database, cache and cookie. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sessionAuthHash } from '../../src/auth/session-hash.ts'
import type { Session } from '../../src/session/session.ts'
import { type LiveSite, openWith, SECRET_KEY } from '../interop/live-site.ts'
import { type ProvenRow, proves } from '../live-table.ts'

export interface SharedSessions {
  /** `plain`, or the algorithm of a JWT. */
  readonly kind: string
  /** The row of the README's table that these tests prove. */
  readonly row: ProvenRow
  start(): Promise<LiveSite>
  /** Whether a cookie that somebody kept opens what it held for ever after: where it holds the session itself. Default false. */
  readonly replays?: boolean
  /** Whether a bridge can look at sessions whose keys it does not know. Default: where cookies do not hold them. */
  readonly shows?: boolean
  /** Tests of the caller's own on the same site. */
  readonly more?: (site: () => LiveSite) => void
}

export function describeSharedSessions(
  name: string,
  { kind, row, start, replays = false, shows = !replays, more }: SharedSessions,
): void {
  describe(name, () => {
    proves(row)
    let site: LiveSite
    beforeAll(async () => {
      site = await start()
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

    test('S4: a logout in Django ends the session in Node, for whoever kept the cookie only where it is stored', async () => {
      await site.django.login('ada')
      const kept = site.django.header
      await site.django.logout()
      expect(await userInNode()).toMatchObject({ status: 'anonymous' })
      expect((await openWith(site.bridge, kept).user()) !== null).toBe(replays)
    })

    test('S4: a flush in Node ends the session in Django, for whoever kept the cookie only where it is stored', async () => {
      await site.django.login('ada')
      const kept = site.django.header
      await inNode((session) => session.flush())
      expect(site.django.cookie).toBeNull()
      expect(await site.django.whoami()).toMatchObject({ authenticated: false })
      expect(await site.django.json('/api/whoami', undefined, kept)).toMatchObject({ authenticated: replays })
    })

    test('a key that Node renews is Django’s too, and the old one opens nothing where sessions are stored', async () => {
      await site.django.login('ada')
      const kept = site.django.header
      await inNode((session) => session.set('renewed', true).cycleKey())
      expect(site.django.header).not.toBe(kept)
      expect(await site.django.whoami()).toMatchObject({ authenticated: true, username: 'ada' })
      site.django.cookie = null
      const { data } = await site.django.json<{ data: object }>('/api/session', undefined, kept)
      expect('_auth_user_id' in data).toBe(replays)
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

    test('S5: two requests at once whose login a fallback key verified both go on, with what either of them saved', async () => {
      const oldKey = 'the key before the present one, long enough for HS256'
      const { pk } = await site.django.login('ada')
      const [row] = await site.sql('SELECT password FROM auth_user WHERE id = ?', Number(pk))
      const hash = sessionAuthHash(String(row?.password), oldKey)
      // Two processes, and both orders.
      const bridges = [0, 1].map(() => site.bridgeWith({ SECRET_KEY_FALLBACKS: [oldKey] }))
      for (const isReversed of [false, true]) {
        await inNode((session) => session.set('_auth_user_hash', hash))
        const before = site.django.header
        const requests = bridges.map((bridge) => openWith(bridge, before))
        for (const [index, request] of requests.entries()) {
          expect(await request.user()).toMatchObject({ username: 'ada' })
          ;(await request.session()).set(`visit ${index}`, isReversed)
        }
        const finishing = (isReversed ? requests.toReversed() : requests).map((request) => request.finish(200))
        const answers = await Promise.all(finishing)
        for (const [turn, changes] of answers.entries()) {
          expect(changes.cookies).toHaveLength(1)
          site.django.accept(changes)
          expect(await site.django.whoami()).toMatchObject({ authenticated: true, username: 'ada' })
          const { data } = await site.django.session()
          const mine = `visit ${isReversed ? 1 - turn : turn}`
          expect(data).toMatchObject({
            [mine]: isReversed,
            ...(!replays && { 'visit 0': isReversed, 'visit 1': isReversed }),
          })
        }
        // The old key opens nothing, and a cookie that somebody kept holds a hash that Django does not take.
        const kept = site.django.cookie
        expect(await site.django.json('/api/whoami', undefined, before)).toMatchObject({ authenticated: false })
        site.django.cookie = kept
      }
    })

    test('S36: a logout in Django while a request renews a login that a fallback key verified stays one', async () => {
      if (replays) return
      const oldKey = 'the key before the present one, long enough for HS256'
      const { pk } = await site.django.login('ada')
      const [row] = await site.sql('SELECT password FROM auth_user WHERE id = ?', Number(pk))
      await inNode((session) => session.set('_auth_user_hash', sessionAuthHash(String(row?.password), oldKey)))
      const rotating = site.bridgeWith({ SECRET_KEY_FALLBACKS: [oldKey] })
      const [reading, writing] = [openWith(rotating, site.django.header), openWith(rotating, site.django.header)]
      for (const request of [reading, writing]) expect(await request.user()).not.toBeNull()
      ;(await writing.session()).set('late', 1)
      await site.django.logout()
      expect((await reading.finish(200)).cookies).toEqual([])
      await expect(writing.finish(200)).rejects.toMatchObject({ code: 'session_interrupted' })
      expect(await site.django.whoami()).toMatchObject({ authenticated: false })
    })

    test('with an auth hash that is not Django’s no write takes the place of a login, which goes on in Django', async () => {
      await site.django.login('ada')
      const before = site.django.header
      const wrong = site.bridgeWith({}, { hooks: { sessionAuthHash: () => 'f'.repeat(64) } })
      const context = openWith(wrong, before)
      expect(await context.user()).toBeNull()
      ;(await context.session()).set('cart', ['nails'])
      await expect(context.finish(200)).rejects.toThrow(/sessionAuthHash/)
      expect(await site.django.whoami()).toMatchObject({ authenticated: true, username: 'ada' })
      expect((await site.django.session()).data).not.toHaveProperty('cart')
    })

    test('a first visitor whose login is really dead gets another session where the bridge finds a login that is good', async () => {
      await site.django.user({ username: 'eve', password: 'first' })
      await site.django.login('eve')
      const dead = site.django.header
      await site.django.user({ username: 'eve', password: 'second' })
      site.django.cookie = null
      await site.django.login('ada')
      const good = site.django.header
      const fresh = site.bridgeWith({})
      const write = async () => {
        const context = openWith(fresh, dead)
        expect(await context.auth()).toEqual({ status: 'anonymous', reason: 'auth_hash_mismatch' })
        ;(await context.session()).set('cart', ['nails'])
        return context.finish(200)
      }
      if (!shows) {
        await expect(write()).rejects.toMatchObject({ code: 'settings' })
        expect(await openWith(fresh, good).user()).toMatchObject({ username: 'ada' })
      }
      site.django.cookie = null
      site.django.accept(await write())
      expect((await site.django.session()).data).toEqual({ cart: ['nails'] })
    })

    test('S4: a flush in Node after a failed auth hash ends the session in Django too where it is stored', async () => {
      await site.django.login('ada')
      const kept = site.django.header
      const wrong = site.bridgeWith({}, { hooks: { sessionAuthHash: () => 'f'.repeat(64) } })
      const context = openWith(wrong, kept)
      expect(await context.user()).toBeNull()
      await (await context.session()).flush()
      site.django.accept(await context.finish(200))
      expect(site.django.cookie).toBeNull()
      expect(await site.django.json('/api/whoami', undefined, kept)).toMatchObject({ authenticated: replays })
    })

    more?.(() => site)

    // Django adopts no unknown key either, and django-session-jwt overwrites a row that it cannot read.
    if (kind !== 'plain') return

    test('S3: an unknown key is never taken over, whoever writes', async () => {
      site.django.cookie = 'abcdefghijklmnopqrstuvwxyz012345'
      await inNode((session) => session.set('a', 1))
      expect(site.django.cookie).not.toBe('abcdefghijklmnopqrstuvwxyz012345')
      expect((await site.django.session()).data).toEqual({ a: 1 })
    })
  })
}
