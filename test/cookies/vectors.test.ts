/** The Cookie header and Set-Cookie, on everything that the vectors hold. */
import { describe, expect, test } from 'vitest'
import { parseCookieHeader } from '../../src/cookies/cookie-header.ts'
import { formatDeleteCookie, formatSetCookie } from '../../src/cookies/set-cookie.ts'
import { DJANGO_VERSIONS, outcome, type VectorRecord, vectors } from '../vectors.ts'

interface Settings {
  SESSION_COOKIE_NAME?: string
  SESSION_COOKIE_AGE?: number
  SESSION_COOKIE_DOMAIN?: string | null
  SESSION_COOKIE_PATH?: string | null
  SESSION_COOKIE_SECURE?: boolean | null
  SESSION_COOKIE_HTTPONLY?: boolean | null
  SESSION_COOKIE_SAMESITE?: string | false | null
  SESSION_EXPIRE_AT_BROWSER_CLOSE?: boolean
}

interface CookieRecord extends VectorRecord {
  settings: Settings
  now_ms: number
  key: string
  header?: string
  error?: string
  session_expiry?: number | boolean | string
}

function attributes(settings: Settings) {
  return {
    domain: settings.SESSION_COOKIE_DOMAIN ?? null,
    path: settings.SESSION_COOKIE_PATH === undefined ? '/' : settings.SESSION_COOKIE_PATH,
    secure: settings.SESSION_COOKIE_SECURE ?? false,
    httponly: settings.SESSION_COOKIE_HTTPONLY === undefined ? true : Boolean(settings.SESSION_COOKIE_HTTPONLY),
    samesite: settings.SESSION_COOKIE_SAMESITE === undefined ? 'Lax' : settings.SESSION_COOKIE_SAMESITE,
  }
}

describe.each(DJANGO_VERSIONS)('vectors of Django %s', (version) => {
  test.each(
    vectors<VectorRecord & { header_hex: string; cookies: [string, string][] }>('cookies', version, 'parse_cookie'),
  )('S13: $name', ({ header_hex, cookies }) => {
    expect([...parseCookieHeader(Buffer.from(header_hex, 'hex').toString('latin1'))]).toEqual(cookies)
  })

  // A text that is no expiry makes Django fail before any cookie; here it never gets so far.
  const set = vectors<CookieRecord>('cookies', version, 'set_cookie').filter(
    ({ session_expiry }) => typeof session_expiry !== 'string',
  )
  test.each(set)('S9: $name', ({ settings, now_ms, key, header, session_expiry }) => {
    const age = session_expiry || (settings.SESSION_COOKIE_AGE ?? 1209600)
    const closes =
      session_expiry === undefined ? settings.SESSION_EXPIRE_AT_BROWSER_CLOSE : Number(session_expiry) === 0
    const made = outcome(() =>
      formatSetCookie(settings.SESSION_COOKIE_NAME ?? 'sessionid', key, {
        ...attributes(settings),
        maxAge: closes ? null : Number(age),
        expires: closes ? null : new Date(now_ms + Number(age) * 1000),
      }),
    )
    expect(made).toEqual(header === undefined ? { error: expect.any(TypeError) } : { value: header })
  })

  test.each(vectors<CookieRecord>('cookies', version, 'delete_cookie'))('S9: $name', ({ settings, header }) => {
    const { path, domain, samesite } = attributes(settings)
    const made = outcome(() =>
      formatDeleteCookie(settings.SESSION_COOKIE_NAME ?? 'sessionid', { path, domain, samesite }),
    )
    expect(made).toEqual(header === undefined ? { error: expect.any(TypeError) } : { value: header })
  })

  test.each(vectors<VectorRecord & { cookie: string; value: string; header?: string }>('cookies', version, 'quote'))(
    'S12: $name',
    ({ cookie, value, header }) => {
      const made = outcome(() => formatSetCookie(cookie, value, { path: '/', httponly: true, samesite: 'Lax' }))
      // Python writes controls and latin-1 as octal escapes; nothing of ours is ever such a value.
      const refused = header === undefined || /[^\x20-\x7e]/.test(value)
      expect(made).toEqual(refused ? { error: expect.any(TypeError) } : { value: header })
    },
  )
})

test.each([';', '\r', '\n', '\0', 'é', '\x7f'])('S12: %j adds no attribute or line anywhere', (bad) => {
  const call = (name: string, value: string, domain: string, path: string, samesite: string) => () =>
    formatSetCookie(name, value, { domain, path, samesite })
  expect(call(`a${bad}`, 'v', 'example.com', '/', 'Lax')).toThrow(TypeError)
  expect(call('a', 'v', `example.com${bad}`, '/', 'Lax')).toThrow(TypeError)
  expect(call('a', 'v', 'example.com', `/${bad}`, 'Lax')).toThrow(TypeError)
  expect(call('a', 'v', 'example.com', '/', `Lax${bad}`)).toThrow(TypeError)
  if (bad === ';') expect(call('a', 'v;Secure', 'example.com', '/', 'Lax')()).toMatch(/^a="v\\073Secure"; /)
  else expect(call('a', `v${bad}`, 'example.com', '/', 'Lax')).toThrow(TypeError)
})

test('S13: a megabyte of separators, quotes or spaces is read in one pass', () => {
  for (const text of [';', '=', '"', ' ', '\\', 'a=";', '\xa0']) {
    expect(parseCookieHeader(text.repeat(1 << 20)).size).toBeLessThanOrEqual(2)
  }
})
