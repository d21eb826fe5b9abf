/** What a response must carry for its session: the cookie line, Django's to the byte, and what keeps caches off it. */
import type { Settings } from '../settings/settings.ts'
import type { Expiry } from '../stores/session-expiry.ts'
import { type CookieOptions, cookieOptions, deletionAttributes, formatSetCookie } from './set-cookie.ts'

/**
 * A cookie to send. `header` is the whole value of a Set-Cookie line, Django's to the byte; `options` has its
 * attributes for a framework that writes the line itself, as Next.js does: `cookies().set(name, value, options)`.
 */
export interface SetCookie {
  readonly name: string
  readonly value: string
  readonly options: CookieOptions
  readonly header: string
}

/** What a response must carry. */
export interface ResponseChanges {
  readonly cookies: readonly SetCookie[]
  /** Names for the Vary header. */
  readonly vary: readonly string[]
  /** Present beside a cookie: the response must not be stored by shared caches. */
  readonly cacheControl?: 'private'
}

/** No cookie; Vary where the session, or the cookie, was looked at. */
export function withoutCookie(accessed: boolean): ResponseChanges {
  return { cookies: [], vary: accessed ? ['Cookie'] : [] }
}

/**
 * @param ended names of other cookies, which the browser forgets
 * @see django/contrib/sessions/middleware.py SessionMiddleware.process_response
 */
export function withSessionCookie(
  value: string,
  expiry: Expiry,
  settings: Settings,
  now: Date,
  ended: readonly string[] = [],
): ResponseChanges {
  const { age, atBrowserClose } = expiry
  const name = settings.SESSION_COOKIE_NAME
  const attributes = {
    maxAge: atBrowserClose ? null : age,
    expires: atBrowserClose ? null : new Date(now.getTime() + age * 1000),
    domain: settings.SESSION_COOKIE_DOMAIN,
    path: settings.SESSION_COOKIE_PATH,
    secure: settings.SESSION_COOKIE_SECURE,
    httponly: settings.SESSION_COOKIE_HTTPONLY,
    samesite: settings.SESSION_COOKIE_SAMESITE,
  }
  const header = formatSetCookie(name, value, attributes)
  const options = cookieOptions(attributes)
  return withCookies([{ name, value, options, header }, ...deletions(ended, settings)])
}

/** The browser forgets cookies of these names. */
export function withDeletedCookies(names: readonly string[], settings: Settings): ResponseChanges {
  return withCookies(deletions(names, settings))
}

function deletions(names: readonly string[], settings: Settings): SetCookie[] {
  const attributes = {
    path: settings.SESSION_COOKIE_PATH,
    domain: settings.SESSION_COOKIE_DOMAIN,
    samesite: settings.SESSION_COOKIE_SAMESITE,
  }
  return names.map((name) => {
    const all = deletionAttributes(name, attributes)
    return { name, value: '', options: cookieOptions(all), header: formatSetCookie(name, '', all) }
  })
}

function withCookies(cookies: readonly SetCookie[]): ResponseChanges {
  return { cookies, vary: ['Cookie'], cacheControl: 'private' }
}
