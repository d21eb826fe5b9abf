/** Redis that is stopped, paused, full, made a replica, closed and restarted under load; a server of our own. */
import { Redis } from 'ioredis'
import { createBridge } from '../../src/bridge.ts'
import { missingRedisServer, type PrivateRedis, startPrivateRedis } from '../private-redis.ts'
import { loginValues, PASSWORD, SECRET_KEY } from '../site.ts'
import { type CommonLoad, type Load, type LoadSite, outage, planted, restarts, type Suffering } from './load.ts'

/** One connection, shared by all; several requests may be under way on it. */
const CONNECTIONS = 5
/** Every write is on the disk before it is answered, so that a restart loses nothing. */
const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always']
const USER = ['--user', 'bridge', 'on', '>secret', '~*', '&*', '+@all']

/** Seconds of a fault that is answered at once. */
const ANSWERED = 2

interface RedisSite extends LoadSite {
  readonly server: PrivateRedis
  readonly admin: Redis
}

const SUFFERINGS: readonly Suffering<RedisSite>[] = [
  { what: 'is stopped', begin: ({ server }) => server.stop(), end: ({ server }) => server.start() },
  {
    what: 'is frozen (SIGSTOP)',
    begin: ({ server }) => server.signal('SIGSTOP'),
    end: ({ server }) => server.signal('SIGCONT'),
  },
  {
    what: 'is paused (CLIENT PAUSE)',
    // It would stay paused for those who are to unpause it, too.
    begin: ({ admin }, seconds) => admin.client('PAUSE', seconds * 1000, 'ALL'),
    end: () => undefined,
  },
  {
    what: 'is out of memory (maxmemory, noeviction)',
    seconds: ANSWERED,
    isReadable: true,
    begin: ({ admin }) => admin.config('SET', 'maxmemory', '1mb'),
    end: ({ admin }) => admin.config('SET', 'maxmemory', '0'),
  },
  {
    what: 'is a replica (REPLICAOF)',
    seconds: ANSWERED,
    isReadable: true,
    begin: ({ admin }) => admin.replicaof('127.0.0.1', 1),
    end: ({ admin }) => admin.call('REPLICAOF', 'NO', 'ONE'),
  },
  {
    what: 'is a replica without a primary that gives out nothing old',
    seconds: ANSWERED,
    begin: async ({ admin }) => {
      await admin.config('SET', 'replica-serve-stale-data', 'no')
      await admin.replicaof('127.0.0.1', 1)
    },
    end: ({ admin }) => admin.call('REPLICAOF', 'NO', 'ONE'),
  },
  {
    what: 'turns our user away (ACL)',
    seconds: ANSWERED,
    begin: ({ admin }) => admin.acl('SETUSER', 'bridge', '-@all'),
    end: ({ admin }) => admin.acl('SETUSER', 'bridge', '+@all'),
  },
]

export async function redisFaults(common: CommonLoad): Promise<void> {
  const missing = missingRedisServer()
  if (missing !== null) {
    console.log(`\nLEFT OUT: Redis: ${missing}`)
    return
  }
  const load: Load<RedisSite> = { ...common, server: 'Redis', makeSite, connections: CONNECTIONS }
  for (const suffering of SUFFERINGS) await outage(load, suffering)
  await restarts(load, 'restarts of the server', async ({ server }, index) => {
    await server.stop(index % 2 === 0 ? undefined : 'crash')
    await server.start()
    return performance.now()
  })
  await restarts(load, 'connections ended by the server', async ({ admin }) => {
    const before = performance.now()
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    return before
  })
  for (const plant of ['answers as if nobody were logged in', 'deletes the cookie'] as const) {
    await planted(load, plant, { begin: ({ server }) => server.stop(), end: ({ server }) => server.start() })
  }
}

async function makeSite(deadlineMs: number): Promise<RedisSite> {
  const server = await startPrivateRedis(...DURABLE, ...USER)
  const admin = new Redis(server.port)
  admin.on('error', () => undefined)
  const bridgeWith = (milliseconds: number) =>
    createBridge(
      {
        SECRET_KEY,
        DEBUG: true,
        SESSION_ENGINE: 'django.contrib.sessions.backends.cache',
        CACHES: {
          default: {
            BACKEND: 'django.core.cache.backends.redis.RedisCache',
            LOCATION: server.url.replace('://', '://bridge:secret@'),
          },
        },
      },
      {
        hooks: {
          loadUser: async (id) => ({ pk: id, is_active: true, password: PASSWORD }) as never,
        },
        options: { deadlineMs: milliseconds },
      },
    )
  const bridge = bridgeWith(deadlineMs)
  const aside = bridgeWith(30_000)
  return {
    server,
    admin,
    bridge,
    async login(values) {
      const django = aside.open({ method: 'GET', url: '/', headers: {}, secure: false })
      ;(await django.session()).update({ ...loginValues(), ...values })
      const { cookies } = await django.finish(200)
      return `sessionid=${cookies[0]?.value}`
    },
    async close() {
      await bridge.close()
      await aside.close()
      admin.disconnect()
      await server.drop()
    },
  }
}
