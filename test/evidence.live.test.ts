/** What looking for evidence costs a Redis that others use too, and what becomes of it where that is not allowed. */
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Bridge, createBridge } from '../src/bridge.ts'
import { SettingsError } from '../src/errors.ts'
import { missingRedisServer, type PrivateRedis, startPrivateRedis } from './private-redis.ts'
import { loginValues, PASSWORD, SECRET_KEY, sentCookie } from './site.ts'

const missing = missingRedisServer()
const DEAD = { ...loginValues(), _auth_user_hash: 'f'.repeat(64) }

if (missing !== null) test.skip(`evidence in Redis (${missing})`, () => {})
else {
  let server: PrivateRedis
  let admin: Redis
  const bridges: Bridge[] = []
  beforeAll(async () => {
    server = await startPrivateRedis()
    await server.start()
    admin = new Redis(server.url)
  })
  afterAll(async () => {
    for (const bridge of bridges) await bridge.close()
    admin.disconnect()
    await server.drop()
  })

  function bridgeTo(location = server.url): Bridge {
    const bridge = createBridge(
      {
        SECRET_KEY,
        DEBUG: true,
        SESSION_ENGINE: 'django.contrib.sessions.backends.cache',
        CACHES: { default: { BACKEND: 'django.core.cache.backends.redis.RedisCache', LOCATION: location } },
      },
      {
        options: { deadlineMs: 30_000 },
        hooks: { onSuspicious: () => undefined, loadUser: async (id) => (id === '7' ? { password: PASSWORD } : null) },
      },
    )
    bridges.push(bridge)
    return bridge
  }

  const open = (bridge: Bridge, key?: string) =>
    bridge.open({
      method: 'GET',
      url: '/',
      headers: key === undefined ? {} : { cookie: `sessionid=${key}` },
      secure: false,
    })

  async function store(values: Record<string, unknown>): Promise<string> {
    const django = open(bridgeTo())
    ;(await django.session()).update(values)
    return sentCookie(await django.finish(200)) ?? ''
  }

  async function write(bridge: Bridge, key: string): Promise<string | null> {
    const django = open(bridge, key)
    expect(await django.user()).toBeNull()
    ;(await django.session()).set('cart', ['pear'])
    return sentCookie(await django.finish(200))
  }

  const scans = async (): Promise<number> =>
    Number(/cmdstat_scan:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1] ?? 0)

  test('S26: among a hundred thousand keys of others a look takes twenty steps, and is not repeated at once', async () => {
    await admin.flushall()
    await admin.eval("for i = 1, 100000 do redis.call('SET', 'other:' .. i, 'x') end", 0)
    const dead = await store(DEAD)
    const bridge = bridgeTo()
    const before = await scans()
    for (let visits = 0; visits < 5; visits++) await expect(write(bridge, dead)).rejects.toThrow(SettingsError)
    expect((await scans()) - before).toBeLessThanOrEqual(20)
  })

  test('a good login among others is found', async () => {
    await admin.flushall()
    const dead = await store(DEAD)
    await store(loginValues())
    expect(await write(bridgeTo(), dead)).not.toBeNull()
  })

  test('S35: a user who may not list keys has no evidence, which is no failure of the server', async () => {
    await admin.flushall()
    const dead = await store(DEAD)
    const good = await store(loginValues())
    await admin.call('ACL', 'SETUSER', 'site', 'on', '>secret', '~*', '+@all', '-scan', '-keys')
    const bridge = bridgeTo(server.url.replace('redis://', 'redis://site:secret@'))
    await expect(write(bridge, dead)).rejects.toThrow(SettingsError)
    expect(await open(bridge, good).user()).toMatchObject({ pk: '7' })
    expect(await write(bridge, dead)).not.toBeNull()
  })
}
