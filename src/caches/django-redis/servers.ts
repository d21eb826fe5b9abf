/**
 * Which servers a cache of django-redis has, and how its values lie on them, by CLIENT_CLASS, LOCATION and OPTIONS.
 *
 *     redis://primary:6379/1,redis://replica:6379/1        DefaultClient, HerdClient: the first is written to
 *     redis://mymaster/0 and SENTINELS                     SentinelClient: a name that sentinels know the address of
 *     [redis://a:6379, redis://b:6379]                     ShardClient: each key on one of them
 *
 * @see django_redis/client, django_redis/pool.py
 */
import { named, SettingsError } from '../../errors.ts'

type Options = Readonly<Record<string, unknown>>

export interface DjangoRedisServers {
  /** `cluster`: Redis Cluster, whose addresses are places to begin with. */
  readonly kind: 'replicated' | 'sharded' | 'sentinel' | 'cluster'
  readonly isHerd: boolean
  /** Addresses, one for each server. */
  readonly location: readonly string[]
  /** For every address, by the names that the Python package `redis` has for them. */
  readonly options: Options
  readonly sentinels: Sentinels | null
}

export interface Sentinels {
  readonly addresses: readonly { readonly host: string; readonly port: number }[]
  readonly username?: string
  readonly password?: string
  readonly isTls: boolean
}

type Client = 'default' | 'herd' | 'sentinel' | 'shard'

const CLIENTS: ReadonlyMap<string, Client> = new Map(
  Object.entries<Client>({
    'django_redis.client.DefaultClient': 'default',
    'django_redis.client.default.DefaultClient': 'default',
    'django_redis.client.HerdClient': 'herd',
    'django_redis.client.herd.HerdClient': 'herd',
    'django_redis.client.SentinelClient': 'sentinel',
    'django_redis.client.sentinel.SentinelClient': 'sentinel',
    'django_redis.client.ShardClient': 'shard',
    'django_redis.client.sharded.ShardClient': 'shard',
  }),
)
const PLAIN_FACTORY = 'django_redis.pool.ConnectionFactory'
const SENTINEL_FACTORY = 'django_redis.pool.SentinelConnectionFactory'
const PLAIN_CLASSES = ['redis.client.StrictRedis', 'redis.StrictRedis', 'redis.client.Redis', 'redis.Redis']
const CLUSTER_CLASSES = ['redis.cluster.RedisCluster', 'rediscluster.RedisCluster']

/** @throws SettingsError naming the cache and the option, never a value that may be secret */
export function djangoRedisServers(
  alias: string,
  location: string | readonly string[],
  options: Options,
): DjangoRedisServers {
  const fail = (what: string): never => {
    throw new SettingsError(`CACHES.${named(alias)}: ${what}.`)
  }
  const clientPath = pathIn(options, 'CLIENT_CLASS') ?? 'django_redis.client.DefaultClient'
  const client = CLIENTS.get(clientPath)
  if (client === undefined) {
    return fail(
      `OPTIONS.CLIENT_CLASS ${named(clientPath)} is not supported; supported: ${[...CLIENTS.keys()].join(', ')}`,
    )
  }
  const factory = pathIn(options, 'CONNECTION_FACTORY')
  const redisClass = pathIn(options, 'REDIS_CLIENT_CLASS') ?? 'redis.client.StrictRedis'
  const isCluster = CLUSTER_CLASSES.includes(redisClass)
  if (!isCluster && !PLAIN_CLASSES.includes(redisClass)) {
    fail(
      `OPTIONS.REDIS_CLIENT_CLASS ${named(redisClass)} is not supported; supported: ` +
        `${[...PLAIN_CLASSES, ...CLUSTER_CLASSES].join(', ')}. One that changes neither keys nor values nor where they ` +
        'go can be left out here',
    )
  }
  if (factory !== undefined && factory !== PLAIN_FACTORY && factory !== SENTINEL_FACTORY && !isCluster) {
    fail(`OPTIONS.CONNECTION_FACTORY ${named(factory)} is Python's: give a client in clients.caches.${named(alias)}`)
  }
  const isSentinel = client === 'sentinel' || factory === SENTINEL_FACTORY || options.SENTINELS !== undefined
  const addresses = typeof location === 'string' ? location.split(',') : location
  const parts = { isHerd: client === 'herd', options: redisOptions(options, fail) }
  if (isSentinel) {
    if (client === 'shard') fail('ShardClient cannot be had through sentinels')
    return { ...parts, kind: 'sentinel', location: [primaryOf(addresses)], sentinels: sentinelsOf(options, fail) }
  }
  const isReplicated = client !== 'shard' && !isCluster && addresses.length > 1
  const takesWritesElsewhere = options.REPLICA_READ_ONLY ?? options.SLAVE_READ_ONLY ?? true
  if (isReplicated && takesWritesElsewhere === false) {
    fail(
      'REPLICA_READ_ONLY = False writes to any server of LOCATION that answers, where nobody finds it; ' +
        'name the one that is to be used',
    )
  }
  const kind = isCluster ? 'cluster' : client === 'shard' ? 'sharded' : 'replicated'
  return { ...parts, kind, location: addresses, sentinels: null }
}

function pathIn(options: Options, name: string): string | undefined {
  const path = options[name]
  return path === undefined || path === null ? undefined : String(path)
}

/** What CONNECTION_POOL_KWARGS says goes before OPTIONS; what an address says, before both. */
function redisOptions(options: Options, fail: (what: string) => never): Options {
  const { USERNAME: username, PASSWORD: password, CONNECTION_POOL_KWARGS: more = {} } = options
  if (!isDictionary(more)) return fail('OPTIONS.CONNECTION_POOL_KWARGS must be a dictionary')
  // What every connection of this library does by itself.
  const { decode_responses, skip_full_coverage_check, ...kwargs } = more
  if (decode_responses === true) fail('decode_responses = True makes text of pickles, which Django itself cannot read')
  return {
    ...(username !== undefined && username !== null && username !== '' && { username }),
    ...(password !== undefined && password !== null && password !== '' && { password }),
    ...kwargs,
  }
}

/** SentinelClient itself adds `is_master`; where LOCATION has it, the address without it, or with 1, is written to. */
function primaryOf(addresses: readonly string[]): string {
  const isReplica = (address: string): boolean => /[?&]is_master=(0|false|f|no|n)\b/i.test(address)
  const primary = addresses.find((address) => !isReplica(address)) ?? ''
  return primary.replace(/([?&])is_master=[^&]*&?/, '$1').replace(/[?&]$/, '')
}

function sentinelsOf(options: Options, fail: (what: string) => never): Sentinels {
  const { SENTINELS: given, SENTINEL_KWARGS: kwargs } = options
  if (!Array.isArray(given) || given.length === 0) return fail('OPTIONS.SENTINELS must be a list of pairs [host, port]')
  const addresses = given.map((pair: unknown) => {
    const [host, port] = Array.isArray(pair) ? (pair as unknown[]) : []
    if (typeof host !== 'string' || !Number.isInteger(Number(port)) || Number(port) <= 0) {
      return fail('OPTIONS.SENTINELS must be a list of pairs [host, port]')
    }
    return { host, port: Number(port) }
  })
  if (kwargs !== undefined && kwargs !== null && !isDictionary(kwargs)) {
    return fail('OPTIONS.SENTINEL_KWARGS must be a dictionary')
  }
  const { username, password, ssl, ...others } = (kwargs ?? {}) as Options
  const stranger = Object.keys(others).find((name) => !name.startsWith('socket_'))
  if (stranger !== undefined) {
    fail(`OPTIONS.SENTINEL_KWARGS ${named(stranger)} is not known; give a client in clients.caches for it`)
  }
  return {
    addresses,
    isTls: ssl === true,
    ...(typeof username === 'string' && { username }),
    ...(typeof password === 'string' && { password }),
  }
}

function isDictionary(value: unknown): value is Options {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
