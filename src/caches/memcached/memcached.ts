/**
 * The port of a cache on Memcached. Its `cas` compares tokens that no answer to a write tells; the version of an item
 * is therefore a digest of its content, and the token is asked for right before it is used.
 */
import { hash } from 'node:crypto'
import { type Deadline, pauseBeforeRetry } from '../../deadline.ts'
import { StoreUnavailable } from '../../errors.ts'
import type { Cache, CacheItem } from '../cache.ts'
import { memcachedServer, type Question } from './memcached-server.ts'
import type { PythonClient } from './python-client.ts'
import {
  addCommand,
  casCommand,
  deleteCommand,
  type FoundValue,
  getsCommand,
  type StoredBytes,
  VERSION_COMMAND,
} from './text-protocol.ts'

export interface MemcachedOptions {
  readonly client: Pick<PythonClient, 'servers' | 'placeOf' | 'keyPrefix'>
  readonly now: () => Date
  /** Whether calls fail at once while a server cannot be reached. Default true. */
  readonly hasCircuit?: boolean | undefined
}

export function memcached({ client, now, hasCircuit = true }: MemcachedOptions): Cache {
  const servers = client.servers.map((address) => memcachedServer(address, hasCircuit))

  async function ask(key: string, question: Omit<Question, 'key'>, deadline: Deadline) {
    const server = servers[client.placeOf(key)]
    if (server === undefined) throw new StoreUnavailable('No Memcached server is configured.', { reason: 'missing' })
    return await server.ask({ ...question, key: wired(key) }, deadline)
  }

  const wired = (key: string): string => `${client.keyPrefix}${key}`

  async function find(key: string, deadline: Deadline): Promise<FoundValue | null> {
    const found = await ask(key, { bytes: getsCommand(wired(key)), mayRepeat: true, answers: /^END$/ }, deadline)
    if (typeof found === 'string') return null
    // Without tokens every `cas` succeeds, and overwrites what others wrote.
    if (found.token === '0') {
      throw new StoreUnavailable('Memcached runs without cas (its option -C), which safe writes need.')
    }
    return found
  }

  /** Writes where `version` is stored. A token that is out of date may stand for the same content, written again. */
  async function swap(
    key: string,
    version: string,
    next: (found: FoundValue) => StoredBytes,
    deadline: Deadline,
  ): Promise<boolean> {
    for (;;) {
      const found = await find(key, deadline)
      if (found === null || versionOf(found) !== version) return false
      const bytes = casCommand(wired(key), next(found), found.token)
      const answer = await ask(key, { bytes, mayRepeat: false, answers: /^(STORED|EXISTS|NOT_FOUND)$/ }, deadline)
      if (answer !== 'EXISTS') return answer === 'STORED'
      await pauseBeforeRetry(deadline)
    }
  }

  const stored = ({ bytes, flags = 0 }: CacheItem, timeout: number): StoredBytes => ({
    bytes,
    flags,
    exptime: exptimeOf(timeout, now()),
  })

  return {
    async get(key, deadline) {
      const found = await find(key, deadline)
      return found && { bytes: found.bytes, flags: found.flags, version: versionOf(found) }
    },
    async add(key, item, timeout, deadline) {
      const bytes = addCommand(wired(key), stored(item, timeout))
      const answer = await ask(key, { bytes, mayRepeat: false, answers: /^(NOT_)?STORED$/ }, deadline)
      return answer === 'STORED' ? versionOf(item) : null
    },
    async replace(key, version, item, timeout, deadline) {
      return (await swap(key, version, () => stored(item, timeout), deadline)) ? versionOf(item) : null
    },
    // Not with Memcached's own `touch`, which compares nothing.
    touch: (key, version, timeout, deadline) => swap(key, version, (found) => stored(found, timeout), deadline),
    // An item that ends at once is gone for every command; and unlike `delete`, `cas` compares.
    remove: (key, version, deadline) => swap(key, version, () => ENDED, deadline),
    async delete(key, deadline) {
      const bytes = deleteCommand(wired(key))
      await ask(key, { bytes, mayRepeat: true, answers: /^(DELETED|NOT_FOUND)$/ }, deadline)
    },
    // Of an item that has ended as it comes, the server takes note and says whether it would have kept it.
    async tryOut(key, item, deadline) {
      const bytes = addCommand(wired(key), stored(item, -1))
      await ask(key, { bytes, mayRepeat: true, answers: /^(NOT_)?STORED$/ }, deadline)
    },
    clearExpired: async () => 0,
    async check(deadline) {
      const question = { bytes: VERSION_COMMAND, key: null, mayRepeat: true, answers: /^VERSION / }
      await Promise.all(servers.map((server) => server.ask(question, deadline)))
    },
    async close() {
      for (const server of servers) server.close()
    },
  }
}

const ENDED: StoredBytes = { flags: 0, exptime: -1, bytes: Buffer.alloc(0) }

function versionOf({ bytes, flags = 0 }: CacheItem): string {
  return `${flags}:${hash('sha256', bytes, 'base64')}`
}

const MOST_RELATIVE_SECONDS = 30 * 24 * 60 * 60
/** Memcached takes a later time, and ends the item at once. */
const LATEST = 2 ** 31 - 1

/** @see django/core/cache/backends/memcached.py BaseMemcachedCache.get_backend_timeout */
export function exptimeOf(timeout: number, now: Date): number {
  const seconds = Math.trunc(timeout)
  if (seconds <= 0) return -1
  if (timeout <= MOST_RELATIVE_SECONDS) return seconds
  return Math.min(Math.trunc(timeout + Math.floor(now.getTime() / 1000)), LATEST)
}
