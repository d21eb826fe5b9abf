/**
 * Reads what Python's json module reads – no more and no less – into nodes that remember where they stood, so that
 * what nobody changed can be written back letter by letter.
 *
 * Beyond standard JSON it takes `NaN`, `Infinity` and `-Infinity`; integers end at Python's 4300 digits.
 * @see CPython Modules/_json.c, Lib/json/decoder.py
 */
import { SerializationError } from '../errors.ts'
import { needsOrder, OrderedObject } from './ordered-object.ts'
import { PyFloat } from './values.ts'

export type JsonNode = JsonScalar | JsonArray | JsonObject

interface Span {
  readonly start: number
  readonly end: number
}

export interface JsonScalar extends Span {
  /** `int` and `float` are two types in Python: `1` and `1.0`. */
  readonly kind: 'string' | 'int' | 'float' | 'constant'
  readonly value: string | number | bigint | boolean | null
}

export interface JsonArray extends Span {
  readonly kind: 'array'
  readonly items: readonly JsonNode[]
}

export interface JsonObject extends Span {
  readonly kind: 'object'
  /** In order of first appearance; of equal keys the last value counts. */
  readonly members: ReadonlyMap<string, JsonMember>
}

export interface JsonMember {
  /** The key as it is spelled, with its quotes. */
  readonly keyText: string
  readonly node: JsonNode
}

export interface JsonLimits {
  /** How deep arrays and objects may be nested. Default 500; Python's own limit is near 1000. */
  readonly depth?: number
  /** Digits of an integer. Default 4300, as sys.int_info.default_max_str_digits. */
  readonly digits?: number
  /** What becomes of an object with two equal keys. Default `last`: the last value counts, as in Python. */
  readonly repeatedKeys?: 'last' | 'refused'
}

export const DEFAULT_DEPTH = 500
const DEFAULT_DIGITS = 4300

/** @throws SerializationError for what Python's json.loads refuses, and beyond the limits */
export function parseJsonTree(text: string, limits: JsonLimits = {}): JsonNode {
  const maxDepth = limits.depth ?? DEFAULT_DEPTH
  const maxDigits = limits.digits ?? DEFAULT_DIGITS
  let position = 0

  function fail(): never {
    throw new SerializationError(`The text is not JSON as Python reads it, at character ${position}.`)
  }

  function skipSpace(): void {
    SPACE.lastIndex = position
    SPACE.test(text)
    position = SPACE.lastIndex
  }

  function match(pattern: RegExp): string | null {
    pattern.lastIndex = position
    const found = pattern.exec(text)
    if (found === null) return null
    position = pattern.lastIndex
    return found[0]
  }

  function value(depth: number): JsonNode {
    if (depth > maxDepth) throw new SerializationError(`The JSON is nested deeper than ${maxDepth} levels.`)
    const start = position
    const character = text.charAt(position)
    if (character === '{') return object(start, depth)
    if (character === '[') return array(start, depth)
    if (character === '"') {
      const spelled = match(STRING) ?? fail()
      return { kind: 'string', value: JSON.parse(spelled) as string, start, end: position }
    }
    const constant = match(CONSTANT)
    if (constant !== null) {
      const kind = constant in FLOATS ? 'float' : 'constant'
      return { kind, value: FLOATS[constant] ?? (CONSTANTS[constant] as boolean | null), start, end: position }
    }
    return number(start)
  }

  function number(start: number): JsonScalar {
    const spelled = match(NUMBER) ?? fail()
    if (/[.eE]/.test(spelled)) return { kind: 'float', value: Number(spelled), start, end: position }
    const digits = spelled.startsWith('-') ? spelled.length - 1 : spelled.length
    if (digits > maxDigits) throw new SerializationError(`An integer has more than ${maxDigits} digits.`)
    const safe = Number(spelled)
    // Python's -0 is the integer 0.
    return { kind: 'int', value: Number.isSafeInteger(safe) ? safe + 0 : BigInt(spelled), start, end: position }
  }

  function array(start: number, depth: number): JsonArray {
    const items: JsonNode[] = []
    position++
    skipSpace()
    if (text.charAt(position) === ']') return { kind: 'array', items, start, end: ++position }
    for (;;) {
      skipSpace()
      items.push(value(depth + 1))
      skipSpace()
      const next = text.charAt(position)
      if (next !== ',' && next !== ']') fail()
      position++
      if (next === ']') return { kind: 'array', items, start, end: position }
    }
  }

  function object(start: number, depth: number): JsonObject {
    const members = new Map<string, JsonMember>()
    position++
    skipSpace()
    if (text.charAt(position) === '}') return { kind: 'object', members, start, end: ++position }
    for (;;) {
      skipSpace()
      const keyText = match(STRING) ?? fail()
      skipSpace()
      if (text.charAt(position) !== ':') fail()
      position++
      skipSpace()
      const key = JSON.parse(keyText) as string
      if (limits.repeatedKeys === 'refused' && members.has(key)) {
        throw new SerializationError('An object of the JSON has a key twice.')
      }
      members.set(key, { keyText, node: value(depth + 1) })
      skipSpace()
      const next = text.charAt(position)
      if (next !== ',' && next !== '}') fail()
      position++
      if (next === '}') return { kind: 'object', members, start, end: position }
    }
  }

  skipSpace()
  const root = value(1)
  skipSpace()
  return position === text.length ? root : fail()
}

const SPACE = /[ \t\n\r]*/y
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const CONSTANT = /true|false|null|NaN|-?Infinity/y
const FLOATS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
}
const CONSTANTS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null }

/** The plain JavaScript value of a node, made anew. */
export function nodeValue(node: JsonNode): unknown {
  if (node.kind === 'array') return node.items.map(nodeValue)
  if (node.kind !== 'object') return node.value
  return objectOf(Array.from(node.members, ([key, member]) => [key, nodeValue(member.node)] as const))
}

/** As `nodeValue`, but floats as PyFloat where a number would be an int, and keys in their order where an object has another. */
export function exactNodeValue(node: JsonNode): unknown {
  if (node.kind === 'array') return node.items.map(exactNodeValue)
  if (node.kind === 'float') return new PyFloat(Number(node.value))
  if (node.kind !== 'object') return node.value
  return orderedObjectOf(Array.from(node.members, ([key, member]) => [key, exactNodeValue(member.node)] as const))
}

/** A plain object of these members. */
export function objectOf(entries: readonly (readonly [key: string, value: unknown])[]): object {
  const object = {}
  for (const [key, value] of entries) setOwn(object, key, value)
  return object
}

/** The same, for another format to write: an OrderedObject where a plain one would change the order. */
export function orderedObjectOf(entries: readonly (readonly [key: string, value: unknown])[]): object {
  return needsOrder(entries.map(([key]) => key)) ? new OrderedObject(entries) : objectOf(entries)
}

/** Sets a property also where its name is `__proto__`. */
export function setOwn(object: object, key: string, value: unknown): void {
  if (key !== '__proto__') (object as Record<string, unknown>)[key] = value
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
}
