/**
 * The most that an LZ4 frame can become, known before any of it is decompressed.
 * @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
 *
 *     04 22 4d 18 | flags | block size | content size? | dictionary? | check | (size, block, check?)… | 00 00 00 00
 */

const MAGIC = 0x184d2204
/** A byte of a block stands for 255 bytes at most. */
const MOST_PER_BYTE = 255

export interface Lz4Frame {
  /** Bytes of the frame; Python ignores what follows it. */
  readonly length: number
  /** Bytes that all blocks but one can become at most: the last one is seldom full. */
  readonly bound: number
}

/** Null for what is no frame. */
export function lz4Frame(bytes: Buffer): Lz4Frame | null {
  if (bytes.length < 7 || bytes.readUInt32LE(0) !== MAGIC) return null
  const flags = bytes.readUInt8(4)
  const blockMost = 1 << (8 + 2 * ((bytes.readUInt8(5) >> 4) & 7))
  const blockCheck = (flags & 0x10) !== 0 ? 4 : 0
  const contentCheck = (flags & 0x04) !== 0 ? 4 : 0
  let position = 7 + ((flags & 0x08) !== 0 ? 8 : 0) + ((flags & 0x01) !== 0 ? 4 : 0)
  let bound = 0
  while (position + 4 <= bytes.length) {
    const head = bytes.readUInt32LE(position)
    position += 4
    if (head === 0) return { length: position + contentCheck, bound: bound - blockMost }
    // The highest bit marks a block that is stored as it is.
    const size = head & 0x7fffffff
    bound += Math.min(blockMost, size * MOST_PER_BYTE)
    position += size + blockCheck
  }
  return null
}
