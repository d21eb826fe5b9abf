/** Node and real django-redis through sentinels, before and after a failover, and on a cluster. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, inject, test } from 'vitest'
import { createBridge } from '../../src/bridge.ts'
import { formatPickle } from '../../src/python/pickle/pickle-writer.ts'
import type { CacheDictionary } from '../../src/settings/cache-setting.ts'
import { startRedisCluster } from '../failovers/redis-cluster.ts'
import { pause, startSentinels } from '../failovers/redis-sentinels.ts'
import { missingRedisServer } from '../private-redis.ts'
import { openWith, SECRET_KEY } from './live-site.ts'
import { startOracle } from './oracle.ts'

const runtime = inject('djangoRedis').at(-1)
const missing = missingRedisServer() ?? (runtime === undefined || 'missing' in runtime ? runtime?.missing : null)

describe.skipIf(missing !== null)(`django-redis ${runtime?.release}${missing === null ? '' : ` (${missing})`}`, () => {
  const python = runtime !== undefined && 'python' in runtime ? runtime.python : ''
  const folder = mkdtempSync(join(tmpdir(), 'topologies-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** Both sides on one cache, each in its own words. */
  function sides(cache: CacheDictionary, djangoOptions: object = {}) {
    const caches = { sessions: { ...cache, OPTIONS: { ...cache.OPTIONS, ...djangoOptions } } }
    const options = { secret_key: SECRET_KEY, caches, database: join(folder, 'db.sqlite3') }
    const django = startOracle(python, ['cached_sessions.py', JSON.stringify(options)])
    const bridge = createBridge({
      SECRET_KEY,
      DEBUG: true,
      SESSION_ENGINE: 'django.contrib.sessions.backends.cache',
      SESSION_CACHE_ALIAS: 'sessions',
      CACHES: { sessions: cache },
    })
    const asked = { alias: 'sessions', engine: 'cache' }
    const inDjango = async (key: string | null, values: object): Promise<string> =>
      (await django.ask<{ key: string }>({ op: 'save', ...asked, key, set: formatPickle(values).toString('hex') })).key
    const namesInDjango = async (key: string): Promise<unknown> => {
      const { values } = await django.ask<{ values: { dict: [{ str: string }, unknown][] } | null }>({
        op: 'load',
        ...asked,
        key,
      })
      return values?.dict.map(([name]) => name.str) ?? null
    }
    async function inNode(key: string, name: string): Promise<unknown[]> {
      const context = openWith(bridge, `sessionid=${key}`)
      const session = await context.session()
      const names = [...session.keys()]
      session.set(name, 1)
      await context.finish(200)
      return names
    }
    async function logoutInNode(key: string): Promise<void> {
      const context = openWith(bridge, `sessionid=${key}`)
      await (await context.session()).flush()
      await context.finish(200)
    }
    async function stop(): Promise<void> {
      django.stop()
      await bridge.close()
    }
    return { inDjango, namesInDjango, inNode, logoutInNode, stop }
  }

  test('through sentinels, before and after the primary is killed', async () => {
    const site = await startSentinels()
    const both = sides({
      BACKEND: 'django_redis.cache.RedisCache',
      LOCATION: `redis://${site.name}/0`,
      OPTIONS: {
        CLIENT_CLASS: 'django_redis.client.SentinelClient',
        CONNECTION_FACTORY: 'django_redis.pool.SentinelConnectionFactory',
        SENTINELS: site.sentinels,
      },
    })
    try {
      const key = await both.inDjango(null, { django: 1 })
      expect(await both.inNode(key, 'node')).toEqual(['django'])
      expect(await both.namesInDjango(key)).toEqual(['django', 'node'])
      const former = await site.primary()
      await former?.stop('crash')
      for (let found = former; found === former || found === undefined; found = await site.primary()) await pause(50)
      expect(await both.inNode(key, 'after')).toEqual(['django', 'node'])
      expect(await both.namesInDjango(key)).toEqual(['django', 'node', 'after'])
      await both.logoutInNode(key)
      expect(await both.namesInDjango(key)).toBeNull()
    } finally {
      await both.stop()
      await site.drop()
    }
  })

  test('on a cluster, whichever node has a session', async () => {
    const site = await startRedisCluster()
    const both = sides(
      {
        BACKEND: 'django_redis.cache.RedisCache',
        LOCATION: [site.nodes[0]?.url ?? ''],
        OPTIONS: { REDIS_CLIENT_CLASS: 'redis.cluster.RedisCluster' },
      },
      { CONNECTION_FACTORY: 'redis_cluster.ClusterConnectionFactory' },
    )
    try {
      for (let session = 0; session < 12; session++) {
        const key = await both.inDjango(null, { django: session })
        expect(await both.inNode(key, 'node')).toEqual(['django'])
        expect(await both.namesInDjango(key)).toEqual(['django', 'node'])
        await both.logoutInNode(key)
        expect(await both.namesInDjango(key)).toBeNull()
      }
    } finally {
      await both.stop()
      await site.drop()
    }
  })
})
