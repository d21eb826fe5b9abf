/** What the values of a user are in Python, where JavaScript has one type for several: text for a date, too. */
import { PyDate, PyTime, PyTimeDelta } from '../python/dates.ts'
import { PyDecimal, PyUuid } from '../python/numbers.ts'
import { PyFloat } from '../python/values.ts'

interface UserTypes {
  /** Internal types by the names of fields. */
  readonly kinds: ReadonlyMap<string, string>
  /** The primary key in its own type. */
  readonly key: unknown
}

/** Beside users and not in them, which go into responses as they are. */
const TYPES = new WeakMap<object, UserTypes>()

export function rememberTypes(user: object, kinds: ReadonlyMap<string, string>, key: unknown): void {
  TYPES.set(user, { kinds, key })
}

export function typesOf(user: object): UserTypes | undefined {
  return TYPES.get(user)
}

/** Whether PyJWT, which writes tokens with plain json, can write fields of this type; a char(32) may hold text. */
export function isJsonType(type: string | undefined): boolean {
  if (type === undefined || type === 'char(32)') return true
  return !PYTHON.has(type) && type !== 'DateTimeField' && type !== 'BinaryField'
}

/** The user as Python's json would see it: with dates, decimals and floats of Python, and `pk` in the key's own type. */
export function pythonUser(user: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const types = TYPES.get(user)
  if (types === undefined) return { ...user, pk: numberIfOne(user.pk) }
  const values = { ...user, pk: types.key }
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, pythonValue(types.kinds.get(name), value)]),
  )
}

/** Most keys are numbers, and of one from hooks.loadUser nothing else is known. */
function numberIfOne(pk: unknown): unknown {
  return typeof pk === 'string' && /^\d{1,15}$/.test(pk) ? Number(pk) : pk
}

function pythonValue(type: string | undefined, value: unknown): unknown {
  if (type === 'FloatField' && typeof value === 'number') return new PyFloat(value)
  const make = PYTHON.get(type ?? '')
  if (make === undefined || typeof value !== 'string') return value
  try {
    return make(value)
  } catch {
    // Text that the database had in place of a value of its type.
    return value
  }
}

const PYTHON: ReadonlyMap<string, (text: string) => unknown> = new Map<string, (text: string) => unknown>([
  ['DateField', (text) => new PyDate(...(text.split('-').map(Number) as [number, number, number]))],
  ['TimeField', () => new PyTime()],
  ['DurationField', () => new PyTimeDelta()],
  ['DecimalField', (text) => new PyDecimal(text)],
  ['UUIDField', (text) => new PyUuid(text)],
  ['char(32)', (text) => new PyUuid(text)],
])
