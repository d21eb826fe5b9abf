/**
 * Set-Cookie lines to the byte as Django writes them. Mirrors HttpResponse.set_cookie and delete_cookie of
 * django/http/response.py and Morsel.OutputString of Python's http/cookies.py: attributes in alphabetical order.
 *
 *     sessionid=abc; expires=Thu, 15 Jan 2026 00:00:00 GMT; HttpOnly; Max-Age=1209600; Path=/; SameSite=Lax
 */
import { CookieTooLarge } from '../errors.ts'

export interface CookieAttributes {
  /** Seconds; a fraction is cut off. Null: a cookie of the browser's session. */
  readonly maxAge?: number | null
  readonly expires?: Date | null
  readonly domain?: string | null
  readonly path?: string | null
  readonly secure?: boolean
  readonly httponly?: boolean
  /** Written as it is spelled. */
  readonly samesite?: string | false | null
}

/**
 * @throws TypeError for a name that is no token, and for a control character or one outside ASCII anywhere; no text
 * can add an attribute or a line
 */
export function formatSetCookie(name: string, value: string, attributes: CookieAttributes): string {
  if (!TOKEN.test(name)) throw new TypeError("A cookie name is made of letters, digits and !#$%&'*+-.^_`|~:")
  if (isAttributeName(name)) throw new TypeError('A cookie cannot have the name of an attribute.')
  const { maxAge = null, expires = null, domain, path, secure, httponly, samesite } = attributes
  const parts = [`${name}=${quote(value)}`]
  if (domain) parts.push(`Domain=${attribute('domain', domain)}`)
  if (expires !== null) parts.push(`expires=${httpDate(expires)}`)
  if (httponly) parts.push('HttpOnly')
  if (maxAge !== null) parts.push(`Max-Age=${Math.trunc(maxAge)}`)
  if (path) parts.push(`Path=${attribute('path', path)}`)
  if (samesite) parts.push(`SameSite=${sameSite(samesite)}`)
  if (secure) parts.push('Secure')
  return parts.join('; ')
}

let lastSecond = Number.NaN
let lastDate = ''

/** `Thu, 15 Jan 2026 00:00:00 GMT`; kept, since most cookies of one second end in the same. */
function httpDate(moment: Date): string {
  const second = Math.floor(moment.getTime() / 1000)
  if (second !== lastSecond) {
    lastSecond = second
    lastDate = moment.toUTCString()
  }
  return lastDate
}

type CookiePlace = Pick<CookieAttributes, 'path' | 'domain' | 'samesite'>

/** The line that makes a browser forget a cookie. @see django/http/response.py delete_cookie */
export function formatDeleteCookie(name: string, place: CookiePlace = {}): string {
  return formatSetCookie(name, '', deletionAttributes(name, place))
}

/** What that line says. */
export function deletionAttributes(name: string, { path = '/', domain, samesite }: CookiePlace): CookieAttributes {
  const secure = name.startsWith('__Secure-') || name.startsWith('__Host-') || (samesite || '').toLowerCase() === 'none'
  return {
    maxAge: 0,
    expires: new Date(0),
    path,
    secure,
    ...(domain && { domain }),
    ...(samesite && { samesite }),
  }
}

/**
 * Attributes of a cookie by the names that packages such as `cookie` give them. What the line does not have is absent.
 * `maxAge` is in seconds, which Express's `response.cookie` takes for milliseconds: `expires` says the same there.
 */
export interface CookieOptions {
  readonly domain?: string
  readonly expires?: Date
  readonly httpOnly?: boolean
  /** Seconds. */
  readonly maxAge?: number
  readonly path?: string
  readonly sameSite?: 'lax' | 'none' | 'strict'
  readonly secure?: boolean
}

export function cookieOptions(attributes: CookieAttributes): CookieOptions {
  const { maxAge = null, expires = null, domain, path, secure, httponly, samesite } = attributes
  return {
    ...(domain && { domain }),
    ...(expires !== null && { expires }),
    ...(httponly && { httpOnly: true }),
    ...(maxAge !== null && { maxAge: Math.trunc(maxAge) }),
    ...(path && { path }),
    ...(samesite && { sameSite: samesite.toLowerCase() as 'lax' | 'none' | 'strict' }),
    ...(secure && { secure: true }),
  }
}

/** What browsers keep of a cookie, name and value. */
export const MOST_COOKIE_BYTES = 4096

/** @throws CookieTooLarge for a cookie that browsers would drop; the message says of `what` and gives `advice` */
export function refuseLargeCookie(name: string, value: string, what: string, advice: string): void {
  const bytes = name.length + value.length
  if (bytes <= MOST_COOKIE_BYTES) return
  throw new CookieTooLarge(`${what} would have ${bytes} bytes; browsers keep ${MOST_COOKIE_BYTES}. ${advice}`)
}

/** Python's Morsel refuses these as names of cookies. @see http/cookies.py Morsel.set */
export function isAttributeName(name: string): boolean {
  return ATTRIBUTES.has(name.toLowerCase())
}

const ATTRIBUTES = new Set(
  'expires path comment domain max-age secure httponly version samesite partitioned'.split(' '),
)
const TOKEN = /^[A-Za-z0-9!#$%&'*+\-.^_`|~:]+$/
const UNQUOTED = TOKEN
const NOT_PRINTABLE = /[^\x20-\x7e]/

/** @see Python http/cookies.py _quote: `a"b;` is `"a\"b\073"` */
function quote(value: string): string {
  if (UNQUOTED.test(value)) return value
  if (NOT_PRINTABLE.test(value)) throw new TypeError('A cookie value is printable ASCII.')
  const escaped = value.replace(/["\\]/g, '\\$&').replace(/[,;]/g, (sign) => (sign === ',' ? '\\054' : '\\073'))
  return `"${escaped}"`
}

function attribute(name: string, value: string): string {
  if (NOT_PRINTABLE.test(value) || value.includes(';')) throw new TypeError(`A cookie's ${name} is ASCII without ";".`)
  return value
}

function sameSite(value: string): string {
  if (['lax', 'none', 'strict'].includes(value.toLowerCase())) return value
  throw new TypeError('samesite is Lax, None or Strict.')
}

/** The name of the cookie that a Set-Cookie line sets. @see RFC 6265 section 5.2 */
export function nameOfSetCookie(line: string): string {
  const [pair = ''] = line.split(';', 1)
  return pair.includes('=') ? pair.slice(0, pair.indexOf('=')).trim() : ''
}
