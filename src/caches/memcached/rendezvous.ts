/**
 * Which server a key is on for pymemcache's HashClient: the one whose name scores highest with the key.
 * Mirrors RendezvousHash of pymemcache/client/rendezvous.py and murmur3_32 of pymemcache/client/murmur3.py.
 *
 *     murmur3_32("127.0.0.1:11211-:1:cart") = 3926105923
 */

/** @returns the place in `names` of the server that `key` is on; `key` is without the client's own prefix */
export function rendezvous(names: readonly string[]): (key: string) => number {
  return (key) => {
    let winner = -1
    let highest = -1
    for (const [place, name] of names.entries()) {
      const score = murmur3(`${name}-${key}`)
      if (score < highest || (score === highest && name <= (names[winner] ?? ''))) continue
      winner = place
      highest = score
    }
    return winner
  }
}

const C1 = 0xcc9e2d51
const C2 = 0x1b873593

/** Over code points cut to a byte each, and their count: for text beyond ASCII another hash than that of its bytes. */
export function murmur3(text: string): number {
  const bytes = Array.from(text, (character) => (character.codePointAt(0) ?? 0) & 0xff)
  let hash = 0
  const blocks = bytes.length - (bytes.length % 4)
  for (let at = 0; at < blocks; at += 4) {
    hash ^= scrambled(blockAt(bytes, at))
    hash = (Math.imul(rotated(hash, 13), 5) + 0xe6546b64) | 0
  }
  if (blocks < bytes.length) hash ^= scrambled(blockAt(bytes, blocks))
  hash ^= bytes.length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function blockAt(bytes: readonly number[], at: number): number {
  const [first = 0, second = 0, third = 0, fourth = 0] = bytes.slice(at, at + 4)
  return first | (second << 8) | (third << 16) | (fourth << 24)
}

function scrambled(block: number): number {
  return Math.imul(rotated(Math.imul(block, C1), 15), C2)
}

function rotated(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
