/** From CACHES to Redis through `ioredis`, with clients of our own that send nothing behind our back. */
import { readFile } from 'node:fs/promises'
import type { ConnectionOptions } from 'node:tls'
import { cacheKey } from '../caches/cache-key.ts'
import { pickledItems } from '../caches/pickled-items.ts'
import { redis } from '../caches/redis.ts'
import {
  givenRedisConnection,
  type RedisClient,
  type RedisConnection,
  redisConnection,
} from '../caches/redis-connection.ts'
import { type RedisLocation, type RedisTls, redisLocations } from '../caches/redis-location.ts'
import { isNotFound, missingPackage, SettingsError } from '../errors.ts'
import type { CacheSettings } from '../settings/cache-setting.ts'
import type { CacheBackend, CacheOptions } from './cache.ts'
import { needPackage } from './optional-package.ts'

export const IOREDIS_REASON = 'A cache in Redis'

/** Django's own backend. @see django/core/cache/backends/redis.py */
export const redisBackend: CacheBackend = {
  check(cache, options) {
    if (checkGivenClient(cache, options)) return
    redisLocations(cache)
    needPackage('ioredis', IOREDIS_REASON)
  },
  open: (cache, options) => ({
    cache: redis({
      ...redisConnections(cache, options),
      now: options.now,
      logoutReplicas: options.logoutReplicas,
      asksEnd: options.asksEnd,
    }),
    codec: pickledItems({ limits: options.limits, ...(options.pickle && { pickle: options.pickle }) }),
    keyOf: cacheKey(cache),
  }),
}

/** Connections to the servers of LOCATION, or over the client that was given instead. */
function redisConnections(
  cache: CacheSettings,
  { clients, deadlineMs, hasCircuit }: CacheOptions,
): { primary: RedisConnection; replicas: RedisConnection[] } {
  const given = givenConnection(cache, { clients, hasCircuit })
  if (given !== null) return { primary: given, replicas: [] }
  const [first, ...others] = redisLocations(cache)
  const connectionTo = (location: RedisLocation): RedisConnection =>
    redisConnection({ make: () => makeRedisClient(location, deadlineMs), deadlineMs, hasCircuit })
  return { primary: connectionTo(first), replicas: others.map(connectionTo) }
}

/** Over the client that was given, if there is one. */
export function givenConnection(
  cache: CacheSettings,
  { clients, hasCircuit }: Pick<CacheOptions, 'clients' | 'hasCircuit'>,
): RedisConnection | null {
  const given = givenClient(cache, clients)
  return given === undefined ? null : givenRedisConnection(given as RedisClient, { hasCircuit })
}

function givenClient({ alias }: CacheSettings, { caches = {} }: CacheOptions['clients']): object | undefined {
  return Object.hasOwn(caches, alias) ? caches[alias] : undefined
}

/** Whether there is one, and it can be used. @throws SettingsError */
export function checkGivenClient(cache: CacheSettings, { clients, warn, logoutReplicas }: CacheOptions): boolean {
  const { alias } = cache
  const given = givenClient(cache, clients)
  if (given === undefined) return false
  if (!('callBuffer' in given && 'status' in given)) {
    throw new SettingsError(`clients.caches.${alias} must be a client of ioredis.`)
  }
  const options = optionsOf(given)
  if (options.keyPrefix) {
    throw new SettingsError(`clients.caches.${alias} has a keyPrefix, which Django does not know: use KEY_PREFIX.`)
  }
  const isCluster = 'isCluster' in given && given.isCluster === true
  if (isCluster && options.scaleReads !== 'master') {
    throw new SettingsError(`clients.caches.${alias} reads from replicas: make it with scaleReads: 'master'.`)
  }
  if (isCluster) checkNoWaiting(logoutReplicas)
  const wanted = isCluster ? CLUSTER_SENDS_ONCE : SENDS_ONCE
  if (Object.entries(wanted).some(([name, value]) => options[name] !== value)) {
    const told = Object.entries(wanted).map(([name, value]) => `${name}: ${value}`)
    warn({
      code: 'redis_client_resends',
      message:
        `clients.caches.${alias} may send a command late, or twice, which can undo a logout: make it with ` +
        `${told.join(' and ')}.`,
    })
  }
  return true
}

/** A cluster's client sends WAIT to any of its nodes. @throws SettingsError */
export function checkNoWaiting(logoutReplicas = 0): void {
  if (logoutReplicas > 0) throw new SettingsError('options.logoutReplicas cannot be had on a Redis Cluster.')
}

/** Options of a client that sends each command once, while it is asked to. */
const SENDS_ONCE = { enableOfflineQueue: false, autoResendUnfulfilledCommands: false } as const
const CLUSTER_SENDS_ONCE = { enableOfflineQueue: false, retryDelayOnFailover: 0 } as const

function optionsOf(client: object): Readonly<Record<string, unknown>> {
  const { options } = client as { options?: unknown }
  return typeof options === 'object' && options !== null ? (options as Record<string, unknown>) : {}
}

/** What every client of our own has, whatever it connects to. */
export const OWN_CLIENT = {
  lazyConnect: true,
  // With a queue, a write could be sent after its deadline; with `resend`, a second time, after a logout.
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  enableReadyCheck: false,
  // A connection that broke is given up: the next call makes another.
  retryStrategy: null,
  disableClientInfo: true,
  disconnectTimeout: 100,
} as const

/** Makes a client for one server, not connected yet. @throws DriverMissingError; SettingsError for a file that is not there */
export async function makeRedisClient(location: RedisLocation, deadlineMs: number): Promise<RedisClient> {
  const { Redis } = await importIoredis()
  const { tls, clientName, ...where } = location
  return new Redis({
    ...OWN_CLIENT,
    ...where,
    connectTimeout: deadlineMs,
    connectionName: clientName ?? 'django-session-bridge',
    ...(tls && { tls: await tlsOptions(tls) }),
  })
}

export async function tlsOptions(tls: RedisTls): Promise<ConnectionOptions> {
  const { ca, caFile, certFile, keyFile, passphrase, rejectUnauthorized, checkHostname } = tls
  return {
    rejectUnauthorized,
    ...(caFile !== undefined ? { ca: await read(caFile, 'ssl_ca_certs') } : ca !== undefined && { ca }),
    ...(certFile !== undefined && { cert: await read(certFile, 'ssl_certfile') }),
    ...(keyFile !== undefined && { key: await read(keyFile, 'ssl_keyfile') }),
    ...(passphrase !== undefined && { passphrase }),
    ...(!checkHostname && { checkServerIdentity: () => undefined }),
  }
}

async function read(file: string, option: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch {
    throw new SettingsError(`CACHES: the file of OPTIONS ${option} cannot be read.`)
  }
}

// A literal name, in a `try`: bundlers then take the package in where it is installed, and go without where it is not.
export async function importIoredis(): Promise<Pick<typeof import('ioredis'), 'Redis' | 'Cluster'>> {
  try {
    return await import('ioredis')
  } catch (error) {
    throw isNotFound(error) ? missingPackage('ioredis', IOREDIS_REASON) : error
  }
}
