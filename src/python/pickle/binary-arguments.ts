/** The arguments that protocols from 1 on spell in bytes. */
import { malformed } from './pickle-limits.ts'
import type { FloatNode, PickleNode } from './pickle-node.ts'
import { decodeUtf8 } from './utf8.ts'

export function text(bytes: Buffer): PickleNode {
  const read = decodeUtf8(bytes)
  if (read === null) throw malformed('a text is not UTF-8')
  return read
}

const USUAL_NAN = 0x7ff8_0000_0000_0000n

export function binaryFloat(bytes: Buffer): FloatNode {
  const value = bytes.readDoubleBE()
  // Which NaN it is, not every engine keeps; only the usual one goes without saying.
  const isOdd = Number.isNaN(value) && bytes.readBigUInt64BE() !== USUAL_NAN
  return isOdd ? { kind: 'float', value, bits: Uint8Array.from(bytes) } : { kind: 'float', value }
}

export function notNegative(length: number): number {
  if (length < 0) throw malformed('a length is negative')
  return length
}
