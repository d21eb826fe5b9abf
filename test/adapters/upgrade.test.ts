/** WebSocket handshakes as bytes on a socket: who may open one is asked before anything of the session is. */
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createRequire } from 'node:module'
import { type AddressInfo, connect } from 'node:net'
import express from 'express'
import { afterEach, describe, expect, test } from 'vitest'
import * as forExpress from '../../src/adapters/express.ts'
import * as forNode from '../../src/adapters/node.ts'
import { isSameOrigin } from '../../src/auth/guards.ts'
import type { Bridge } from '../../src/bridge.ts'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import { loginValues, makeSite } from '../site.ts'

const expressFour = createRequire(import.meta.url)('express-4') as typeof express

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

async function site(settings: Partial<DjangoSettings> = {}) {
  const own = await makeSite({ CSRF_TRUSTED_ORIGINS: ['https://trusted.test', 'https://*.trusted.test'], ...settings })
  cleanups.push(() => own.close())
  return { bridge: own.bridge, cookie: `sessionid=${await own.store(loginValues())}` }
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => server.close())
  return (server.address() as AddressInfo).port
}

/** Sends a handshake to `shop.test` byte for byte; returns the answer's status and what follows its head. */
async function handshake(port: number, ...lines: readonly string[]): Promise<{ status: number; body: string }> {
  const socket = connect(port, '127.0.0.1')
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
  const head = ['GET /chat HTTP/1.1', 'Host: shop.test', key, 'Sec-WebSocket-Version: 13', ...lines]
  // The server closes after its answer, so that the answer ends.
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  const pieces: Buffer[] = []
  for await (const piece of socket) pieces.push(piece as Buffer)
  const text = Buffer.concat(pieces).toString('latin1')
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), body: text.slice(text.indexOf('\r\n\r\n') + 4) }
}

/** An `upgrade` listener as one beside `ws` is written. */
function withListener(bridge: Bridge): Server {
  const server = createServer((_request, response) => response.writeHead(426, { connection: 'close' }).end())
  server.on('upgrade', async (request, socket) => {
    const { method = 'GET', url = '/', headers } = request
    const django = bridge.open({ method, url, headers, secure: false })
    if (!isSameOrigin(django.request, django.settings.CSRF_TRUSTED_ORIGINS)) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n')
      return
    }
    const user = await django.user()
    socket.end(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n${user?.username}`)
  })
  return server
}

/** Without such a listener Node hands the handshake to the handler, as a GET; `originCheck` stands before it. */
function withoutListener(bridge: Bridge): Server {
  const handler = forNode.djangoSessions(
    bridge,
    forNode.originCheck(async (_request, response, django) => {
      response.end(String((await django.user())?.username))
    }),
  )
  return createServer((request, response) => handler(request, response.setHeader('connection', 'close')))
}

function throughExpress(framework: typeof express): (bridge: Bridge) => Server {
  return (bridge) => {
    const app = framework()
    app.use((_request, response, next) => next(void response.setHeader('connection', 'close')))
    app.use(forExpress.djangoSessions(bridge), forExpress.originCheck())
    app.get('/chat', async (request, response) => void response.send(String((await request.django.user())?.username)))
    return createServer(app as RequestListener)
  }
}

describe.each<[string, (bridge: Bridge) => Server, number]>([
  ['an upgrade listener with isSameOrigin', withListener, 101],
  ['originCheck of ./node', withoutListener, 200],
  ['originCheck of ./express, 5', throughExpress(express), 200],
  ['originCheck of ./express, 4', throughExpress(expressFour), 200],
])('a WebSocket handshake to %s', (_, make, passed) => {
  const WEBSOCKET = ['Connection: Upgrade', 'Upgrade: websocket']

  test.each<[string, readonly string[]]>([
    ['from the site itself', [...WEBSOCKET, 'Origin: http://shop.test']],
    ['from a trusted origin', [...WEBSOCKET, 'Origin: https://trusted.test']],
    ['from a subdomain that a wildcard trusts', [...WEBSOCKET, 'Origin: https://a.trusted.test']],
    [
      'in other cases of letters',
      ['CONNECTION: keep-alive, upgrade', 'UPGRADE: WebSocket', 'ORIGIN: http://shop.test'],
    ],
  ])('%s passes, with the session of its cookie', async (_, lines) => {
    const { bridge, cookie } = await site()
    const port = await listen(make(bridge))
    expect(await handshake(port, ...lines, `Cookie: ${cookie}`)).toEqual({ status: passed, body: 'ada' })
  })

  test.each<[string, readonly string[]]>([
    ['from another site', [...WEBSOCKET, 'Origin: http://evil.test']],
    ['from the same host by another scheme', [...WEBSOCKET, 'Origin: https://shop.test']],
    ['from another port', [...WEBSOCKET, 'Origin: http://shop.test:8080']],
    ['from a sandboxed frame', [...WEBSOCKET, 'Origin: null']],
    ['without an Origin', WEBSOCKET],
    ['with an empty Origin', [...WEBSOCKET, 'Origin:']],
    ['with two Origins', [...WEBSOCKET, 'Origin: http://shop.test', 'Origin: http://evil.test']],
    [
      'in other cases of letters',
      ['CONNECTION: keep-alive, upgrade', 'UPGRADE: WebSocket', 'ORIGIN: http://evil.test'],
    ],
    [
      'among other protocols',
      ['Connection: Upgrade', 'Upgrade: h2c', 'Upgrade: websocket', 'Origin: http://evil.test'],
    ],
    [
      'with a proxy’s host that nobody asked for',
      [...WEBSOCKET, 'X-Forwarded-Host: evil.test', 'Origin: http://evil.test'],
    ],
  ])('%s is refused, whatever its cookie', async (_, lines) => {
    const { bridge, cookie } = await site()
    const port = await listen(make(bridge))
    const { status, body } = await handshake(port, ...lines, `Cookie: ${cookie}`)
    expect(status).toBe(403)
    expect(body).not.toContain('ada')
    if (passed === 200) {
      const hasOrigin = lines.some((line) => /^origin:/i.test(line))
      expect(JSON.parse(body)).toEqual({ code: hasOrigin ? 'origin_mismatch' : 'origin_missing' })
    }
  })

  test('an Origin behind a proxy is compared with the host that the proxy names', async () => {
    const { bridge, cookie } = await site({ USE_X_FORWARDED_HOST: true })
    const port = await listen(make(bridge))
    const through = [...WEBSOCKET, 'X-Forwarded-Host: public.test', `Cookie: ${cookie}`]
    expect((await handshake(port, ...through, 'Origin: http://public.test')).status).toBe(passed)
    expect((await handshake(port, ...through, 'Origin: http://shop.test')).status).toBe(403)
  })
})
