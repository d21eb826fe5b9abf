/** Python's msgpack.dumps: the shortest form of each value, texts and bytes apart, a tuple as an array. */
import { SerializationError } from '../errors.ts'
import { PySafeString } from './django-text.ts'
import { nodeToValue } from './pickle/node-value.ts'
import type { PickleCodecs } from './pickle/pickle-codec.ts'
import { type InstanceNode, type PickleNode, pathOf } from './pickle/pickle-node.ts'

/**
 * @throws SerializationError for what Python's msgpack refuses: a set, a date, an int beyond 64 bits, half a surrogate
 * pair; and for keys that it writes and does not read again
 */
export function writeMsgpack(root: PickleNode, codecs: PickleCodecs): Buffer {
  return Buffer.concat([...partsOf(root, codecs)])
}

type Parts = Generator<Uint8Array, void, undefined>

function* partsOf(node: PickleNode, codecs: PickleCodecs): Parts {
  if (node === null) yield Uint8Array.of(0xc0)
  else if (typeof node === 'boolean') yield Uint8Array.of(node ? 0xc3 : 0xc2)
  else if (typeof node === 'number' || typeof node === 'bigint') yield int(node)
  else if (typeof node === 'string') yield* text(node)
  else if (node.kind === 'float') yield float(node.bits ?? node.value)
  else if (node.kind === 'bytes' || node.kind === 'bytearray') {
    yield head(node.value.length, [0xc4, 0xc5, 0xc6])
    yield node.value
  } else if (node.kind === 'list' || node.kind === 'tuple') {
    yield head(node.items.length, [null, 0xdc, 0xdd], { fixed: 0x90, most: 15 })
    for (const item of node.items) yield* partsOf(item, codecs)
  } else if (node.kind === 'dict') yield* map(node.keys, node.values, codecs)
  else if (node.kind === 'instance') yield* instance(node, codecs)
  else throw notWritable(node.kind === 'text' ? 'half a surrogate pair' : `a ${node.kind}`)
}

function* map(keys: readonly PickleNode[], values: readonly PickleNode[], codecs: PickleCodecs): Parts {
  yield head(keys.length, [null, 0xde, 0xdf], { fixed: 0x80, most: 15 })
  for (const [place, key] of keys.entries()) {
    const isKey = typeof key === 'string' || (typeof key === 'object' && key?.kind === 'bytes')
    if (!isKey) throw notWritable('a key that is neither text nor bytes')
    yield* partsOf(key, codecs)
    yield* partsOf(values[place] ?? null, codecs)
  }
}

/** Subclasses of dict and str count as these. */
function* instance(node: InstanceNode, codecs: PickleCodecs): Parts {
  const value = nodeToValue(node, codecs)
  if (value instanceof Map) yield* map(node.keys, node.values, codecs)
  else if (value instanceof PySafeString) yield* text(value.value)
  else throw notWritable(pathOf(node.of))
}

function* text(value: string): Parts {
  if (!value.isWellFormed()) throw notWritable('half a surrogate pair')
  const bytes = Buffer.from(value)
  yield head(bytes.length, [0xd9, 0xda, 0xdb], { fixed: 0xa0, most: 31 })
  yield bytes
}

function float(value: number | Uint8Array): Uint8Array {
  return wide(0xcb, (bytes) => (typeof value === 'number' ? bytes.writeDoubleBE(value, 1) : bytes.set(value, 1)))
}

function int(value: number | bigint): Uint8Array {
  if (value >= 0) {
    if (value <= 0xffffffff) return head(Number(value), [0xcc, 0xcd, 0xce], { fixed: 0, most: 0x7f })
    if (BigInt.asUintN(64, BigInt(value)) !== BigInt(value)) throw notWritable('an int beyond 64 bits')
    return wide(0xcf, (bytes) => bytes.writeBigUInt64BE(BigInt(value), 1))
  }
  if (value >= -0x20) return Uint8Array.of(0x100 + Number(value))
  if (BigInt.asIntN(64, BigInt(value)) !== BigInt(value)) throw notWritable('an int beyond 64 bits')
  if (value < -0x80000000) return wide(0xd3, (bytes) => bytes.writeBigInt64BE(BigInt(value), 1))
  const step = value >= -0x80 ? 0 : value >= -0x8000 ? 1 : 2
  const bytes = Buffer.alloc(1 + (1 << step), 0xd0 + step)
  bytes.writeIntBE(Number(value), 1, 1 << step)
  return bytes
}

/** A mark and eight bytes. */
function wide(mark: number, fill: (bytes: Buffer) => unknown): Uint8Array {
  const bytes = Buffer.alloc(9, mark)
  fill(bytes)
  return bytes
}

/** A length, or an int that is not negative, in one, two or four bytes behind the mark for it, or in the mark itself. */
function head(
  length: number,
  [one, two, four]: readonly [number | null, number, number],
  short?: { readonly fixed: number; readonly most: number },
): Uint8Array {
  if (short !== undefined && length <= short.most) return Uint8Array.of(short.fixed | length)
  if (one !== null && length <= 0xff) return Uint8Array.of(one, length)
  if (length <= 0xffff) return Uint8Array.of(two, length >> 8, length & 0xff)
  const bytes = Buffer.alloc(5, four)
  bytes.writeUInt32BE(length, 1)
  return bytes
}

function notWritable(what: string): SerializationError {
  return new SerializationError(`MessagePack cannot hold ${what}.`)
}
