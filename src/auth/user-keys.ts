/**
 * Which user a session's `_auth_user_id` names: Python reads it with the key field's `to_python`, so that a number, a
 * UUID without dashes or `" 1"` name the same user as the text that Django itself writes.
 * @see django/contrib/auth/__init__.py _get_user_session_key
 */

import { PySafeString } from '../python/django-text.ts'
import { floatRepr } from '../python/float-repr.ts'
import { PyDecimal, PyUuid } from '../python/numbers.ts'
import { withoutTrailingZeros } from '../python/trailing-zeros.ts'
import { PyFloat } from '../python/values.ts'

/** Digits that Python reads in one int. @see sys.int_info.default_max_str_digits */
const MAX_DIGITS = 4300

/**
 * The key as Django writes it into a session; null for a value that `to_python` refuses, with which Django answers 500.
 * @param type the internal type of the key's field, or of a column
 */
export function keyText(given: unknown, type: string | undefined): string | null {
  const value = given instanceof PySafeString ? given.value : given
  switch (KINDS.get(type ?? '') ?? 'text') {
    case 'integer':
      return integerText(value)
    case 'uuid':
      return uuidText(value)
    case 'number':
      return numberText(value)
    case 'uuid or text':
      return uuidText(value) ?? pythonText(value)
    case 'text':
      return pythonText(value)
  }
}

/** What may stand in the column: a UUID is text of 32 digits where the database has no type for one. */
export function keyForms(key: string): string[] {
  return /^[0-9a-f-]{36}$/.test(key) ? [key, key.replaceAll('-', '')] : [key]
}

/**
 * Whether the key of a row is the one that is looked for: databases compare loosely ('1.0' finds the row 1).
 * @param found the value of the row's key, as users have it
 */
export function isKey(found: unknown, key: string, type: string | undefined): boolean {
  const text = String(found)
  const kind = KINDS.get(type ?? '')
  if (kind === 'number') return normalNumber(text) === normalNumber(key)
  return text === key
}

type Kind = 'integer' | 'uuid' | 'uuid or text' | 'number' | 'text'

const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ...[
    'AutoField',
    'BigAutoField',
    'SmallAutoField',
    'IntegerField',
    'BigIntegerField',
    'SmallIntegerField',
    'PositiveIntegerField',
    'PositiveBigIntegerField',
    'PositiveSmallIntegerField',
  ].map((type) => [type, 'integer'] as const),
  ['UUIDField', 'uuid'],
  ['char(32)', 'uuid or text'],
  ['DecimalField', 'number'],
  ['FloatField', 'number'],
])

/** Python's int(). */
function integerText(value: unknown): string | null {
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(BigInt(value))
  const number = value instanceof PyFloat ? value.value : value
  if (typeof number === 'number') return Number.isFinite(number) ? String(BigInt(Math.trunc(number))) : null
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value
  return typeof text === 'string' ? (pythonInt(text, 10)?.toString() ?? null) : null
}

/** Python's uuid.UUID(hex=…) and uuid.UUID(int=…). */
function uuidText(value: unknown): string | null {
  if (value instanceof PyUuid) return value.text
  let int: bigint | null = null
  if (typeof value === 'string' && value.length <= MAX_DIGITS) {
    const named = value.replaceAll('urn:', '').replaceAll('uuid:', '')
    const digits = stripped(named, isBrace).replaceAll('-', '')
    int = Array.from(digits).length === 32 ? pythonInt(digits, 16) : null
  } else if (typeof value === 'boolean' || typeof value === 'bigint') int = BigInt(value)
  else if (typeof value === 'number' && Number.isSafeInteger(value)) int = BigInt(value)
  if (int === null || BigInt.asUintN(128, int) !== int) return null
  return new PyUuid(int.toString(16).padStart(32, '0')).text
}

/** Python's Decimal() and float(), without the infinities, which no key is. */
function numberText(value: unknown): string | null {
  const text = typeof value === 'boolean' ? String(Number(value)) : pythonText(value)
  if (text === null || text.length > MAX_DIGITS) return null
  const spelled = withAsciiDigits(text).replaceAll('_', '')
  return /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?$/i.test(spelled) ? spelled : null
}

/** Python's str() of what JSON and pickles hold; null for what no key's text can be. */
function pythonText(value: unknown): string | null {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return String(value)
  if (typeof value === 'number') return floatRepr(value)
  if (value instanceof PyFloat) return floatRepr(value.value)
  return value instanceof PyUuid || value instanceof PyDecimal ? value.text : null
}

/** Python's int(text, base): space around it, a sign, single underscores, digits of any script. */
function pythonInt(text: string, base: 10 | 16): bigint | null {
  const spelled = withAsciiDigits(text)
  const [, sign = '', digits = ''] = (base === 10 ? DECIMAL : HEXADECIMAL).exec(spelled) ?? []
  const plain = digits.replaceAll('_', '')
  if (plain === '' || plain.length > MAX_DIGITS) return null
  const size = BigInt(base === 16 ? `0x${plain}` : plain)
  return sign === '-' ? -size : size
}

/** Without the space around it that Python strips. */
function withAsciiDigits(text: string): string {
  return stripped(text, isSpace).replace(/\p{Nd}/gu, asciiDigit)
}

const DECIMAL = /^([+-]?)(\d+(?:_\d+)*)$/
const HEXADECIMAL = /^([+-]?)(?:0[xX]_?)?([0-9a-f]+(?:_[0-9a-f]+)*)$/i

/** Python's str.strip(). */
function stripped(text: string, isStripped: (character: string) => boolean): string {
  let [start, end] = [0, text.length]
  while (start < end && isStripped(text.charAt(start))) start++
  while (end > start && isStripped(text.charAt(end - 1))) end--
  return text.slice(start, end)
}

/** Of JavaScript's `\s` all but the byte order mark, and some control characters. */
function isSpace(character: string): boolean {
  return character !== '\ufeff' && /[\s\x1c-\x1f\x85]/.test(character)
}

function isBrace(character: string): boolean {
  return character === '{' || character === '}'
}

/** Decimal digits stand in runs of ten, from zero on. */
function asciiDigit(digit: string): string {
  const code = digit.codePointAt(0) ?? 0
  let zero = code
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--
  return String((code - zero) % 10)
}

/** The digits of a number, by which one is told from another: `+07.50` and `7.5e0` are `7.5`. */
function normalNumber(text: string): string {
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(text) ?? []
  const point = whole.length + Number(power)
  const digits = `${'0'.repeat(Math.max(0, -point))}${whole}${fraction}`.padEnd(point, '0')
  const left = digits.slice(0, Math.max(0, point)).replace(/^0+/, '')
  const right = withoutTrailingZeros(digits.slice(Math.max(0, point)))
  return `${sign === '-' && left + right !== '' ? '-' : ''}${left}.${right}`
}
