/** A server of each framework, with a middleware before or after ours, and the same server without ours. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import { djangoSessions } from '../../src/adapters/express.ts'
import { type NodeRequest, type NodeResponse, djangoSessions as nodeSessions } from '../../src/adapters/node.ts'
import type { Bridge } from '../../src/bridge.ts'
import type { DjangoContext } from '../../src/context.ts'
import { listen } from '../adapters/served.ts'
import { type Client, http1Client, http2Client } from './exchange.ts'
import { express4, type Middleware, type Tried } from './middlewares.ts'
import type { Way } from './ways.ts'

export type Order = 'before' | 'after'

export interface Stack {
  readonly name: string
  readonly isExpress: boolean
  readonly isHttp1: boolean
  /** Without a bridge, the same without ours. */
  serve(tried: Tried, order: Order, ways: readonly Way[], bridge: Bridge | null): Promise<Served>
}

export interface Served {
  readonly client: Client
  close(): Promise<void>
}

export const STACKS: readonly Stack[] = [
  expressStack('Express 4', express4),
  expressStack('Express 5', express),
  nodeStack('HTTP/1', true),
  nodeStack('HTTP/2', false),
]

/** `X-Session: read` reads the visitor's session before anything else is done, `X-Session: written` changes it. */
async function touch(django: DjangoContext): Promise<void> {
  const kind = django.request.headers['x-session']
  if (kind !== 'read' && kind !== 'written' && kind !== 'unsaved') return
  const session = await django.session()
  session.get('count')
  if (kind !== 'read') session.set('count', 2)
}

function expressStack(name: string, framework: typeof express): Stack {
  return {
    name,
    isExpress: true,
    isHttp1: true,
    async serve(tried, order, ways, bridge) {
      const app: Express = framework()
      app.set('env', 'test')
      const theirs = [tried.make(framework as never)].flat() as unknown as RequestHandler[]
      const ours: RequestHandler[] = bridge === null ? [] : [djangoSessions(bridge), touchSession]
      app.use(...(order === 'before' ? [...theirs, ...ours] : [...ours, ...theirs]))
      for (const { name, answer, express: own = answer } of ways) {
        if (own === undefined) continue
        app.all(`/${encodeURIComponent(name)}`, async (request, response, next) => {
          try {
            await own(request as never, response as never)
          } catch (error) {
            next(error)
          }
        })
      }
      app.use(answerErrors)
      return serveHttp1(app)
    },
  }
}

const touchSession: RequestHandler = (request, _, next) => {
  touch(request.django).then(() => next(), next)
}

const answerErrors: ErrorRequestHandler = (error, _, response, next) => {
  if (response.headersSent) next(error)
  else response.status(error.status ?? 500).json({ failed: true })
}

function nodeStack(name: string, isHttp1: boolean): Stack {
  return {
    name,
    isExpress: false,
    isHttp1,
    async serve(tried, order, ways, bridge) {
      const theirs = [tried.make(express)].flat()
      const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
        const { pathname } = new URL(request.url ?? '', 'http://a')
        const way = ways.find(({ name }) => pathname === `/${encodeURIComponent(name)}`)
        if (way?.answer !== undefined) await way.answer(request, response)
        else response.writeHead(404).end()
      }
      const listener = listenerOf(theirs, order, route, bridge)
      if (isHttp1) return serveHttp1(listener)
      const server = createHttp2Server(listener as never)
      const client = http2Client(await listen(server))
      return {
        client,
        close: async () => {
          client.close()
          server.close()
        },
      }
    },
  }
}

type Route = (request: IncomingMessage, response: ServerResponse) => Promise<void>

function listenerOf(theirs: readonly Middleware[], order: Order, route: Route, bridge: Bridge | null): RequestListener {
  const bare: RequestListener = (request, response) => {
    run(theirs, request, response, () => route(request, response)).catch((error) => fail(error, response))
  }
  if (bridge === null) return bare
  const onError = (error: unknown, _: unknown, response: NodeResponse): void => fail(error, response as ServerResponse)
  const sessions = (handler: Route) =>
    nodeSessions<NodeRequest, NodeResponse>(
      bridge,
      async (request, response, django) => {
        await touch(django)
        await handler(request as IncomingMessage, response as ServerResponse)
      },
      { onError },
    )
  if (order === 'after') {
    return sessions((request, response) =>
      run(theirs, request, response, () => route(request, response)),
    ) as RequestListener
  }
  const inner = sessions(route)
  return (request, response) => {
    run(theirs, request, response, async () => inner(request, response)).catch((error) => fail(error, response))
  }
}

function run(
  middlewares: readonly Middleware[],
  request: IncomingMessage,
  response: ServerResponse,
  last: () => Promise<void>,
): Promise<void> {
  const [first, ...rest] = middlewares
  if (first === undefined) return last()
  return new Promise((resolve, reject) => {
    const next = (error?: unknown): void => {
      if (error === undefined || error === null) run(rest, request, response, last).then(resolve, reject)
      else reject(error)
    }
    first(request as never, response as never, next)
  })
}

function fail(error: unknown, response: ServerResponse): void {
  if (response.headersSent) {
    if (!response.writableEnded) response.destroy(new Error('broken page'))
    return
  }
  response.statusCode = (error as { status?: number }).status ?? 500
  response.setHeader('Content-Type', 'application/json')
  response.end('{"failed":true}')
}

async function serveHttp1(listener: RequestListener): Promise<Served> {
  const server = createServer(listener)
  const client = http1Client(await listen(server))
  return {
    client,
    async close() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}
