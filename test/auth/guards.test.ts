import { describe, expect, test } from 'vitest'
import { isSameOrigin, loginRequired, originDenied } from '../../src/auth/guards.ts'
import type { RequestInfo } from '../../src/stores/store.ts'
import { makeSite } from '../site.ts'

function request(method: string, headers: RequestInfo['headers'], more: Partial<RequestInfo> = {}): RequestInfo {
  return { method, url: '/', headers: { host: 'example.com', ...headers }, secure: true, ...more }
}

const codeOf = (asked: RequestInfo, trusted: readonly string[] = []): string | undefined =>
  originDenied(asked, trusted)?.body.code

describe('Origin', () => {
  test.each(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'get'])('a %s passes from anywhere', (method) => {
    expect(codeOf(request(method, { origin: 'https://evil.test' }))).toBeUndefined()
    expect(codeOf(request(method, {}))).toBeUndefined()
  })

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'CONNECT', 'PROPFIND', ''])(
    'a %s passes from its own pages',
    (method) => {
      expect(codeOf(request(method, { origin: 'https://example.com' }))).toBeUndefined()
      expect(codeOf(request(method, { origin: 'https://evil.test' }))).toBe('origin_mismatch')
      expect(codeOf(request(method, {}))).toBe('origin_missing')
    },
  )

  test.each<[string, RequestInfo['headers']]>([
    ['a WebSocket', { connection: 'Upgrade', upgrade: 'websocket' }],
    ['one of two', { upgrade: 'h2c, websocket' }],
    ['several', { upgrade: ['websocket', 'h2c'] }],
    ['one over HTTP/2', { ':protocol': 'websocket' }],
  ])('an upgrade to %s needs the site’s own Origin, though it is a GET', (_, headers) => {
    expect(codeOf(request('GET', { ...headers, origin: 'https://evil.test' }))).toBe('origin_mismatch')
    expect(codeOf(request('GET', headers))).toBe('origin_missing')
    expect(codeOf(request('GET', { ...headers, origin: 'https://example.com' }))).toBeUndefined()
    expect(codeOf(request('GET', { ...headers, origin: 'https://a.test' }), ['https://a.test'])).toBeUndefined()
  })

  test('a client that is no browser may offer HTTP/2', () => {
    expect(codeOf(request('GET', { upgrade: 'h2c' }))).toBeUndefined()
    expect(codeOf(request('GET', { upgrade: 'H2C' }))).toBeUndefined()
  })

  test.each<[string, string | string[]]>([
    ['null', 'null'],
    ['empty', ''],
    ['another scheme', 'http://example.com'],
    ['another port', 'https://example.com:8443'],
    ['given twice', ['https://example.com', 'https://example.com']],
  ])('an Origin that is %s is a mismatch, and not missing', (_, origin) => {
    expect(originDenied(request('POST', { origin }), ['https://*.example.com:1'])).toEqual({
      status: 403,
      body: { code: 'origin_mismatch' },
    })
    expect(isSameOrigin(request('POST', { origin }), [])).toBe(false)
  })

  test.each([['null'], [''], ['evil.test/'], ['evil.test\\'], ['[::1'], [' example.com']])(
    'a Host %j is no host, and no Origin its own',
    (host) => {
      expect(codeOf(request('POST', { host, origin: `https://${host}` }))).toBe(
        host === 'null' ? undefined : 'origin_mismatch',
      )
    },
  )

  test.each(['localhost:8000', '[::1]:8000', '[2001:db8::1]', 'EXAMPLE.com', '127.0.0.1'])(
    'a Host %s is one',
    (host) => {
      expect(codeOf(request('POST', { host, origin: `https://${host}` }))).toBeUndefined()
    },
  )

  test('a request without one Host is nobody’s own, not even where the Origin says null', () => {
    for (const host of [undefined, ['a.test', 'a.test']]) {
      expect(codeOf(request('POST', { host, origin: 'https://undefined' }))).toBe('origin_mismatch')
      expect(codeOf(request('POST', { host, origin: 'null' }))).toBe('origin_mismatch')
    }
  })

  test.each<[origin: string, trusted: string, isTrusted: boolean]>([
    ['https://a.test', 'https://a.test', true],
    ['https://a.test', 'http://a.test', false],
    ['https://a.test.evil.test', 'https://a.test', false],
    ['https://a.test', 'https://*.a.test', true],
    ['https://x.y.a.test', 'https://*.a.test', true],
    ['https://x.a.test', 'https://**.A.test', true],
    ['HTTPS://x.a.test', 'https://*.a.test', true],
    ['https://x.a.test', 'HTTPS://*.a.test', true],
    ['http://x.a.test', 'https://*.a.test', false],
    ['https://xa.test', 'https://*.a.test', false],
    ['https://xa.test', 'https://*a.test', false],
    ['https://a.test', 'https://*a.test', true],
    ['https://X.A.TEST', 'https://*.a.test', false],
    ['https://x.a.test.', 'https://*.a.test', false],
    ['https://x.a.test:8443', 'https://*.a.test:8443', true],
    ['https://a.test:8443', 'https://*.a.test:8443', true],
    ['https://x.a.test', 'https://*.a.test:8443', false],
    ['https://a.test', 'https://*', false],
    ['https://', 'https://*', false],
    ['https://.a.test', 'https://*.a.test', true],
    ['https://user@x.a.test', 'https://*.a.test', true],
    ['https://[::1]:8000', 'https://*[::1]:8000', true],
    ['https://evil.test\\.a.test', 'https://*.a.test', false],
    ['https://evil.test\\@x.a.test', 'https://*.a.test', false],
    ['https://evil.test\t.a.test', 'https://*.a.test', false],
    ['https://evil.test /.a.test', 'https://*.a.test', false],
    ['https://evil.test/.a.test', 'https://*.a.test', false],
    ['https://evil.test?.a.test', 'https://*.a.test', false],
    ['https://evil.test#.a.test', 'https://*.a.test', false],
    ['https://evil.test|.a.test', 'https://*.a.test', false],
    ['https://evil.test:1.a.test', 'https://*.a.test', false],
    ['https://[::1].a.test', 'https://*.a.test', false],
    ['x.a.test', 'https://*.a.test', false],
    ['//x.a.test', 'https://*.a.test', false],
    ['x https://x.a.test', 'https://*.a.test', false],
    ['1https://x.a.test', '*.a.test', false],
    ['x.a.test', '*.a.test', false],
  ])('%s by %s: %s', (origin, trusted, isTrusted) => {
    expect(isSameOrigin(request('POST', { origin }), ['https://other.test', trusted])).toBe(isTrusted)
  })

  test('is compared with the proxy’s host where USE_X_FORWARDED_HOST says so', async () => {
    const headers = { 'x-forwarded-host': 'shop.test', origin: 'https://shop.test' }
    for (const [USE_X_FORWARDED_HOST, code] of [
      [true, undefined],
      [false, 'origin_mismatch'],
    ] as const) {
      const site = await makeSite({ USE_X_FORWARDED_HOST })
      expect(codeOf(site.bridge.open(request('POST', headers)).request)).toBe(code)
      const own = request('POST', { origin: 'https://example.com' })
      expect(codeOf(site.bridge.open(own).request)).toBeUndefined()
      await site.close()
    }
  })
})

describe('a request that needs a login', () => {
  const page = { accept: 'text/html,*/*' }
  const locationOf = (url: string, loginUrl = '/login/', more: Partial<RequestInfo> = {}) =>
    loginRequired(request('GET', page, { url, ...more }), loginUrl)

  test.each([
    ['POST', page],
    ['get', page],
    ['DELETE', page],
    ['GET', {}],
    ['HEAD', { accept: 'application/json' }],
    ['GET', { accept: ['text/html'] }],
  ])('a %s that asks for %j is no page: 401', (method, headers) => {
    expect(loginRequired(request(method, headers), '/login/')).toEqual({
      status: 401,
      body: { code: 'login_required' },
    })
  })

  test.each(['GET', 'HEAD'])('a %s of a page goes to LOGIN_URL', (method) => {
    const denial = loginRequired(request(method, page, { url: '/a?b=1' }), '/login/')
    expect(denial).toEqual({ status: 302, location: '/login/?next=/a%3Fb%3D1' })
  })

  test.each([
    '//evil.test',
    '//evil.test/a?b',
    '/%2Fevil.test',
    '/%2fevil.test',
    'https://evil.test/',
    'http://evil.test//a',
    '*',
    '',
    'evil.test',
    'a//b',
    '\\/evil.test',
    '?a=1',
  ])('a target %j, which could be another site’s, comes back to /', (url) => {
    expect(locationOf(url)).toEqual({ status: 302, location: '/login/?next=/' })
  })

  test.each([
    ['/\\evil.test', '/%255Cevil.test'],
    ['/\t/evil.test', '/%2509/evil.test'],
    ['/a//b', '/a//b'],
    ['/%FF', '/%2525FF'],
    ['/%F0%9F%98%80', '/%25F0%259F%2598%2580'],
    ['/a?', '/a'],
    ['/a?x#y', '/a%3Fx%23y'],
  ])('a target %j is %s for the login page', (url, next) => {
    expect(locationOf(url)).toEqual({ status: 302, location: `/login/?next=${next}` })
  })

  test.each([
    ['https://sso.test/login', 'https://sso.test/login?next=https%3A//example.com/a'],
    ['https://example.com/login', 'https://example.com/login?next=/a'],
    ['HTTPS://example.com/login', 'https://example.com/login?next=/a'],
    ['http://example.com/login', 'http://example.com/login?next=https%3A//example.com/a'],
    ['//example.com/login', '//example.com/login?next=/a'],
    ['//sso.test/login', '//sso.test/login?next=https%3A//example.com/a'],
    ['/login?next=/b&c=d+e&c=f#top', '/login?next=/a&c=d%20e&c=f#top'],
    ['/login?#', '/login?next=/a'],
    ['login.html', 'login.html?next=/a'],
  ])('LOGIN_URL %s sends to %s', (loginUrl, location) => {
    expect(locationOf('/a', loginUrl)).toEqual({ status: 302, location })
  })

  test('a whole address is without dot segments, and there is none where the host is none', () => {
    const elsewhere = 'https://sso.test/'
    expect(locationOf('/a/../b?c=/../', elsewhere)).toMatchObject({
      location: `${elsewhere}?next=https%3A//example.com/b%3Fc%3D/../`,
    })
    expect(locationOf('/a/./b', elsewhere)).toMatchObject({ location: `${elsewhere}?next=https%3A//example.com/a/b` })
    const headers = { ...page, host: 'evil.test\\' }
    expect(locationOf('/a', elsewhere, { headers })).toMatchObject({ location: `${elsewhere}?next=/a` })
  })

  test('the parameter has the name that the login page reads', () => {
    const asked = request('GET', page, { url: '/a' })
    expect(loginRequired(asked, '/login/?next=/b', { redirectFieldName: 'back to' })).toMatchObject({
      location: '/login/?next=/b&back%20to=/a',
    })
  })
})
