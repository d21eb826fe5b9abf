/** From a cache of django-redis in CACHES to Redis: one server, replicas, shards, sentinels or a cluster. */
import type { Cache } from '../caches/cache.ts'
import { cacheKey } from '../caches/cache-key.ts'
import { type DjangoRedisFormat, djangoRedisFormat } from '../caches/django-redis/format.ts'
import { hashRing } from '../caches/django-redis/hash-ring.ts'
import { type DjangoRedisServers, djangoRedisServers, type Sentinels } from '../caches/django-redis/servers.ts'
import { redis } from '../caches/redis.ts'
import { type RedisClient, type RedisConnection, redisConnection } from '../caches/redis-connection.ts'
import { type RedisLocation, redisLocations } from '../caches/redis-location.ts'
import { shardedCache } from '../caches/sharded-cache.ts'
import { named, SettingsError } from '../errors.ts'
import type { CacheSettings } from '../settings/cache-setting.ts'
import type { CacheBackend, CacheOptions } from './cache.ts'
import { needPackage } from './optional-package.ts'
import {
  checkGivenClient,
  checkNoWaiting,
  givenConnection,
  IOREDIS_REASON,
  importIoredis,
  makeRedisClient,
  OWN_CLIENT,
  tlsOptions,
} from './redis.ts'

/** @see django_redis/cache.py RedisCache */
export const djangoRedisBackend: CacheBackend = {
  check(cache, options) {
    const servers = serversOf(cache)
    const { packageName, packageReason } = formatOf(cache, servers, options)
    if (packageName !== undefined) needPackage(packageName, packageReason)
    if (checkGivenClient(cache, options)) return
    if (servers.kind === 'cluster') checkNoWaiting(options.logoutReplicas)
    locationsOf(cache, servers)
    needPackage('ioredis', IOREDIS_REASON)
  },
  async open(cache, options) {
    const servers = serversOf(cache)
    const codec = await formatOf(cache, servers, options).open()
    return { cache: cacheOn(cache, servers, options), codec, keyOf: cacheKey(cache) }
  },
}

function serversOf({ alias, location, options }: CacheSettings): DjangoRedisServers {
  return djangoRedisServers(alias, location, options)
}

function formatOf({ alias, options }: CacheSettings, { isHerd }: DjangoRedisServers, given: CacheOptions) {
  const { now, limits, pickle } = given
  const format: DjangoRedisFormat = djangoRedisFormat(alias, options, {
    now,
    isHerd,
    limits,
    ...(pickle && { pickle }),
  })
  return format
}

function locationsOf(cache: CacheSettings, { location, options }: DjangoRedisServers) {
  return redisLocations({ ...cache, location, options })
}

function cacheOn(cache: CacheSettings, servers: DjangoRedisServers, options: CacheOptions): Cache {
  const { now, deadlineMs, logoutReplicas, asksEnd, hasCircuit } = options
  const given = givenConnection(cache, options)
  if (given !== null) return redis({ primary: given, now, logoutReplicas, asksEnd })
  const locations = locationsOf(cache, servers)
  const [first, ...others] = locations
  const connection = (make: () => Promise<RedisClient>): RedisConnection =>
    redisConnection({ make, deadlineMs, hasCircuit })
  const to = (location: RedisLocation): RedisConnection => connection(() => makeRedisClient(location, deadlineMs))
  switch (servers.kind) {
    case 'replicated':
      return redis({ primary: to(first), replicas: others.map(to), now, logoutReplicas, asksEnd })
    case 'sharded': {
      const shard = (location: RedisLocation): Cache => redis({ primary: to(location), now, logoutReplicas, asksEnd })
      return shardedCache([shard(first), ...others.map(shard)], hashRing(servers.location))
    }
    case 'sentinel':
      return redis({
        primary: connection(throughSentinels(cache, first, servers.sentinels, deadlineMs)),
        now,
        logoutReplicas,
        asksEnd,
      })
    case 'cluster': {
      // A part of a scan would ask any of the nodes.
      const {
        find: _,
        sample: __,
        ...cluster
      } = redis({
        primary: connection(() => makeClusterClient(locations, deadlineMs)),
        now,
        asksEnd,
      })
      return cluster
    }
  }
}

/** Each connection asks another sentinel first, so that one that is silent costs no more than its turn. */
function throughSentinels(
  { alias }: CacheSettings,
  location: RedisLocation,
  sentinels: Sentinels | null,
  deadlineMs: number,
): () => Promise<RedisClient> {
  const { host: name, port: _, tls, clientName, path: __, ...where } = location
  if (sentinels === null || name === undefined) {
    throw new SettingsError(
      `CACHES.${named(alias)}: LOCATION must be the name that sentinels know: redis://mymaster/0.`,
    )
  }
  const { addresses, username, password, isTls } = sentinels
  const share = Math.ceil(deadlineMs / (addresses.length + 1))
  let turn = 0
  return async () => {
    const { Redis } = await importIoredis()
    const first = turn++ % addresses.length
    return new Redis({
      ...OWN_CLIENT,
      ...where,
      name,
      sentinels: [...addresses.slice(first), ...addresses.slice(0, first)],
      sentinelRetryStrategy: () => null,
      sentinelCommandTimeout: share,
      connectTimeout: share,
      // Asks for the role: a sentinel may not know yet who the primary is.
      enableReadyCheck: true,
      connectionName: clientName ?? 'django-session-bridge',
      ...(username !== undefined && { sentinelUsername: username }),
      ...(password !== undefined && { sentinelPassword: password }),
      ...(isTls && { sentinelTLS: {} }),
      ...(tls && { tls: await tlsOptions(tls), enableTLSForSentinelMode: true }),
    })
  }
}

/** @param locations some of the nodes; the others are learnt from these */
async function makeClusterClient(locations: readonly RedisLocation[], deadlineMs: number): Promise<RedisClient> {
  const { Cluster } = await importIoredis()
  const [{ tls, clientName, db: _, path: __, host: ___, port: ____, ...where } = {}] = locations
  const nodes = locations.map(({ host = 'localhost', port = 6379 }) => ({ host, port }))
  return new Cluster(nodes, {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: () => null,
    // A command whose connection broke may have taken place: it is not sent again unseen.
    retryDelayOnFailover: 0,
    slotsRefreshTimeout: Math.ceil(deadlineMs / 2),
    redisOptions: {
      ...where,
      autoResendUnfulfilledCommands: false,
      disableClientInfo: true,
      connectTimeout: Math.ceil(deadlineMs / 2),
      connectionName: clientName ?? 'django-session-bridge',
      ...(tls && { tls: await tlsOptions(tls) }),
    },
  })
}
