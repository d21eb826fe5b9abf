/** What a handler does with a Node response, in every way that Node has for it, comes out as it would without us. */
import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import { createServer as createHttp2Server, connect as http2Connect } from 'node:http2'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  type DjangoSessionsOptions,
  djangoSessions,
  type NodeRequest,
  type NodeResponse,
} from '../../src/adapters/node.ts'
import type { DjangoContext } from '../../src/context.ts'
import type { ServedPages } from '../contracts/adapter.ts'
import { makeSite, type Site } from '../site.ts'
import { overHttp1, overHttp2 } from './served.ts'

/** Handlers are written for Node's own response; that of HTTP/2 is used in the same words. */
type Response = import('node:http').ServerResponse
type Handler = (response: Response, django: DjangoContext, request: NodeRequest) => unknown
type Options = DjangoSessionsOptions<NodeRequest, NodeResponse>

const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
afterEach(() => {
  warn.mockClear()
})

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

const VERSIONS = ['HTTP/1', 'HTTP/2'] as const

async function serve(
  version: (typeof VERSIONS)[number],
  handler: Handler,
  options: Options = {},
): Promise<ServedPages & { site: Site }> {
  const site = await makeSite()
  const listener = djangoSessions<NodeRequest, NodeResponse>(
    site.bridge,
    (request, response, django) => handler(response as Response, django, request),
    options,
  )
  const served = await (version === 'HTTP/1'
    ? overHttp1(createServer(listener))
    : overHttp2(createHttp2Server(listener)))
  cleanups.push(site.close, served.close)
  return { site, ...served }
}

/** Changes the session, so that the response has a save to wait for. */
async function change(django: DjangoContext): Promise<void> {
  const session = await django.session()
  session.set('seen', true)
}

/** Functions that V8 takes for long-lived are made slowly, and keep what they know until the whole heap is collected. */
test('what is put in the place of a response’s own methods lives as short as the request', async () => {
  setFlagsFromString('--allow-natives-syntax')
  const isYoung = new Function('value', 'return %InYoungGeneration(value)') as (value: unknown) => boolean
  let found: (readonly [string, boolean])[] = []
  const { request } = await serve('HTTP/1', (response) => {
    const methods = Object.entries(response).filter(([, value]) => typeof value === 'function')
    found = methods.map(([name, method]) => [name, isYoung(method)])
    response.end()
  })
  await request('/')
  const replaced = ['addTrailers', 'cork', 'end', 'flushHeaders', 'uncork', 'write', 'writeHead']
  expect(found.toSorted()).toEqual(expect.arrayContaining(replaced.map((name) => [name, true])))
})

describe.each(VERSIONS)('%s: a handler', (version) => {
  test.each<[string, (response: Response) => unknown, string | null]>([
    ['an object', (response) => response.writeHead(201, { 'X-A': '1', 'X-B': ['2', '3'] }), '2, 3'],
    ['a message and an object', (response) => response.writeHead(201, 'Made', { 'X-A': '1' }), null],
    ['no message and an object', (response) => response.writeHead(201, undefined, { 'X-A': '1' }), null],
    ['a list', (response) => response.writeHead(201, ['X-A', '1', 'X-B', '2', 'x-b', '3']), '2, 3'],
    [
      'pairs',
      (response) =>
        response.writeHead(201, [
          ['X-A', '1'],
          ['X-B', '2'],
        ] as never),
      '2',
    ],
    [
      'an object over earlier headers',
      (response) => response.setHeader('X-A', '0').setHeader('X-B', '4') && response.writeHead(201, { 'x-a': '1' }),
      '4',
    ],
    [
      'a list over earlier headers',
      (response) => response.setHeader('X-A', '0') && response.writeHead(201, ['x-a', '1']),
      null,
    ],
  ])('gives writeHead %s', async (name, writeHead, second) => {
    const { request } = await serve(version, async (response, django) => {
      await change(django)
      if (version === 'HTTP/2' && name.includes('earlier')) {
        // Its setHeader returns nothing to chain.
        response.setHeader('X-A', '0')
        if (second !== null) response.setHeader('X-B', second)
        response.writeHead(201, name.startsWith('a list') ? ['x-a', '1'] : { 'x-a': '1' })
      } else writeHead(response)
      response.end('body')
    })
    const { status, headers, text } = await request('/')
    expect([status, headers.get('x-a'), headers.get('x-b'), text]).toEqual([201, '1', second, 'body'])
    expect(headers.getSetCookie()).toHaveLength(1)
  })

  test('sets cookies in writeHead, which stay beside the session’s and go before earlier ones', async () => {
    const { request } = await serve(version, async (response, django) => {
      await change(django)
      response.setHeader('Set-Cookie', 'earlier=1')
      response.writeHead(200, ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'])
      response.end()
    })
    const cookies = (await request('/')).headers.getSetCookie()
    expect(cookies).toEqual(['a=1', 'b=2', expect.stringMatching(/^sessionid=/)])
  })

  test('is called back after each write and at the end, and sees what encodings and bytes it gave', async () => {
    const calls: string[] = []
    const isOver = Promise.withResolvers<void>()
    const { request } = await serve(version, async (response, django) => {
      await change(django)
      response.write('b25l', 'base64', () => calls.push('one'))
      response.write(Buffer.from(' two'), () => calls.push('two'))
      response.end('20e9', 'hex', () => {
        calls.push('end')
        isOver.resolve()
      })
      calls.push('answered')
    })
    const { text } = await request('/')
    expect(text).toBe('one \ufffd'.replace(' ', ' two '))
    await isOver.promise
    expect(calls).toEqual(['answered', 'one', 'two', 'end'])
  })

  test.each<[string, (response: Response, done: () => void) => unknown, string]>([
    ['nothing', (response, done) => done() ?? response.end(), ''],
    ['a callback', (response, done) => response.end(done), ''],
    ['a piece and a callback', (response, done) => response.end('piece', done), 'piece'],
    ['nothing twice', (response, done) => response.end('once').end(done), 'once'],
  ])('ends with %s', async (_, end, body) => {
    const done = Promise.withResolvers<void>()
    const { request } = await serve(version, async (response, django) => {
      await change(django)
      end(response, done.resolve)
    })
    expect((await request('/')).text).toBe(body)
    await done.promise
  })

  test('that flushes the headers sends them, after the save, before it has a body', async () => {
    const body = Promise.withResolvers<string>()
    const { origin } = await serve(version, async (response, django) => {
      await change(django)
      response.flushHeaders()
      response.end(await body.promise)
    })
    const headers = await firstHeaders(version, origin)
    expect(String(headers['set-cookie'])).toMatch(/^sessionid=/)
    body.resolve('late')
  })

  test('can give early hints, which nothing holds back', async () => {
    const hinted = Promise.withResolvers<void>()
    const { origin } = await serve(version, async (response, django) => {
      await change(django)
      response.writeEarlyHints({ link: '</style.css>; rel=preload' })
      await hinted.promise
      response.end('x')
    })
    const headers = await firstHeaders(version, origin, (hints) => {
      expect(hints.link).toBe('</style.css>; rel=preload')
      expect(hints['set-cookie']).toBeUndefined()
      hinted.resolve()
    })
    expect(headers['set-cookie']).toHaveLength(1)
  })

  test('sees that it has answered, and cannot answer twice', async () => {
    const seen: unknown[] = []
    const { request } = await serve(version, async (response, django) => {
      await change(django)
      seen.push(response.headersSent, response.writableEnded)
      response.statusCode = 202
      response.setHeader('Content-Length', '4')
      response.write('on')
      seen.push(response.headersSent, response.writableEnded)
      for (const act of [
        () => response.setHeader('Content-Length', '7'),
        () => response.appendHeader('X-A', '1'),
        () => response.removeHeader('Content-Length'),
        () => response.writeHead(500, { 'X-A': '1' }),
        () => response.writeHead(500),
      ]) {
        expect(act).toThrow(expect.objectContaining({ code: 'ERR_HTTP_HEADERS_SENT' }))
      }
      response.statusCode = 500
      response.end('ce')
      seen.push(response.headersSent, response.writableEnded)
    })
    const { status, headers, text } = await request('/')
    expect([status, text, headers.get('content-length'), headers.get('x-a')]).toEqual([202, 'once', '4', null])
    expect(seen).toEqual([false, false, true, false, true, true])
  })

  test('that gives what is no status, header or body is told at once, and can still answer', async () => {
    const { request } = await serve(version, async (response, django) => {
      await change(django)
      expect(() => response.writeHead(99)).toThrow(RangeError)
      expect(() => response.writeHead(200, ['X-A', '1', 'X-B'])).toThrow(TypeError)
      // HTTP/2 has no lines: such a header is not sent.
      if (version === 'HTTP/1') expect(() => response.setHeader('X-B', 'a\r\nSet-Cookie: b=c')).toThrow(TypeError)
      else response.setHeader('X-B', 'a\r\nSet-Cookie: b=c')
      expect(() => response.write(null as never)).toThrow(TypeError)
      expect(() => response.write(7 as never)).toThrow(TypeError)
      expect(() => response.end({} as never)).toThrow(TypeError)
      response.writeHead(200, { 'X-A': '2' })
      response.end('answer')
    })
    const { status, headers, text } = await request('/')
    expect([status, headers.get('x-a'), headers.get('x-b'), text]).toEqual([200, '2', null, 'answer'])
    expect(headers.getSetCookie()).toEqual([expect.stringMatching(/^sessionid=/)])
  })

  test('that writes after its end is told so, and its answer is whole', async () => {
    const told = Promise.withResolvers<unknown>()
    const { request } = await serve(version, async (response, django) => {
      await change(django)
      response.write('the ')
      response.cork()
      response.write('whole ')
      response.uncork()
      response.end('answer')
      response.write('more', told.resolve)
      response.end('and more')
    })
    expect((await request('/')).text).toBe('the whole answer')
    expect(await told.promise).toMatchObject({ code: 'ERR_STREAM_WRITE_AFTER_END' })
  })

  test('goes on when the client has gone: what it answers is saved', async () => {
    const started = Promise.withResolvers<void>()
    const saved = Promise.withResolvers<void>()
    const gone = Promise.withResolvers<void>()
    const { site, origin } = await serve(version, async (response, django) => {
      await change(django)
      response.once('close', gone.resolve)
      started.resolve()
      await gone.promise
      response.write('nobody ')
      response.end('reads this')
      await django.finish(response.statusCode)
      saved.resolve()
    })
    await leave(version, origin, started.promise)
    await saved.promise
    expect(site.rows()).toHaveLength(1)
    expect(warn).not.toHaveBeenCalled()
  })

  test('that never answers a client that has gone saves nothing', async () => {
    const started = Promise.withResolvers<void>()
    const gone = Promise.withResolvers<void>()
    const { site, origin } = await serve(version, async (response, django) => {
      await change(django)
      response.once('close', gone.resolve)
      started.resolve()
    })
    await leave(version, origin, started.promise)
    await gone.promise
    expect(site.rows()).toEqual([])
  })

  test('that throws in the middle of its answer is cut off, and its error told', async () => {
    const errors: unknown[] = []
    const { request } = await serve(
      version,
      async (response, django) => {
        await change(django)
        response.write('the beginning')
        throw new Error('broken page')
      },
      {
        onError(error, _, response) {
          errors.push(error, response.headersSent)
        },
      },
    )
    await expect(request('/')).rejects.toThrow()
    expect(errors).toEqual([expect.objectContaining({ message: 'broken page' }), true])
  })

  test('that throws after its answer has answered, and its error is told', async () => {
    const errors: unknown[] = []
    const { request } = await serve(
      version,
      async (response, django) => {
        await change(django)
        response.end('the whole answer')
        throw new Error('broken page')
      },
      { onError: (error) => errors.push(error) },
    )
    const { status, headers, text } = await request('/')
    expect([status, text, headers.getSetCookie().length]).toEqual([200, 'the whole answer', 1])
    expect(errors).toHaveLength(1)
  })

  test('that throws before it answers gets the default answer, which says nothing, and a warning, which says all', async () => {
    const { request } = await serve(version, () => {
      throw new Error('broken page')
    })
    const { status, headers, text } = await request('/')
    expect([status, text, headers.get('content-type')]).toEqual([
      500,
      'Internal Server Error\n',
      'text/plain; charset=utf-8',
    ])
    const detail = expect.stringMatching(/^at .*held-response\.test\.ts/)
    expect(warn.mock.calls).toEqual([
      ['Error: broken page', { type: 'DjangoSessionBridgeWarning', code: 'request_failed', detail }],
    ])
  })

  test('S34: that throws what the browser sent adds no line to the log', async () => {
    const { request } = await serve(version, (_, django) => {
      const sent = decodeURIComponent(django.request.url)
      throw new RangeError(`no such page: ${sent}`)
    })
    expect((await request('/a%0d%0a    at forged (line.js)%1b[31m%e2%80%a8')).status).toBe(500)
    const [[message, options] = []] = warn.mock.calls as unknown as [string, { detail: string }][]
    expect(message).toBe('RangeError: no such page: /a\\u000d\\u000a    at forged (line.js)\\u001b[31m\\u2028')
    expect(options?.detail).toMatch(/^at .*\n/)
    expect(options?.detail).not.toContain('forged')
  })

  test('whose client goes in the middle of the request’s body saves nothing, and breaks nothing', async () => {
    const failed = Promise.withResolvers<unknown>()
    const started = Promise.withResolvers<void>()
    const { site, origin } = await serve(
      version,
      async (_, django, request) => {
        await change(django)
        started.resolve()
        await text(request)
      },
      { onError: failed.resolve },
    )
    await leave(version, origin, started.promise, 'POST')
    expect(await failed.promise).toBeInstanceOf(Error)
    expect(site.rows()).toEqual([])
  })

  test.each<[string, () => unknown]>([
    ['whose stack is a list', () => Object.assign(new Error('odd'), { stack: ['a', 'b'] })],
    ['whose message cannot be read', () => Object.defineProperty(new Error(), 'message', { get: broken })],
    ['without a text', () => Object.assign(new Error(), { message: Object.create(null) })],
    ['that is none', () => Symbol('odd')],
  ])('that fails by an error %s ends no process, also where onError fails by it', async (_, make) => {
    const { request } = await serve(
      version,
      async (response, django) => {
        await change(django)
        if (response.req.url === '/begun') response.write('the beginning')
        throw make()
      },
      {
        async onError() {
          throw make()
        },
      },
    )
    expect((await request('/')).status).toBe(500)
    await expect(request('/begun')).rejects.toThrow()
  })

  test('whose failure nobody can be told of is answered all the same', async () => {
    warn.mockImplementationOnce(broken)
    const { request } = await serve(version, () => {
      throw new Error('broken page')
    })
    expect((await request('/')).status).toBe(500)
  })

  test('whose onError breaks the response it was to answer with is cut off', async () => {
    const { request } = await serve(
      version,
      () => {
        throw new Error('broken page')
      },
      {
        onError(_, __, response) {
          Object.assign(response, { setHeader: broken })
          throw new Error('broken error page')
        },
      },
    )
    await expect(request('/')).rejects.toThrow()
  })

  test('whose onError fails as well gets the default answer', async () => {
    const { request } = await serve(
      version,
      () => {
        throw new Error('broken page')
      },
      {
        onError() {
          throw new Error('broken error page')
        },
      },
    )
    expect((await request('/')).status).toBe(500)
    expect(warn.mock.calls.map(([message]) => message)).toEqual(['Error: broken error page'])
  })

  test('sees no pseudo header, and the host that was asked for', async () => {
    const { origin, request } = await serve(version, (response, django) => {
      const { headers, method, url, secure } = django.request
      const names = Object.keys(headers)
      response.end(
        JSON.stringify({
          host: headers.host,
          method,
          url,
          secure,
          pseudo: names.filter((name) => name.startsWith(':')),
        }),
      )
    })
    expect(JSON.parse((await request('/a?b=c', { method: 'PUT' })).text)).toEqual({
      host: origin.slice('http://'.length),
      method: 'PUT',
      url: '/a?b=c',
      secure: false,
      pseudo: [],
    })
  })
})

describe.each(VERSIONS)('%s: when the save fails', (version) => {
  async function failing(
    handler: Handler,
    options?: Options,
  ): Promise<{ request: () => ReturnType<ServedPages['request']> }> {
    const { site, request } = await serve(version, handler, options)
    const key = await site.store({ a: 1 })
    site.client.exec("CREATE TRIGGER refuse BEFORE UPDATE ON django_session BEGIN SELECT RAISE(ABORT, 'no'); END")
    return { request: () => request('/', { headers: { cookie: `sessionid=${key}` } }) }
  }

  test('the default answer is the status of the error, policies stay, and nothing else does', async () => {
    const { request } = await failing(async (response, django) => {
      await change(django)
      response.setHeader('Content-Security-Policy', "default-src 'self'")
      response.setHeader('X-Request-Id', '7')
      response.writeHead(301, 'Gone there', { Location: '/', 'Content-Length': '6', Vary: 'Accept' })
      response.end('<html>')
    })
    const { status, headers, text } = await request()
    expect([status, text]).toEqual([503, 'Service Unavailable\n'])
    const { date, connection, 'keep-alive': _, 'content-length': __, ...rest } = Object.fromEntries(headers)
    expect(rest).toEqual({
      'content-security-policy': "default-src 'self'",
      'content-type': 'text/plain; charset=utf-8',
      vary: 'Accept, Cookie',
      'x-request-id': '7',
      ...(version === 'HTTP/1' && rest['transfer-encoding'] && { 'transfer-encoding': 'chunked' }),
    })
  })

  test('a handler that goes on writing is told so, changes nothing and breaks nothing', async () => {
    const told: unknown[] = []
    const isOver = Promise.withResolvers<void>()
    const { request } = await failing(async (response, django) => {
      await change(django)
      response.write('one', (error) => told.push(error))
      await once(response, 'finish')
      response.write('two', (error) => told.push(error))
      response.end('three', () => isOver.resolve())
    })
    const { status, text } = await request()
    expect([status, text]).toEqual([503, 'Service Unavailable\n'])
    await isOver.promise
    const unavailable = expect.objectContaining({ code: 'store_unavailable' })
    expect(told).toEqual([unavailable, unavailable])
  })
})

describe.each(VERSIONS)('%s: when the save fails under a pipe', (version) => {
  test('an answer of `onError` in pieces has nothing of the pipe’s in it', async () => {
    const piece = 'error '.repeat(20_000)
    const source = Readable.from(Array(50).fill('page '.repeat(20_000)))
    const { site, request } = await serve(
      version,
      async (response, django) => {
        await change(django)
        source.pipe(response)
      },
      {
        async onError(_, __, given) {
          const response = given as Response
          for (let count = 0; count < 5; count++) if (!response.write(piece)) await once(response, 'drain')
          response.end()
        },
      },
    )
    const cookie = `sessionid=${await site.store({ a: 1 })}`
    site.client.exec("CREATE TRIGGER refuse BEFORE UPDATE ON django_session BEGIN SELECT RAISE(ABORT, 'no'); END")
    const { text } = await request('/', { headers: { cookie } })
    expect(text).toBe(piece.repeat(5))
  })
})

describe('HTTP/1: a response', () => {
  test('that cannot be sent after all is an error, and the session’s cookie stands', async () => {
    const { site, request } = await serve('HTTP/1', async (response, django) => {
      await change(django)
      response.statusMessage = 'over\r\ntwo lines'
      response.end('x')
    })
    const { status, headers } = await request('/')
    const [row] = site.rows()
    expect([status, headers.getSetCookie()]).toEqual([
      500,
      [expect.stringContaining(`sessionid=${row?.session_key}; `)],
    ])
  })

  test('corks what comes after, not what came before', async () => {
    const { request } = await serve('HTTP/1', async (response, django) => {
      await change(django)
      response.write('one ')
      response.write('two')
      response.cork()
      response.end()
    })
    expect((await request('/')).text).toBe('one two')
  })

  test('that its client does not read has no `drain` before it does', async () => {
    const order: string[] = []
    const isHeld = Promise.withResolvers<void>()
    const { origin } = await serve('HTTP/1', async (response, django) => {
      await change(django)
      response.once('drain', () => {
        order.push('drain')
        response.end()
      })
      // More than the system takes for a client that does not read.
      response.write(Buffer.alloc(1 << 24))
      await django.finish(200)
      for (let turn = 0; turn < 5; turn++) await setImmediate()
      isHeld.resolve()
    })
    const request = httpRequest(origin)
    request.end()
    const [response] = await once(request, 'response')
    await isHeld.promise
    order.push('read')
    expect((await buffer(response)).length).toBe(1 << 24)
    expect(order).toEqual(['read', 'drain'])
  })

  test('keeps its message, whatever is made of it after the answer', async () => {
    const { origin } = await serve('HTTP/1', async (response, django) => {
      await change(django)
      if (response.req.url === '/own') response.writeHead(200, 'Just fine')
      response.end()
      response.statusMessage = 'Not so'
    })
    expect((await fetch(`${origin}/own`)).statusText).toBe('Just fine')
    expect((await fetch(origin)).statusText).toBe('OK')
  })

  test('may be wrapped by what comes later, as `compression` does, also between its pieces', async () => {
    const { request } = await serve('HTTP/1', async (response, django) => {
      await change(django)
      const { write, end } = response
      const begin = (): void => {
        // As the package `compression` asks whether headers were sent, and makes Node write them.
        if (!Reflect.get(response, '_header')) response.writeHead(response.statusCode)
      }
      response.write = (chunk: unknown) => {
        begin()
        return Reflect.apply(write, response, [String(chunk).toUpperCase()])
      }
      response.end = ((chunk: unknown) => {
        begin()
        return Reflect.apply(end, response, [String(chunk).toUpperCase()])
      }) as Response['end']
      response.write('one ')
      response.write('two ')
      await once(response, 'drain')
      response.write('three ')
      response.end('four')
    })
    expect((await request('/')).text).toBe('ONE TWO THREE FOUR')
  })
})

function broken(): never {
  throw new Error('broken')
}

/** The headers of a response that need not have a body yet. */
async function firstHeaders(
  version: (typeof VERSIONS)[number],
  origin: string,
  onHints: (headers: Record<string, unknown>) => void = () => undefined,
): Promise<Record<string, unknown>> {
  if (version === 'HTTP/1') {
    const request = httpRequest(origin)
    request.on('information', ({ headers }) => onHints(headers))
    request.end()
    const [response] = await once(request, 'response')
    response.resume()
    return response.headers
  }
  const client = http2Connect(origin)
  cleanups.push(async () => client.close())
  const stream = client.request({ ':path': '/' })
  stream.on('headers', onHints)
  const [headers] = await once(stream, 'response')
  stream.resume()
  return headers
}

/** Asks, and goes away when the handler has started. */
async function leave(
  version: (typeof VERSIONS)[number],
  origin: string,
  started: Promise<void>,
  method: 'GET' | 'POST' = 'GET',
): Promise<void> {
  if (version === 'HTTP/1') {
    const request = httpRequest(origin, { method })
    request.on('error', () => undefined)
    if (method === 'POST') request.write('the beginning')
    else request.end()
    await started
    request.destroy()
    return
  }
  const client = http2Connect(origin)
  const stream = client.request({ ':path': '/', ':method': method }, { endStream: method === 'GET' })
  stream.on('error', () => undefined)
  await started
  client.destroy()
}
