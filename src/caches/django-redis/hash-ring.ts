/**
 * Which server of a ShardClient has a key. Mirrors django_redis/hash_ring.py: each server stands at 128 places of a
 * ring, by the hashes of `redis://a:6379/0:17` and so on, and has the keys from one of them up to the next.
 */
import { createHash } from 'node:crypto'

const REPLICAS = 128

/** @param nodes as LOCATION spells them @returns the index of a key's node */
export function hashRing(nodes: readonly string[]): (key: string) => number {
  const places = nodes
    .flatMap((node, index) => Array.from({ length: REPLICAS }, (_, place) => ({ at: hash(`${node}:${place}`), index })))
    .sort((left, right) => (left.at < right.at ? -1 : 1))
  return (key) => {
    const at = hash(tagOf(key))
    const next = places.findIndex((place) => place.at > at)
    // Before the first place stands the last.
    return places.at((next < 0 ? places.length : next) - 1)?.index ?? 0
  }
}

/** A part in braces, the last one, counts alone. @see django_redis/client/sharded.py ShardClient.get_server_name */
function tagOf(key: string): string {
  const close = key.lastIndexOf('}')
  const open = close < 0 ? -1 : key.lastIndexOf('{', close)
  return open < 0 ? key : key.slice(open + 1, close)
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
