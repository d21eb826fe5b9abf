/** Reads the arguments of opcodes from bytes, and never past their end. */
import { malformed } from './pickle-limits.ts'
import type { TextNode } from './pickle-node.ts'
import { decodeUtf8 } from './utf8.ts'

const NEWLINE = 0x0a
/** Bytes up to which a loop is quicker than a call of a decoder. */
const SHORT = 64
/** Bytes that are decoded at once, to cut short texts out of: a text that is kept holds on to so many. */
const CHUNK = 4096

export class ByteCursor {
  readonly #bytes: Buffer
  #position = 0
  /** Bytes from `#chunkStart` on as latin-1. */
  #chunk = ''
  #chunkStart = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get left(): number {
    return this.#bytes.length - this.#position
  }

  /** A view, not a copy. */
  take(length: number): Buffer {
    const start = this.#skip(length)
    return this.#bytes.subarray(start, this.#position)
  }

  /** UTF-8 of this many bytes. */
  text(length: number): string | TextNode {
    const start = this.#skip(length)
    if (length <= SHORT && this.#isAscii(start)) return this.#ascii(start)
    const read = decodeUtf8(this.#bytes, start, this.#position)
    if (read === null) throw malformed('a text is not UTF-8')
    return read
  }

  uint8(): number {
    const value = this.#bytes[this.#position]
    if (value === undefined) throw malformed('it ends early')
    this.#position++
    return value
  }

  uint16(): number {
    return this.#bytes.readUInt16LE(this.#skip(2))
  }

  uint32(): number {
    return this.#bytes.readUInt32LE(this.#skip(4))
  }

  int32(): number {
    return this.#bytes.readInt32LE(this.#skip(4))
  }

  /** Not exact beyond 2**53, where no length is good anyway. */
  uint64(): number {
    return Number(this.#bytes.readBigUInt64LE(this.#skip(8)))
  }

  float64(): number {
    return this.#bytes.readDoubleBE(this.#skip(8))
  }

  /** The last bytes once more. */
  taken(length: number): Buffer {
    return this.#bytes.subarray(this.#position - length, this.#position)
  }

  /** The bytes up to a newline, which is taken and left out. */
  line(): Buffer {
    const end = this.#bytes.indexOf(NEWLINE, this.#position)
    if (end < 0) throw malformed('it ends early')
    const line = this.#bytes.subarray(this.#position, end)
    this.#position = end + 1
    return line
  }

  /** @returns where the bytes start that are skipped */
  #skip(length: number): number {
    // Before any use of the length: a claim of 2**63 bytes must cost nothing.
    if (!(length <= this.left)) throw malformed('it ends early')
    const start = this.#position
    this.#position = start + length
    return start
  }

  #isAscii(start: number): boolean {
    for (let index = start; index < this.#position; index++) if ((this.#bytes[index] ?? 0) > 0x7f) return false
    return true
  }

  #ascii(start: number): string {
    if (this.#position > this.#chunkStart + this.#chunk.length) {
      this.#chunk = this.#bytes.toString('latin1', start, start + CHUNK)
      this.#chunkStart = start
    }
    return this.#chunk.substring(start - this.#chunkStart, this.#position - this.#chunkStart)
  }
}
