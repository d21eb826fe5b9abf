/**
 * Holds a Node response back until the session is saved, so that no redirect can outrun the save and a save that
 * fails can still become an error. What the handler sends meanwhile is kept in order and sent afterwards; `write`
 * answers false until then, and `drain` follows, so that a stream waits instead of filling memory.
 */
import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import { types } from 'node:util'
import type { ResponseChanges } from '../context.ts'
import { addVary, isOfContent, privateCacheControl } from '../http-headers.ts'

export interface HeldResponse {
  /** Called once, with the status, when the handler starts to answer. */
  readonly finish: (status: number) => Promise<ResponseChanges>
  /** Called instead of sending what was held, when `finish` rejects; nothing has been sent then. */
  readonly fail: (error: unknown) => void
}

/** A call of the handler's that waits. */
interface Waiting {
  readonly method: (this: ServerResponse, ...parameters: never[]) => unknown
  readonly parameters: readonly unknown[]
}

export function holdResponse(given: ServerResponse | Http2ServerResponse, { finish, fail }: HeldResponse): void {
  // Node made the second one after the first; what differs and matters here is marked.
  const response = given as ServerResponse
  const { write, end, writeHead, flushHeaders, cork, uncork, addTrailers } = response
  const waiting: Waiting[] = []
  const sources = new Set<NodeJS.ReadableStream>()
  let phase: 'open' | 'held' | 'released' = 'open'
  let status = 0
  let statusText = ''
  let isEnded = false
  let failure: { readonly error: unknown } | null = null

  function hold(call: Waiting): void {
    if (phase === 'open') {
      status = checked(response.statusCode)
      statusText = response.statusMessage
      phase = 'held'
      // The handler has answered: whoever asks must not answer again.
      show(response, 'headersSent')
      void settle(freezeHeaders(response))
    }
    waiting.push(call)
  }

  async function settle(thaw: () => void): Promise<void> {
    let changes: ResponseChanges = { cookies: [], vary: ['Cookie'] }
    let hasRoom: boolean
    try {
      changes = await finish(status)
      thaw()
      phase = 'released'
      response.statusCode = status
      if (!isHttp2(response)) response.statusMessage = statusText
      applyChanges(response, changes)
      hasRoom = send()
    } catch (error) {
      thaw()
      phase = 'released'
      giveUp(error, changes)
      return
    }
    if (hasRoom) response.emit('drain')
  }

  /** Sends what was held; returns whether a handler waits for a `drain` that Node itself will not emit. */
  function send(): boolean {
    let hasRoom = false
    for (const { method, parameters } of waiting.splice(0)) {
      const answer = Reflect.apply(method, response, parameters)
      if (method === write) hasRoom = answer === true
    }
    return hasRoom && !response.writableEnded
  }

  /** Nothing of the handler's answer is kept, nor is anything that it still sends: an error takes its place. */
  function giveUp(error: unknown, changes: ResponseChanges): void {
    isEnded = false
    failure = { error }
    for (const name of ['headersSent', 'writableEnded'] as const) Reflect.deleteProperty(response, name)
    for (const source of sources) source.unpipe(response)
    for (const { parameters } of waiting.splice(0)) callBack(parameters, error)
    if (response.headersSent) {
      cutOff(response)
    } else {
      response.statusCode = 500
      if (!isHttp2(response)) response.statusMessage = ''
      for (const name of response.getHeaderNames()) if (isOfContent(name)) response.removeHeader(name)
      applyChanges(response, changes)
    }
    fail(error)
  }

  function checked(code: number): number {
    // Node's own error, before anything is saved.
    if (!(code >= 100 && code <= 999)) Reflect.apply(writeHead, response, [code])
    return code
  }

  const held = {
    writeHead(code: number, ...rest: unknown[]) {
      if (phase === 'released') return Reflect.apply(writeHead, response, [code, ...rest])
      const reason = typeof rest[0] === 'string' ? rest[0] : undefined
      const headers = rest[1] ?? (reason === undefined ? rest[0] : undefined)
      if (phase === 'held') {
        // `compression` asks again before each piece, since no header seems to have been sent.
        if (code === status && typeof headers !== 'object') return response
        throw headersSent('write')
      }
      response.statusCode = checked(code)
      if (reason !== undefined && !isHttp2(response)) response.statusMessage = reason
      if (typeof headers === 'object' && headers !== null) setHeaders(response, headers)
      hold({ method: writeHead, parameters: [code] })
      return response
    },

    write(...parameters: unknown[]) {
      if (failure !== null && isEnded) return callBack(parameters, failure.error)
      if (phase === 'released') return Reflect.apply(write, response, parameters)
      checkChunk(parameters[0])
      if (isEnded) return callBack(parameters, afterEnd())
      hold({ method: write, parameters })
      return false
    },

    end(...parameters: unknown[]) {
      if (failure !== null && isEnded) {
        callBack(parameters, failure.error)
        return response
      }
      const hasChunk = Boolean(parameters[0]) && typeof parameters[0] !== 'function'
      if (phase === 'released') Reflect.apply(end, response, parameters)
      else if (hasChunk && isEnded) callBack(parameters, afterEnd())
      else {
        if (hasChunk) checkChunk(parameters[0])
        hold({ method: end, parameters })
        show(response, 'writableEnded')
      }
      isEnded = true
      return response
    },

    flushHeaders() {
      if (phase === 'released') flushHeaders.call(response)
      else hold({ method: flushHeaders, parameters: [] })
    },

    cork: inOrder(cork),
    uncork: inOrder(uncork),
    addTrailers: inOrder(addTrailers),
  }

  function inOrder(method: Waiting['method']) {
    return (...parameters: unknown[]) => {
      if (phase === 'held') hold({ method, parameters })
      else Reflect.apply(method, response, parameters)
    }
  }

  // Not one by one: V8 takes a function for long-lived that is written where it is assigned to a property, and with it
  // all that it knows of its request.
  Object.assign(response, held)
  response.on('pipe', (source: NodeJS.ReadableStream) => sources.add(source))
}

/** With an error: without one, HTTP/2 would end the response as if it were whole. */
export function cutOff(response: ServerResponse | Http2ServerResponse): void {
  response.destroy(new Error('The response was cut off.'))
}

function applyChanges(response: ServerResponse, changes: ResponseChanges): void {
  for (const cookie of changes.cookies) response.appendHeader('Set-Cookie', cookie.header)
  if (changes.vary.length > 0) response.setHeader('Vary', addVary(text(response.getHeader('Vary')), changes.vary))
  if (changes.cacheControl !== undefined) {
    response.setHeader('Cache-Control', privateCacheControl(text(response.getHeader('Cache-Control'))))
  }
}

/** Headers as `writeHead` takes them: an object, names and values in turn, or pairs. */
function setHeaders(response: ServerResponse, headers: object): void {
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers)) if (name !== '') response.setHeader(name, value)
    return
  }
  const pairs = Array.isArray(headers[0]) ? (headers as [string, string][]) : pairsOf(headers)
  for (const [name] of pairs) response.removeHeader(name)
  for (const [name, value] of pairs) response.appendHeader(name, value)
}

function pairsOf(flat: readonly string[]): [string, string][] {
  if (flat.length % 2 !== 0) {
    throw withCode(new TypeError('Headers in a list are names and values in turn.'), 'ERR_INVALID_ARG_VALUE')
  }
  return flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] as string]] : []))
}

/** Makes every change of a header an error, as it is once headers were sent; returns what undoes that. */
function freezeHeaders(response: ServerResponse): () => void {
  const { setHeader, appendHeader, removeHeader } = response
  const refuseChange = (): never => {
    throw headersSent('change')
  }
  Object.assign(response, { setHeader: refuseChange, appendHeader: refuseChange, removeHeader: refuseChange })
  return () => Object.assign(response, { setHeader, appendHeader, removeHeader })
}

/** Plain, like any other property: a getter of its own makes V8 give up on the whole response, ten times the cost. */
function show(response: ServerResponse, name: 'headersSent' | 'writableEnded'): void {
  Object.defineProperty(response, name, { value: true, configurable: true, enumerable: true, writable: true })
}

/** Tells the caller of a `write` or `end` that comes to nothing. */
function callBack(parameters: readonly unknown[], error: unknown): false {
  const callback = parameters.findLast((parameter) => typeof parameter === 'function')
  if (callback !== undefined) process.nextTick(callback as (error: unknown) => void, error)
  return false
}

function checkChunk(chunk: unknown): void {
  if (typeof chunk === 'string' || types.isUint8Array(chunk)) return
  throw withCode(new TypeError('A piece of a response is text or bytes.'), 'ERR_INVALID_ARG_TYPE')
}

/** Node tells it by an event as well; it may come too late here for whoever listens. */
function afterEnd(): Error {
  return withCode(new Error('The response has ended.'), 'ERR_STREAM_WRITE_AFTER_END')
}

function headersSent(action: string): Error {
  return withCode(new Error(`Cannot ${action} headers after the handler has answered.`), 'ERR_HTTP_HEADERS_SENT')
}

function withCode(error: Error, code: string): Error {
  return Object.assign(error, { code })
}

function isHttp2(response: ServerResponse): boolean {
  return 'stream' in response
}

function text(header: number | string | readonly string[] | undefined): string | undefined {
  return header === undefined ? undefined : Array.isArray(header) ? header.join(', ') : String(header)
}
