/** The arguments that protocols from 1 on spell in bytes. */
import { malformed } from './pickle-limits.ts'
import type { FloatNode, PickleNode } from './pickle-node.ts'
import { decodeUtf8 } from './utf8.ts'

export function text(bytes: Buffer): PickleNode {
  const read = decodeUtf8(bytes)
  if (read === null) throw malformed('a text is not UTF-8')
  return read
}

export function binaryFloat(bytes: Buffer): FloatNode {
  const value = bytes.readDoubleBE()
  // Not every engine keeps which NaN it was.
  return Number.isNaN(value) ? { kind: 'float', value, bits: Uint8Array.from(bytes) } : { kind: 'float', value }
}

export function notNegative(length: number): number {
  if (length < 0) throw malformed('a length is negative')
  return length
}
