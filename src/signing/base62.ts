/** Mirrors b62_encode and b62_decode of django/core/signing.py: `1700000000n` is `1r31eq`. */
import { SerializationError } from '../errors.ts'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

export function encodeBase62(value: number | bigint): string {
  let rest = BigInt(value)
  if (rest === 0n) return '0'
  const sign = rest < 0n ? '-' : ''
  if (rest < 0n) rest = -rest
  let digits = ''
  for (; rest > 0n; rest /= 62n) digits = ALPHABET.charAt(Number(rest % 62n)) + digits
  return sign + digits
}

/** @throws SerializationError for an empty text, another character, or more than 4300 digits */
export function decodeBase62(text: string): bigint {
  const digits = text.startsWith('-') ? text.slice(1) : text
  if (text === '') throw new SerializationError('A base 62 number is empty.')
  if (digits.length > MAX_DIGITS) throw new SerializationError(`A base 62 number has more than ${MAX_DIGITS} digits.`)
  let value = 0n
  for (let start = 0; start < digits.length; start += EXACT_DIGITS) {
    const part = digits.slice(start, start + EXACT_DIGITS)
    value = value * 62n ** BigInt(part.length) + BigInt(smallNumber(part))
  }
  return digits === text ? value : -value
}

/** As many as Python reads of an integer in JSON. The work grows with their square. */
const MAX_DIGITS = 4300

/** So many that a number holds any of their values. */
const EXACT_DIGITS = 8

function smallNumber(digits: string): number {
  let value = 0
  for (const digit of digits) {
    const place = ALPHABET.indexOf(digit)
    if (place < 0) throw new SerializationError('A base 62 number has another character than 0-9, A-Z and a-z.')
    value = value * 62 + place
  }
  return value
}
