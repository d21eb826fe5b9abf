/**
 * What an .xz stream becomes, known before any of it is decompressed: each chunk of LZMA2 tells its size.
 * @see https://tukaani.org/xz/xz-file-format.txt
 *
 *     fd 37 7a 58 5a 00 | flags, crc | block header | LZMA2 chunks | padding, check | … | index | footer, "YZ"
 */

const MAGIC = Buffer.from('fd377a585a00', 'hex')
const LZMA2 = 0x21
/** 8 MiB; django-redis compresses with half of it. */
const MOST_DICTIONARY = 0x16
/** Bytes of a check, by the stream's flags. */
const CHECK_SIZES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64]

/** Null for what is no single stream of LZMA2 alone. */
export function xzStream(bytes: Buffer): { readonly length: number; readonly bound: number } | null {
  if (bytes.length < 32 || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return null
  const checkSize = CHECK_SIZES[bytes.readUInt8(7) & 0x0f] ?? 0
  let position = 12
  let size = 0
  try {
    while (bytes.readUInt8(position) !== 0) {
      const headerSize = (bytes.readUInt8(position) + 1) * 4
      if (!isPlainLzma2(bytes.subarray(position, position + headerSize))) return null
      const chunks = chunksAt(bytes, position + headerSize)
      size += chunks.size
      position = roundUp(chunks.end) + checkSize
    }
    const indexSize = (bytes.readUInt32LE(bytes.length - 8) + 1) * 4
    return position + indexSize + 12 === bytes.length ? { length: bytes.length, bound: size } : null
  } catch {
    // Read past the end.
    return null
  }
}

/** Whether the block has one filter, LZMA2, with a dictionary of usual size. */
function isPlainLzma2(header: Buffer): boolean {
  const flags = header.readUInt8(1)
  let position = 2
  // Two optional numbers of seven bits a byte.
  for (const flag of [0x40, 0x80]) {
    if ((flags & flag) === 0) continue
    while (header.readUInt8(position) > 0x7f) position++
    position++
  }
  const [id, length, dictionary = 0xff] = header.subarray(position)
  return (flags & 0x3f) === 0 && id === LZMA2 && length === 1 && dictionary <= MOST_DICTIONARY
}

function chunksAt(bytes: Buffer, start: number): { size: number; end: number } {
  let position = start
  let size = 0
  for (;;) {
    const control = bytes.readUInt8(position)
    if (control === 0) return { size, end: position + 1 }
    const low = bytes.readUInt16BE(position + 1) + 1
    if (control < 0x80) {
      if (control > 2) throw new RangeError('There is no such chunk.')
      size += low
      position += 3 + low
    } else {
      size += ((control & 0x1f) << 16) + low
      // A fifth byte has the coder's properties, where they are new.
      position += (control >= 0xc0 ? 6 : 5) + bytes.readUInt16BE(position + 3) + 1
    }
  }
}

/** From the block's start, which is a multiple of four itself. */
function roundUp(position: number): number {
  return Math.ceil(position / 4) * 4
}
