/** Opcodes and their arguments, spelled as the protocol has them. */
import { ByteSink } from './byte-sink.ts'
import { encodeInt } from './int-bytes.ts'
import type { FloatNode } from './pickle-node.ts'
import { encodeUtf8 } from './utf8.ts'

/** Characters up to which a loop is quicker than Node's encoder. */
const SHORT = 48

export class OpcodeSink extends ByteSink {
  readonly #protocol: number

  constructor(protocol: number) {
    super()
    this.#protocol = protocol
    this.byte(0x80, protocol)
  }

  int(value: number | bigint): void {
    if (typeof value === 'bigint' || value < -0x80000000 || value >= 0x80000000) {
      this.#long(encodeInt(value))
    } else if (value < 0 || value >= 0x10000) {
      this.byte(0x4a)
      this.int32(value)
    } else if (value >= 0x100) {
      this.byte(0x4d)
      this.uint16(value)
    } else {
      this.byte(0x4b, value)
    }
  }

  #long(bytes: Buffer): void {
    if (bytes.length < 0x100) this.byte(0x8a, bytes.length)
    else {
      this.byte(0x8b)
      this.int32(bytes.length)
    }
    this.bytes(bytes)
  }

  float({ value, bits }: FloatNode): void {
    this.byte(0x47)
    if (bits === undefined) this.float64(value)
    else this.bytes(bits)
  }

  text(text: string): void {
    const isShort = this.#protocol >= 4 && text.length < SHORT
    if (!isShort || !this.shortAscii(0x8c, text)) this.utf8(encodeUtf8(text))
  }

  utf8(utf8: Uint8Array): void {
    if (this.#protocol >= 4 && utf8.length < 0x100) this.byte(0x8c, utf8.length)
    else {
      this.byte(0x58)
      this.uint32(utf8.length)
    }
    this.bytes(utf8)
  }

  /** `bytes`, below protocol 3 as Python spells them there: the latin-1 of a text. */
  octets(bytes: Uint8Array): void {
    if (this.#protocol < 3) {
      this.global('_codecs', 'encode')
      this.text(Buffer.from(bytes).toString('latin1'))
      this.text('latin1')
      this.byte(0x86, 0x52)
      return
    }
    if (bytes.length < 0x100) this.byte(0x43, bytes.length)
    else {
      this.byte(0x42)
      this.uint32(bytes.length)
    }
    this.bytes(bytes)
  }

  byteArray(bytes: Uint8Array): void {
    if (this.#protocol < 5) {
      this.global('builtins', 'bytearray')
      this.octets(bytes)
      this.byte(0x85, 0x52)
      return
    }
    this.byte(0x96)
    this.uint64(bytes.length)
    this.bytes(bytes)
  }

  /** A class by protocol 0's opcode, which every protocol has. */
  global(module: string, name: string): void {
    this.byte(0x63)
    this.bytes(encodeUtf8(`${module}\n${name}\n`))
  }

  put(place: number): void {
    if (this.#protocol >= 4) this.byte(0x94)
    else if (place < 0x100) this.byte(0x71, place)
    else {
      this.byte(0x72)
      this.uint32(place)
    }
  }

  get(place: number): void {
    if (place < 0x100) this.byte(0x68, place)
    else {
      this.byte(0x6a)
      this.uint32(place)
    }
  }
}
