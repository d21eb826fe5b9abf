/**
 * One Express server of the benchmarks, in a process of its own: the same pages with this library's sessions, with
 * express-session's, or with none; in PostgreSQL or, where the second argument says so, in Redis. Tells its port, and answers questions about its memory.
 */
import type { AddressInfo } from 'node:net'
import { memoryUsage } from 'node:process'
import connectPgSimple from 'connect-pg-simple'
import { RedisStore } from 'connect-redis'
import { createBridge } from 'django-session-bridge'
import { djangoSessions } from 'django-session-bridge/express'
import express, { type Express, type Request } from 'express'
import session from 'express-session'
import pg from 'pg'
import { createClient } from 'redis'

declare module 'express-session' {
  interface SessionData {
    visits: number
    _auth_user_id: string
    _auth_user_backend: string
    _auth_user_hash: string
  }
}

/** Where the sessions are. */
export type StoreName = 'postgres' | 'redis'

export type ServerKind = 'django-session-bridge' | 'express-session' | 'express-session, no touch' | 'bare Express'

/** What the parent process is told. */
export type ServerMessage = { readonly port: number } | { readonly heapUsed: number }

const LOGIN = {
  _auth_user_id: '7',
  _auth_user_backend: 'django.contrib.auth.backends.ModelBackend',
  _auth_user_hash: '4ab7c0d92e9c1c62'.repeat(4),
}
const SECRET = 'a secret of the site that is long enough'
const POOL_SIZE = 4

interface Visits {
  get(request: Request): number | Promise<number>
  set(request: Request, visits: number): unknown
}

const isInRedis = (process.argv[3] as StoreName) === 'redis'

const KINDS: Readonly<Record<ServerKind, (app: Express) => Visits | Promise<Visits>>> = {
  'django-session-bridge': (app) => {
    const settings = { SECRET_KEY: SECRET, DEBUG: true, ...(isInRedis && redisSettings()) }
    const clients = isInRedis ? {} : { databases: { default: pool() } }
    // A disk that others keep busy must not end the benchmark.
    app.use(djangoSessions(createBridge(settings, { clients, options: { deadlineMs: 60_000 } })))
    return {
      get: async ({ django }) => Number((await django.session()).get('visits') ?? 0),
      set: async ({ django }, visits) => (await django.session()).update({ ...LOGIN, visits }),
    }
  },
  'express-session': (app) => withExpressSession(app, false),
  'express-session, no touch': (app) => withExpressSession(app, true),
  'bare Express': () => ({ get: () => 0, set: () => undefined }),
}

function redisSettings() {
  const BACKEND = 'django.core.cache.backends.redis.RedisCache'
  return {
    SESSION_ENGINE: 'django.contrib.sessions.backends.cache',
    CACHES: { default: { BACKEND, LOCATION: process.env.BENCH_REDIS_URL ?? '' } },
  }
}

async function withExpressSession(app: Express, disableTouch: boolean): Promise<Visits> {
  const store = await (isInRedis ? inRedis(disableTouch) : inPostgres(disableTouch))
  app.use(session({ secret: SECRET, resave: false, saveUninitialized: false, store }))
  return {
    get: (request) => request.session.visits ?? 0,
    set: (request, visits) => Object.assign(request.session, LOGIN, { visits }),
  }
}

function inPostgres(disableTouch: boolean): session.Store {
  const Store = connectPgSimple(session)
  return new Store({ pool: pool(), pruneSessionInterval: false, disableTouch })
}

async function inRedis(disableTouch: boolean): Promise<session.Store> {
  const client = await createClient({ url: process.env.BENCH_REDIS_URL ?? '' }).connect()
  return new RedisStore({ client, disableTouch })
}

function pool(): pg.Pool {
  return new pg.Pool({ connectionString: process.env.BRIDGE_POSTGRES_URL ?? '', max: POOL_SIZE })
}

const app = express()
const visits = await KINDS[process.argv[2] as ServerKind](app)
app.get('/untouched', (_, response) => {
  response.json({ page: 'untouched' })
})
app.get('/read', async (request, response) => {
  response.json({ visits: await visits.get(request) })
})
app.get('/write', async (request, response) => {
  const next = (await visits.get(request)) + 1
  await visits.set(request, next)
  response.json({ visits: next })
})
const server = app.listen(0, '127.0.0.1', () => tell({ port: (server.address() as AddressInfo).port }))
// The connections of one load stay open while another one works.
Object.assign(server, { keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 })
process.on('message', (question) => {
  if (question === 'collect') globalThis.gc?.()
  tell({ heapUsed: memoryUsage().heapUsed })
})
process.on('disconnect', () => process.exit())

function tell(message: ServerMessage): void {
  process.send?.(message)
}
