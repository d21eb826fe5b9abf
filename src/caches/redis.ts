/**
 * A cache in Redis, where each item is one string and its time-out is the key's. Mirrors RedisCacheClient of
 * django/core/cache/backends/redis.py in what it keeps; its writes compare and swap, each by a script that Redis runs
 * in one step.
 */
import { type Deadline, startDeadline } from '../deadline.ts'
import { StoreUnavailable } from '../errors.ts'
import type { Cache, CacheItem, SampledItem, StoredItem } from './cache.ts'
import type { RedisCommand, RedisConnection, RedisParameter } from './redis-connection.ts'
import { RedisRefusal } from './redis-faults.ts'
import { REMOVE, REPLACE, type RedisScript, TOUCH } from './redis-scripts.ts'

export interface RedisOptions {
  /** Where writes go, and what they compare with. */
  readonly primary: RedisConnection
  /** Where reads go, in turn, instead. Default none. */
  readonly replicas?: readonly RedisConnection[]
  readonly now: () => Date
  /** Replicas that must know of the end of a session before it is done. Default 0: Redis tells them a moment later. */
  readonly logoutReplicas?: number | undefined
  /** Whether an item is read with the moment at which it ends, one command more. Default true. */
  readonly asksEnd?: boolean | undefined
}

type Ends = 'ends' | undefined

/** Of what stands under a key and is no string: nothing that is written compares with it, and nothing decodes it. */
const OTHER_TYPE = ''

export function redis({ primary, replicas = [], now, logoutReplicas = 0, asksEnd = true }: RedisOptions): Cache {
  let reads = 0

  async function fetch(key: string, connection: RedisConnection, deadline: Deadline): Promise<StoredItem | null> {
    const asked = now().getTime()
    const get: RedisCommand = ['get', key]
    const commands: readonly RedisCommand[] = asksEnd ? [get, ['pttl', key]] : [get]
    let bytes: unknown
    let milliseconds: unknown
    try {
      ;[bytes, milliseconds] = await connection.read(commands, deadline)
    } catch (error) {
      if (!isOtherType(error)) throw error
      return { bytes: new Uint8Array(), version: OTHER_TYPE }
    }
    // The key may have ended between the two.
    const left = Number(milliseconds ?? NO_END)
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

  /** Runs a command, and where it `ends` a session, waits for replicas to know of it. */
  function send(how: 'read' | 'write', command: RedisCommand, deadline: Deadline, ends: Ends): Promise<unknown> {
    if (ends !== undefined && logoutReplicas > 0) return sendAndWait(how, command, deadline)
    return primary[how]([command], deadline).then(first)
  }

  /** On the connection that the command took. */
  async function sendAndWait(how: 'read' | 'write', command: RedisCommand, deadline: Deadline): Promise<unknown> {
    // None at all would be without end.
    const patience = Math.max(1, Math.ceil(deadline.remaining() / 2))
    const [answer, reached] = await primary[how]([command, ['wait', logoutReplicas, patience]], deadline)
    if (Number(reached) < logoutReplicas) throw new StoreUnavailable(NOT_REPLICATED, { reason: 'deadline' })
    return answer
  }

  /** Runs a script by its name and, where Redis does not know that yet, by its text. */
  async function hasRun(
    script: RedisScript,
    key: string,
    parameters: RedisParameter[],
    deadline: Deadline,
    ends?: 'ends',
  ): Promise<boolean> {
    // Behind one that is not known yet, Redis would wait for nothing, and the second try for that.
    let isByName = ends === undefined || logoutReplicas === 0
    for (;;) {
      const command: RedisCommand = isByName
        ? ['evalsha', script.sha1, 1, key, ...parameters]
        : ['eval', script.lua, 1, key, ...parameters]
      try {
        return Number(await send('write', command, deadline, ends)) === 1
      } catch (error) {
        if (isOtherType(error)) return false
        const isUnknown = isByName && error instanceof RedisRefusal && error.word === 'NOSCRIPT'
        if (!isUnknown) throw error
        isByName = false
      }
    }
  }

  const remove: Cache['remove'] = (key, version, deadline) => hasRun(REMOVE, key, [bytesOf(version)], deadline, 'ends')

  /** One step through the keys; the cursor is '0' at their end. */
  async function scan(cursor: string, part: string, deadline: Deadline): Promise<[next: string, keys: string[]]> {
    const pattern = `*${part.replace(/[*?[\]^\\-]/g, '\\$&')}*`
    const [answer] = await primary.read([['scan', cursor, 'match', pattern, 'count', 1000]], deadline)
    const [next, keys] = answer as [Buffer, Buffer[]]
    return [String(next), keys.map(String)]
  }

  return {
    get: (key, deadline, toWrite) =>
      toWrite !== undefined || replicas.length === 0 ? fetch(key, primary, deadline) : fetchAnywhere(key, deadline),

    async add(key, item, timeout, deadline, ends) {
      const { bytes, version } = written(item)
      const seconds = wholeSeconds(timeout)
      const isAdded =
        seconds > 0
          ? (await send('write', ['set', key, bytes, 'EX', seconds, 'NX'], deadline, ends)) !== null
          : Number((await primary.read([['exists', key]], deadline))[0]) === 0
      return isAdded ? version : null
    },

    async replace(key, seen, item, timeout, deadline, ends) {
      const { bytes, version } = written(item)
      const seconds = wholeSeconds(timeout)
      const isReplaced =
        seconds > 0
          ? await hasRun(REPLACE, key, [bytesOf(seen), bytes, seconds], deadline, ends)
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
      await send('read', ['del', key], deadline, 'ends')
    },

    // On a key that is not there it writes nothing, and is refused as a write of these bytes would be: a Redis without
    // memory still deletes, and would not take what is to come after. Nor is anything ended that too few could know of.
    async tryOut(key, item, deadline) {
      await send('read', ['set', key, written(item).bytes, 'EX', 1, 'XX'], deadline, 'ends')
    },

    clearExpired: async () => 0,

    async find(part, most, deadline) {
      const found = new Set<string>()
      for (let cursor = '0'; ; ) {
        const [next, keys] = await scan(cursor, part, deadline)
        for (const key of keys) found.add(key)
        cursor = next
        // Of more keys than can be gone through in time: those that were seen.
        if (cursor === '0' || found.size >= most || deadline.remaining() < LEAST_SCAN_MS)
          return Array.from(found).slice(0, most)
      }
    },

    async sample(part, most, deadline) {
      const found = new Set<string>()
      let cursor = '0'
      for (let steps = 0; steps < MOST_STEPS && found.size < most; steps++) {
        const [next, keys] = await scan(cursor, part, deadline)
        for (const key of keys) found.add(key)
        if (next === '0') break
        cursor = next
      }
      const seen = await Promise.all(
        Array.from(found)
          .slice(0, most)
          .map(async (key) => ({ key, item: await fetch(key, primary, deadline) })),
      )
      return seen.filter((each): each is typeof each & SampledItem => each.item !== null)
    },

    async check(deadline) {
      for (const connection of [primary, ...replicas]) await connection.read([['ping']], deadline)
    },

    async close() {
      for (const connection of [primary, ...replicas]) await connection.close()
    },
  }
}

function first([answer]: readonly unknown[]): unknown {
  return answer
}

const NOT_REPLICATED =
  'Redis answered, but not enough of its replicas know in time of the end of a session (options.logoutReplicas).'

/** Each looks at some 1000 keys. */
const MOST_STEPS = 20

/** What a part of the keys takes to be gone through, with room to spare. */
const LEAST_SCAN_MS = 500

/** What PTTL says of a key that is not there, and of one without an end. */
const NO_KEY = -2
const NO_END = -1

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
