/**
 * Holds a Node response back until the session is saved, so that no redirect can outrun the save and a save that
 * fails can still become an error. What the handler sends meanwhile is kept in order and sent afterwards; `write`
 * returns false until then, and `drain` follows, so that a stream waits instead of filling memory.
 *
 * A response with nothing to wait for is passed on as it is. Other middleware wraps responses too. A wrapper that was
 * mounted before ours is below it: it sees each call when it is sent, on a response that has not begun before. One
 * that was mounted after ours is above it: it sees the calls as the handler makes them.
 */
import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import { types } from 'node:util'
import type { DjangoContext, ResponseChanges } from '../context.ts'
import { isOfContent } from '../http-headers.ts'
import {
  applyChanges,
  checkHeaders,
  freezeHeaders,
  type Head,
  headersSent,
  headOf,
  isHttp2,
  sentCookies,
  setHead,
  withCode,
} from './node-headers.ts'

export interface HeldResponse {
  /** Called once, when the handler starts to answer, with the status and the cookies that the response sets itself. */
  readonly finish: (status: number, sent: Iterable<string>) => ResponseChanges | Promise<ResponseChanges>
  /** Called instead of sending what was held, when `finish` rejects; nothing has been sent then. */
  readonly fail: (error: unknown) => void
}

type Method = (this: ServerResponse, ...parameters: never[]) => unknown

/** A call of the handler's that waits. */
interface Waiting {
  readonly method: Method
  readonly parameters: readonly unknown[]
}

/** What is called on the response below ours. */
const METHODS = [
  'write',
  'end',
  'writeHead',
  'flushHeaders',
  'cork',
  'uncork',
  'addTrailers',
  'setHeader',
  'appendHeader',
  'removeHeader',
  'getHeader',
  'getHeaderNames',
  'on',
  'emit',
] as const

/** Whether an object is a response of Node's, and not one that only looks like it: socket.io has one for WebSockets. */
function canBeHeld(response: object): boolean {
  return METHODS.every((name) => typeof Reflect.get(response, name) === 'function')
}

export function holdResponse(response: ServerResponse | Http2ServerResponse, parts: HeldResponse): void {
  // Node made the second one after the first; what differs and matters here is marked.
  const hold = new Hold(response as ServerResponse, parts)
  // Not one by one: V8 takes a function for long-lived that is written where it is assigned to a property, and with it
  // all that it knows of its request.
  Object.assign(response, hold.methods)
  response.on('pipe', (source: NodeJS.ReadableStream) => hold.sources.add(source))
}

/**
 * Puts the session's cookies on the response of a request. Where the response cannot be held, as that of a WebSocket,
 * it counts as sent: the session can be read, and saved under its own key.
 */
export function answerWith(
  django: DjangoContext,
  response: ServerResponse | Http2ServerResponse,
  fail: HeldResponse['fail'],
): void {
  if (canBeHeld(response)) holdResponse(response, { finish: (status, sent) => django.finish(status, sent), fail })
  // As after an error: nothing is saved for it, and no cookie goes with it.
  else void django.finish(500)
}

/** With an error: without one, HTTP/2 would end the response as if it were whole. */
export function cutOff(response: ServerResponse | Http2ServerResponse): void {
  const error = new Error('The response was cut off.')
  // Of requests in one go on one connection, the later ones get it in their turn.
  if (response.socket === null)
    response.once('socket', (socket: NodeJS.Socket & { destroy(): void }) => socket.destroy())
  response.destroy(error)
}

class Hold {
  readonly sources = new Set<NodeJS.ReadableStream>()
  readonly methods: ReturnType<typeof methodsOf>
  readonly response: ServerResponse
  /** What is below: Node's own, or those of middleware that was mounted before. */
  readonly below: Pick<ServerResponse, (typeof METHODS)[number]>
  readonly #parts: HeldResponse
  readonly #waiting: Waiting[] = []
  readonly #drains: Listener[] = []
  /** 'implied' while the wrappers above ours write the headers that a first `write` or `end` implies. */
  phase: 'open' | 'implied' | 'held' | 'released' | 'failed' = 'open'
  status = 0
  isEnded = false
  failure: unknown
  #statusText = ''
  #thaw: () => void = () => undefined

  constructor(response: ServerResponse, parts: HeldResponse) {
    this.response = response
    this.#parts = parts
    const { write, end, writeHead, flushHeaders, cork, uncork, addTrailers, on } = response
    this.below = { write, end, writeHead, flushHeaders, cork, uncork, addTrailers, on } as Hold['below']
    this.methods = methodsOf(this)
  }

  pass(method: Method, parameters: readonly unknown[]): unknown {
    return Reflect.apply(method, this.response, parameters)
  }

  /** The handler writes or ends without having written a head. */
  beginImplied(): void {
    const { response } = this
    checkStatus(this, response.statusCode)
    if (response.writeHead !== this.methods.writeHead) this.#runWrappersAbove()
    if (this.phase === 'open') this.begin({ status: response.statusCode })
  }

  /**
   * The handler starts to answer: either there is nothing to wait for, or the response is held from here on. False
   * where the head is to be passed on as it came.
   */
  begin(head: Head): boolean {
    const { response } = this
    const changes = this.#parts.finish(head.status, sentCookies(response, head.headers))
    if (changes instanceof Promise) {
      setHead(response, head)
      this.#hold(head.status)
      void this.#send(changes)
      return true
    }
    this.phase = 'released'
    if (changes.cookies.length === 0 && changes.vary.length === 0) return false
    setHead(response, head)
    applyChanges(response, changes)
    return true
  }

  /** They act when headers are written, as the package `on-headers` lets them. Node would ask them later, and once. */
  #runWrappersAbove(): void {
    const { response } = this
    const { writeHead } = response
    response.writeHead = this.methods.writeHead as ServerResponse['writeHead']
    this.phase = 'implied'
    try {
      writeHead.call(response, response.statusCode)
    } finally {
      if (this.phase === 'implied') this.phase = 'open'
    }
  }

  #hold(status: number): void {
    const { response } = this
    this.status = status
    this.#statusText = response.statusMessage
    this.phase = 'held'
    this.#thaw = freezeHeaders(response)
    // The handler has answered: whoever asks must not answer again.
    show(response, 'headersSent')
  }

  wait(method: Method, parameters: readonly unknown[]): void {
    this.#waiting.push({ method, parameters })
  }

  get isHeld(): boolean {
    return this.phase === 'held'
  }

  /** Whoever waits for `drain` may wait with what is below, as with the stream of `compression`. */
  awaitDrain(listener: Listener): void {
    if (this.phase !== 'released') this.#drains.push(listener)
  }

  async #send(finishing: Promise<ResponseChanges>): Promise<void> {
    let changes: ResponseChanges = { cookies: [], vary: ['Cookie'] }
    let hasRoom: boolean
    try {
      changes = await finishing
      this.#release('released')
      this.response.statusCode = this.status
      if (!isHttp2(this.response)) this.response.statusMessage = this.#statusText
      applyChanges(this.response, changes)
      hasRoom = this.#replay()
    } catch (error) {
      this.#giveUp(error, changes)
      return
    }
    if (hasRoom) this.#drain()
  }

  /** The response is again what it is to those below: it has not begun. */
  #release(phase: 'released' | 'failed'): void {
    if (this.phase === 'held') {
      // In this order V8 takes back the last property that was added, which is cheap.
      for (const name of ['writableEnded', 'headersSent'] as const) Reflect.deleteProperty(this.response, name)
      this.#thaw()
    }
    this.phase = phase
  }

  /** Sends what was held; returns whether a handler waits for a `drain` that nobody else will emit. */
  #replay(): boolean {
    let hasRoom = false
    for (const { method, parameters } of this.#waiting.splice(0)) {
      const answer = this.pass(method, parameters)
      if (method === this.below.write) hasRoom = answer === true
    }
    return hasRoom && !this.isEnded
  }

  #drain(): void {
    const { response } = this
    const elsewhere = this.#drains.filter((listener) => !response.rawListeners('drain').includes(listener))
    response.emit('drain')
    for (const listener of elsewhere) listener.call(response)
  }

  /** Nothing of the handler's answer is kept, nor is anything that it still sends: an error takes its place. */
  #giveUp(error: unknown, changes: ResponseChanges): void {
    const { response } = this
    this.#release('failed')
    this.failure = error
    this.isEnded = false
    try {
      for (const source of this.sources) source.unpipe(response)
      for (const { parameters } of this.#waiting.splice(0)) callBack(parameters, error)
      // Past the wrappers above ours, which may be in the middle of the handler's answer.
      Object.assign(response, errorMethodsOf(this))
      if (response.headersSent) {
        cutOff(response)
      } else {
        response.statusCode = 500
        if (!isHttp2(response)) response.statusMessage = ''
        for (const name of response.getHeaderNames()) if (isOfContent(name)) response.removeHeader(name)
        applyChanges(response, changes)
      }
      this.#parts.fail(error)
    } catch {
      cutOff(response)
    }
  }
}

type Listener = (this: unknown, ...parameters: unknown[]) => void

/** What stands in the place of the response's own methods. */
function methodsOf(hold: Hold) {
  const { response, below } = hold
  const flush: unknown = Reflect.get(response, 'flush')

  function inOrder(method: Method) {
    return (...parameters: unknown[]) => {
      if (hold.phase === 'held') hold.wait(method, parameters)
      else if (hold.phase !== 'failed') hold.pass(method, parameters)
    }
  }

  return {
    writeHead: (code: number, ...rest: unknown[]) => writeHead(hold, code, rest),

    write(...parameters: unknown[]) {
      if (hold.phase === 'open') {
        checkChunk(parameters[0])
        hold.beginImplied()
      }
      if (hold.phase === 'released') return hold.pass(below.write, parameters)
      if (hold.phase === 'failed') return callBack(parameters, hold.failure)
      checkChunk(parameters[0])
      if (hold.isEnded) return callBack(parameters, afterEnd())
      hold.wait(below.write, parameters)
      return false
    },

    end(...parameters: unknown[]) {
      const hasChunk = Boolean(parameters[0]) && typeof parameters[0] !== 'function'
      if (hold.phase === 'open') {
        if (hasChunk) checkChunk(parameters[0])
        hold.beginImplied()
      }
      if (hold.phase === 'released') hold.pass(below.end, parameters)
      else if (hold.phase === 'failed') callBack(parameters, hold.failure)
      else if (hasChunk && hold.isEnded) callBack(parameters, afterEnd())
      else {
        if (hasChunk) checkChunk(parameters[0])
        hold.wait(below.end, parameters)
        show(response, 'writableEnded')
      }
      hold.isEnded = true
      return response
    },

    flushHeaders() {
      if (hold.phase === 'open') hold.beginImplied()
      if (hold.phase === 'released') below.flushHeaders.call(response)
      else if (hold.phase === 'held') hold.wait(below.flushHeaders, [])
    },

    cork: inOrder(below.cork),
    uncork: inOrder(below.uncork),
    addTrailers: inOrder(below.addTrailers),
    // Of `compression`, for what has been written so far.
    ...(typeof flush === 'function' && { flush: inOrder(flush as Method) }),
    ...(Object.hasOwn(response, 'on') && {
      on(type: string, listener: Listener) {
        if (type === 'drain') hold.awaitDrain(listener)
        return hold.pass(below.on, [type, listener])
      },
    }),
  }
}

function writeHead(hold: Hold, code: number, rest: readonly unknown[]): unknown {
  const { response, below, phase } = hold
  if (phase === 'failed') return response
  if (phase === 'released') return hold.pass(below.writeHead, [code, ...rest])
  const head = headOf(code, rest)
  if (phase === 'held') {
    // `compression` asks again before each piece, since no header seems to have been sent.
    if (code === hold.status && head.headers === undefined) return response
    throw headersSent('write')
  }
  checkStatus(hold, code)
  if (head.headers !== undefined) checkHeaders(head.headers)
  if (phase === 'implied') setHead(response, head)
  else if (!hold.begin(head)) return hold.pass(below.writeHead, [code, ...rest])
  else if (hold.isHeld) hold.wait(below.writeHead, [code])
  else return hold.pass(below.writeHead, [code])
  return response
}

/** What an error's answer is sent with. What still comes once it has ended is told so. */
function errorMethodsOf(hold: Hold) {
  const { response, below } = hold
  let isEnded = false
  return {
    writeHead: below.writeHead,
    flushHeaders: below.flushHeaders,
    cork: below.cork,
    uncork: below.uncork,
    addTrailers: below.addTrailers,
    on: Object.hasOwn(response, 'on') ? below.on : EventEmitter.prototype.on,
    write: (...parameters: unknown[]) =>
      isEnded ? callBack(parameters, hold.failure) : hold.pass(below.write, parameters),
    end(...parameters: unknown[]) {
      if (isEnded) callBack(parameters, hold.failure)
      else hold.pass(below.end, parameters)
      isEnded = true
      return response
    },
  }
}

/** @throws RangeError of Node's own, before anything is saved */
function checkStatus({ below, response }: Hold, code: number): void {
  if (!(code >= 100 && code <= 999)) Reflect.apply(below.writeHead, response, [code])
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
  throw withCode(new TypeError('A chunk of a response is a string or bytes.'), 'ERR_INVALID_ARG_TYPE')
}

/** Node tells it by an event as well; it may come too late here for whoever listens. */
function afterEnd(): Error {
  return withCode(new Error('The response has ended.'), 'ERR_STREAM_WRITE_AFTER_END')
}
