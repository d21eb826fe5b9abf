/** pymemcache's HashClient, as django/core/cache/backends/memcached.py PyMemcacheCache sets it up. */
import { named, SettingsError } from '../../errors.ts'
import type { CacheSettings } from '../../settings/cache-setting.ts'
import { locationsOf, type PythonClient } from './python-client.ts'
import { rendezvous } from './rendezvous.ts'

const SERDES: ReadonlyMap<string, number | null> = new Map(
  Object.entries<number | null>({
    'pymemcache.serde.pickle_serde': null,
    'pymemcache.serde.compressed_serde': 401,
  }),
)
const PLAIN_SERDE = 'pymemcache.serde.pickle_serde'

/** Arguments of HashClient that change what is stored or where, in a way that only Python knows. */
const UNKNOWN = ['hasher', 'serializer', 'deserializer', 'tls_context', 'socket_module']

/** @throws SettingsError for options under which this library would look in the wrong place */
export function pymemcache({ location, options }: Pick<CacheSettings, 'location' | 'options'>): PythonClient {
  const refused = UNKNOWN.find((name) => options[name] !== undefined && options[name] !== null)
  if (refused !== undefined) {
    throw new SettingsError(`CACHES: OPTIONS.${refused} of PyMemcacheCache is not supported: it is Python's own.`)
  }
  const { serde = PLAIN_SERDE, key_prefix: keyPrefix = '' } = options
  if (typeof serde !== 'string' || !SERDES.has(serde)) {
    const name = typeof serde === 'string' ? `${named(serde)} ` : ''
    throw new SettingsError(
      `CACHES: OPTIONS.serde ${name}of PyMemcacheCache is not supported; supported, as text: ${[...SERDES.keys()].join(', ')}.`,
    )
  }
  const servers = locationsOf(location).map(serverOf)
  return {
    servers: servers.map(({ address }) => address),
    placeOf: rendezvous(servers.map(({ name }) => name)),
    keyPrefix: prefixOf(keyPrefix),
    compressesFrom: SERDES.get(serde) ?? null,
  }
}

/** In Python these are bytes. */
function prefixOf(keyPrefix: unknown): string {
  if (typeof keyPrefix === 'string') return keyPrefix
  if (keyPrefix instanceof Uint8Array) return new TextDecoder().decode(keyPrefix)
  throw new SettingsError('CACHES: OPTIONS.key_prefix must be text or bytes.')
}

/** @see pymemcache/client/base.py normalize_server_spec, pymemcache/client/hash.py HashClient._make_client_key */
function serverOf(location: string) {
  const path = location.startsWith('unix:') ? location.slice('unix:'.length) : location
  if (path !== location || location.startsWith('/')) return { name: path, address: { path } }
  const colon = location.endsWith(']') ? -1 : location.lastIndexOf(':')
  const port = colon < 0 ? '11211' : location.slice(colon + 1)
  const given = colon < 0 ? location : location.slice(0, colon)
  const host = given.startsWith('[') ? withoutBrackets(given) : given
  if (host === '' || !/^\d{1,5}$/.test(port)) {
    throw new SettingsError('CACHES: LOCATION of PyMemcacheCache must be host, host:port or unix:/path, or several.')
  }
  return { name: `${host}:${Number(port)}`, address: { host, port: Number(port) } }
}

/** Python's `strip('[]')`. */
function withoutBrackets(text: string): string {
  let [start, end] = [0, text.length]
  while ('[]'.includes(text.charAt(start)) && start < end) start++
  while ('[]'.includes(text.charAt(end - 1)) && end > start) end--
  return text.slice(start, end)
}
