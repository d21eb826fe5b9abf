/** A float that is a whole value by itself: no container remembers that `1.0` was not `1`. */
import { parsePythonJson as parseJson } from './json-reader.ts'
import type { JsonLimits } from './json-tree.ts'
import { PyFloat } from './values.ts'

/**
 * Python's json.loads. A whole float that is the entire text, `1.0`, is a PyFloat, so that it is written as a float again.
 * @param text text, not bytes; Django decodes a session's bytes as latin-1 first
 * @throws SerializationError for what Python refuses, and beyond the limits
 * @see CPython Lib/json/__init__.py loads
 */
export function parsePythonJson(text: string, limits: JsonLimits = {}): unknown {
  const value = parseJson(text, limits)
  return typeof value === 'number' && /[.eE]/.test(text) ? loneFloat(value) : value
}

/** A PyFloat where the number alone would be written as an int. */
export function loneFloat(value: number): number | PyFloat {
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? new PyFloat(value) : value
}
