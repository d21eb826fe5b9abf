/**
 * The content of one file of FileBasedCache: a pickle of the moment at which the entry ends, and right behind it the
 * value's pickle, compressed by zlib. @see django/core/cache/backends/filebased.py _write_content, _is_expired
 *
 *     80 05 95 0a 00 00 00 00 00 00 00   47 41 da 95 dd 9f 00 00 00   2e   78 9c 6b 60 99 …
 *     PROTO 5, FRAME of 10 bytes         FLOAT 1784116860.0          STOP zlib
 *
 * An entry without an end has None in place of the float: `80 05 4e 2e`.
 */
import { hash } from 'node:crypto'
import { deflateSync, inflateSync } from 'node:zlib'
import { formatPickle } from '../python/pickle/pickle-writer.ts'
import { float } from '../python/values.ts'

export interface FileCacheEntry {
  /** Seconds since 1970; infinity for never. Null where that cannot be read. */
  readonly end: number | null
  /** What zlib made of the value's pickle. */
  readonly compressed: Uint8Array
  /** Differs for every value. */
  readonly version: string
}

const [PROTO, FRAME, FLOAT, NONE, STOP] = [0x80, 0x95, 0x47, 0x4e, 0x2e]

/** Null for an empty file, which to Django is an entry that has ended. */
export function parseEntry(bytes: Buffer): FileCacheEntry | null {
  if (bytes.length === 0) return null
  const { end, length } = endOf(bytes)
  const compressed = bytes.subarray(length)
  return { end, compressed, version: versionOf(compressed) }
}

/** @param end seconds since 1970 */
export function formatEntry(end: number, compressed: Uint8Array): Buffer {
  return Buffer.concat([formatPickle(float(end)), compressed])
}

export function compressValue(pickle: Uint8Array): Uint8Array {
  return deflateSync(pickle)
}

/** The value's pickle; empty, and so no pickle, where it cannot be had. @param most bytes that it may have */
export function pickleOf({ end, compressed }: FileCacheEntry, most: number): Uint8Array {
  if (end === null) return NOTHING
  try {
    // What stands behind the stream is left from a longer value: Django's touch writes over a file in place.
    return inflateSync(compressed, { maxOutputLength: most })
  } catch {
    return NOTHING
  }
}

export function versionOf(compressed: Uint8Array): string {
  return hash('sha256', compressed, 'base64')
}

const NOTHING = new Uint8Array()

function endOf(bytes: Buffer): { end: number | null; length: number } {
  let at = bytes[0] === PROTO ? 2 : 0
  if (bytes[at] === FRAME) at += 9
  if (bytes[at] === NONE && bytes[at + 1] === STOP) return { end: Number.POSITIVE_INFINITY, length: at + 2 }
  const isFloat = bytes[at] === FLOAT && bytes[at + 9] === STOP
  return isFloat ? { end: bytes.readDoubleBE(at + 1), length: at + 10 } : { end: null, length: 0 }
}
