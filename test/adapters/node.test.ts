import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createHttp2Server, createSecureServer, connect as http2Connect } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  type DjangoHandler,
  djangoSessions,
  type NodeRequest,
  type NodeResponse,
  originCheck,
  withUser,
} from '../../src/adapters/node.ts'
import type { Bridge } from '../../src/bridge.ts'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import { adapterContract, type Pages } from '../contracts/adapter.ts'
import { CANARY, SITE_KEY, witness } from '../secrets.ts'
import { makeSite, type Site } from '../site.ts'
import { keyFile } from '../vectors.ts'
import { errorAnswer, listen, mapValues, overHttp1, overHttp2, sendAnswer } from './served.ts'

type Handler = DjangoHandler<NodeRequest, NodeResponse>
type Listener = (request: NodeRequest, response: NodeResponse) => void

/** A listener for pages, the same for both versions of HTTP. */
function listener(bridge: Bridge, pages: Pages): Listener {
  const handlers: Record<string, Handler> = {
    ...mapValues(
      pages.open,
      (page): Handler =>
        async (_, response, django) =>
          sendAnswer(response, await page(django)),
    ),
    ...mapValues(pages.members, (page) =>
      withUser<NodeRequest, NodeResponse>((_, response, user, django) => sendAnswer(response, page(django, user))),
    ),
    ...mapValues(pages.ownOrigin, (page) =>
      originCheck<NodeRequest, NodeResponse>((_, response, django) => sendAnswer(response, page(django))),
    ),
  }
  const route: Handler = (request, response, django) => {
    const { pathname } = new URL(request.url ?? '', 'http://localhost')
    return handlers[pathname]?.(request, response, django)
  }
  return djangoSessions(bridge, route, {
    onError(error, _, response) {
      const { status, body } = errorAnswer(error)
      return sendAnswer(response, {
        status,
        headers: [['Content-Type', 'application/json']],
        body: JSON.stringify(body),
      })
    },
  })
}

describe('node:http', () => {
  adapterContract((bridge, pages) => overHttp1(createServer(listener(bridge, pages))))
})

describe('node:http2', () => {
  adapterContract((bridge, pages) => overHttp2(createHttp2Server(listener(bridge, pages))))
})

describe('on the wire', () => {
  const cleanups: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const clean of cleanups.splice(0).reverse()) await clean()
  })

  /** A listener that shows what became of the request. */
  async function showing(settings: Partial<DjangoSettings> = {}): Promise<{ site: Site; show: Listener }> {
    const site = await makeSite(settings)
    cleanups.push(site.close)
    const show = djangoSessions<NodeRequest, NodeResponse>(site.bridge, async (_, response, django) => {
      const session = await django.session()
      response.end(JSON.stringify({ secure: django.request.secure, a: session.get('a') ?? null }))
    })
    return { site, show }
  }

  const TLS = { key: readFileSync(keyFile('rs256-private.pem')), cert: readFileSync(keyFile('rs256-certificate.pem')) }

  test.each(['HTTP/1', 'HTTP/2'])(
    'S31: %s over TLS is secure, unless the proxy that the settings name says no',
    async (version) => {
      const { show } = await showing({ SECURE_PROXY_SSL_HEADER: ['HTTP_X_FORWARDED_PROTO', 'https'] })
      const server = createSecureServer({ ...TLS, allowHTTP1: true }, show)
      const origin = (await listen(server)).replace('http:', 'https:')
      cleanups.push(async () => void server.close())
      const ask = version === 'HTTP/1' ? overTls : overTls2
      expect(await ask(origin, {})).toMatchObject({ secure: true })
      expect(await ask(origin, { 'x-forwarded-proto': 'http' })).toMatchObject({ secure: false })
      expect(await ask(origin, { 'x-forwarded-proto': 'https' })).toMatchObject({ secure: true })
    },
  )

  test('several Cookie lines are one header, and lines with forbidden signs reach nobody', async () => {
    const { site, show } = await showing()
    const key = await site.store({ a: 'mine' })
    const server = createServer(show)
    const { port } = new URL(await listen(server))
    cleanups.push(async () => void server.close())
    const raw = async (...lines: string[]): Promise<string> => {
      const socket = connect(Number(port), '127.0.0.1')
      socket.end(`GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1')
      return text(socket)
    }
    expect(await raw('Cookie: a=1', `Cookie: sessionid=${key}`)).toMatch(/\{"secure":false,"a":"mine"\}$/)
    expect(await raw(`Cookie: sessionid=${key}`, `Cookie: sessionid=${'x'.repeat(32)}`)).toMatch(/"a":null\}$/)
    for (const sign of ['\0', '\x1b', '\x7f']) {
      expect(await raw(`Cookie: sessionid=${key}${sign}`)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    }
  })

  test('S33, S34: what fails by default shows no secret and breaks no line, to the browser and in the log', async () => {
    const seer = witness()
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation((...warning: unknown[]) => seer.look(warning))
    const site = await makeSite({ SECRET_KEY: SITE_KEY }, { hooks: seer.hooks })
    const key = await site.store({ note: CANARY })
    const served = await overHttp1(
      createServer(
        djangoSessions(site.bridge, async (_, response, django) => {
          const session = await django.session()
          session.set('more', CANARY)
          response.setHeader('X-Note', CANARY)
          response.end(CANARY)
        }),
      ),
    )
    cleanups.push(site.close, served.close)
    site.client.exec(`CREATE TRIGGER t BEFORE UPDATE ON django_session BEGIN SELECT RAISE(ABORT, '${CANARY}\n'); END`)
    const headers = { cookie: `sessionid=${key}`, 'x-note': CANARY }
    const { status, text: body } = await served.request(`/${CANARY}`, { headers })
    expect([status, body]).toEqual([503, 'Service Unavailable\n'])
    expect(warn.mock.calls).toEqual([
      [
        'StoreUnavailable: SQLite could not run a statement. Sessions: table django_session in clients.databases.default.',
        expect.objectContaining({ code: 'request_failed' }),
      ],
    ])
    warn.mockRestore()
    seer.finish([key])
  })
})

async function overTls(origin: string, headers: Record<string, string>): Promise<unknown> {
  const request = httpsRequest(origin, { headers, rejectUnauthorized: false, agent: false })
  request.end()
  const [response] = await once(request, 'response')
  return JSON.parse(await text(response))
}

async function overTls2(origin: string, headers: Record<string, string>): Promise<unknown> {
  const client = http2Connect(origin, { rejectUnauthorized: false })
  const body = await text(client.request({ ':path': '/', ...headers }))
  client.close()
  return JSON.parse(body)
}
