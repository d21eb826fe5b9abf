/**
 * What every adapter must do, whatever the framework: the response waits for the save, a save that fails becomes an
 * error with nothing of the handler's answer in it, and caches are told. Each adapter's test calls this once.
 */
import { afterEach, describe, expect, test } from 'vitest'
import type { DjangoUser } from '../../src/auth/users.ts'
import type { Bridge, BridgeParts, BridgeWarning } from '../../src/bridge.ts'
import type { DjangoContext } from '../../src/context.ts'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import { loginValues, makeSite, type Site } from '../site.ts'

type HeaderList = readonly (readonly [name: string, value: string])[]

/** What a page of the contract answers; each adapter's test turns it into what its framework sends. */
export interface Answer {
  readonly status?: number
  readonly headers?: HeaderList
  /** Text is sent at once, anything else in pieces as fast as the response takes them. */
  readonly body?: string | AsyncIterable<string>
}

export interface Pages {
  readonly open?: Readonly<Record<string, (django: DjangoContext) => Answer | Promise<Answer>>>
  /** Behind the guard for logged-in users. */
  readonly members?: Readonly<Record<string, (django: DjangoContext, user: DjangoUser) => Answer>>
  /** Behind the check of the Origin. */
  readonly ownOrigin?: Readonly<Record<string, (django: DjangoContext) => Answer>>
}

export interface ServedPages {
  /** Such as `http://127.0.0.1:4000`. */
  readonly origin: string
  request(path: string, init?: { method?: string; headers?: Record<string, string> }): Promise<Received>
  close(): Promise<void>
}

export interface Received {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/**
 * Serves pages, each at its path. An error is answered with its `status`, else 500, and `{"code"}`, else
 * `{"code":"error"}`, by the framework's own means.
 */
export type ServePages = (bridge: Bridge, pages: Pages) => Promise<ServedPages>

const PUBLIC: HeaderList = [
  ['Cache-Control', 'public, max-age=60, s-maxage=600'],
  ['Vary', 'Accept, COOKIE'],
]

export function adapterContract(serve: ServePages): void {
  const cleanups: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const clean of cleanups.splice(0).reverse()) await clean()
  })

  async function start(
    pages: Pages,
    { settings, parts, wrap = (bridge) => bridge }: Start = {},
  ): Promise<{ site: Site; served: ServedPages; request: ServedPages['request'] }> {
    const site = await makeSite({ LOGIN_URL: '/login/', ...settings }, parts)
    const served = await serve(wrap(site.bridge), pages)
    cleanups.push(site.close, served.close)
    return { site, served, request: served.request }
  }

  describe('the response', () => {
    test('answers when the save has ended, not before, so that no redirect outruns it', async () => {
      const order: string[] = []
      const gate = Promise.withResolvers<void>()
      const { site, request } = await start(
        { open: { '/write': write({ status: 302, headers: [['Location', '/read']] }), '/plain': () => ({}) } },
        { wrap: (bridge) => heldAt('/write', bridge, gate.promise) },
      )
      const answered = request('/write').then((received) => {
        order.push('answered')
        return received
      })
      // Whole other requests come and go meanwhile.
      for (let count = 0; count < 3; count++) await request('/plain')
      order.push('saved')
      gate.resolve()
      const { status, headers } = await answered
      expect(order).toEqual(['saved', 'answered'])
      expect([status, headers.get('location')]).toEqual([302, '/read'])
      expect(headers.getSetCookie()).toEqual([expect.stringMatching(/^sessionid=[a-z0-9]{32}; expires=/)])
      expect(site.rows()).toHaveLength(1)
    })

    test('asks no store, and adds nothing, for a handler that does not open the session', async () => {
      const { site, request } = await start({ open: { '/': () => ({ headers: PUBLIC, body: 'hello' }) } })
      site.client.exec('DROP TABLE django_session')
      const { status, headers, text } = await request('/', { headers: { cookie: `sessionid=${'a'.repeat(32)}` } })
      expect([status, text]).toEqual([200, 'hello'])
      expect([headers.get('vary'), headers.get('cache-control'), headers.getSetCookie()]).toEqual([
        'Accept, COOKIE',
        'public, max-age=60, s-maxage=600',
        [],
      ])
    })

    test('gives the session that the cookie names, of several fields and names the right one', async () => {
      const { site, request } = await start({ open: { '/': readCart } })
      const key = await site.store({ cart: ['pear'] })
      const cookie = `a=1; sessionid=${'b'.repeat(32)}; sessionid=${key}; z="sessionid=x"`
      expect((await request('/', { headers: { cookie } })).text).toBe('["pear"]')
      expect((await request('/', { headers: { cookie: '' } })).text).toBe('null')
    })

    test('keeps the cookies that the handler sets beside its own', async () => {
      const headers: HeaderList = [
        ['Set-Cookie', 'a=1; Path=/'],
        ['Set-Cookie', 'b=2; Expires=Thu, 01 Jan 2026 00:00:00 GMT'],
      ]
      const { request } = await start({ open: { '/': write({ headers, body: 'x' }) } })
      expect((await request('/')).headers.getSetCookie()).toEqual([
        'a=1; Path=/',
        'b=2; Expires=Thu, 01 Jan 2026 00:00:00 GMT',
        expect.stringMatching(/^sessionid=/),
      ])
    })

    test.each(['untouched', 'read', 'written', 'flushed'] as const)(
      'sends its own session cookie alone, beside a session that is %s',
      async (kind) => {
        const warnings: BridgeWarning[] = []
        const page = theirCookie(kind)
        const { site, request } = await start({ open: { '/': page } }, { parts: warningsTo(warnings) })
        const key = await site.store({ a: 1 })
        const rows = site.rows()
        const { status, headers } = await request('/', { headers: { cookie: `sessionid=${key}` } })
        expect([status, headers.getSetCookie()]).toEqual([200, [OTHER_COOKIE, THEIR_COOKIE]])
        expect(site.rows()).toEqual(kind === 'flushed' ? [] : rows)
        const codes = warnings.map(({ code }) => code)
        expect(codes).toEqual(kind === 'written' ? ['cookie_set_elsewhere'] : [])
      },
    )

    test.each([
      ['is unknown', `sessionid=${'a'.repeat(32)}`],
      ['is too short', 'sessionid=short'],
      ['names a session', null],
    ])(
      'sends its own session cookie alone where the one that came %s, with SESSION_SAVE_EVERY_REQUEST',
      async (_, sent) => {
        for (const SESSION_SAVE_EVERY_REQUEST of [false, true]) {
          for (const kind of ['untouched', 'read'] as const) {
            const settings = { SESSION_SAVE_EVERY_REQUEST }
            const { site, request } = await start({ open: { '/': theirCookie(kind) } }, { settings })
            const cookie = sent ?? `sessionid=${await site.store({ a: 1 })}`
            const rows = site.rows()
            site.advance(60)
            const { status, headers } = await request('/', { headers: { cookie } })
            expect([status, headers.getSetCookie()]).toEqual([200, [OTHER_COOKIE, THEIR_COOKIE]])
            expect(site.rows()).toEqual(rows)
          }
        }
      },
    )

    test('says nothing of a session that was ended meanwhile where it sends its own cookie, as after a login', async () => {
      const settings = { SESSION_SAVE_EVERY_REQUEST: true }
      const { site, request } = await start({ open: { '/': theirCookie('read') } }, { settings })
      const key = await site.store({ a: 1 })
      site.client.exec('CREATE TRIGGER gone BEFORE UPDATE ON django_session BEGIN DELETE FROM django_session; END')
      expect((await request('/', { headers: { cookie: `sessionid=${key}` } })).status).toBe(200)
    })

    test('sends our cookie beside others whose names or values only look like it', async () => {
      const lines = ['sessionid2=a', 'xsessionid=b', 'SessionID=c', 'a=sessionid=d', 'b=1; sessionid=2', 'sessionid']
      const headers = lines.map((line): [string, string] => ['Set-Cookie', line])
      const { request } = await start({ open: { '/': write({ headers, body: 'x' }) } })
      const sent = (await request('/')).headers.getSetCookie()
      expect(sent).toEqual([...lines, expect.stringMatching(/^sessionid=[a-z0-9]{32};/)])
    })

    test('can read its user and session when it has begun, and save it under its own key', async () => {
      const seen: unknown[] = []
      const page = (django: DjangoContext): Answer => ({
        body: (async function* () {
          yield 'begun '
          const session = await django.session()
          seen.push((await django.user())?.username, session.get('a'))
          session.set('late', 1)
          await session.save()
          await expect(session.cycleKey()).rejects.toThrow(TypeError)
          yield 'ended'
        })(),
      })
      const { site, request } = await start({ open: { '/': page } })
      const key = await site.store({ a: 1, ...loginValues() })
      const { text, headers } = await request('/', { headers: { cookie: `sessionid=${key}` } })
      expect([text, seen, headers.getSetCookie()]).toEqual(['begun ended', ['ada', 1], []])
      expect((await site.open(`sessionid=${key}`).session()).get('late')).toBe(1)
    })

    test('makes no session, and loses none in silence, for a visitor without one when it has begun', async () => {
      const outcome = Promise.withResolvers<unknown>()
      const page = (django: DjangoContext): Answer => ({
        body: (async function* () {
          yield 'begun '
          const session = await django.session()
          session.set('late', 1)
          await session.save().then(outcome.resolve, outcome.resolve)
          yield 'ended'
        })(),
      })
      const { site, request } = await start({ open: { '/': page } })
      expect((await request('/')).text).toBe('begun ended')
      expect(await outcome.promise).toBeInstanceOf(TypeError)
      expect(site.rows()).toEqual([])
    })

    test('streams a body in order, and takes no more of it than a few pieces while the save goes on', async () => {
      const gate = Promise.withResolvers<void>()
      const piece = 'x'.repeat(65_536)
      let produced = 0
      async function* body(): AsyncGenerator<string> {
        for (; produced < 200; produced++) yield `${String(produced).padStart(4)}${piece}`
      }
      const { request } = await start(
        { open: { '/stream': write({ body: body() }), '/plain': () => ({}) } },
        { wrap: (bridge) => heldAt('/stream', bridge, gate.promise) },
      )
      const answered = request('/stream')
      for (let count = 0; count < 3; count++) await request('/plain')
      const producedWhileHeld = produced
      gate.resolve()
      const { text } = await answered
      expect(producedWhileHeld).toBeLessThan(10)
      expect(text.length).toBe(200 * (4 + piece.length))
      expect([...text.matchAll(/[ \d]{4}/g)].map(([number]) => Number(number))).toEqual([...Array(200).keys()])
    })

    test.each([
      ['the database fails', '', 503, 'store_unavailable'],
      ['the session was ended meanwhile', 'DELETE FROM django_session;', 400, 'session_interrupted'],
    ])(
      'makes an error of a save that fails because %s, with nothing of the answer',
      async (_, meanwhile, status, code) => {
        const answer: Answer = {
          status: 302,
          headers: [
            ['Location', '/next'],
            ['ETag', '"1"'],
            ['Last-Modified', 'Thu, 01 Jan 2026 00:00:00 GMT'],
            ['Content-Type', 'text/html'],
            ['Content-Language', 'eo'],
            ['Cache-Control', 'public, max-age=60'],
            ['Set-Cookie', 'mine=1'],
          ],
          body: '<p>the answer</p>',
        }
        const { site, request } = await start({ open: { '/': write(answer) } })
        const key = await site.store({ a: 1 })
        const action = meanwhile || "SELECT RAISE(ABORT, 'no');"
        site.client.exec(`CREATE TRIGGER refuse BEFORE UPDATE ON django_session BEGIN ${action} END`)
        const received = await request('/', { headers: { cookie: `sessionid=${key}` } })
        expect([received.status, JSON.parse(received.text)]).toEqual([status, { code }])
        const left = ['location', 'etag', 'last-modified', 'content-language', 'cache-control', 'set-cookie']
        expect(left.filter((header) => received.headers.has(header))).toEqual([])
        expect(received.headers.get('content-type')).toMatch(/^application\/json/)
        expect(received.headers.get('vary')).toBe('Cookie')
      },
    )

    test('keeps nothing of a stream whose save fails, and lets its source go', async () => {
      const released = Promise.withResolvers<void>()
      async function* body(): AsyncGenerator<string> {
        try {
          for (let count = 0; count < 200; count++) yield 'of the answer '.repeat(5_000)
        } finally {
          released.resolve()
        }
      }
      const { site, request } = await start({ open: { '/': write({ body: body() }) } })
      const key = await site.store({ a: 1 })
      site.client.exec("CREATE TRIGGER refuse BEFORE UPDATE ON django_session BEGIN SELECT RAISE(ABORT, 'no'); END")
      const received = await request('/', { headers: { cookie: `sessionid=${key}` } })
      expect([received.status, JSON.parse(received.text)]).toEqual([503, { code: 'store_unavailable' }])
      await released.promise
    })

    test.each([
      ['HEAD', 200],
      ['GET', 204],
      ['GET', 304],
    ])('sends the cookie with a response that has no body: %s, %i', async (method, status) => {
      const body = method === 'HEAD' ? { body: 'not sent' } : {}
      const { request } = await start({ open: { '/': write({ status, ...body }) } })
      const received = await request('/', { method })
      expect([received.status, received.text]).toEqual([status, ''])
      expect(received.headers.getSetCookie()).toHaveLength(1)
    })

    test('saves nothing when the handler throws', async () => {
      const { site, request } = await start({ open: { '/': throwAfter((session) => session.set('a', 1)) } })
      const { status, headers, text } = await request('/')
      expect([status, JSON.parse(text)]).toEqual([500, { code: 'error' }])
      expect([headers.getSetCookie(), headers.get('vary'), site.rows()]).toEqual([[], 'Cookie', []])
    })

    test('a handler that throws after flush() has flushed: the cookie is deleted', async () => {
      const { site, request } = await start({ open: { '/': throwAfter((session) => session.flush()) } })
      const key = await site.store({ a: 1 })
      const { status, headers } = await request('/', { headers: { cookie: `sessionid=${key}` } })
      expect([status, headers.getSetCookie()]).toEqual([500, [expect.stringMatching(/^sessionid=""; expires=Thu, 01/)]])
      expect([headers.get('cache-control'), site.rows()]).toEqual(['private', []])
    })

    test('a handler that throws after cycleKey() leaves the browser with the new key', async () => {
      const { site, request } = await start({ open: { '/': throwAfter((session) => session.cycleKey()) } })
      const key = await site.store({ a: 1 })
      const { status, headers } = await request('/', { headers: { cookie: `sessionid=${key}` } })
      const [{ session_key: newKey } = { session_key: '' }] = site.rows()
      expect(newKey).not.toBe(key)
      expect([status, headers.getSetCookie()]).toEqual([500, [expect.stringContaining(`sessionid=${newKey}; `)]])
    })
  })

  describe('caches', () => {
    const PRIVATE = 'max-age=60, private'
    const AS_IT_WAS = 'public, max-age=60, s-maxage=600'
    const rows: [string, string, (django: DjangoContext) => Promise<Answer>, Partial<DjangoSettings>][] = [
      ['read', AS_IT_WAS, async (django) => ({ ...(await readCart(django)), headers: PUBLIC }), {}],
      ['reading of claims', AS_IT_WAS, async (django) => ({ headers: PUBLIC, body: String(django.claims) }), {}],
      ['write', PRIVATE, write({ headers: PUBLIC, body: 'x' }), {}],
      ['save every request', PRIVATE, async () => ({ headers: PUBLIC }), { SESSION_SAVE_EVERY_REQUEST: true }],
      ['redirect', PRIVATE, write({ status: 303, headers: [...PUBLIC, ['Location', '/']] }), {}],
      ['stream', PRIVATE, write({ headers: PUBLIC, body: pieces('one ', 'two') }), {}],
      ['failure', AS_IT_WAS, write({ status: 500, headers: PUBLIC, body: 'x' }), {}],
      [
        'delete',
        PRIVATE,
        async (django) => {
          await (await django.session()).flush()
          return { headers: PUBLIC }
        },
        {},
      ],
    ]
    test.each(rows)('S14: a %s varies by cookie and says %s', async (_, cacheControl, page, settings) => {
      const { site, request } = await start({ open: { '/': page } }, { settings })
      const key = await site.store({ a: 1 })
      const { headers } = await request('/', { headers: { cookie: `sessionid=${key}` } })
      expect([headers.get('vary'), headers.get('cache-control')]).toEqual(['Accept, COOKIE', cacheControl])
      expect(headers.getSetCookie()).toHaveLength(cacheControl === PRIVATE ? 1 : 0)
    })

    test.each([
      [undefined, undefined, 'Cookie', 'private'],
      ['Accept-Encoding', 'no-store', 'Accept-Encoding, Cookie', 'no-store'],
      ['*', 'private', '*', 'private'],
      ['*', 'no-cache, private="x", max-age=1', '*', 'no-cache, max-age=1, private'],
      ['*', 'private="a, public", PUBLIC, S-MaxAge=9, no-cache="b, c"', '*', 'no-cache="b, c", private'],
      ['*', 'private, max-age=9', '*', 'private, max-age=9'],
    ])('S14: Vary %j and Cache-Control %j become %j and %j', async (vary, cacheControl, newVary, newCacheControl) => {
      const headers: [string, string][] = []
      if (vary !== undefined) headers.push(['Vary', vary])
      if (cacheControl !== undefined) headers.push(['Cache-Control', cacheControl])
      const { request } = await start({ open: { '/': write({ headers, body: 'x' }) } })
      const received = await request('/')
      expect([received.headers.get('vary'), received.headers.get('cache-control')]).toEqual([newVary, newCacheControl])
    })

    test.each([
      'CDN-Cache-Control',
      'Cloudflare-CDN-Cache-Control',
      'Vercel-CDN-Cache-Control',
      'Netlify-CDN-Cache-Control',
      'Surrogate-Control',
      'Akamai-Cache-Control',
      'Edge-Control',
      'X-Accel-Expires',
      'X-LiteSpeed-Cache-Control',
    ])(
      'S14: %s goes where a cookie is set, since it would go before private, and stays where none is',
      async (name) => {
        const headers: HeaderList = [[name, 'public, max-age=600']]
        const pages = { '/write': write({ headers, body: 'x' }), '/': () => ({ headers, body: 'x' }) }
        const { request } = await start({ open: pages })
        const written = (await request('/write')).headers
        expect([written.get(name), written.get('cache-control')]).toEqual([null, 'private'])
        expect((await request('/')).headers.get(name)).toBe('public, max-age=600')
      },
    )

    test('S14: a cookie that is deleted unopened takes the page out of shared caches, too', async () => {
      const { request } = await start({ open: { '/': () => ({ headers: PUBLIC }) } })
      const { headers } = await request('/', { headers: { cookie: 'sessionid=short' } })
      expect(headers.getSetCookie()).toEqual([expect.stringMatching(/^sessionid=""; /)])
      expect([headers.get('vary'), headers.get('cache-control')]).toEqual(['Accept, COOKIE', PRIVATE])
    })
  })

  describe('guards', () => {
    const members: Pages['members'] = { '/members': (_, user) => ({ body: `Hello, ${user.username}` }) }
    const ownOrigin: Pages['ownOrigin'] = { '/act': () => ({ body: 'done' }) }

    test('send a browser to LOGIN_URL and refuse others', async () => {
      const { request } = await start({ members })
      const page = await request('/members?a=1&b=2', { headers: { accept: 'text/html,*/*' } })
      expect([page.status, page.headers.get('location')]).toEqual([302, '/login/?next=/members%3Fa%3D1%26b%3D2'])
      const api = await request('/members', { headers: { accept: 'application/json' } })
      expect([api.status, JSON.parse(api.text)]).toEqual([401, { code: 'login_required' }])
      expect(api.headers.get('content-type')).toMatch(/^application\/json/)
      expect([page.headers.get('vary'), api.headers.get('vary')]).toEqual([
        expect.stringContaining('Cookie'),
        expect.stringContaining('Cookie'),
      ])
    })

    test('let a verified user pass', async () => {
      const { site, request } = await start({ members })
      const cookie = `sessionid=${await site.store(loginValues())}`
      expect((await request('/members', { headers: { cookie } })).text).toBe('Hello, ada')
    })

    test('make an error of a store that is down, not a login page', async () => {
      const { site, request } = await start({ members })
      const cookie = `sessionid=${await site.store(loginValues())}`
      site.client.exec('ALTER TABLE django_session RENAME TO elsewhere')
      const { status, text } = await request('/members', { headers: { cookie, accept: 'text/html' } })
      expect([status, JSON.parse(text)]).toEqual([503, { code: 'store_unavailable' }])
    })

    test.each([
      ['POST', 'its own origin', (own: string) => ({ origin: own }), 200],
      ['POST', 'another origin', () => ({ origin: 'https://evil.example' }), 403],
      ['DELETE', 'another origin', () => ({ origin: 'https://evil.example' }), 403],
      ['GET', 'another origin', () => ({ origin: 'https://evil.example' }), 200],
      ['POST', 'a trusted origin', () => ({ origin: 'https://shop.example' }), 200],
      ['POST', 'a null origin', () => ({ origin: 'null' }), 403],
      ['POST', 'no origin', () => ({}), 403],
    ])('answer a %s with %s', async (method, whose, headers, status) => {
      const settings = { CSRF_TRUSTED_ORIGINS: ['https://shop.example'] }
      const { served, request } = await start({ ownOrigin }, { settings })
      const received = await request('/act', { method, headers: headers(served.origin) as Record<string, string> })
      expect(received.status).toBe(status)
      const code = whose === 'no origin' ? 'origin_missing' : 'origin_mismatch'
      if (status === 403) expect(JSON.parse(received.text)).toEqual({ code })
    })

    const PROXY: Partial<DjangoSettings> = { SECURE_PROXY_SSL_HEADER: ['HTTP_X_FORWARDED_PROTO', 'https'] }
    test.each<[string, Partial<DjangoSettings>, Record<string, string>, number]>([
      ['is ignored where no setting names it', {}, { 'x-forwarded-proto': 'https' }, 403],
      ['is believed where the settings name it', PROXY, { 'x-forwarded-proto': 'https' }, 200],
      ['counts by its first value', PROXY, { 'x-forwarded-proto': 'https, http' }, 200],
      ['counts by its first value, not another', PROXY, { 'x-forwarded-proto': 'http, https' }, 403],
      ['has no twin with underscores', PROXY, { x_forwarded_proto: 'https' }, 403],
      ['is not the headers that are like it', PROXY, { 'x-forwarded-ssl': 'on', forwarded: 'proto=https' }, 403],
      ['does not bring a host with it', PROXY, { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'a.example' }, 200],
    ])('S31: the proxy’s header %s', async (_, settings, headers, status) => {
      const { served, request } = await start({ ownOrigin }, { settings })
      const origin = served.origin.replace('http:', 'https:')
      expect((await request('/act', { method: 'POST', headers: { ...headers, origin } })).status).toBe(status)
      const foreign = await request('/act', { method: 'POST', headers: { ...headers, origin: 'https://a.example' } })
      expect(foreign.status).toBe(403)
    })

    test.each([
      '/members?%0d%0aSet-Cookie:%20a=b',
      '/members?a=1;b="2"&c=<é>',
      '/members?%00%1b[31m%E2%80%A8',
      '/members?next=//evil.example',
    ])('S12: %s adds no header and no line to the way to the login page', async (path) => {
      const { request } = await start({ members })
      const { status, headers } = await request(path, { headers: { accept: 'text/html' } })
      expect([status, headers.getSetCookie()]).toEqual([302, []])
      expect(headers.get('location')).toMatch(/^\/login\/\?next=\/members%3F[\w%.!~*'()/-]+$/)
    })

    test.each(['"\x80', `${'é'.repeat(20)}`, 'â\x80¨'.repeat(5), 'a; Path=/x'])(
      'S12, S34: the cookie %j comes back nowhere',
      async (value) => {
        const { site, request } = await start({ open: { '/': write({ body: 'x' }) } })
        const { status, headers } = await request('/', { headers: { cookie: `sessionid=${value}` } })
        expect([status, headers.getSetCookie()]).toEqual([
          200,
          [
            expect.stringMatching(
              /^sessionid=[a-z0-9]{32}; expires=[\w, :]+; HttpOnly; Max-Age=\d+; Path=\/; SameSite=Lax$/,
            ),
          ],
        ])
        expect(JSON.stringify(site.reports)).toMatch(/^[\x20-\x7e]*$/)
        expect(JSON.stringify(site.reports)).not.toContain(value)
      },
    )
  })
}

const OTHER_COOKIE = 'mine=1; Path=/'
const THEIR_COOKIE = 'sessionid=fromsomebodyelse; HttpOnly; Path=/'

/** A page that sets the session's cookie itself. */
function theirCookie(kind: 'untouched' | 'read' | 'written' | 'flushed'): (django: DjangoContext) => Promise<Answer> {
  return async (django) => {
    const session = kind === 'untouched' ? null : await django.session()
    if (kind === 'read') session?.get('a')
    if (kind === 'written') session?.set('a', 2)
    if (kind === 'flushed') await session?.flush()
    return {
      headers: [
        ['Set-Cookie', OTHER_COOKIE],
        ['Set-Cookie', THEIR_COOKIE],
      ],
      body: 'x',
    }
  }
}

function warningsTo(warnings: BridgeWarning[]): BridgeParts {
  return { hooks: { onWarning: (warning) => warnings.push(warning) } }
}

interface Start {
  readonly settings?: Partial<DjangoSettings>
  readonly parts?: BridgeParts
  readonly wrap?: (bridge: Bridge) => Bridge
}

/** A bridge whose requests for this path cannot finish before the gate opens. */
function heldAt(path: string, bridge: Bridge, gate: Promise<void>): Bridge {
  return {
    ...bridge,
    open(request) {
      const django = bridge.open(request)
      if (request.url !== path) return django
      const finish = django.finish.bind(django)
      return Object.assign(django, {
        finish: (status: number, sent?: Iterable<string>) => gate.then(() => finish(status, sent)),
      })
    },
  }
}

function write(answer: Answer): (django: DjangoContext) => Promise<Answer> {
  return async (django) => {
    const session = await django.session()
    session.set('cart', ['pear'])
    return answer
  }
}

async function readCart(django: DjangoContext): Promise<Answer> {
  const session = await django.session()
  return { body: JSON.stringify(session.get('cart') ?? null) }
}

function throwAfter(
  act: (session: Awaited<ReturnType<DjangoContext['session']>>) => unknown,
): (django: DjangoContext) => Promise<Answer> {
  return async (django) => {
    await act(await django.session())
    throw new Error('broken page')
  }
}

async function* pieces(...texts: string[]): AsyncGenerator<string> {
  yield* texts
}
