/**
 * The values of model fields in JavaScript, the same on every database and with every driver: what Python has as a plain
 * value is one here, a datetime a Date, and what JavaScript has no exact type for the text that DjangoJSONEncoder or
 * `str` gives.
 *
 *     BooleanField true · BigIntegerField 7, 9007199254740993n · DecimalField '12.50' · DateField '2026-07-01'
 *     TimeField '12:00:00.250000' · DurationField 'P1DT02H03M04S' · DateTimeField Date · UUIDField '0f1e2d3c-…'
 *     JSONField its value · BinaryField Uint8Array · ArrayField array · HStoreField object
 */
import { yesOrNo } from '../databases/database.ts'
import { SettingsError } from '../errors.ts'
import { durationText } from '../python/duration.ts'
import { parsePythonJson } from '../python/json-reader.ts'
import { withoutTrailingZeros } from '../python/trailing-zeros.ts'
import { parsePostgresArray, parsePostgresHstore, parsePostgresInterval } from './postgres-texts.ts'

export interface FieldOptions {
  /** The field's name, for messages. */
  readonly name: string
  /** The moment in a DateTimeField. */
  readonly toDate: (value: unknown) => Date | null
  /** Digits behind the point of a DecimalField, which SQLite does not keep. */
  readonly decimalPlaces?: number | undefined
}

type Reader = (value: unknown, options: FieldOptions) => unknown

/** Whether a field of this internal type has values of a kind that is known here. */
export function isKnownField(type: string | undefined): type is string {
  return READERS.has(type ?? '')
}

/**
 * What a value of a column is in a field of this internal type, or in a column of that type. A value that no such
 * field can hold is returned as the driver gave it, except a boolean, which could let somebody in.
 * @throws SettingsError for a value of a BooleanField that is neither yes nor no
 */
export function fieldValue(type: string | undefined, value: unknown, options: FieldOptions): unknown {
  if (value === null || value === undefined) return null
  if (type?.endsWith('[]')) return arrayValue(type.slice(0, -2), value, options)
  return (READERS.get(type ?? '') ?? integerIfOne)(value, options)
}

function arrayValue(type: string, value: unknown, options: FieldOptions): unknown {
  const items = typeof value === 'string' ? parsePostgresArray(value) : undefined
  const read = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(read)
    return fieldValue(type, type === 'BooleanField' && item === 't' ? '1' : item, options)
  }
  return items === undefined ? value : items.map(read)
}

/** Big integers that are safe come as numbers from every driver. */
function integerIfOne(value: unknown): unknown {
  return typeof value === 'bigint' ? safely(value) : value
}

function safely(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function integer(value: unknown): unknown {
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return safely(BigInt(value))
  return integerIfOne(value)
}

function boolean(value: unknown, { name }: FieldOptions): boolean {
  const answer = yesOrNo(value)
  if (answer !== undefined) return answer
  throw new SettingsError(
    `The column of the user's ${name} holds a value that is neither true nor false: correct the row, or name the ` +
      'right column in options.userTable.fields, or give hooks.loadUser.',
  )
}

function float(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  return typeof value === 'string' && /^-?(\d|Infinity$|NaN$|\.\d)/.test(value) ? Number(value) : value
}

/** SQLite keeps a decimal as a float of 15 digits. @see django/db/backends/sqlite3/operations.py */
function decimal(value: unknown, { decimalPlaces }: FieldOptions): unknown {
  if (typeof value !== 'number' && typeof value !== 'bigint') return value
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  const text = typeof value === 'bigint' ? String(value) : plainDigits(value)
  return decimalPlaces === undefined ? withoutFractionZeros(text) : quantized(text, decimalPlaces)
}

/** 15 significant digits, without an exponent. */
function plainDigits(value: number): string {
  const [, sign = '', first = '', rest = '', power = '0'] =
    /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(value.toExponential(14)) ?? []
  const digits = first + rest
  const point = Number(power) + 1
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  return `${sign}${digits.slice(0, point).padEnd(point, '0')}.${digits.slice(point) || '0'}`
}

function withoutFractionZeros(text: string): string {
  const [whole = '', fraction = ''] = text.split('.')
  const rest = withoutTrailingZeros(fraction)
  return rest === '' ? whole : `${whole}.${rest}`
}

/** As Decimal.quantize: half goes to the even digit. */
function quantized(text: string, places: number): string {
  const isNegative = text.startsWith('-')
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.')
  const kept = BigInt(whole + fraction.slice(0, places).padEnd(places, '0'))
  const rest = withoutTrailingZeros(fraction.slice(places))
  const isUp = rest > '5' || (rest === '5' && kept % 2n === 1n)
  const digits = String(isUp ? kept + 1n : kept).padStart(places + 1, '0')
  const point = digits.length - places
  return `${isNegative ? '-' : ''}${digits.slice(0, point)}${places === 0 ? '' : `.${digits.slice(point)}`}`
}

/** As Python's isoformat: six digits of microseconds, or none. */
function time(value: unknown): unknown {
  const [, clock, seconds = '00', fraction = ''] =
    (typeof value === 'string' && /^(\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?$/.exec(value)) || []
  if (clock === undefined) return value
  const microseconds = fraction.padEnd(6, '0')
  return `${clock}:${seconds}${Number(microseconds) === 0 ? '' : `.${microseconds}`}`
}

/** Microseconds, where the database has no type for it. */
function duration(value: unknown): unknown {
  const isNumber = typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))
  if (isNumber || (typeof value === 'string' && /^-?\d+$/.test(value))) return durationText(BigInt(value as string))
  const microseconds = typeof value === 'string' ? parsePostgresInterval(value) : undefined
  return microseconds === undefined ? value : durationText(microseconds)
}

function json(value: unknown): unknown {
  if (typeof value !== 'string') return integerIfOne(value)
  try {
    return parsePythonJson(value)
  } catch {
    return value
  }
}

function uuid(value: unknown): unknown {
  return typeof value === 'string' && UUID.test(value) ? value.toLowerCase().replace(UUID, '$1-$2-$3-$4-$5') : value
}

const UUID = /^([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})$/i

/** `\x0001` is how PostgreSQL writes bytes. */
function bytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value)
  return typeof value === 'string' && value.startsWith('\\x')
    ? new Uint8Array(Buffer.from(value.slice(2), 'hex'))
    : value
}

function address(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/\/(32|128)$/, '') : value
}

function text(value: unknown): unknown {
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : value
}

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
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
  ].map((type) => [type, integer] as const),
  ...['BooleanField', 'NullBooleanField'].map((type) => [type, boolean] as const),
  ...['CharField', 'TextField', 'SlugField', 'EmailField', 'URLField', 'FileField', 'FilePathField'].map(
    (type) => [type, text] as const,
  ),
  ['FloatField', float],
  ['DecimalField', decimal],
  ['DateField', (value) => value],
  ['DateTimeField', (value, { toDate }) => toDate(value)],
  ['TimeField', time],
  ['DurationField', duration],
  ['JSONField', json],
  ['UUIDField', uuid],
  ['BinaryField', bytes],
  ['GenericIPAddressField', address],
  ['HStoreField', (value) => (typeof value === 'string' && parsePostgresHstore(value)) || value],
  ['char(32)', uuid],
])
