/**
 * Holds a Node response back until the session is saved, so that no redirect can outrun the save and a save that
 * fails can still become an error. What the handler sends meanwhile is kept in order and sent afterwards.
 */
import type { ServerResponse } from 'node:http'
import type { ResponseChanges } from '../context.ts'
import { addVary, privateCacheControl } from '../http-headers.ts'

export interface HeldResponse {
  /** Called once, with the status, when the handler starts to answer. */
  readonly finish: (status: number) => Promise<ResponseChanges>
  /** Called instead of sending what was held, when `finish` rejects; nothing has been sent then. */
  readonly fail: (error: unknown) => void
}

export function holdResponse(response: ServerResponse, { finish, fail }: HeldResponse): void {
  const { write, end, writeHead, flushHeaders } = response
  let queue: (() => void)[] | null = null
  let isWaitingForDrain = false

  function hold(): (() => void)[] {
    if (queue !== null) return queue
    queue = []
    finish(response.statusCode).then(
      (changes) => {
        const held = release()
        applyChanges(response, changes)
        for (const send of held) send()
        if (isWaitingForDrain) response.emit('drain')
      },
      (error: unknown) => {
        release()
        dropContent(response)
        fail(error)
      },
    )
    return queue
  }

  function release(): (() => void)[] {
    Object.assign(response, { write, end, writeHead, flushHeaders })
    Reflect.deleteProperty(response, 'headersSent')
    return queue ?? []
  }

  response.writeHead = function held(status: number, ...rest: unknown[]) {
    response.statusCode = status
    const headers = rest.pop()
    if (typeof rest[0] === 'string' || typeof headers === 'string') {
      response.statusMessage = String(typeof headers === 'string' ? headers : rest[0])
    }
    if (typeof headers === 'object' && headers !== null) setHeaders(response, headers)
    hold()
    return response
  } as ServerResponse['writeHead']
  response.write = function held(...parts: unknown[]) {
    isWaitingForDrain = true
    hold().push(() => Reflect.apply(write, response, parts))
    return false
  } as ServerResponse['write']
  response.end = function held(...parts: unknown[]) {
    hold().push(() => Reflect.apply(end, response, parts))
    return response
  } as ServerResponse['end']
  response.flushHeaders = function held() {
    hold().push(() => flushHeaders.call(response))
  }
  // The handler has answered: whoever asks must not answer again.
  Object.defineProperty(response, 'headersSent', { configurable: true, get: () => queue !== null })
}

function applyChanges(response: ServerResponse, changes: ResponseChanges): void {
  for (const cookie of changes.cookies) response.appendHeader('Set-Cookie', cookie.header)
  if (changes.vary.length > 0) response.setHeader('Vary', addVary(text(response.getHeader('Vary')), changes.vary))
  if (changes.cacheControl !== undefined) {
    response.setHeader('Cache-Control', privateCacheControl(text(response.getHeader('Cache-Control'))))
  }
}

/** Nothing of the handler's answer is kept when an error takes its place. */
function dropContent(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) {
    if (name === 'location' || name === 'etag' || name.startsWith('content-')) response.removeHeader(name)
  }
}

function setHeaders(response: ServerResponse, headers: object): void {
  if (Array.isArray(headers)) {
    const flat: unknown[] = headers.flat()
    for (let index = 0; index + 1 < flat.length; index += 2) {
      response.appendHeader(String(flat[index]), String(flat[index + 1]))
    }
    return
  }
  for (const [name, value] of Object.entries(headers as Record<string, string | string[] | undefined>)) {
    if (value !== undefined) response.setHeader(name, value)
  }
}

function text(header: number | string | readonly string[] | undefined): string | undefined {
  return header === undefined ? undefined : Array.isArray(header) ? header.join(', ') : String(header)
}
