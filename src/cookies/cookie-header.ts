/**
 * The one reading of the Cookie header. Mirrors parse_cookie of django/http/cookie.py, behind the decoding of
 * django/core/handlers/wsgi.py WSGIRequest.COOKIES.
 *
 * `sessionid=abc; a="x\073y"; a=2; alone` reads as sessionid `abc`, a `2` (the last one wins), and the nameless
 * cookie `alone`. Another reading elsewhere in a request, such as a framework's, may see another user.
 */

/** @param header the header as Node gives it: its bytes as latin-1 text */
export function parseCookieHeader(header: string): Map<string, string> {
  const cookies = new Map<string, string>()
  for (const chunk of decodeHeader(header).split(';')) {
    const cut = chunk.indexOf('=')
    const name = strip(cut < 0 ? '' : chunk.slice(0, cut))
    const value = strip(cut < 0 ? chunk : chunk.slice(cut + 1))
    if (name !== '' || value !== '') cookies.set(name, unquote(value))
  }
  return cookies
}

/** The bytes were UTF-8; what is none becomes U+FFFD. */
function decodeHeader(header: string): string {
  return NOT_ASCII.test(header) ? Buffer.from(header, 'latin1').toString('utf8') : header
}

const NOT_ASCII = /[^\x00-\x7f]/

/** What Python's str.strip() takes away, which is more and less than trim(): \x1c-\x1f and \x85 too, U+FEFF not. */
const SPACE =
  '\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'

export function strip(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && SPACE.includes(text.charAt(start))) start++
  while (end > start && SPACE.includes(text.charAt(end - 1))) end--
  return text.slice(start, end)
}

/** `"a\"b\073"` is `a"b;`: an octal number is a code point of latin-1. @see Python http/cookies.py _unquote */
function unquote(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value
  return value
    .slice(1, -1)
    .replace(/\\(?:([0-3][0-7][0-7])|([^\n]))/g, (_, octal: string | undefined, other: string) =>
      octal === undefined ? other : String.fromCharCode(Number.parseInt(octal, 8)),
    )
}
