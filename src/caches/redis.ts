/**
 * A cache in Redis, where each item is one string and its time-out is the key's. Mirrors RedisCacheClient of
 * django/core/cache/backends/redis.py in what it keeps; its writes compare and swap, each by a script that Redis runs
 * in one step.
 */
import { type Deadline, startDeadline } from '../deadline.ts'
import { StoreUnavailable } from '../errors.ts'
import type { Cache, CacheItem, StoredItem } from './cache.ts'
import type { RedisCommand, RedisConnection, RedisParameter } from './redis-connection.ts'
import { RedisRefusal } from './redis-faults.ts'
import { REMOVE, REPLACE, type RedisScript, TOUCH } from './redis-scripts.ts'

export interface RedisOptions {
  /** Where writes go, and what they compare with. */
  readonly primary: RedisConnection
  /** Where reads go, in turn, instead. Default none. */
  readonly replicas?: readonly RedisConnection[]
  readonly now: () => Date
  /** Replicas that must know of a logout before it is done. Default 0: Redis tells them a moment later. */
  readonly logoutReplicas?: number | undefined
}

/** Of what stands under a key and is no string: nothing that is written compares with it, and nothing decodes it. */
const OTHER_TYPE = ''

export function redis({ primary, replicas = [], now, logoutReplicas = 0 }: RedisOptions): Cache {
  let reads = 0

  async function fetch(key: string, connection: RedisConnection, deadline: Deadline): Promise<StoredItem | null> {
    const asked = now().getTime()
    const commands: readonly RedisCommand[] = [
      ['get', key],
      ['pttl', key],
    ]
    let bytes: unknown
    let milliseconds: unknown
    try {
      ;[bytes, milliseconds] = await connection.read(commands, deadline)
    } catch (error) {
      if (!isOtherType(error)) throw error
      return { bytes: new Uint8Array(), version: OTHER_TYPE }
    }
    // The key may have ended between the two.
    const left = Number(milliseconds)
    if (!Buffer.isBuffer(bytes) || left === NO_KEY) return null
    return { bytes, version: versionOf(bytes), ...(left >= 0 && { endsAt: new Date(asked + left) }) }
  }

  /** From a replica, if there is one; what it has not may be on its way to it, and it may be down by itself. */
  async function fetchAnywhere(key: string, deadline: Deadline): Promise<StoredItem | null> {
    const replica = replicas[reads++ % replicas.length]
    if (replica !== undefined) {
      const found = await fetch(key, replica, startDeadline(deadline.remaining() / 2)).catch((error: unknown) => {
        if (error instanceof StoreUnavailable) return null
        throw error
      })
      if (found !== null) return found
    }
    return fetch(key, primary, deadline)
  }

  async function run(script: RedisScript, parameters: RedisParameter[], deadline: Deadline): Promise<unknown> {
    try {
      return await primary.write(['evalsha', script.sha1, 1, ...parameters], deadline)
    } catch (error) {
      if (!(error instanceof RedisRefusal && error.word === 'NOSCRIPT')) throw error
      return primary.write(['eval', script.lua, 1, ...parameters], deadline)
    }
  }

  async function hasRun(script: RedisScript, key: string, parameters: RedisParameter[], deadline: Deadline) {
    try {
      return Number(await run(script, [key, ...parameters], deadline)) === 1
    } catch (error) {
      if (isOtherType(error)) return false
      throw error
    }
  }

  const remove: Cache['remove'] = (key, version, deadline) => hasRun(REMOVE, key, [bytesOf(version)], deadline)

  return {
    get: (key, deadline, toWrite) =>
      toWrite === undefined ? fetchAnywhere(key, deadline) : fetch(key, primary, deadline),

    async add(key, item, timeout, deadline) {
      const { bytes, version } = written(item)
      const seconds = wholeSeconds(timeout)
      const isAdded =
        seconds > 0
          ? (await primary.write(['set', key, bytes, 'EX', seconds, 'NX'], deadline)) !== null
          : Number((await primary.read([['exists', key]], deadline))[0]) === 0
      return isAdded ? version : null
    },

    async replace(key, seen, item, timeout, deadline) {
      const { bytes, version } = written(item)
      const seconds = wholeSeconds(timeout)
      const isReplaced =
        seconds > 0
          ? await hasRun(REPLACE, key, [bytesOf(seen), bytes, seconds], deadline)
          : await remove(key, seen, deadline)
      return isReplaced ? version : null
    },

    async touch(key, version, timeout, deadline) {
      const seconds = wholeSeconds(timeout)
      return seconds > 0 ? hasRun(TOUCH, key, [bytesOf(version), seconds], deadline) : remove(key, version, deadline)
    },

    remove,

    async delete(key, deadline) {
      // Sent twice it does the same.
      if (logoutReplicas === 0) return void (await primary.read([['del', key]], deadline))
      const patience = Math.ceil(deadline.remaining() / 2)
      const [, reached] = await primary.read(
        [
          ['del', key],
          ['wait', logoutReplicas, patience],
        ],
        deadline,
      )
      if (Number(reached) < logoutReplicas) throw new StoreUnavailable(NOT_REPLICATED, { reason: 'deadline' })
    },

    // On a key that is not there it writes nothing, and is refused as a write of these bytes would be: a Redis without
    // memory still deletes, and would not take what is to come after.
    async tryOut(key, item, deadline) {
      await primary.read([['set', key, written(item).bytes, 'EX', 1, 'XX']], deadline)
    },

    clearExpired: async () => 0,

    async find(part, most, deadline) {
      const found = new Set<string>()
      const pattern = `*${part.replace(/[*?[\]^\\-]/g, '\\$&')}*`
      for (let cursor = '0'; ; ) {
        const [answer] = await primary.read([['scan', cursor, 'match', pattern, 'count', 1000]], deadline)
        const [next, keys] = answer as [Buffer, Buffer[]]
        for (const key of keys) found.add(String(key))
        cursor = String(next)
        // Of more keys than can be gone through in time: those that were seen.
        if (cursor === '0' || found.size >= most || deadline.remaining() < LEAST_SCAN_MS)
          return Array.from(found).slice(0, most)
      }
    },

    async check(deadline) {
      for (const connection of [primary, ...replicas]) await connection.read([['ping']], deadline)
    },

    async close() {
      for (const connection of [primary, ...replicas]) await connection.close()
    },
  }
}

const NOT_REPLICATED =
  'Redis has ended the session, but not enough of its replicas know of it yet (options.logoutReplicas).'

/** What a part of the keys takes to be gone through, with room to spare. */
const LEAST_SCAN_MS = 500

/** What PTTL says of a key that is not there; -1 is one without an end. */
const NO_KEY = -2

/** @see RedisCache.get_backend_timeout */
function wholeSeconds(timeout: number): number {
  return Math.max(0, Math.trunc(timeout))
}

/** A version is the content itself, a character for each byte. */
function versionOf(bytes: Buffer): string {
  return bytes.toString('latin1')
}

function bytesOf(version: string): Buffer {
  return Buffer.from(version, 'latin1')
}

function written({ bytes }: CacheItem): { bytes: Buffer; version: string } {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { bytes: buffer, version: versionOf(buffer) }
}

function isOtherType(error: unknown): boolean {
  return error instanceof RedisRefusal && error.word === 'WRONGTYPE'
}
