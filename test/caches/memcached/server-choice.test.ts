/** Which server a key is on, as recorded from pymemcache and pylibmc themselves. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { pylibmc } from '../../../src/caches/memcached/pylibmc.ts'
import { pymemcache } from '../../../src/caches/memcached/pymemcache.ts'
import { murmur3 } from '../../../src/caches/memcached/rendezvous.ts'
import { SettingsError } from '../../../src/errors.ts'
import { ourPlaces, type PlacementCase } from './placements.ts'

interface Recorded {
  readonly keys: readonly string[]
  readonly cases: readonly (PlacementCase & { readonly places: string })[]
}

const recorded = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../vectors/memcached-places.json'), 'utf8'),
) as Recorded

describe('the server of a key', () => {
  test.each(
    recorded.cases.map((each) => [each.client, each.servers.join(), JSON.stringify(each.options), each] as const),
  )('is the one that %s chooses among %s with %s', (_client, _servers, _options, each) => {
    expect(ourPlaces(each, recorded.keys).join('')).toBe(each.places)
  })

  test('differs from client to client', () => {
    expect(new Set(recorded.cases.map(({ places }) => places)).size).toBeGreaterThan(15)
  })

  test('murmur3 counts code points, and cuts each to a byte', () => {
    expect(murmur3('127.0.0.1:11211-:1:cart')).toBe(3926105923)
    expect(murmur3('héllo wörld €😀!')).toBe(559650808)
    expect(murmur3('abc')).toBe(3017643002)
    expect(murmur3('')).toBe(0)
  })
})

describe('the servers of LOCATION', () => {
  const ofPymemcache = (location: string | string[]) => pymemcache({ location, options: {} }).servers
  const ofPylibmc = (location: string | string[]) => pylibmc({ location, options: {} }).servers

  test('are split as Django splits them', () => {
    const two = [
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
    ]
    expect(ofPymemcache('a:1;b:2')).toEqual(two)
    expect(ofPymemcache('a:1,b:2')).toEqual(two)
    expect(ofPymemcache(['a:1', 'b:2'])).toEqual(two)
    expect(ofPylibmc('a:1;b:2')).toEqual(two)
  })

  test.each([
    ['cache.example.com', { host: 'cache.example.com', port: 11211 }],
    ['[::1]:22122', { host: '::1', port: 22122 }],
    ['[::1]', { host: '::1', port: 11211 }],
    ['unix:/run/memcached.sock', { path: '/run/memcached.sock' }],
    ['/run/memcached.sock', { path: '/run/memcached.sock' }],
  ])('%s is read by both', (location, address) => {
    expect(ofPymemcache(location)).toEqual([address])
    expect(ofPylibmc(location)).toEqual([address])
  })

  test('a weight is pylibmc’s, and what is no address is refused', () => {
    expect(ofPylibmc('a:1:3')).toEqual([{ host: 'a', port: 1 }])
    expect(() => ofPymemcache('a:b')).toThrow(SettingsError)
    expect(() => ofPymemcache('')).toThrow(SettingsError)
    expect(() => ofPylibmc('udp:a:1')).toThrow(/UDP/)
    expect(() => ofPylibmc('')).toThrow(SettingsError)
  })
})

describe('options of the Python clients', () => {
  const location = 'a:1'

  test('that lead to other bytes, keys or servers are followed, or refused by name', () => {
    expect(pymemcache({ location, options: {} })).toMatchObject({ keyPrefix: '', compressesFrom: null })
    const compressed = { serde: 'pymemcache.serde.compressed_serde', key_prefix: 'shop.' }
    expect(pymemcache({ location, options: compressed })).toMatchObject({ keyPrefix: 'shop.', compressesFrom: 401 })
    expect(pymemcache({ location, options: { key_prefix: Buffer.from('é.') } }).keyPrefix).toBe('é.')
    expect(() => pymemcache({ location, options: { serde: 'shop.serde' } })).toThrow(/serde shop\.serde .*pickle_serde/)
    expect(() => pymemcache({ location, options: { hasher: 'x' } })).toThrow(/OPTIONS\.hasher/)
    expect(() => pymemcache({ location, options: { key_prefix: 5 } })).toThrow(/key_prefix/)
    const refused = [
      { behaviors: { hash: 'jenkins' } },
      { behaviors: { distribution: 'random' } },
      { behaviors: { _sort_hosts: true } },
      { behaviors: { num_replicas: 1 } },
      { behaviors: 'ketama' },
      { username: 'a', password: 'canary-password' },
    ]
    for (const options of refused) {
      expect(() => pylibmc({ location, options })).toThrow(SettingsError)
      expect(() => pylibmc({ location, options })).not.toThrow(/canary/)
    }
  })

  test('that change neither are taken as they are', () => {
    const options = { no_delay: true, ignore_exc: true, max_pool_size: 4, use_pooling: true, timeout: 1 }
    expect(pymemcache({ location, options }).servers).toHaveLength(1)
    expect(
      pylibmc({ location, options: { binary: true, behaviors: { tcp_nodelay: true, num_replicas: 0 } } }).servers,
    ).toHaveLength(1)
  })
})
