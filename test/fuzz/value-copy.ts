/** A value made again from its parts, so that nothing remembers the pickle that it came from. */
import { PyByteArray, PyDefaultDict, PyFrozenSet, PyOrderedDict, PyTuple } from '../../src/python/collections.ts'
import { PyDate, PyDateTime, PyTime, PyTimeDelta } from '../../src/python/dates.ts'
import { PyLazyText, PySafeString } from '../../src/python/django-text.ts'
import { setOwn } from '../../src/python/json-tree.ts'
import { PyComplex, PyDecimal, PyUuid } from '../../src/python/numbers.ts'
import { OrderedObject } from '../../src/python/ordered-object.ts'
import { childrenOf, isObjectNode, type PickleNode } from '../../src/python/pickle/pickle-node.ts'
import { PyTimeZone } from '../../src/python/time-zones.ts'
import { PyFloat } from '../../src/python/values.ts'

export function copyOf(value: unknown, made = new Map<object, unknown>()): unknown {
  if (typeof value !== 'object' || value === null) return value
  const known = made.get(value)
  if (known !== undefined) return known
  const fresh = copyObject(value, (inner) => copyOf(inner, made))
  made.set(value, fresh)
  return fresh
}

function copyObject(value: object, copy: (value: unknown) => unknown): unknown {
  const pair = ([key, item]: readonly [unknown, unknown]): [unknown, unknown] => [copy(key), copy(item)]
  if (Array.isArray(value)) return value.map(copy)
  if (value instanceof PyFloat) return new PyFloat(value.value)
  if (value instanceof PyTuple) return new PyTuple(value.items.map(copy))
  if (value instanceof PyFrozenSet) return new PyFrozenSet(Array.from(value, copy))
  if (value instanceof Set) return new Set(Array.from(value, copy))
  if (value instanceof PyOrderedDict) return new PyOrderedDict(Array.from(value, pair))
  if (value instanceof PyDefaultDict) return new PyDefaultDict(value.factory, Array.from(value, pair))
  if (value instanceof Map) return new Map(Array.from(value, pair))
  if (value instanceof OrderedObject) return value.map(copy)
  if (value instanceof PyByteArray) return PyByteArray.from(value)
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  if (value instanceof PyDate) return new PyDate(value.year, value.month, value.day)
  if (value instanceof PyTime) return new PyTime({ ...value, zone: copy(value.zone) as PyTimeZone | null })
  if (value instanceof PyDateTime) return new PyDateTime(copy(value.date) as PyDate, copy(value.time) as PyTime)
  if (value instanceof PyTimeDelta) return new PyTimeDelta(value.days, value.seconds, value.microseconds)
  if (value instanceof PyTimeZone) return zoneLike(value)
  if (value instanceof PyDecimal) return new PyDecimal(value.text)
  if (value instanceof PyComplex) return new PyComplex(value.real, value.imag)
  if (value instanceof PyUuid) return new PyUuid(value.text)
  if (value instanceof PySafeString) return new PySafeString(value.value)
  if (value instanceof PyLazyText) {
    return new PyLazyText(value.call, value.args.map(copy), copy(value.kwargs) as Record<string, unknown>)
  }
  const object = {}
  for (const [key, item] of Object.entries(value)) setOwn(object, key, copy(item))
  return object
}

function zoneLike({ kind, name, offsetSeconds, period }: PyTimeZone): PyTimeZone {
  if (kind === 'fixed') return PyTimeZone.fixed(offsetSeconds ?? 0, name)
  return kind === 'zoneinfo' ? PyTimeZone.zoneInfo(name ?? '') : PyTimeZone.pytz(name ?? '', offsetSeconds, period)
}

/**
 * Whether plain JavaScript can hold all of a value: not the order of keys like "10", nor both halves of a surrogate
 * pair as two characters. Both are kept only by remembering.
 */
export function isPlain(node: PickleNode, seen = new Set<PickleNode>()): boolean {
  if (!isObjectNode(node) || seen.has(node)) return true
  seen.add(node)
  if (node.kind === 'text') return false
  if (node.kind === 'dict' && node.keys.some((key) => typeof key === 'string' && /^\d+$/.test(key))) return false
  return childrenOf(node).every((child) => isPlain(child, seen))
}
