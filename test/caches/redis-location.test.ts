import { describe, expect, test } from 'vitest'
import { redisLocations } from '../../src/caches/redis-location.ts'
import { SettingsError } from '../../src/errors.ts'
import { type CacheDictionary, cacheSettings } from '../../src/settings/cache-setting.ts'

const BACKEND = 'django.core.cache.backends.redis.RedisCache'
const locations = (given: Partial<CacheDictionary>) => redisLocations(cacheSettings('default', { BACKEND, ...given }))
const only = (LOCATION: string, OPTIONS: Record<string, unknown> = {}) => locations({ LOCATION, OPTIONS })[0]

describe('LOCATION', () => {
  test('several servers: a list, or text with ; or , between them; the first is written to', () => {
    const hosts = (LOCATION: string | readonly string[]) => locations({ LOCATION }).map(({ host }) => host)
    expect(hosts('redis://a,redis://b;redis://c')).toEqual(['a', 'b', 'c'])
    expect(hosts(['redis://a', 'redis://b'])).toEqual(['a', 'b'])
  })

  test.each(['', 'localhost:6379', 'http://localhost', 'redis://a,b', 'redis://a:port', [], ['redis://a', '']])(
    'S33: %j is an error that shows nothing of it',
    (LOCATION) => {
      expect(() => locations({ LOCATION })).toThrow(SettingsError)
      expect(() => locations({ LOCATION })).toThrow(/^CACHES\.default: LOCATION/)
      if (LOCATION.length > 0) expect(() => locations({ LOCATION })).not.toThrow(/localhost|:port|"b"/)
    },
  )
})

describe('OPTIONS', () => {
  test('what stands in the address goes before them', () => {
    const options = { db: 3, username: 'there', password: 'theirs' }
    expect(only('redis://h', options)).toMatchObject({ db: 3, username: 'there', password: 'theirs' })
    expect(only('redis://me:mine@h/1', options)).toMatchObject({ db: 1, username: 'me', password: 'mine' })
    expect(only('redis://h/1?db=2&password=asked', options)).toMatchObject({ db: 2, password: 'asked' })
  })

  test('TLS is checked as Python checks it: by default all of it, without a certificate’s no name either', () => {
    expect(only('redis://h').tls).toBeUndefined()
    expect(only('rediss://h').tls).toEqual({ rejectUnauthorized: true, checkHostname: true })
    expect(only('rediss://h', { ssl_cert_reqs: null }).tls).toEqual({ rejectUnauthorized: false, checkHostname: false })
    expect(only('rediss://h?ssl_cert_reqs=none').tls).toEqual({ rejectUnauthorized: false, checkHostname: false })
    expect(only('rediss://h', { ssl_check_hostname: false, ssl_ca_certs: '/ca.pem' }).tls).toEqual({
      caFile: '/ca.pem',
      rejectUnauthorized: true,
      checkHostname: false,
    })
    expect(only('rediss://h', { ssl_certfile: 'c', ssl_keyfile: 'k', ssl_password: 'p' }).tls).toMatchObject({
      certFile: 'c',
      keyFile: 'k',
      passphrase: 'p',
    })
  })

  test('time-outs and what is Python’s own change nothing', () => {
    const options = {
      socket_timeout: 1,
      max_connections: 5,
      health_check_interval: 3,
      pool_class: 'redis.ConnectionPool',
      connection_class: 'redis.connection.Connection',
    }
    expect(only('redis://h', options)).toEqual(only('redis://h'))
  })

  test.each<[string, Record<string, unknown>]>([
    ['conection_pool', { conection_pool: 1 }],
    ['decode_responses', { decode_responses: true }],
    ['credential_provider', { credential_provider: 'x' }],
    ['db', { db: 'canary' }],
    ['username', { username: 5 }],
    ['ssl_cert_reqs', { ssl_cert_reqs: 'canary' }],
    ['pool_class is shop.Pool', { pool_class: 'shop.Pool' }],
    ['connection_class is redis.SSLConnection', { connection_class: 'redis.SSLConnection' }],
    ['serializer is shop.JSON', { serializer: 'shop.JSON' }],
  ])('S33: %s that is unknown or of another kind is an error that names it, not its value', (name, OPTIONS) => {
    const make = () => locations({ LOCATION: 'rediss://h', OPTIONS })
    expect(make).toThrow(SettingsError)
    expect(make).toThrow(`CACHES.default: OPTIONS ${name}`)
    expect(make).not.toThrow('canary')
  })

  test('TLS without rediss:// is an error that says so', () => {
    expect(() => only('redis://h', { ssl_ca_certs: '/ca.pem' })).toThrow(
      'OPTIONS ssl_ca_certs needs a rediss:// address',
    )
  })
})
