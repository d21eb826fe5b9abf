/**
 * Mirrors DjangoJSONEncoder of django/core/serializers/json.py: what plain JSON cannot hold and Django's encoder writes,
 * a datetime for one, as the plain value that it becomes.
 */
import { named, SerializationError } from '../errors.ts'
import { PyTuple } from './collections.ts'
import { PyDate, PyDateTime, PyTime, PyTimeDelta } from './dates.ts'
import { PySafeString } from './django-text.ts'
import { durationText } from './duration.ts'
import { floatRepr } from './float-repr.ts'
import { DEFAULT_DEPTH, objectOf, orderedObjectOf } from './json-tree.ts'
import { isPlainObject } from './json-writer.ts'
import { PyDecimal, PyUuid } from './numbers.ts'
import { OrderedObject } from './ordered-object.ts'
import { PyFloat } from './values.ts'

/**
 * @returns `value` itself wherever it is plain already; arrays and objects around what is not are copies
 * @throws SerializationError for what Django's encoder refuses, and for a zone whose offset is not known here
 */
export function plainForDjangoJson(value: unknown, levels: number = DEFAULT_DEPTH): unknown {
  if (typeof value !== 'object' || value === null || value instanceof PyFloat) return value
  if (levels === 0) throw new SerializationError(`JSON cannot hold nesting deeper than ${DEFAULT_DEPTH} levels.`)
  const plain = (item: unknown): unknown => plainForDjangoJson(item, levels - 1)
  if (Array.isArray(value)) return mapped(value, plain)
  if (value instanceof PyTuple) return value.items.map(plain)
  if (value instanceof OrderedObject) return value.map(plain)
  if (value instanceof Map) return orderedObjectOf(Array.from(value, ([key, item]) => [keyText(key), plain(item)]))
  const text = textOf(value)
  if (text !== undefined) return text
  return isPlainObject(value) ? mappedObject(value, plain) : value
}

function mapped(items: readonly unknown[], plain: (item: unknown) => unknown): readonly unknown[] {
  const copy = items.map(plain)
  return copy.every((item, index) => item === items[index]) ? items : copy
}

function mappedObject(object: object, plain: (item: unknown) => unknown): object {
  const entries = Object.entries(object)
  const copies = entries.map(([key, item]): [string, unknown] => [key, plain(item)])
  return copies.every(([, item], index) => item === entries[index]?.[1]) ? object : objectOf(copies)
}

/** @see CPython Lib/json/encoder.py _iterencode_dict */
function keyText(key: unknown): string {
  if (typeof key === 'string') return key
  if (key === null || typeof key === 'boolean' || typeof key === 'bigint') return String(key)
  if (key instanceof PyFloat) return floatRepr(key.value)
  if (typeof key === 'number') return Number.isSafeInteger(key) && !Object.is(key, -0) ? String(key) : floatRepr(key)
  if (key instanceof PySafeString) return key.value
  throw new SerializationError('JSON cannot hold a key that is neither text nor number.')
}

function textOf(value: object): string | undefined {
  if (value instanceof PyDateTime) return dateTimeText(value)
  if (value instanceof PyTime) return timeText(value)
  if (value instanceof PyTimeDelta) return durationText(microsecondsOf(value))
  if (value instanceof PyDate || value instanceof PyDecimal || value instanceof PyUuid) return value.toString()
  return value instanceof PySafeString ? value.value : undefined
}

/** Microseconds are cut to milliseconds, UTC is `Z`. */
function dateTimeText(moment: PyDateTime): string {
  const zone = moment.zone
  if (zone !== null && moment.offsetSeconds === null) {
    throw new SerializationError(`JSON cannot hold a time of a zone of ${named(zone.kind)} that Node does not know.`)
  }
  const text = moment.toString()
  const cut = moment.time.microsecond === 0 ? text : text.slice(0, 23) + text.slice(26)
  return cut.endsWith('+00:00') ? `${cut.slice(0, -6)}Z` : cut
}

function timeText(time: PyTime): string {
  if (time.zone !== null) throw new SerializationError('JSON cannot hold a time of day with a zone.')
  return time.toString().slice(0, 12)
}

/** As a whole: Python's days are below zero alone. */
function microsecondsOf({ days, seconds, microseconds }: PyTimeDelta): bigint {
  return (BigInt(days) * 86_400n + BigInt(seconds)) * 1_000_000n + BigInt(microseconds)
}
