/**
 * UTF-8 with Python's `surrogatepass`: a lone surrogate is three bytes, `ED A0 80` for U+D800, which standard UTF-8
 * has not.
 */
import type { TextNode } from './pickle-node.ts'

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text, or null for bytes that Python refuses as well. */
export function decodeUtf8(all: Buffer, start = 0, end: number = all.length): string | TextNode | null {
  const read = all.toString('utf8', start, end)
  // Anything that is not UTF-8 comes out as this character, as it does itself.
  if (!read.includes('\ufffd')) return read
  const bytes = all.subarray(start, end)
  return decodeStrictly(bytes) ?? decodeWithSurrogates(bytes)
}

export function isAscii(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte <= 0x7f)
}

function decodeStrictly(bytes: Uint8Array): string | null {
  try {
    return STRICT.decode(bytes)
  } catch {
    return null
  }
}

function decodeWithSurrogates(bytes: Buffer): string | TextNode | null {
  // With another character of three bytes for each surrogate, all the rest must be UTF-8.
  const others = Buffer.from(bytes)
  for (let index = 0; index < bytes.length; index++) if (isSurrogateAt(bytes, index)) others[index + 1] = 0x80
  if (decodeStrictly(others) === null) return null
  const value = unitsOf(bytes)
  return encodeUtf8(value).equals(bytes) ? value : { kind: 'text', value, utf8: Uint8Array.from(bytes) }
}

/** `ED` and a second byte from `A0` on begin a surrogate, and within UTF-8 nothing else. */
function isSurrogateAt(bytes: Buffer, index: number): boolean {
  return bytes[index] === 0xed && ((bytes[index + 1] ?? 0) & 0xe0) === 0xa0 && ((bytes[index + 2] ?? 0) & 0xc0) === 0x80
}

/** Decodes bytes that are known to be well formed. */
function unitsOf(bytes: Buffer): string {
  const units = Buffer.allocUnsafe(2 * bytes.length)
  let end = 0
  const put = (unit: number): void => {
    end = units.writeUInt16LE(unit, end)
  }
  for (let index = 0; index < bytes.length; ) {
    const first = bytes[index++] ?? 0
    const next = (): number => (bytes[index++] ?? 0) & 0x3f
    if (first < 0x80) put(first)
    else if (first < 0xe0) put(((first & 0x1f) << 6) | next())
    else if (first < 0xf0) put(((first & 0x0f) << 12) | (next() << 6) | next())
    else {
      const code = (((first & 0x07) << 18) | (next() << 12) | (next() << 6) | next()) - 0x10000
      put(0xd800 | (code >> 10))
      put(0xdc00 | (code & 0x3ff))
    }
  }
  return units.toString('utf16le', 0, end)
}

export function encodeUtf8(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text)
  const bytes = Buffer.allocUnsafe(3 * text.length)
  let end = 0
  for (const character of text) end = putUtf8(bytes, character.codePointAt(0) ?? 0, end)
  return bytes.subarray(0, end)
}

/** Writes one character, which may be a surrogate, at `end`; returns the end behind it. */
export function putUtf8(bytes: Buffer, code: number, end: number): number {
  if (code < 0x80) return bytes.writeUInt8(code, end)
  const low = (shift: number): number => 0x80 | ((code >> shift) & 0x3f)
  const spelled =
    code < 0x800
      ? [0xc0 | (code >> 6), low(0)]
      : code < 0x10000
        ? [0xe0 | (code >> 12), low(6), low(0)]
        : [0xf0 | (code >> 18), low(12), low(6), low(0)]
  bytes.set(spelled, end)
  return end + spelled.length
}
