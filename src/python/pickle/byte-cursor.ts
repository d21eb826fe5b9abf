/** Reads the arguments of opcodes from bytes, and never past their end. */
import { malformed } from './pickle-limits.ts'

const NEWLINE = 0x0a

export class ByteCursor {
  readonly #bytes: Buffer
  #position = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get position(): number {
    return this.#position
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
