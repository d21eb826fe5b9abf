/** The arguments that protocols from 1 on spell in bytes. */
import type { ByteCursor } from './byte-cursor.ts'
import { malformed } from './pickle-limits.ts'
import type { FloatNode, PickleNode } from './pickle-node.ts'
import { decodeUtf8 } from './utf8.ts'

export function text(bytes: Buffer): PickleNode {
  const read = decodeUtf8(bytes)
  if (read === null) throw malformed('a text is not UTF-8')
  return read
}

const USUAL_NAN = 0x7ff8_0000_0000_0000n

export function binaryFloat(input: ByteCursor): FloatNode {
  const value = input.float64()
  // Which NaN it is, not every engine keeps; only the usual one goes without saying.
  const bits = Number.isNaN(value) ? input.taken(8) : undefined
  const isOdd = bits !== undefined && bits.readBigUInt64BE() !== USUAL_NAN
  return isOdd ? { kind: 'float', value, bits: Uint8Array.from(bits) } : { kind: 'float', value }
}

export function notNegative(length: number): number {
  if (length < 0) throw malformed('a length is negative')
  return length
}
