/** The head of a Node response, of either version of HTTP, in all the forms that Node takes it in. */
import { type ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http'
import type { ResponseChanges } from '../context.ts'
import { nameOfSetCookie } from '../cookies/set-cookie.ts'
import { addVary, goesBeforeCacheControl, privateCacheControl } from '../http-headers.ts'

/** What `writeHead` was called with. */
export interface Head {
  readonly status: number
  readonly reason?: string
  readonly headers?: object
}

/** @param rest a reason, headers, or both, as `writeHead` takes them */
export function headOf(status: number, rest: readonly unknown[]): Head {
  const reason = typeof rest[0] === 'string' ? rest[0] : undefined
  const headers = rest[1] ?? (reason === undefined ? rest[0] : undefined)
  return {
    status,
    ...(reason !== undefined && { reason }),
    ...(typeof headers === 'object' && headers !== null && { headers }),
  }
}

export function setHead(response: ServerResponse, { status, reason, headers }: Head): void {
  response.statusCode = status
  if (reason !== undefined && !isHttp2(response)) response.statusMessage = reason
  if (headers !== undefined) setHeaders(response, headers)
}

/** Headers as `writeHead` takes them: an object, names and values in turn, or pairs. */
function setHeaders(response: ServerResponse, headers: object): void {
  if (!Array.isArray(headers)) {
    for (const [name, value] of entriesOf(headers)) response.setHeader(name, value)
    return
  }
  const pairs = entriesOf(headers)
  for (const [name] of pairs) response.removeHeader(name)
  for (const [name, value] of pairs) response.appendHeader(name, value)
}

/** @throws TypeError of Node's own for what is no header, before anything is saved */
export function checkHeaders(headers: object): void {
  for (const [name, value] of entriesOf(headers)) {
    validateHeaderName(name)
    for (const one of Array.isArray(value) ? value : [value]) validateHeaderValue(name, one)
  }
}

type HeaderValue = string | readonly string[]

function entriesOf(headers: object): [name: string, value: string & readonly string[]][] {
  const entries = Array.isArray(headers) ? pairsOf(headers) : Object.entries(headers).filter(([name]) => name !== '')
  return entries as [string, string & readonly string[]][]
}

function pairsOf(list: readonly unknown[]): (readonly unknown[])[] {
  if (Array.isArray(list[0])) return list as unknown[][]
  if (list.length % 2 !== 0) {
    throw withCode(new TypeError('Headers in a list are names and values in turn.'), 'ERR_INVALID_ARG_VALUE')
  }
  return list.flatMap((name, index) => (index % 2 === 0 ? [[name, list[index + 1]]] : []))
}

/** The names of the cookies that a response sets itself, looked for when somebody asks. */
export function* sentCookies(response: ServerResponse, headers: object | undefined): Generator<string, void> {
  const written = headers === undefined ? [] : entriesOf(headers).filter(([name]) => isSetCookie(name))
  // What `writeHead` is given goes before what was set.
  const lines = written.length > 0 ? written.map(([, value]) => value) : [response.getHeader('Set-Cookie') ?? []]
  for (const line of lines.flat() as unknown[]) yield nameOfSetCookie(String(line))
}

const isSetCookie = (name: unknown): boolean => String(name).toLowerCase() === 'set-cookie'

export function applyChanges(response: ServerResponse, changes: ResponseChanges): void {
  for (const cookie of changes.cookies) response.appendHeader('Set-Cookie', cookie.header)
  if (changes.vary.length > 0) response.setHeader('Vary', addVary(text(response.getHeader('Vary')), changes.vary))
  if (changes.cacheControl === undefined) return
  response.setHeader('Cache-Control', privateCacheControl(text(response.getHeader('Cache-Control'))))
  for (const name of response.getHeaderNames()) if (goesBeforeCacheControl(name)) response.removeHeader(name)
}

/** Makes every change of a header an error, as it is once headers were sent; returns what undoes that. */
export function freezeHeaders(response: ServerResponse): () => void {
  const { setHeader, appendHeader, removeHeader } = response
  const refuseChange = (): never => {
    throw headersSent('change')
  }
  Object.assign(response, { setHeader: refuseChange, appendHeader: refuseChange, removeHeader: refuseChange })
  return () => Object.assign(response, { setHeader, appendHeader, removeHeader })
}

export function headersSent(action: string): Error {
  return withCode(new Error(`Cannot ${action} headers after the handler has answered.`), 'ERR_HTTP_HEADERS_SENT')
}

export function withCode(error: Error, code: string): Error {
  return Object.assign(error, { code })
}

export function isHttp2(response: ServerResponse): boolean {
  return 'stream' in response
}

function text(header: number | string | HeaderValue | undefined): string | undefined {
  return header === undefined ? undefined : Array.isArray(header) ? header.join(', ') : String(header)
}
