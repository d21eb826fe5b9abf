/** A database of a real Redis for tests of caches, with a clock that can be moved. */
import { Redis } from 'ioredis'
import { redis } from '../../src/caches/redis.ts'
import { type RedisClient, redisConnection } from '../../src/caches/redis-connection.ts'
import { makeRedisClient } from '../../src/connect/redis.ts'
import type { CacheUnderTest } from './cache.ts'

const START = Date.UTC(2026, 0, 15, 12)
/** Redis' clock cannot be moved; the ends of its keys can. */
const MOVE_ENDS = `
  for _, key in ipairs(redis.call('KEYS', '*')) do
    local left = redis.call('PTTL', key)
    if left >= 0 and left <= tonumber(ARGV[1]) then redis.call('DEL', key)
    elseif left >= 0 then redis.call('PEXPIRE', key, left - tonumber(ARGV[1])) end
  end`

/** @param db emptied first; test files run side by side, so each has its own */
export async function redisFixture(
  url: string,
  db: number,
  asksEnd = true,
): Promise<CacheUnderTest & { admin: Redis }> {
  const admin = new Redis(url, { db })
  await admin.flushdb()
  let milliseconds = START
  const now = (): Date => new Date(milliseconds)
  const { hostname, port } = new URL(url)
  const make = (): Promise<RedisClient> => makeRedisClient({ host: hostname, port: Number(port || 6379), db }, 5000)
  const open = () => redis({ primary: redisConnection({ make, deadlineMs: 5000 }), now, asksEnd })
  const cache = open()
  const other = open()
  return {
    admin,
    cache,
    other,
    now,
    tellsEnd: asksEnd,
    async advance(seconds) {
      milliseconds += seconds * 1000
      await admin.eval(MOVE_ENDS, 0, seconds * 1000)
    },
    count: () => admin.dbsize(),
    async set(key, bytes) {
      await admin.set(key, Buffer.from(bytes), 'EX', 3600)
    },
    async close() {
      await Promise.all([cache.close(), other.close()])
      admin.disconnect()
    },
  }
}
