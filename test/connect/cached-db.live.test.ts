/** The engine `cached_db` beside a Redis of our own that is stopped and started. */
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { missingRedisServer, startPrivateRedis } from '../private-redis.ts'
import { makeSite } from '../site.ts'

const KEY_PREFIX = ':1:django.contrib.sessions.cached_db'

test.skipIf(missingRedisServer() !== null)(
  'S35: a logout reaches a cache that is just back, however often it failed before',
  { timeout: 60_000 },
  async () => {
    const redis = await startPrivateRedis()
    const site = await makeSite(
      {
        SESSION_ENGINE: 'django.contrib.sessions.backends.cached_db',
        CACHES: { default: { BACKEND: 'django.core.cache.backends.redis.RedisCache', LOCATION: redis.url } },
      },
      { hooks: { onWarning: () => undefined } },
    )
    const key = await site.store({ cart: ['pear'] })
    const session = await site.open(`sessionid=${key}`).session()
    await redis.stop('crash')
    for (let calls = 0; calls < 8; calls++) await (await site.open(`sessionid=${key}`).session()).save()
    await redis.start()
    const python = new Redis(redis.port)
    await python.set(KEY_PREFIX + key, 'what Django put there meanwhile')
    await session.flush()
    expect(await python.get(KEY_PREFIX + key)).toContain('django-session-bridge block')
    python.disconnect()
    await site.bridge.close()
    await redis.drop()
  },
)
