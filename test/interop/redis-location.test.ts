/** Addresses of Redis, as the Python package `redis` takes them apart. */
import { execFileSync } from 'node:child_process'
import { expect, inject, test } from 'vitest'
import { redisLocations } from '../../src/caches/redis-location.ts'
import { cacheSettings } from '../../src/settings/cache-setting.ts'

const ADDRESSES = [
  'redis://',
  'redis://localhost',
  'redis://:6379/1',
  'redis://LOCALHOST:6380/2',
  'redis://user@h',
  'redis://:secret@h',
  'redis://user:secret@h:1/0',
  'redis://us%40er:p%2Fa%3Ass%25@h/3',
  'redis://user:p@ss:w0rd@h',
  'redis://[::1]:6379/4',
  'redis://h/abc',
  'redis://h/1/2',
  'redis://h?db=4',
  'redis://h/1?db=4',
  'redis://h?db=4&db=5',
  'redis://h/1?password=a+b%20c&username=',
  'rediss://h:7/1',
  'unix:///run/redis.sock',
  'unix:///run/redis.sock?db=3&password=secret',
  'unix://user:secret@/run/a%20b.sock',
]

const python = inject('djangos').flatMap((django) => ('python' in django ? [django.python] : []))[0]

test.skipIf(python === undefined)('what is in an address is what Python finds in it', () => {
  const script = `
import json, sys
from redis.connection import parse_url
def told(url):
    found = parse_url(url)
    found.pop("connection_class", None)
    return found
print(json.dumps([told(url) for url in json.loads(sys.argv[1])]))`
  const answers = JSON.parse(execFileSync(python ?? '', ['-c', script, JSON.stringify(ADDRESSES)]).toString())
  for (const [index, address] of ADDRESSES.entries()) {
    const backend = { BACKEND: 'django.core.cache.backends.redis.RedisCache', LOCATION: [address] }
    const { tls, ...found } = redisLocations(cacheSettings('default', backend))[0]
    const defaults = found.path === undefined ? { host: 'localhost', port: 6379 } : {}
    expect({ address, ...found }).toEqual({ address, ...defaults, ...answers[index] })
    expect(tls !== undefined).toBe(address.startsWith('rediss:'))
  }
})
