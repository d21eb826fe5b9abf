/**
 * What makes a write unlike every other, so that one whose reply was lost knows its own text again: random characters
 * where every reader, Python's too, passes over them.
 *
 *     {"visits":6}\n \t…                24 spaces behind JSON
 *     80 05 … 2e 3f a0 …                8 bytes behind STOP, where `pickle.loads` has ended
 *     eyJ2…:1wAbCdQx07LmTz:Wm6h…        8 digits behind the seconds of a signature, whose age nobody checks
 */
import { randomBytes } from 'node:crypto'
import type { Serializer } from './serializer.ts'

/** The serializer with a mark behind what it writes; the same one where its format has no room for one. */
export function marked(serializer: Serializer): Serializer {
  const mark = serializer.passesOver === undefined ? undefined : MARKS[serializer.passesOver]
  if (mark === undefined) return serializer
  return { ...serializer, dumps: (data) => Buffer.concat([serializer.dumps(data), mark()]) }
}

/** Digits in base 62. */
export function markDigits(): string {
  return Array.from(randomBytes(8), (byte) => DIGITS.charAt(byte % 62)).join('')
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
export const MARK_DIGITS = 8

const MARKS: Readonly<Record<'spaces' | 'bytes', () => Uint8Array>> = {
  spaces: () => Buffer.from(Array.from(randomBytes(6), spacesOf).join('')),
  bytes: () => randomBytes(8),
}

/** Two bits each. */
function spacesOf(byte: number): string {
  return [0, 2, 4, 6].map((shift) => ' \t\n\r'.charAt((byte >> shift) & 3)).join('')
}
