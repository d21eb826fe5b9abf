import { expect, test } from 'vitest'
import { djangoRedisServers } from '../../../src/caches/django-redis/servers.ts'
import { redisLocations } from '../../../src/caches/redis-location.ts'
import { SettingsError } from '../../../src/errors.ts'
import { cacheSettings } from '../../../src/settings/cache-setting.ts'

const CLIENT = 'django_redis.client.'
const POOL = 'django_redis.pool.'
const ADDRESS = 'redis://127.0.0.1:6379/1'
const SENTINELS = [
  ['a', 26379],
  ['b', '26380'],
]

test('one address and no option', () => {
  expect(djangoRedisServers('default', ADDRESS, {})).toEqual({
    kind: 'replicated',
    isHerd: false,
    location: [ADDRESS],
    options: {},
    sentinels: null,
  })
})

test.each([
  ['text with commas', `${ADDRESS},redis://b`],
  ['a list', [ADDRESS, 'redis://b']],
])('%s: a primary, which comes first, and replicas', (_, location) => {
  const { kind, location: found } = djangoRedisServers('default', location, { CLIENT_CLASS: `${CLIENT}DefaultClient` })
  expect({ kind, found }).toEqual({ kind: 'replicated', found: [ADDRESS, 'redis://b'] })
})

test('user, password and CONNECTION_POOL_KWARGS are the package redis’ own options', () => {
  const { options } = djangoRedisServers('default', ADDRESS, {
    USERNAME: 'ada',
    PASSWORD: 'lovelace',
    SOCKET_TIMEOUT: 5,
    SOCKET_CONNECT_TIMEOUT: 5,
    IGNORE_EXCEPTIONS: true,
    PARSER_CLASS: 'redis.connection.HiredisParser',
    CONNECTION_POOL_CLASS: 'redis.BlockingConnectionPool',
    CONNECTION_POOL_KWARGS: { max_connections: 50, password: 'king', decode_responses: false },
  })
  expect(options).toEqual({ username: 'ada', password: 'king', max_connections: 50 })
})

test.each([
  ['CLIENT_CLASS', { CLIENT_CLASS: `${CLIENT}SentinelClient`, SENTINELS }],
  ['CONNECTION_FACTORY', { CONNECTION_FACTORY: `${POOL}SentinelConnectionFactory`, SENTINELS }],
  ['SENTINELS alone, since the factory may be named outside CACHES', { SENTINELS }],
])('sentinels by %s', (_, options) => {
  const found = djangoRedisServers('default', 'redis://mymaster/1?is_master=1', {
    ...options,
    SENTINEL_KWARGS: { password: 'guard', socket_timeout: 1 },
  })
  expect(found.kind).toBe('sentinel')
  expect(found.location).toEqual(['redis://mymaster/1'])
  expect(found.sentinels).toEqual({
    addresses: [
      { host: 'a', port: 26379 },
      { host: 'b', port: 26380 },
    ],
    isTls: false,
    password: 'guard',
  })
})

test('of several names the one whose primary is meant', () => {
  const location = ['redis://mymaster/1?is_master=0', 'redis://mymaster/1?a=b&is_master=1&c=d']
  expect(djangoRedisServers('default', location, { SENTINELS }).location).toEqual(['redis://mymaster/1?a=b&c=d'])
})

test.each(['redis.cluster.RedisCluster', 'rediscluster.RedisCluster'])('%s: a cluster', (REDIS_CLIENT_CLASS) => {
  const options = { REDIS_CLIENT_CLASS, CONNECTION_FACTORY: 'shop.cache.ClusterFactory' }
  expect(djangoRedisServers('default', ADDRESS, options).kind).toBe('cluster')
})

test.each(['redis.client.StrictRedis', 'redis.Redis'])(
  '%s: what django-redis takes by itself',
  (REDIS_CLIENT_CLASS) => {
    const found = djangoRedisServers('default', ADDRESS, { REDIS_CLIENT_CLASS })
    expect(found).toEqual(djangoRedisServers('default', ADDRESS, {}))
  },
)

test('S33: a connection_class is an option like others, since one for TLS goes before a redis:// address', () => {
  const CONNECTION_POOL_KWARGS = { connection_class: 'redis.connection.SSLConnection' }
  const { options } = djangoRedisServers('default', ADDRESS, { CONNECTION_POOL_KWARGS })
  const cache = cacheSettings('default', { BACKEND: 'django_redis.cache.RedisCache', LOCATION: ADDRESS })
  expect(() => redisLocations({ ...cache, location: ADDRESS, options })).toThrow(/connection_class.*rediss:\/\//)
})

test.each<[string, object]>([
  ['OPTIONS.REDIS_CLIENT_CLASS shop.cache.Redis is not supported', { REDIS_CLIENT_CLASS: 'shop.cache.Redis' }],
  ['OPTIONS.CLIENT_CLASS shop.cache.Client is not supported', { CLIENT_CLASS: 'shop.cache.Client' }],
  ['OPTIONS.CLIENT_CLASS toString', { CLIENT_CLASS: 'toString' }],
  ['OPTIONS.CONNECTION_FACTORY shop.cache.Factory is Python’s', { CONNECTION_FACTORY: 'shop.cache.Factory' }],
  ['REPLICA_READ_ONLY = False', { REPLICA_READ_ONLY: false }],
  ['REPLICA_READ_ONLY = False', { SLAVE_READ_ONLY: false }],
  ['OPTIONS.CONNECTION_POOL_KWARGS', { CONNECTION_POOL_KWARGS: [] }],
  ['decode_responses', { CONNECTION_POOL_KWARGS: { decode_responses: true } }],
  ['OPTIONS.SENTINELS', { CLIENT_CLASS: `${CLIENT}SentinelClient` }],
  ['OPTIONS.SENTINELS', { SENTINELS: [['a']] }],
  ['OPTIONS.SENTINELS', { SENTINELS: ['a:26379'] }],
  ['ShardClient cannot be had through sentinels', { SENTINELS, CLIENT_CLASS: `${CLIENT}ShardClient` }],
  ['OPTIONS.SENTINEL_KWARGS must be', { SENTINELS, SENTINEL_KWARGS: 'x' }],
  ['OPTIONS.SENTINEL_KWARGS min_other_sentinels', { SENTINELS, SENTINEL_KWARGS: { min_other_sentinels: 1 } }],
])('%s …', (message, options) => {
  const make = (): unknown => djangoRedisServers('sessions', [ADDRESS, 'redis://:canary@b'], { ...options })
  expect(make).toThrow(SettingsError)
  expect(make).toThrow(message.replace('’', "'"))
  expect(make).not.toThrow('canary')
})
