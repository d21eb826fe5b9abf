import { describe, expect, test } from 'vitest'
import { cookieOptions, formatDeleteCookie, formatSetCookie } from '../../src/cookies/set-cookie.ts'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import { makeSite } from '../site.ts'

async function cookiesOf(settings: Partial<DjangoSettings>, end = false) {
  const site = await makeSite(settings)
  const django = site.open(end ? `sessionid=${await site.store({ a: 1 })}` : '')
  const session = await django.session()
  if (end) await session.flush()
  else session.set('a', 1)
  const { cookies } = await django.finish(200)
  await site.close()
  return cookies
}

describe('SetCookie.options', () => {
  test('says what the line says', async () => {
    const [cookie] = await cookiesOf({
      SESSION_COOKIE_DOMAIN: '.example.com',
      SESSION_COOKIE_PATH: '/shop',
      SESSION_COOKIE_SECURE: true,
      SESSION_COOKIE_SAMESITE: 'Strict',
      SESSION_COOKIE_AGE: 60,
    })
    const expires = /expires=([^;]+)/.exec(cookie?.header ?? '')?.[1]
    const { expires: date, ...rest } = cookie?.options ?? {}
    expect(rest).toEqual({
      domain: '.example.com',
      httpOnly: true,
      maxAge: 60,
      path: '/shop',
      sameSite: 'strict',
      secure: true,
    })
    expect(date?.toUTCString()).toBe(expires)
  })

  test('has no end where the browser’s session is the end', async () => {
    const [cookie] = await cookiesOf({
      SESSION_EXPIRE_AT_BROWSER_CLOSE: true,
      SESSION_COOKIE_HTTPONLY: false,
      SESSION_COOKIE_SAMESITE: false,
    })
    expect(cookie?.options).toEqual({ path: '/' })
  })

  test('makes a browser forget a cookie that is deleted', async () => {
    const [cookie] = await cookiesOf({ SESSION_COOKIE_SAMESITE: 'None' }, true)
    expect(cookie?.value).toBe('')
    expect(cookie?.options).toEqual({
      expires: new Date(0),
      maxAge: 0,
      path: '/',
      sameSite: 'none',
      secure: true,
    })
  })

  test('has whole seconds, and nothing of empty attributes', () => {
    expect(cookieOptions({ maxAge: 1.9 })).toEqual({ maxAge: 1 })
    const empty = { maxAge: null, expires: null, domain: '', path: '', secure: false, httponly: false, samesite: '' }
    expect(cookieOptions(empty)).toEqual({})
    expect(formatSetCookie('a', '', empty)).toBe('a=""')
  })
})

describe('a Set-Cookie line', () => {
  test.each(['a b', '', 'a;b', 'a=b', 'ä', '(a'])('a name %j is a TypeError', (name) => {
    expect(() => formatSetCookie(name, '', {})).toThrow('A cookie name is made of letters')
  })

  test.each('expires path comment domain Max-Age secure HttpOnly version SameSite Partitioned'.split(' '))(
    'a name %s, an attribute’s, is a TypeError',
    (name) => {
      expect(() => formatSetCookie(name, '', {})).toThrow('the name of an attribute')
    },
  )

  test.each(['a\nb', 'ä', '\x7f'])('a value %j is a TypeError', (value) => {
    expect(() => formatSetCookie('a', value, {})).toThrow('A cookie value is printable ASCII.')
  })

  test.each(['a;b', 'a\rb', 'ü'])('an attribute %j is a TypeError that names it', (text) => {
    expect(() => formatSetCookie('a', '', { path: text })).toThrow('A cookie\'s path is ASCII without ";".')
    expect(() => formatSetCookie('a', '', { domain: text })).toThrow('A cookie\'s domain is ASCII without ";".')
    expect(() => formatSetCookie('a', '', { samesite: text })).toThrow('samesite is Lax, None or Strict.')
  })

  test('a value is quoted as by Python', () => {
    expect(formatSetCookie('a', '"b\\,c;d e', {})).toBe('a="\\"b\\\\\\054c\\073d e"')
    expect(formatSetCookie('a', "aZ09!#$%&'*+-.^_`|~:", {})).toBe("a=aZ09!#$%&'*+-.^_`|~:")
  })

  test('dates follow each other by the second', () => {
    const lineAt = (time: number) => formatSetCookie('a', 'b', { expires: new Date(time) })
    expect(lineAt(0)).toBe('a=b; expires=Thu, 01 Jan 1970 00:00:00 GMT')
    expect(lineAt(999)).toBe('a=b; expires=Thu, 01 Jan 1970 00:00:00 GMT')
    expect(lineAt(1000)).toBe('a=b; expires=Thu, 01 Jan 1970 00:00:01 GMT')
  })

  test.each([
    ['sessionid', undefined, false],
    ['__Secure-a', undefined, true],
    ['__Host-a', undefined, true],
    ['a__Host-', 'Lax', false],
    ['a', 'nOnE', true],
    ['a', false, false],
  ] as const)('the deletion of %s with SameSite %s is Secure: %s', (name, samesite, isSecure) => {
    const line = formatDeleteCookie(name, samesite === undefined ? {} : { samesite })
    expect(line.endsWith('; Secure')).toBe(isSecure)
    expect(line).toContain('; Path=/')
    expect(line).not.toContain('Domain')
    expect(formatDeleteCookie(name, { domain: 'a.test' })).toContain('Domain=a.test')
  })
})
