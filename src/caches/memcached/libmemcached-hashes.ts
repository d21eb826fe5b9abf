/**
 * The hashes by which libmemcached, under pylibmc, spreads keys over servers. Mirrors libhashkit of libmemcached.
 * Its bytes are signed: those of text beyond ASCII count as negative.
 */
import { createHash } from 'node:crypto'
import * as zlib from 'node:zlib'

export type LibmemcachedHash = (key: string) => number

const FNV_32 = { offset: 0x811c9dc5, prime: 0x01000193 }
/** The lower halves: of the product, too, only the lower half is used. */
const FNV_64 = { offset: 0x84222325, prime: 0x1b3 }

/** By the names that pylibmc has for them; `default` is Jenkins' one-at-a-time. */
export const LIBMEMCACHED_HASHES: Readonly<Record<string, LibmemcachedHash>> = {
  default: oneAtATime,
  md5: (key) => md5Word(key, 0),
  crc: (key) => (zlib.crc32(key) >>> 16) & 0x7fff,
  fnv1_32: fnv1(FNV_32),
  fnv1a_32: fnv1a(FNV_32),
  fnv1_64: fnv1(FNV_64),
  fnv1a_64: fnv1a(FNV_64),
}

/** One of the four numbers of 32 bits, little-endian, that an MD5 is made of. */
export function md5Word(text: string, word: number): number {
  return createHash('md5')
    .update(text)
    .digest()
    .readUInt32LE(word * 4)
}

function oneAtATime(key: string): number {
  let hash = 0
  for (const byte of signedBytes(key)) {
    hash = (hash + byte) | 0
    hash = (hash + (hash << 10)) | 0
    hash ^= hash >>> 6
  }
  hash = (hash + (hash << 3)) | 0
  hash ^= hash >>> 11
  return (hash + (hash << 15)) >>> 0
}

interface FnvConstants {
  readonly offset: number
  readonly prime: number
}

function fnv1({ offset, prime }: FnvConstants): LibmemcachedHash {
  return (key) => signedBytes(key).reduce((hash, byte) => Math.imul(hash, prime) ^ byte, offset) >>> 0
}

function fnv1a({ offset, prime }: FnvConstants): LibmemcachedHash {
  return (key) => signedBytes(key).reduce((hash, byte) => Math.imul(hash ^ byte, prime), offset) >>> 0
}

function signedBytes(text: string): Int8Array {
  return new Int8Array(Buffer.from(text))
}
