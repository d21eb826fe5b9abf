/**
 * Python's json.dumps(value, separators=(',', ':')): compact, ASCII only, floats as Python spells them.
 *
 * Numbers that are safe integers are written as integers, all others as floats; `float(2)` writes `2.0`, a bigint an
 * integer of any size. Only plain objects, arrays and scalars can be written.
 */
import { named, SerializationError } from '../errors.ts'
import { floatRepr } from './float-repr.ts'
import { DEFAULT_DEPTH } from './json-tree.ts'
import { OrderedObject } from './ordered-object.ts'
import { PyFloat } from './values.ts'

/** @throws SerializationError naming the place and type of what JSON cannot hold */
export function formatPythonJson(value: unknown): string {
  return formatQuickly(value, NEVER) ?? formatAt(value, [], new Set())
}

/**
 * What `JSON.stringify` makes of a value that it spells as Python does; undefined for any other, and for one that
 * cannot be written.
 * @param isRefused whether an array or object inside must not be written so
 */
export function formatQuickly(value: unknown, isRefused: (container: object) => boolean): string | undefined {
  return isSpelledAlike(value, DEFAULT_DEPTH, isRefused) ? asciiOnly(JSON.stringify(value)) : undefined
}

const NEVER = (): boolean => false

function isSpelledAlike(value: unknown, levels: number, isRefused: (container: object) => boolean): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true
  if (typeof value === 'number') return isNumberSpelledAlike(value)
  if (typeof value !== 'object' || levels === 0 || isRefused(value)) return false
  if (Array.isArray(value)) {
    // By index, which meets the gaps too.
    for (let index = 0; index < value.length; index++) {
      if (!isSpelledAlike(value[index], levels - 1, isRefused)) return false
    }
    return true
  }
  if (!isPlainObject(value)) return false
  for (const key of Object.keys(value)) {
    if (!isSpelledAlike((value as Readonly<Record<string, unknown>>)[key], levels - 1, isRefused)) return false
  }
  return true
}

/** Integers, and floats that neither side writes with an exponent. */
function isNumberSpelledAlike(value: number): boolean {
  if (Number.isInteger(value)) return Number.isSafeInteger(value) && !Object.is(value, -0)
  const size = Math.abs(value)
  return size >= 1e-4 && size < 1e16
}

/** An object from the texts of its members, in their order – which a JavaScript object would not keep for `"10"`. */
export function formatPythonMembers(members: Iterable<readonly [key: string, text: string]>): string {
  return `{${Array.from(members, ([key, text]) => `${formatPythonString(key)}:${text}`).join(',')}}`
}

/** As `formatPythonJson`, somewhere inside a larger value: `path` and `parents` lead there. */
export function formatAt(value: unknown, path: readonly (string | number)[], parents: Set<object>): string {
  if (typeof value === 'string') return formatPythonString(value)
  if (typeof value === 'number') return formatPythonNumber(value)
  if (value === null) return 'null'
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (value instanceof PyFloat) return floatRepr(value.value)
  if (typeof value !== 'object') throw notWritable(typeof value, path)
  return within(value, path, parents, () => {
    if (Array.isArray(value)) {
      return `[${Array.from(value, (item, index) => formatAt(item, [...path, index], parents)).join(',')}]`
    }
    const members = plainEntries(value, path).map(
      ([key, item]) => `${formatPythonString(key)}:${formatAt(item, [...path, key], parents)}`,
    )
    return `{${members.join(',')}}`
  })
}

/** Runs `write` inside `container`, refusing one that contains itself or is nested too deep. */
export function within(
  container: object,
  path: readonly (string | number)[],
  parents: Set<object>,
  write: () => string,
): string {
  if (parents.has(container)) throw notWritable('a value that contains itself', path)
  if (parents.size >= DEFAULT_DEPTH) throw notWritable(`nesting deeper than ${DEFAULT_DEPTH} levels`, [])
  parents.add(container)
  const text = write()
  parents.delete(container)
  return text
}

/** The members to write of a plain object; those that are undefined are left out. */
export function plainEntries(
  value: object,
  path: readonly (string | number)[],
): readonly (readonly [string, unknown])[] {
  if (value instanceof OrderedObject) return value.entries
  if (!isPlainObject(value)) throw notWritable(className(value), path)
  return Object.entries(value).filter(([, item]) => item !== undefined)
}

export function formatPythonNumber(value: number): string {
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : floatRepr(value)
}

/** @see CPython Modules/_json.c ascii_escape_unicode */
export function formatPythonString(value: string): string {
  // JSON.stringify escapes quotes, backslashes, controls and lone surrogates as Python does.
  return asciiOnly(JSON.stringify(value))
}

function asciiOnly(json: string): string {
  return json.replace(NOT_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

const NOT_ASCII = /[\u007f-\uffff]/g

/** Also one of another realm, such as a test runner's, and one without a prototype. */
export function isPlainObject(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value)
  return prototype === null || (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf'))
}

function className(value: object): string {
  const name: unknown = value.constructor?.name
  return typeof name === 'string' && name !== '' ? named(name) : 'a class instance'
}

function notWritable(what: string, path: readonly (string | number)[]): SerializationError {
  // Keys that look like names are the program's; others, an address for one, are somebody's data.
  const steps = path.map((step) => (typeof step === 'number' ? String(step) : named(step)))
  const place = path.length === 0 ? '' : ` at ${steps.join('.')}`
  return new SerializationError(`JSON cannot hold ${what}${place}.`)
}
