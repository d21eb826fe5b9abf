import { inject, test } from 'vitest'
import { describeCache } from '../contracts/cache.ts'
import { describeCacheRaces } from '../contracts/cache-races.ts'
import { storeOnCache } from '../contracts/cache-store.ts'
import { redisFixture } from '../contracts/redis-fixtures.ts'
import { describeSessionStore } from '../contracts/session-store.ts'

const server = inject('redis')
const DB = 1

if ('missing' in server) test.skip(`Redis (${server.missing})`, () => {})
else {
  describeCache('Redis', () => redisFixture(server.url, DB))
  describeCache('Redis, not asked for ends,', () => redisFixture(server.url, DB, false))
  describeCacheRaces('cache on Redis', () => redisFixture(server.url, DB))
  describeSessionStore('cache on Redis', async () => storeOnCache(await redisFixture(server.url, DB)))
}
