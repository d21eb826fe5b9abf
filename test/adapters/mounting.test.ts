/** One bridge mounted twice, two bridges on one request, and middleware of other sessions and of sockets beside ours. */
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import { inspect } from 'node:util'
import expressFive, { type ErrorRequestHandler, type Express } from 'express'
import expressSession from 'express-session'
import { Server } from 'socket.io'
import { io, type Socket } from 'socket.io-client'
import { afterEach, describe, expect, test } from 'vitest'
import { djangoOf, djangoSessions } from '../../src/adapters/express.ts'
import { djangoSessions as fetchSessions } from '../../src/adapters/fetch.ts'
import { djangoSessions as nodeSessions } from '../../src/adapters/node.ts'
import type { DjangoContext } from '../../src/context.ts'
import { loginValues, makeSite, type Site } from '../site.ts'
import { listen, overHttp1 } from './served.ts'

const expressFour = createRequire(import.meta.url)('express-4') as typeof expressFive
const EXPRESSES = [
  ['Express 4', expressFour],
  ['Express 5', expressFive],
] as const

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

async function site(settings: Parameters<typeof makeSite>[0] = {}): Promise<Site> {
  const made = await makeSite(settings)
  cleanups.push(made.close)
  return made
}

async function serve(listener: RequestListener) {
  const served = await overHttp1(createServer(listener))
  cleanups.push(served.close)
  return served
}

async function valueIn(at: Site, key: string, name: string): Promise<unknown> {
  return (await at.open(`sessionid=${key}`).session()).get(name)
}

const set = async (django: DjangoContext, name: string): Promise<void> => {
  const session = await django.session()
  session.set(name, true)
}

describe.each(EXPRESSES)('%s', (_, express) => {
  test('a bridge that is mounted twice has one session, and sends one cookie', async () => {
    const own = await site()
    const app = express().use(djangoSessions(own.bridge))
    app.use(async (request, _response, next) => {
      await set(request.django, 'outer')
      next()
    })
    const router = express.Router()
    router.use(djangoSessions(own.bridge))
    router.get('/page', async (request, response) => {
      await set(request.django, 'inner')
      response.send('page')
    })
    app.use('/part', router)
    const { request } = await serve(app)
    const { headers, text } = await request('/part/page')
    expect([text, headers.getSetCookie().length, own.rows().length]).toEqual(['page', 1, 1])
    const key = own.rows()[0]?.session_key ?? ''
    expect([await valueIn(own, key, 'outer'), await valueIn(own, key, 'inner')]).toEqual([true, true])
  })

  test.each(['one session cookie', 'two'])('two bridges each keep their session, and send %s', async (cookies) => {
    const [one, other] = [await site(), await site(cookies === 'two' ? { SESSION_COOKIE_NAME: 'other' } : {})]
    const app: Express = express().use(djangoSessions(one.bridge), djangoSessions(other.bridge))
    app.get('/', async (request, response) => {
      expect(request.django).toBe(djangoOf(other.bridge, request))
      await set(djangoOf(one.bridge, request), 'mine')
      await set(request.django, 'theirs')
      response.send('page')
    })
    const { request } = await serve(app)
    const { headers, text } = await request('/')
    const names = headers.getSetCookie().map((line) => line.slice(0, line.indexOf('=')))
    expect([text, names]).toEqual(['page', cookies === 'two' ? ['other', 'sessionid'] : ['sessionid']])
    // Of two cookies with one name, the nearest bridge's wins, as anybody's does that is on the response already.
    expect([one.rows().length, other.rows().length]).toEqual([cookies === 'two' ? 1 : 0, 1])
  })

  test('the other of two bridges fails with nothing of the answer, when its save fails', async () => {
    const [one, other] = [await site(), await site({ SESSION_COOKIE_NAME: 'other' })]
    const key = await one.store({ a: 1 })
    one.client.exec("CREATE TRIGGER refuse BEFORE UPDATE ON django_session BEGIN SELECT RAISE(ABORT, 'no'); END")
    const app: Express = express().use(djangoSessions(one.bridge), djangoSessions(other.bridge))
    app.get('/', async (request, response) => {
      await set(djangoOf(one.bridge, request), 'mine')
      await set(request.django, 'theirs')
      response.send('page')
    })
    const answer: ErrorRequestHandler = (error, _request, response, _next) => {
      response.status(error.status).json({ code: error.code })
    }
    const { request } = await serve(app.use(answer))
    const { status, text } = await request('/', { headers: { cookie: `sessionid=${key}` } })
    expect([status, text]).toEqual([503, '{"code":"store_unavailable"}'])
  })

  test('djangoOf says what is missing where its bridge is not mounted', async () => {
    const [one, other] = [await site(), await site()]
    const app: Express = express().use(djangoSessions(one.bridge))
    app.get('/', (request, response) => {
      expect(() => djangoOf(other.bridge, request)).toThrow(/is not mounted/)
      response.send('page')
    })
    expect((await (await serve(app)).request('/')).text).toBe('page')
  })

  test('shows no cookie, key or setting of the site when a request is printed', async () => {
    const own = await site()
    let printed = ''
    const app: Express = express().use(djangoSessions(own.bridge))
    app.get('/', (request, response) => {
      const { django: _, ...rest } = request
      const symbols = Object.getOwnPropertySymbols(request).map((symbol) => Reflect.get(request, symbol))
      printed = inspect([Object.keys(rest), symbols.filter((value) => value?.constructor?.name === 'Opened')], {
        depth: 9,
      })
      response.send('page')
    })
    await (await serve(app)).request('/')
    expect(printed).toContain('Opened {}')
  })

  test.each(['before', 'after'] as const)(
    'express-session %s ours: both are saved, of a page that writes in pieces too',
    async (order) => {
      const own = await site()
      const key = await own.store({ a: 1 })
      const theirs = expressSession({ secret: 'theirs', resave: false, saveUninitialized: false })
      const ours = djangoSessions(own.bridge)
      const app: Express = express().use(...(order === 'before' ? [theirs, ours] : [ours, theirs]))
      app.get('/:way', async (request, response, next) => {
        try {
          const count = Number(Reflect.get(request.session, 'count') ?? 0) + 1
          Object.assign(request.session, { count })
          await set(request.django, `seen${count}`)
          response.type('text').setHeader('X-Count', count)
          if (request.params.way === 'pieces') {
            response.write('one ')
            response.write('two ')
            response.end('three')
          } else if (request.params.way === 'head') {
            response.writeHead(200)
            response.end('one two three')
          } else response.send('one two three')
        } catch (error) {
          next(error)
        }
      })
      const { request } = await serve(app)
      let cookie = `sessionid=${key}`
      for (const [index, way] of ['pieces', 'head', 'send'].entries()) {
        const { status, text, headers } = await request(`/${way}`, { headers: { cookie } })
        expect([status, text, headers.get('x-count')]).toEqual([200, 'one two three', String(index + 1)])
        const lines = headers.getSetCookie()
        expect(lines.filter((line) => line.startsWith('sessionid='))).toHaveLength(1)
        const [sid] = lines.filter((line) => line.startsWith('connect.sid='))
        if (index === 0) cookie += `; ${sid?.split(';')[0]}`
        expect(await valueIn(own, key, `seen${index + 1}`)).toBe(true)
      }
    },
  )

  test.each(['polling', 'websocket'] as const)(
    'socket.io over %s: the user is known, events read and save, and what needs a cookie is refused',
    async (transport) => {
      const own = await site()
      const key = await own.store({ ...loginValues(), a: 1 })
      const server = createServer(express())
      const sockets = new Server(server, { transports: [transport] })
      sockets.engine.use(djangoSessions(own.bridge))
      sockets.use(async (socket, next) => {
        const { django } = socket.request as IncomingMessage & { django: DjangoContext }
        const user = await django.user()
        next(user === null ? new Error('nobody') : undefined)
      })
      sockets.on('connection', (socket) => {
        const { django } = socket.request as IncomingMessage & { django: DjangoContext }
        socket.on('add', async (value: number, done: (answer: unknown) => void) => {
          const session = await django.session()
          session.set('a', Number(session.get('a')) + value)
          await session.save()
          const refused = await session.cycleKey().catch((error: unknown) => error)
          done([session.get('a'), refused instanceof TypeError])
        })
      })
      const origin = await listen(server)
      cleanups.push(() => sockets.close())
      const member = await connectTo(origin, transport, `sessionid=${key}`)
      expect(await member.emitWithAck('add', 2)).toEqual([3, true])
      expect(await valueIn(own, key, 'a')).toBe(3)
      await expect(connectTo(origin, transport, 'sessionid=short')).rejects.toThrow('nobody')
      expect(own.rows().map((row) => row.session_key)).toEqual([key])
    },
  )
})

async function connectTo(origin: string, transport: 'polling' | 'websocket', cookie: string): Promise<Socket> {
  const socket = io(origin, { transports: [transport], extraHeaders: { cookie }, reconnection: false, forceNew: true })
  cleanups.push(async () => socket.disconnect())
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('connect_error', reject)
  })
  return socket
}

test('node: a listener inside another of the same bridge goes on with its session; an app of Express too', async () => {
  const own = await site()
  const app: Express = expressFive().use(djangoSessions(own.bridge))
  app.get('/', async (request, response) => {
    await set(request.django, 'express')
    response.send('page')
  })
  const inner = nodeSessions(own.bridge, async (request, response, django) => {
    await set(django, 'inner')
    app(request as never, response as never)
  })
  const outer = nodeSessions(own.bridge, async (request, response, django) => {
    await set(django, 'outer')
    inner(request, response)
  })
  const { request } = await serve(outer)
  const { text, headers } = await request('/')
  expect([text, headers.getSetCookie().length, own.rows().length]).toEqual(['page', 1, 1])
  const key = own.rows()[0]?.session_key ?? ''
  for (const name of ['outer', 'inner', 'express']) expect(await valueIn(own, key, name)).toBe(true)
})

test('fetch: a handler inside another of the same bridge goes on with its session, and each Request is asked anew', async () => {
  const [own, other] = [await site(), await site({ SESSION_COOKIE_NAME: 'other' })]
  const inner = fetchSessions(own.bridge, async (_, django) => {
    await set(django, 'inner')
    return new Response('page')
  })
  const between = fetchSessions(other.bridge, async (request, django) => {
    await set(django, 'between')
    return inner(request)
  })
  const outer = fetchSessions(own.bridge, async (request, django) => {
    await set(django, 'outer')
    return between(request)
  })
  const request = new Request('http://shop.example/')
  for (const count of [1, 2]) {
    const response = await outer(request)
    const names = response.headers.getSetCookie().map((line) => line.slice(0, line.indexOf('=')))
    expect([await response.text(), names]).toEqual(['page', ['other', 'sessionid']])
    expect([own.rows().length, other.rows().length]).toEqual([count, count])
  }
  for (const { session_key: key } of own.rows()) {
    expect([await valueIn(own, key, 'outer'), await valueIn(own, key, 'inner')]).toEqual([true, true])
  }
})
