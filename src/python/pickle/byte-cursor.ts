/** Reads the arguments of opcodes from bytes, and never past their end. */
import { malformed } from './pickle-limits.ts'
import type { TextNode } from './pickle-node.ts'
import { decodeUtf8 } from './utf8.ts'

const NEWLINE = 0x0a
/** Shorter than this, a loop is quicker than a call of a decoder. */
const SHORT = 24

export class ByteCursor {
  readonly #bytes: Buffer
  #position = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get left(): number {
    return this.#bytes.length - this.#position
  }

  /** A view, not a copy. */
  take(length: number): Buffer {
    // Before any use of the length: a claim of 2**63 bytes must cost nothing.
    if (!(length <= this.left)) throw malformed('it ends early')
    this.#position += length
    return this.#bytes.subarray(this.#position - length, this.#position)
  }

  /** UTF-8 of this many bytes. */
  text(length: number): string | TextNode {
    const start = this.#position
    if (length < SHORT && length <= this.left && this.#isAscii(start, start + length)) {
      this.#position += length
      return this.#bytes.toString('latin1', start, start + length)
    }
    const read = decodeUtf8(this.take(length))
    if (read === null) throw malformed('a text is not UTF-8')
    return read
  }

  #isAscii(start: number, end: number): boolean {
    for (let index = start; index < end; index++) if ((this.#bytes[index] ?? 0) > 0x7f) return false
    return true
  }

  uint8(): number {
    const value = this.#bytes[this.#position]
    if (value === undefined) throw malformed('it ends early')
    this.#position++
    return value
  }

  uint16(): number {
    return this.take(2).readUInt16LE()
  }

  uint32(): number {
    return this.take(4).readUInt32LE()
  }

  int32(): number {
    return this.take(4).readInt32LE()
  }

  /** Not exact beyond 2**53, where no length is good anyway. */
  uint64(): number {
    return Number(this.take(8).readBigUInt64LE())
  }

  /** The bytes up to a newline, which is taken and left out. */
  line(): Buffer {
    const end = this.#bytes.indexOf(NEWLINE, this.#position)
    if (end < 0) throw malformed('it ends early')
    const line = this.#bytes.subarray(this.#position, end)
    this.#position = end + 1
    return line
  }
}
