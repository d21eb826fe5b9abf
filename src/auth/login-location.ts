/** Mirrors redirect_to_login of django/contrib/auth/views.py: `/login/?next=/orders/%3Fpage%3D2`. */
import type { RequestInfo } from '../stores/store.ts'
import { currentOrigin } from './origins.ts'

/** The address of the login page, which is told where to go back to in the parameter `field`. */
export function loginLocation(request: RequestInfo, loginUrl: string, field: string): string {
  const [, scheme, authority, path = '', query = '', fragment = ''] = URL_PARTS.exec(loginUrl) ?? []
  const origin = currentOrigin(request)
  const target = fullPath(request.url)
  const [currentScheme, currentAuthority] = origin?.split('://') ?? []
  const isElsewhere =
    (scheme !== undefined && scheme.toLowerCase() !== currentScheme) ||
    (authority !== undefined && authority !== '' && authority !== currentAuthority)
  const next = isElsewhere && origin !== null ? origin + withoutDotSegments(target, origin) : target
  const address = `${scheme === undefined ? '' : `${scheme.toLowerCase()}:`}${authority === undefined ? '' : `//${authority}`}${path}`
  return iriToUri(`${address}?${withParameter(query.slice(1), field, next)}${fragment === '#' ? '' : fragment}`)
}

/** As urlsplit takes a URL apart; a scheme has no say without its colon. */
const URL_PARTS = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$/is

/**
 * The path and query of a request target, quoted anew. Anything that a browser could take for another site's is `/`.
 * @see django/http/request.py get_full_path
 */
function fullPath(url: string): string {
  const mark = url.indexOf('?')
  const path = escapePath(mark === -1 ? url : url.slice(0, mark))
  if (!path.startsWith('/') || path.startsWith('//')) return '/'
  const query = mark === -1 ? '' : url.slice(mark + 1)
  return query === '' ? path : `${path}?${iriToUri(query)}`
}

/** Bytes that are no UTF-8 are percent signs with digits already when they are quoted. @see repercent_broken_unicode */
function escapePath(path: string): string {
  const bytes = percentDecoded(path)
  let escaped = ''
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at)
    const quoted = quoteBytes(bytes.subarray(at, at + Math.max(length, 1)), PATH_SAFE)
    escaped += length === 0 ? `%25${quoted.slice(1)}` : quoted
    at += Math.max(length, 1)
  }
  return escaped
}

/** How many bytes from here are one character of UTF-8; 0 for none. */
function characterLength(bytes: Buffer, at: number): number {
  for (const length of [1, 2, 3, 4]) {
    const piece = bytes.subarray(at, at + length)
    if (piece.length === length && isUtf8(piece)) return length
  }
  return 0
}

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes)
}

/** The query with the one parameter set, in the place of one that is there. @see django/http/request.py QueryDict */
function withParameter(query: string, field: string, value: string): string {
  const lists = new Map<string, string[]>()
  for (const [name, item] of new URLSearchParams(`&${query}`)) {
    const list = lists.get(name)
    if (list === undefined) lists.set(name, [item])
    else list.push(item)
  }
  lists.set(field, [value])
  return [...lists].flatMap(([name, list]) => list.map((item) => `${quote(name)}=${quote(item)}`)).join('&')
}

/** `/a/../b` is `/b` in a whole URL. @see django/http/request.py build_absolute_uri */
function withoutDotSegments(target: string, origin: string): string {
  const path = target.split('?', 1)[0] ?? ''
  if (!path.includes('/./') && !path.includes('/../')) return target
  return new URL(origin + target).pathname + target.slice(path.length)
}

/** Quotes what no URL may have, and nothing that is quoted already. @see django/utils/encoding.py iri_to_uri */
function iriToUri(text: string): string {
  return quoteBytes(Buffer.from(text.toWellFormed()), IRI_SAFE)
}

function quote(text: string): string {
  return quoteBytes(Buffer.from(text.toWellFormed()), '/')
}

/** @see Python urllib.parse.quote */
function quoteBytes(bytes: Uint8Array, safe: string): string {
  let quoted = ''
  for (const byte of bytes) {
    const character = String.fromCharCode(byte)
    const isPlain = /[A-Za-z0-9_.~-]/.test(character) || safe.includes(character)
    quoted += isPlain ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return quoted
}

function percentDecoded(text: string): Buffer {
  const decoded = text.replace(/%([\da-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )
  return Buffer.from(decoded, 'latin1')
}

const PATH_SAFE = "/:@&+$,-_.!~*'()"
const IRI_SAFE = "/#%[]=:;$&()+,!?*@'~"
