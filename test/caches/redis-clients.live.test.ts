/** What is asked of clients of the site's own, and logouts that wait for replicas. */
import { Cluster, Redis } from 'ioredis'
import { afterAll, expect, inject, test } from 'vitest'
import { type Bridge, type BridgeWarning, createBridge } from '../../src/bridge.ts'
import { StoreUnavailable } from '../../src/errors.ts'

const DJANGO_REDIS = 'django_redis.cache.RedisCache'
const server = inject('redis')
const opened: { disconnect(): void }[] = []
afterAll(() => {
  for (const client of opened) client.disconnect()
})

function bridgeOn(
  client: object | null,
  options: object = {},
  cache: object = {},
): { bridge: Bridge; warnings: BridgeWarning[] } {
  const warnings: BridgeWarning[] = []
  const bridge = createBridge(
    {
      SECRET_KEY: 'x',
      DEBUG: true,
      SESSION_ENGINE: 'django.contrib.sessions.backends.cache',
      CACHES: { default: { BACKEND: DJANGO_REDIS, LOCATION: 'redis://127.0.0.1:1', ...cache } },
    },
    {
      ...(client !== null && { clients: { caches: { default: client } } }),
      options,
      hooks: { onWarning: (warning) => warnings.push(warning) },
    },
  )
  return { bridge, warnings }
}

interface Given {
  readonly scaleReads?: 'slave'
  readonly enableOfflineQueue?: boolean
  readonly retryDelayOnFailover?: number
}

function cluster(options: Given): Cluster {
  const made = new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true, ...options })
  opened.push(made)
  return made
}

test('a cluster that reads from replicas is refused', () => {
  expect(() => bridgeOn(cluster({ scaleReads: 'slave' }))).toThrow('reads from replicas')
})

test('a cluster that sends a command again gets a warning, which says what to do', () => {
  const { warnings } = bridgeOn(cluster({ enableOfflineQueue: false }))
  expect(warnings.map(({ code }) => code)).toEqual(['redis_client_resends'])
  expect(warnings[0]?.message).toContain('retryDelayOnFailover: 0')
  expect(bridgeOn(cluster({ enableOfflineQueue: false, retryDelayOnFailover: 0 })).warnings).toEqual([])
})

test('logoutReplicas is a whole number, and nothing for a cluster', () => {
  expect(() => bridgeOn(null, { logoutReplicas: -1 })).toThrow('options.logoutReplicas is a whole number')
  const wanted = 'options.logoutReplicas cannot be had on a Redis Cluster'
  expect(() => bridgeOn(cluster({}), { logoutReplicas: 1 })).toThrow(wanted)
  const OPTIONS = { REDIS_CLIENT_CLASS: 'redis.cluster.RedisCluster' }
  expect(() => bridgeOn(null, { logoutReplicas: 1 }, { OPTIONS })).toThrow(wanted)
})

test.skipIf('missing' in server)('a logout that no replica hears of is told, and the session is gone', async () => {
  const url = 'missing' in server ? '' : `${server.url}/7`
  const { bridge } = bridgeOn(null, { logoutReplicas: 1, deadlineMs: 400 }, { LOCATION: url })
  const admin = new Redis(url)
  opened.push(admin)
  const open = (cookie?: string) =>
    bridge.open({ method: 'GET', url: '/', headers: cookie ? { cookie } : {}, secure: false })
  try {
    const first = open()
    ;(await first.session()).set('a', 1)
    const { cookies } = await first.finish(200)
    const key = cookies[0]?.value ?? ''
    const flushing = (await open(`sessionid=${key}`).session()).flush()
    await expect(flushing).rejects.toThrow('not enough of its replicas')
    await expect(flushing).rejects.toMatchObject({ reason: 'deadline' })
    await expect(flushing).rejects.toBeInstanceOf(StoreUnavailable)
    expect(await admin.keys(`*${key}`)).toEqual([])
  } finally {
    await bridge.close()
  }
})
