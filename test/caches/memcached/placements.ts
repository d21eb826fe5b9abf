/** Cases of servers, and what this library makes of the same settings. */
import { pylibmc } from '../../../src/caches/memcached/pylibmc.ts'
import { pymemcache } from '../../../src/caches/memcached/pymemcache.ts'

export interface PlacementCase {
  readonly client: 'pymemcache' | 'pylibmc'
  readonly servers: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
}

const BEHAVIORS: readonly Readonly<Record<string, unknown>>[] = [
  {},
  { hash: 'md5' },
  { hash: 'crc' },
  { hash: 'fnv1_32' },
  { hash: 'fnv1a_32' },
  { hash: 'fnv1_64' },
  { hash: 'fnv1a_64' },
  { ketama: true },
  { ketama: 1, hash: 'md5' },
  { ketama: true, remove_failed: 1, tcp_nodelay: true, ketama_hash: 'md5' },
  { ketama: false },
  { ketama_weighted: true },
  { ketama_weighted: true, hash: 'fnv1a_32' },
  { ketama_weighted: false, hash: 'crc' },
  { distribution: 'consistent' },
  { distribution: 'consistent ketama', hash: 'fnv1_32' },
  { distribution: 'consistent weighted' },
  { distribution: 'modula', ketama: true },
]

/** @param three servers as LOCATION has them, without weights */
export function casesOn(three: readonly string[]): PlacementCase[] {
  const [first = '', second = '', third = ''] = three
  const weighted = [`${first}:3`, second, `${third}:2`]
  return [
    { client: 'pymemcache', servers: three, options: {} },
    { client: 'pymemcache', servers: [third, first], options: {} },
    ...[three, weighted].flatMap((servers) =>
      BEHAVIORS.map((behaviors): PlacementCase => ({ client: 'pylibmc', servers, options: { behaviors } })),
    ),
  ]
}

export function ourPlaces({ client, servers, options }: PlacementCase, keys: readonly string[]): number[] {
  const { placeOf } = (client === 'pylibmc' ? pylibmc : pymemcache)({ location: servers, options })
  return keys.map(placeOf)
}
