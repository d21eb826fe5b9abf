/** Mirrors b64_encode and b64_decode of django/core/signing.py, which forgive what Python's base64 module forgives. */
import { SerializationError } from '../errors.ts'

/** base64url without padding. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

/**
 * Decodes as `urlsafe_b64decode` does after padding to four: either alphabet, other characters skipped, and nothing
 * read behind padding that ends a group.
 * @throws SerializationError where Python raises binascii.Error
 */
export function decodeBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url')
  // Node skips what is no letter, too, but not as Python does; and it takes U+0141 for an A.
  const isUsual = bytes.length === Math.floor((text.length * 3) / 4) && Buffer.byteLength(text) === text.length
  return isUsual && text.length % 4 !== 1 ? bytes : decodePadded(Buffer.from(text))
}

function decodePadded(text: Buffer): Buffer {
  return decodeLeniently(text, SIX_BITS, text.length + ((4 - (text.length % 4)) % 4))
}

/**
 * Decodes as `base64.b64decode` does: the standard alphabet, which `-` and `_` are not in, and padding that must be there.
 * @throws SerializationError where Python raises binascii.Error, or the text is not ASCII
 */
export function decodeStandardBase64(text: string): Buffer {
  if (text.length % 4 === 0 && STANDARD.test(text)) return Buffer.from(text, 'base64')
  const bytes = Buffer.from(text)
  if (bytes.length !== text.length) throw new SerializationError('The content is not base64.')
  return decodeLeniently(bytes, STANDARD_BITS, bytes.length)
}

const STANDARD = /^[A-Za-z0-9+/]*={0,2}$/

/** @see CPython Modules/binascii.c a2b_base64 without strict mode */
function decodeLeniently(text: Buffer, sixBits: ReadonlyMap<number, number>, padded: number): Buffer {
  const bytes: number[] = []
  let place = 0
  let left = 0
  let pads = 0
  for (let index = 0; index < padded; index++) {
    const character = text[index] ?? PAD
    if (character === PAD) {
      if (place >= 2 && place + ++pads >= 4) return Buffer.from(bytes)
      continue
    }
    const six = sixBits.get(character)
    if (six === undefined) continue
    pads = 0
    if (place === 1) bytes.push((left << 2) | (six >> 4))
    if (place === 2) bytes.push(((left & 0x0f) << 4) | (six >> 2))
    if (place === 3) bytes.push(((left & 0x03) << 6) | six)
    left = six
    place = (place + 1) % 4
  }
  if (place !== 0) throw new SerializationError('The content is not base64.')
  return Buffer.from(bytes)
}

const PAD = 0x3d
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const STANDARD_BITS: ReadonlyMap<number, number> = new Map(
  Array.from(`${LETTERS}+/`, (letter, value) => [letter.charCodeAt(0), value] as const),
)
const SIX_BITS: ReadonlyMap<number, number> = new Map([
  ...STANDARD_BITS,
  ['-'.charCodeAt(0), 62] as const,
  ['_'.charCodeAt(0), 63] as const,
])
