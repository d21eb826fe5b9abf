/** cached_db with its cache stopped or emptied, its database gone, and both, under load; a Redis and a file of our own. */
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { type Bridge, createBridge } from '../../src/bridge.ts'
import { openMemoryDatabase } from '../../src/databases/memory-database.ts'
import { missingRedisServer, type PrivateRedis, startPrivateRedis } from '../private-redis.ts'
import { loginValues, PASSWORD, SECRET_KEY } from '../site.ts'
import { type CommonLoad, DEADLINE_MS, FULL, QUICK, VISITORS } from './load.ts'
import { type Asked, pause, startVisitors } from './visitors.ts'

interface CachedSite {
  readonly bridge: Bridge
  readonly redis: PrivateRedis
  readonly admin: Redis
  readonly warnings: string[]
  /** Takes the file of the database away, or brings it back. */
  setDatabase(isThere: boolean): void
  close(): Promise<void>
}

interface Scene {
  readonly what: string
  begin(site: CachedSite): unknown
  end(site: CachedSite): unknown
  /** What may fail meanwhile: writes, everything that has a session, or nothing. */
  readonly fails: 'nothing' | 'writes' | 'sessions'
  readonly warning?: string
}

const emptied = new WeakMap<CachedSite, NodeJS.Timeout>()

const SCENES: readonly Scene[] = [
  {
    what: 'the cache is stopped',
    begin: ({ redis }) => redis.stop(),
    end: ({ redis }) => redis.start(),
    fails: 'nothing',
    warning: 'cache_unavailable',
  },
  {
    what: 'the cache is emptied again and again (FLUSHALL)',
    begin: (site) =>
      void emptied.set(
        site,
        setInterval(() => void site.admin.flushall(), 50),
      ),
    end: (site) => clearInterval(emptied.get(site)),
    fails: 'nothing',
  },
  {
    what: 'the database is gone',
    begin: (site) => site.setDatabase(false),
    end: (site) => site.setDatabase(true),
    fails: 'writes',
  },
  {
    what: 'both are gone, and the cache is back first',
    begin: async (site) => {
      site.setDatabase(false)
      await site.redis.stop()
    },
    end: async (site) => {
      await site.redis.start()
      await pause(500)
      site.setDatabase(true)
    },
    fails: 'sessions',
    warning: 'cache_unavailable',
  },
  {
    what: 'both are gone, and the database is back first',
    begin: async (site) => {
      site.setDatabase(false)
      await site.redis.stop()
    },
    end: async (site) => {
      site.setDatabase(true)
      await pause(500)
      await site.redis.start()
    },
    fails: 'sessions',
    warning: 'cache_unavailable',
  },
]

export async function cachedDbFaults(common: CommonLoad): Promise<void> {
  const missing = missingRedisServer()
  if (missing !== null) console.log(`\nLEFT OUT: cached_db: ${missing}`)
  else for (const scene of SCENES) await play(scene, common)
}

async function play(scene: Scene, { random, outcome, isFull }: CommonLoad): Promise<void> {
  const { what, fails, warning } = scene
  const site = await makeSite()
  const visitors = await startVisitors({ bridge: site.bridge, login: loginOn(site), visitors: VISITORS, random })
  try {
    await visitors.recovered()
    const began = performance.now()
    await scene.begin(site)
    await pause((isFull ? FULL : QUICK).outageSeconds * 1000)
    await scene.end(site)
    const ended = performance.now()
    await visitors.recovered()
    await visitors.stop()
    const during = visitors.asked.filter((asked) => asked.began >= began && asked.began < ended)
    const failed = (kind: Asked['kind']) => during.filter((asked) => asked.kind === kind && asked.status !== 200).length
    const all = (kind: Asked['kind']) => during.filter((asked) => asked.kind === kind).length
    console.log(`\ncached_db, ${what}: ${during.length} requests`)
    const told = `${failed('read')} of ${all('read')} reads and ${failed('write')} of ${all('write')} writes failed`
    const isAsWanted =
      fails === 'nothing'
        ? failed('read') + failed('write') === 0
        : failed('write') > 0 && (fails === 'sessions' ? failed('read') > 0 : failed('read') === 0)
    outcome.tell(isAsWanted && all('read') > 0 && all('write') > 0, `cached_db, ${what}: ${told}`)
    const warned = site.warnings.filter((code) => code === warning).length
    outcome.tell(warned === (warning === undefined ? 0 : 1), `cached_db, ${what}: ${warned} warnings of the cache`)
    for (const [wrong, times] of Object.entries(visitors.wrongs)) {
      outcome.tell(times === 0, `cached_db, ${what}: ${times} ${wrong}`)
    }
  } finally {
    await visitors.stop()
    await site.close()
  }
}

function loginOn({ bridge }: CachedSite) {
  return async (values: Record<string, unknown>): Promise<string> => {
    const django = bridge.open({ method: 'GET', url: '/', headers: {}, secure: false })
    ;(await django.session()).update({ ...loginValues(), ...values })
    const { cookies } = await django.finish(200)
    return `sessionid=${cookies[0]?.value}`
  }
}

async function makeSite(): Promise<CachedSite> {
  const folder = mkdtempSync(join(tmpdir(), 'cached-db-faults-'))
  const file = join(folder, 'site.sqlite3')
  const client = openMemoryDatabase()
  client.prepare('VACUUM INTO ?').run(file)
  client.close()
  const redis = await startPrivateRedis()
  const admin = new Redis(redis.port)
  admin.on('error', () => undefined)
  const warnings: string[] = []
  const bridge = createBridge(
    {
      SECRET_KEY,
      DEBUG: true,
      SESSION_ENGINE: 'django.contrib.sessions.backends.cached_db',
      DATABASES: { default: `sqlite:///${file}` },
      CACHES: { default: { BACKEND: 'django.core.cache.backends.redis.RedisCache', LOCATION: redis.url } },
    },
    {
      hooks: {
        loadUser: async (id) => ({ pk: id, is_active: true, password: PASSWORD }) as never,
        onWarning: ({ code }) => warnings.push(code),
      },
      options: { deadlineMs: DEADLINE_MS },
    },
  )
  return {
    bridge,
    redis,
    admin,
    warnings,
    setDatabase: (isThere) => (isThere ? renameSync(`${file}.away`, file) : renameSync(file, `${file}.away`)),
    async close() {
      await bridge.close()
      admin.disconnect()
      await redis.drop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
