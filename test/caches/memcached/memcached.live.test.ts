/** The cache on real Memcached servers: the contracts, several servers, and what goes wrong. */
import { afterAll, beforeAll, describe, inject } from 'vitest'
import type { Cache } from '../../../src/caches/cache.ts'
import { memcached } from '../../../src/caches/memcached/memcached.ts'
import { memcachedItems } from '../../../src/caches/memcached/memcached-items.ts'
import { memcachedKey } from '../../../src/caches/memcached/memcached-key.ts'
import { pylibmc } from '../../../src/caches/memcached/pylibmc.ts'
import { pymemcache } from '../../../src/caches/memcached/pymemcache.ts'
import type { PythonClient } from '../../../src/caches/memcached/python-client.ts'
import { startDeadline } from '../../../src/deadline.ts'
import { type CacheUnderTest, describeCache } from '../../contracts/cache.ts'
import { storeOnCache } from '../../contracts/cache-store.ts'
import { describeSessionStore } from '../../contracts/session-store.ts'
import { type PrivateMemcached, startMemcached } from '../../private-memcached.ts'

const server = inject('memcached')
const isMissing = 'missing' in server
const command = isMissing ? '' : server.command

const PICKLE = 1

const kinds = [
  { name: 'one server, pymemcache', clientOf: pymemcache, servers: [{}] },
  { name: 'three servers, pymemcache', clientOf: pymemcache, servers: [{}, {}, { isUnix: true }] },
  { name: 'three servers, pylibmc', clientOf: pylibmc, servers: [{}, {}, {}] },
]

/** Notes the keys of items that a cache is told to add. */
function remembering(cache: Cache, keys: Set<string>): Cache {
  return {
    ...cache,
    add(key, ...others) {
      keys.add(key)
      return cache.add(key, ...others)
    },
  }
}

describe.skipIf(isMissing).each(kinds)('Memcached, $name', ({ clientOf, servers }) => {
  let running: PrivateMemcached[] = []
  let client: PythonClient
  beforeAll(async () => {
    running = await Promise.all(servers.map((each) => startMemcached({ command, ...each })))
    client = clientOf({ location: running.map(({ location }) => location), options: {} })
  })
  afterAll(() => Promise.all(running.map((each) => each.stop())))

  async function make(): Promise<CacheUnderTest> {
    let passed = 0
    const now = (): Date => new Date(Date.now() + passed * 1000)
    const used = new Set<string>()
    const [cache, other] = [0, 1].map(() => remembering(memcached({ client, now }), used)) as [Cache, Cache]
    const serverOf = (key: string): PrivateMemcached => running[client.placeOf(key)] as PrivateMemcached
    return {
      cache,
      other,
      now,
      async advance(seconds) {
        passed += seconds
        for (const key of used) await serverOf(key).age(key, seconds)
      },
      async count() {
        const left = await Promise.all(Array.from(used, (key) => serverOf(key).secondsLeft(key)))
        return left.filter((seconds) => seconds !== null).length
      },
      async set(key, bytes) {
        const line = `set ${key} ${PICKLE} 3600 ${bytes.length}\r\n`
        await serverOf(key).command(Buffer.concat([Buffer.from(line), bytes, Buffer.from('\r\n')]))
      },
      tellsEnd: false,
      async close() {
        await Promise.all(Array.from(used, (key) => cache.delete(key, startDeadline(5000))))
        await Promise.all([cache.close(), other.close()])
      },
    }
  }

  describeCache('Memcached', make, PICKLE)

  describeSessionStore('cache on Memcached', async () =>
    storeOnCache(await make(), {
      codec: memcachedItems({ client }),
      keyOf: memcachedKey((key) => `:1:${key}`, client.keyPrefix),
    }),
  )
})
