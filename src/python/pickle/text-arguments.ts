/** The arguments that protocol 0 spells as text, each a line. Mirrors load_int, load_long and kin of CPython's unpickler. */
import { asInt } from './int-bytes.ts'
import { malformed, overLimit } from './pickle-limits.ts'
import type { FloatNode, PickleNode } from './pickle-node.ts'
import { decodeUtf8, isAscii, putUtf8 } from './utf8.ts'

/** Python reads no longer decimal. @see sys.int_info.default_max_str_digits */
const MOST_DECIMAL_DIGITS = 4300

/** `I5`, and `I01` and `I00` for True and False. */
export function intLine(line: Buffer): PickleNode {
  const text = line.toString('latin1')
  if (text === '00') return false
  if (text === '01') return true
  return decimal(text)
}

/** `L5L`; Python writes the last L and reads it without as well. */
export function longLine(line: Buffer): number | bigint {
  return decimal(line.toString('latin1').replace(/L$/, ''))
}

function decimal(text: string): number | bigint {
  // Behind a zero in front Python reads octal, CPython takes -0 for False, and neither is ever written.
  if (!/^(0|-?[1-9]\d*)$/.test(text)) throw malformed('an int is no decimal')
  if (text.replace('-', '').length > MOST_DECIMAL_DIGITS) throw overLimit('digits')
  return asInt(BigInt(text))
}

/** `F1.5`, with `inf` and `nan` as Python's repr has them. */
export function floatLine(line: Buffer): FloatNode {
  const text = line.toString('latin1')
  const named = /^([+-]?)(inf|nan)$/.exec(text)
  if (named !== null) {
    if (named[2] === 'nan') return { kind: 'float', value: Number.NaN }
    return { kind: 'float', value: named[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY }
  }
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text)) throw malformed('a float is no decimal')
  return { kind: 'float', value: Number(text) }
}

/** The line of GET and PUT. */
export function indexLine(line: Buffer): number {
  const text = line.toString('latin1')
  if (!/^\d{1,15}$/.test(text)) throw malformed('an index of the memo is no decimal')
  return Number(text)
}

/** Latin-1 with `\u` and `\U` escapes, as which Python writes the backslash too. @see codecs raw-unicode-escape */
export function unicodeLine(line: Buffer): PickleNode {
  const utf8 = Buffer.allocUnsafe(2 * line.length)
  let end = 0
  for (let at = 0; at < line.length; at++) {
    const byte = line[at] ?? 0
    if (byte !== BACKSLASH) {
      end = putUtf8(utf8, byte, end)
      continue
    }
    const digits = line.toString('latin1', at + 2, at + 2 + (ESCAPE_LENGTHS.get(line[at + 1]) ?? 0))
    const code = /^([0-9a-fA-F]{4}|[0-9a-fA-F]{8})$/.test(digits) ? Number.parseInt(digits, 16) : Number.NaN
    if (!(code <= 0x10ffff)) throw malformed('an escape of a text is no character')
    // Each is a character of its own: two halves of a pair do not make one.
    end = putUtf8(utf8, code, end)
    at += 1 + digits.length
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
  const text = line.toString('latin1').trimEnd()
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
