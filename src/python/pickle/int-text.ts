/** Whole numbers as text, as CPython's PyLong_FromString takes them. */
import { malformed, overLimit } from './pickle-limits.ts'

/** Python reads no longer decimal. @see sys.int_info.default_max_str_digits */
const MAX_DECIMAL_DIGITS = 4300

/** Space around the number; `_` between two digits, or behind the letter of a base. */
const BASE_10 = /^[\t-\r ]*([+-]?)(\d(?:_?\d)*)[\t-\r ]*$/
const BASE_0 =
  /^[\t-\r ]*([+-]?)(0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?0)*|[1-9](?:_?\d)*)[\t-\r ]*$/

/**
 * @param base 0: the text says it itself, as a literal of Python does; a decimal does not begin with 0 then
 * @throws SerializationError for text that Python refuses
 * @see Objects/longobject.c PyLong_FromString
 */
export function parsePythonInt(text: string, base: 0 | 10): bigint {
  const [, sign = '', spelled] = (base === 0 ? BASE_0 : BASE_10).exec(beforeNul(text)) ?? []
  if (spelled === undefined) throw malformed('an int is not a number of Python')
  const digits = spelled.replaceAll('_', '')
  if (!/^0[a-z]/i.test(digits) && digits.length > MAX_DECIMAL_DIGITS) throw overLimit('digits')
  return signed(sign, BigInt(digits))
}

/** As C's strtol with base 0 reads a whole line: decimal, `0x`, or octal behind a 0. Null for other text. */
export function parseCInt(text: string): bigint | null {
  // No digits at all are a 0 to C, and the text ends where it should.
  if (text.startsWith('\0')) return 0n
  const [, sign = '', digits] = C_INT.exec(beforeNul(text)) ?? []
  if (digits === undefined || digits.length > MAX_C_DIGITS) return null
  const isOctal = /^0\d/.test(digits)
  const value = signed(sign, BigInt(isOctal ? `0o${digits}` : digits))
  return BigInt.asIntN(64, value) === value ? value : null
}

const C_INT = /^[\t-\r ]*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)$/
/** More are no value of 64 bits, but for zeros in front, which Python reads itself or refuses. */
const MAX_C_DIGITS = 4300

/** C's texts end at the first NUL. */
function beforeNul(text: string): string {
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}

function signed(sign: string, value: bigint): bigint {
  return sign === '-' ? -value : value
}
