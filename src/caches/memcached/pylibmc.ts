/** pylibmc's Client, as django/core/cache/backends/memcached.py PyLibMCCache sets it up. */
import { named, SettingsError } from '../../errors.ts'
import type { CacheSettings } from '../../settings/cache-setting.ts'
import { distribution, type LibmemcachedDistribution, type LibmemcachedServer } from './libmemcached-distribution.ts'
import { LIBMEMCACHED_HASHES } from './libmemcached-hashes.ts'
import { locationsOf, type PythonClient } from './python-client.ts'

const DISTRIBUTIONS: ReadonlyMap<string, LibmemcachedDistribution['kind']> = new Map(
  Object.entries<LibmemcachedDistribution['kind']>({
    modula: 'modula',
    consistent: 'ketama',
    'consistent ketama': 'ketama',
    'consistent weighted': 'ketama weighted',
  }),
)

/** Behaviors that change where a key is, in a way that is not followed here. */
const UNKNOWN = ['namespace', '_hash_with_prefix_key', '_sort_hosts']

/** @throws SettingsError for options under which this library would look in the wrong place */
export function pylibmc({ location, options }: Pick<CacheSettings, 'location' | 'options'>): PythonClient {
  if (options.username != null || options.password != null) {
    throw new SettingsError('CACHES: OPTIONS.username and password of PyLibMCCache need SASL, which is not supported.')
  }
  const { behaviors = {} } = options
  if (typeof behaviors !== 'object' || behaviors === null) {
    throw new SettingsError('CACHES: OPTIONS.behaviors must be a dictionary.')
  }
  const servers = locationsOf(location).map(serverOf)
  return {
    servers: servers.map(({ host, port }) => (port === 0 ? { path: host } : { host, port })),
    placeOf: distribution(servers, distributionOf(behaviors as Record<string, unknown>)),
    keyPrefix: '',
    compressesFrom: null,
  }
}

/** pylibmc sets the behaviors in an order of its own: later ones overwrite what earlier ones did. */
function distributionOf(behaviors: Record<string, unknown>): LibmemcachedDistribution {
  const refused = UNKNOWN.find((name) => Boolean(behaviors[name]))
  if (refused !== undefined) throw new SettingsError(`CACHES: OPTIONS.behaviors ${refused} is not supported.`)
  if (isOn(behaviors.num_replicas)) {
    throw new SettingsError(
      'CACHES: OPTIONS.behaviors num_replicas is not supported: what is written here, a logout too, would reach no ' +
        'replica. Set it to 0, on the Django site as well.',
    )
  }
  let hash = hashOf(behaviors.hash)
  let kind: LibmemcachedDistribution['kind'] = 'modula'
  if (behaviors.ketama !== undefined) kind = isOn(behaviors.ketama) ? 'ketama' : 'modula'
  if (behaviors.ketama_weighted !== undefined) {
    // Switched off, it switches the plain ring on.
    kind = isOn(behaviors.ketama_weighted) ? 'ketama weighted' : 'ketama'
    if (kind === 'ketama weighted') hash = hashOf('md5')
  }
  if (behaviors.distribution != null) kind = kindOf(behaviors.distribution)
  return { kind, hash }
}

function isOn(behavior: unknown): boolean {
  return behavior === true || (typeof behavior === 'number' && behavior !== 0)
}

function hashOf(name: unknown = 'default') {
  const hash = LIBMEMCACHED_HASHES.get(typeof name === 'string' ? name : 'default')
  if (hash !== undefined) return hash
  throw new SettingsError(
    `CACHES: OPTIONS.behaviors hash ${named(String(name))} is not supported; supported: ` +
      `${[...LIBMEMCACHED_HASHES.keys()].join(', ')}.`,
  )
}

function kindOf(name: unknown): LibmemcachedDistribution['kind'] {
  const kind = DISTRIBUTIONS.get(String(name))
  if (kind !== undefined) return kind
  throw new SettingsError(
    `CACHES: OPTIONS.behaviors distribution is not supported; supported: ${[...DISTRIBUTIONS.keys()].join(', ')}.`,
  )
}

/** @see pylibmc/client.py translate_server_spec */
function serverOf(given: string): LibmemcachedServer {
  const location = given.startsWith('unix:') ? given.slice('unix:'.length) : given
  if (location.startsWith('/')) return { host: location, port: 0, weight: 1 }
  const [, bracketed, plain, port = '11211', weight = '1'] =
    /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?(?::(\d{1,9}))?$/.exec(location) ?? []
  const host = bracketed ?? plain
  if (host === undefined) {
    throw new SettingsError(
      'CACHES: LOCATION of PyLibMCCache must be host, host:port, host:port:weight or /path, or several; UDP is not supported.',
    )
  }
  return { host, port: Number(port), weight: Number(weight) }
}
