/**
 * Which server a key is on for libmemcached, under pylibmc: by the remainder of its hash, or on a ring of points
 * ("ketama"). Mirrors dispatch_host of libmemcached/hash.cc and update_continuum of libmemcached/hosts.cc.
 */
import { type LibmemcachedHash, md5Word } from './libmemcached-hashes.ts'

export interface LibmemcachedServer {
  /** Host, or path of a unix socket. */
  readonly host: string
  /** 0 for a unix socket. */
  readonly port: number
  readonly weight: number
}

export interface LibmemcachedDistribution {
  readonly kind: 'modula' | 'ketama' | 'ketama weighted'
  readonly hash: LibmemcachedHash
}

const DEFAULT_PORT = 11211
const POINTS = 100
const WEIGHTED_POINTS = 160
const POINTS_PER_MD5 = 4

/** @returns the place in `servers` of the one that `key` is on */
export function distribution(
  servers: readonly LibmemcachedServer[],
  { kind, hash }: LibmemcachedDistribution,
): (key: string) => number {
  if (servers.length === 1) return () => 0
  if (kind === 'modula') return (key) => hash(key) % servers.length
  // A weight of its own makes the whole ring a weighted one; the hash of keys stays.
  const isWeighted = kind === 'ketama weighted' || servers.some(({ weight }) => weight > 1)
  const ring = isWeighted ? weightedRing(servers) : plainRing(servers, hash)
  ring.sort((one, other) => one.value - other.value || one.place - other.place)
  return (key) => firstAtOrAfter(ring, hash(key)).place
}

interface Point {
  readonly value: number
  readonly place: number
}

function plainRing(servers: readonly LibmemcachedServer[], hash: LibmemcachedHash): Point[] {
  return servers.flatMap((server, place) =>
    Array.from({ length: POINTS }, (_, index) => ({ place, value: hash(`${nameOf(server)}-${index}`) })),
  )
}

function weightedRing(servers: readonly LibmemcachedServer[]): Point[] {
  const total = servers.reduce((sum, { weight }) => sum + weight, 0)
  return servers.flatMap((server, place) =>
    Array.from({ length: md5sOf(server.weight, total, servers.length) }, (_, index) =>
      Array.from({ length: POINTS_PER_MD5 }, (_, word) => ({
        place,
        value: md5Word(`${nameOf(server)}-${index}`, word),
      })),
    ).flat(),
  )
}

/** In C's single precision, which decides where a share comes out at a whole number. */
function md5sOf(weight: number, total: number, servers: number): number {
  const share = Math.fround(weight / total)
  const scaled = Math.fround(Math.fround(Math.fround(share * WEIGHTED_POINTS) / POINTS_PER_MD5) * servers)
  return Math.floor(Math.fround(scaled + Math.fround(0.0000000001)))
}

function nameOf({ host, port }: LibmemcachedServer): string {
  return port === DEFAULT_PORT ? host : `${host}:${port}`
}

function firstAtOrAfter(ring: readonly Point[], value: number): Point {
  let [left, right] = [0, ring.length]
  while (left < right) {
    const middle = (left + right) >>> 1
    if ((ring[middle]?.value ?? 0) < value) left = middle + 1
    else right = middle
  }
  return ring[left] ?? ring[0] ?? { place: 0, value: 0 }
}
