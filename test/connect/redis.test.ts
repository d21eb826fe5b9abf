import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { type BridgeWarning, createBridge } from '../../src/bridge.ts'
import { SettingsError } from '../../src/errors.ts'

const SETTINGS = {
  SECRET_KEY: 'a key of a site',
  DEBUG: true,
  SESSION_ENGINE: 'django.contrib.sessions.backends.cache',
  CACHES: { default: { BACKEND: 'django.core.cache.backends.redis.RedisCache', LOCATION: 'redis://:canary@h' } },
}

function bridgeOver(client: object): BridgeWarning[] {
  const warnings: BridgeWarning[] = []
  createBridge(SETTINGS, {
    clients: { caches: { default: client } },
    hooks: { onWarning: (each) => warnings.push(each) },
  })
  return warnings
}

interface ClientOptions {
  enableOfflineQueue?: boolean
  autoResendUnfulfilledCommands?: boolean
  keyPrefix?: string
}

const clientWith = (options: ClientOptions): Redis => new Redis({ lazyConnect: true, ...options })

describe('a client of the site’s own', () => {
  test('S36: one that may send late or twice is warned about, one that does not is not', () => {
    const isSafe = { enableOfflineQueue: false, autoResendUnfulfilledCommands: false }
    expect(bridgeOver(clientWith({})).map(({ code }) => code)).toEqual(['redis_client_resends'])
    expect(bridgeOver(clientWith({ enableOfflineQueue: false }))).toHaveLength(1)
    expect(bridgeOver(clientWith({ autoResendUnfulfilledCommands: false }))).toHaveLength(1)
    expect(bridgeOver(clientWith(isSafe))).toEqual([])
  })

  test('one with a prefix of its own, and one that is none, are errors', () => {
    expect(() => bridgeOver(clientWith({ keyPrefix: 'canary:' }))).toThrow(/keyPrefix, which Django does not know/)
    expect(() => bridgeOver({ get: () => null })).toThrow(SettingsError)
    expect(() => bridgeOver({ get: () => null })).toThrow('clients.caches.default must be a client of ioredis')
  })
})

test('S33: a bridge that is printed shows no address', () => {
  expect(inspect(createBridge(SETTINGS), { depth: 9, showHidden: true })).not.toContain('canary')
})

test('an engine that needs a cache says which one is missing, and which backends there are', () => {
  const { CACHES: _, ...settings } = SETTINGS
  expect(() => createBridge(settings)).toThrow('needs CACHES.default')
  expect(() => createBridge({ ...SETTINGS, CACHES: { default: { BACKEND: 'shop.Cache' } } })).toThrow(
    /BACKEND shop\.Cache is not supported; supported: .*django\.core\.cache\.backends\.redis\.RedisCache/,
  )
})
