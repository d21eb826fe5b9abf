/** What Redis runs in one step: each writes while the string under a key is the one that was seen, and returns 1. */
import { createHash } from 'node:crypto'

export interface RedisScript {
  readonly lua: string
  /** By which Redis knows a script that it has run before. */
  readonly sha1: string
}

/** ARGV: what was seen, what is to stand there, seconds. */
export const REPLACE: RedisScript = whileSeen("redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])")

/** ARGV: what was seen, seconds. */
export const TOUCH: RedisScript = whileSeen("redis.call('EXPIRE', KEYS[1], ARGV[2])")

/** ARGV: what was seen. */
export const REMOVE: RedisScript = whileSeen("redis.call('DEL', KEYS[1])")

function whileSeen(write: string): RedisScript {
  const lua = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end\n${write}\nreturn 1`
  return { lua, sha1: createHash('sha1').update(lua).digest('hex') }
}
