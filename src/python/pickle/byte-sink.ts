/** Bytes that Node does not cut from a larger piece anyway. */
const LONG = 4096

/** Bytes that grow while a pickle is written. */
export class ByteSink {
  #bytes = Buffer.allocUnsafe(256)
  #length = 0

  /** Everything so far; nothing is to be written after it. A long one without the room that was left. */
  finished(): Buffer {
    const bytes = this.#bytes.subarray(0, this.#length)
    return this.#length < LONG ? bytes : Buffer.from(bytes)
  }

  byte(value: number, second?: number): void {
    this.#reserve(2)
    this.#bytes[this.#length++] = value
    if (second !== undefined) this.#bytes[this.#length++] = second
  }

  /** A short text, if it is ASCII: its length in a byte, then it, behind `opcode`. */
  shortAscii(opcode: number, text: string): boolean {
    this.#reserve(2 + text.length)
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index)
      if (unit > 0x7f) return false
      this.#bytes[this.#length + 2 + index] = unit
    }
    this.#bytes[this.#length] = opcode
    this.#bytes[this.#length + 1] = text.length
    this.#length += 2 + text.length
    return true
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  uint16(value: number): void {
    this.#reserve(2)
    this.#length = this.#bytes.writeUInt16LE(value, this.#length)
  }

  uint32(value: number): void {
    this.#reserve(4)
    this.#length = this.#bytes.writeUInt32LE(value, this.#length)
  }

  int32(value: number): void {
    this.#reserve(4)
    this.#length = this.#bytes.writeInt32LE(value, this.#length)
  }

  /** A length, so no more than 2**53. */
  uint64(value: number): void {
    this.#reserve(8)
    this.#length = this.#bytes.writeBigUInt64LE(BigInt(value), this.#length)
  }

  float64(value: number): void {
    this.#reserve(8)
    this.#length = this.#bytes.writeDoubleBE(value, this.#length)
  }

  #reserve(length: number): void {
    const needed = this.#length + length
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
