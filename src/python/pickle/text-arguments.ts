/** The arguments that protocol 0 spells as text, each a line. Mirrors load_int, load_long and kin of CPython's unpickler. */
import { asInt } from './int-bytes.ts'
import { parseCInt, parsePythonInt } from './int-text.ts'
import { malformed } from './pickle-limits.ts'
import type { FloatNode, PickleNode } from './pickle-node.ts'
import { decodeUtf8, isAscii, putUtf8 } from './utf8.ts'

/**
 * `I5`: as C's strtol reads it, else as Python does. Two characters of a 0 or 1 (`I01`, `I00`) are True and False.
 * @see Modules/_pickle.c load_int
 */
export function intLine(line: Buffer): PickleNode {
  const text = line.toString('latin1')
  const value = parseCInt(text)
  if (value === null) return asInt(parsePythonInt(text, 0))
  return text.length === 2 && (value === 0n || value === 1n) ? value === 1n : asInt(value)
}

/** `L5L`; Python writes the last L and reads it without as well. */
export function longLine(line: Buffer): number | bigint {
  return asInt(parsePythonInt(line.toString('latin1').replace(/L$/, ''), 0))
}

/** `F1.5`; no space around it, and infinity by its name only. @see Python/pystrtod.c PyOS_string_to_double */
export function floatLine(line: Buffer): FloatNode {
  const [text = ''] = line.toString('latin1').split('\0', 1)
  const named = /^([+-]?)(inf|infinity|nan)$/i.exec(text)
  if (named !== null) {
    const value = /^nan$/i.test(named[2] ?? '') ? Number.NaN : Number.POSITIVE_INFINITY
    return { kind: 'float', value: named[1] === '-' ? -value : value }
  }
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text)) throw malformed('a float is not a decimal')
  const value = Number(text)
  if (!Number.isFinite(value)) throw malformed('a float is too large')
  return { kind: 'float', value }
}

/** The line of GET and PUT. */
export function indexLine(line: Buffer): number {
  const index = parsePythonInt(line.toString('latin1'), 10)
  if (index < 0n || index > MAX_INDEX) throw malformed('an index of the memo is out of range')
  return Number(index)
}

const MAX_INDEX = BigInt(Number.MAX_SAFE_INTEGER)

/** Latin-1 with `\u` and `\U` escapes alone. @see Objects/unicodeobject.c _PyUnicode_DecodeRawUnicodeEscapeStateful */
export function unicodeLine(line: Buffer): PickleNode {
  const utf8 = Buffer.allocUnsafe(2 * line.length)
  let end = 0
  for (let at = 0; at < line.length; at++) {
    const byte = line[at] ?? 0
    if (byte !== BACKSLASH) {
      end = putUtf8(utf8, byte, end)
      continue
    }
    const length = ESCAPE_LENGTHS.get(line[at + 1])
    if (length === undefined) {
      // Any other escape is none: both characters stay. A backslash may be the last one.
      end = putUtf8(utf8, byte, end)
      if (at + 1 < line.length) end = putUtf8(utf8, line[++at] ?? 0, end)
      continue
    }
    const digits = line.toString('latin1', at + 2, at + 2 + length)
    const code = /^(?:[0-9a-fA-F]{4}){1,2}$/.test(digits) ? Number.parseInt(digits, 16) : Number.NaN
    if (digits.length !== length || !(code <= 0x10ffff)) throw malformed('an escape of a text is not a character')
    // Each is a character of its own: two halves of a pair do not make one.
    end = putUtf8(utf8, code, end)
    at += 1 + length
  }
  return decodeUtf8(utf8.subarray(0, end)) ?? ''
}

const BACKSLASH = 0x5c
/** Digits behind `\u` and `\U`. */
const ESCAPE_LENGTHS: ReadonlyMap<number | undefined, number> = new Map([
  [0x75, 4],
  [0x55, 8],
])

/** A quoted line of Python 2; Python 3 takes ASCII only. */
export function stringLine(line: Buffer): string {
  const text = line.toString('latin1')
  const quote = text.charAt(0)
  if (text.length < 2 || (quote !== "'" && quote !== '"') || !text.endsWith(quote))
    throw malformed('a str is not quoted')
  const read = text.slice(1, -1).replace(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|[\s\S]|$)/g, (_match, spelled: string) => {
    if (/^x[0-9a-fA-F]{2}$/.test(spelled)) return String.fromCharCode(Number.parseInt(spelled.slice(1), 16))
    if (/^[0-7]/.test(spelled)) return String.fromCharCode(Number.parseInt(spelled, 8) & 0xff)
    if (spelled === 'x' || spelled === '') throw malformed('an escape of a str is cut short')
    return SHORT_ESCAPES[spelled] ?? `\\${spelled}`
  })
  return asciiText(Buffer.from(read, 'latin1'))
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

/** Bytes of a Python 2 str. @see pickle.Unpickler's encoding, `ASCII` unless told otherwise */
export function asciiText(bytes: Buffer): string {
  if (!isAscii(bytes)) throw malformed('a str of Python 2 is not ASCII')
  return bytes.toString('latin1')
}
