/**
 * Python's msgpack.loads(raw=False): MessagePack as Python's values, so that a float stays a float and `__proto__` is a
 * key like any other.
 *
 *     82 a4 cart 91 01 a5 total cb 3ff0000000000000    {"cart": [1], "total": 1.0}
 *
 * @see https://github.com/msgpack/msgpack/blob/master/spec.md
 */
import { SerializationError } from '../errors.ts'
import { OverLimit } from '../over-limit.ts'
import { withoutRepeats } from './pickle/hash-key.ts'
import { asInt } from './pickle/int-bytes.ts'
import type { DictNode, PickleNode } from './pickle/pickle-node.ts'

export interface MsgpackLimits {
  /** Bytes in all. Default 8 MiB. */
  readonly bytes?: number
  /** How deep values may be nested. Default 500; Python writes no more than 511. */
  readonly depth?: number
  /** Values in all. Default 250,000. */
  readonly elements?: number
}

const DEFAULTS: Required<MsgpackLimits> = { bytes: 8 << 20, depth: 500, elements: 250_000 }
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws SerializationError for what Python does not read either, for extension types, and beyond the limits */
export function readMsgpack(given: Uint8Array, limits: MsgpackLimits = {}): PickleNode {
  const most = { ...DEFAULTS, ...limits }
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength)
  let position = 0
  let elements = 0
  if (bytes.length > most.bytes) throw overLimit('bytes')
  const root = value(most.depth)
  if (position < bytes.length) throw unreadable('something follows it')
  return root

  function take(length: number): Buffer {
    // Before any use of the length: a claim of 2**32 bytes must cost nothing.
    if (length > bytes.length - position) throw unreadable('it ends early')
    position += length
    return bytes.subarray(position - length, position)
  }

  function size(width: number): number {
    return take(width).readUIntBE(0, width)
  }

  function value(levels: number): PickleNode {
    const first = size(1)
    if (first < 0x80) return first
    if (first < 0x90) return map(first & 0x0f, levels)
    if (first < 0xa0) return array(first & 0x0f, levels)
    if (first < 0xc0) return text(first & 0x1f)
    if (first >= 0xe0) return first - 0x100
    return marked(first, levels)
  }

  function marked(first: number, levels: number): PickleNode {
    switch (first) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return { kind: 'bytes', value: Uint8Array.from(take(size(1 << (first - 0xc4)))) }
      case 0xca:
        return { kind: 'float', value: take(4).readFloatBE() }
      case 0xcb:
        return float(take(8))
      case 0xcc:
      case 0xcd:
      case 0xce:
        return size(1 << (first - 0xcc))
      case 0xcf:
        return asInt(take(8).readBigUInt64BE())
      case 0xd0:
      case 0xd1:
      case 0xd2:
        return take(1 << (first - 0xd0)).readIntBE(0, 1 << (first - 0xd0))
      case 0xd3:
        return asInt(take(8).readBigInt64BE())
      case 0xd9:
      case 0xda:
      case 0xdb:
        return text(size(1 << (first - 0xd9)))
      case 0xdc:
      case 0xdd:
        return array(size(2 << (first - 0xdc)), levels)
      case 0xde:
      case 0xdf:
        return map(size(2 << (first - 0xde)), levels)
      default:
        throw unreadable(first === 0xc1 ? 'a byte begins nothing' : 'it has an extension type')
    }
  }

  function float(bits: Buffer): PickleNode {
    const number = bits.readDoubleBE()
    return Number.isNaN(number)
      ? { kind: 'float', value: number, bits: Uint8Array.from(bits) }
      : { kind: 'float', value: number }
  }

  function text(length: number): string {
    try {
      return UTF8.decode(take(length))
    } catch {
      throw unreadable('a text is cut off, or not UTF-8')
    }
  }

  function array(length: number, levels: number): PickleNode {
    count(length, levels)
    const items: PickleNode[] = []
    for (let index = 0; index < length; index++) items.push(value(levels - 1))
    return { kind: 'list', items }
  }

  function map(length: number, levels: number): PickleNode {
    count(2 * length, levels)
    const dict: DictNode = { kind: 'dict', keys: [], values: [] }
    for (let index = 0; index < length; index++) {
      const key = value(levels - 1)
      if (typeof key !== 'string' && !isBytes(key)) throw unreadable('a key is neither text nor bytes')
      dict.keys.push(key)
      dict.values.push(value(levels - 1))
    }
    withoutRepeats(dict)
    return dict
  }

  /** A claim of more values than there are bytes ends here. */
  function count(more: number, levels: number): void {
    elements += more
    if (more > bytes.length - position) throw unreadable('it ends early')
    if (elements > most.elements) throw overLimit('elements')
    if (levels === 0) throw overLimit('depth: it is nested deeper')
  }
}

function isBytes(node: PickleNode): boolean {
  return typeof node === 'object' && node?.kind === 'bytes'
}

function overLimit(what: string): OverLimit {
  return new OverLimit(`The MessagePack is over the limit of ${what}.`)
}

function unreadable(what: string): SerializationError {
  return new SerializationError(`The MessagePack cannot be read: ${what}.`)
}
