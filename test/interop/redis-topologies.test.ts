/** Node and real django-redis through sentinels, before and after a failover, and on a cluster. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, inject, test } from 'vitest'
import type { CacheDictionary } from '../../src/settings/cache-setting.ts'
import { startRedisCluster } from '../failovers/redis-cluster.ts'
import { pause, startSentinels } from '../failovers/redis-sentinels.ts'
import { missingRedisServer } from '../private-redis.ts'
import { sidesOn } from './cache-sides.ts'

const runtime = inject('djangoRedis').at(-1)
const missing = missingRedisServer() ?? (runtime === undefined || 'missing' in runtime ? runtime?.missing : null)

describe.skipIf(missing !== null)(`django-redis ${runtime?.release}${missing === null ? '' : ` (${missing})`}`, () => {
  const python = runtime !== undefined && 'python' in runtime ? runtime.python : ''
  const folder = mkdtempSync(join(tmpdir(), 'topologies-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const sides = (cache: CacheDictionary, djangoOptions: object = {}) =>
    sidesOn(cache, { python, folder, djangoOptions })

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
