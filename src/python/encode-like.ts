/**
 * Writes a changed value in the spelling of the text it came from: whatever stands unchanged under the same object
 * path, or in the common head or tail of an array, goes back letter by letter – `1.0`, `1e400`, key order, escapes.
 * Finding out whether anything changed and keeping what did not is one walk.
 */
import { floatRepr } from './float-repr.ts'
import { type JsonArray, type JsonNode, type JsonObject, type JsonScalar, parseJsonTree } from './json-tree.ts'
import {
  formatAt,
  formatPythonJson,
  formatPythonNumber,
  formatPythonString,
  plainEntries,
  within,
} from './json-writer.ts'
import { PyFloat } from './values.ts'

/**
 * @param source JSON text as Python wrote it
 * @returns `source` itself when `value` differs in nothing from what it reads as, else new text
 * @throws SerializationError for a value that JSON cannot hold
 */
export function encodeLike(source: string, value: unknown): string {
  if (typeof value === 'object' && value !== null && formatPythonJson(value) === source) return source
  const parents = new Set<object>()

  function write(node: JsonNode, item: unknown, path: readonly (string | number)[]): string {
    if (node.kind === 'array' && Array.isArray(item)) {
      return within(item, path, parents, () => writeArray(node, item, path))
    }
    if (node.kind === 'object' && isRecord(item)) {
      return within(item, path, parents, () => writeObject(node, item, path))
    }
    if (node.kind === 'array' || node.kind === 'object') return formatAt(item, path, parents)
    if (isEqual(node, item)) return source.slice(node.start, node.end)
    // A float stays a float: 1.0 + 1 is 2.0 in Python.
    return node.kind === 'float' && typeof item === 'number' ? floatRepr(item) : formatAt(item, path, parents)
  }

  function writeObject(node: JsonObject, item: object, path: readonly (string | number)[]): string {
    const entries = new Map(plainEntries(item, path))
    let isSame = entries.size === node.members.size
    const parts: string[] = []
    for (const [key, { keyText, node: child }] of node.members) {
      if (!entries.has(key)) {
        isSame = false
        continue
      }
      const text = write(child, entries.get(key), [...path, key])
      isSame &&= text === source.slice(child.start, child.end)
      parts.push(`${keyText}:${text}`)
      entries.delete(key)
    }
    if (isSame && entries.size === 0) return source.slice(node.start, node.end)
    for (const [key, added] of entries) {
      parts.push(`${formatPythonString(key)}:${formatAt(added, [...path, key], parents)}`)
    }
    return `{${parts.join(',')}}`
  }

  function writeArray(node: JsonArray, item: readonly unknown[], path: readonly (string | number)[]): string {
    const { items } = node
    const texts = new Array<string>(item.length)
    const shorter = Math.min(items.length, item.length)
    const keeps = (child: JsonNode | undefined, index: number): boolean => {
      if (child === undefined) return false
      const text = write(child, item[index], [...path, index])
      texts[index] = text
      return text === source.slice(child.start, child.end)
    }
    let head = 0
    while (head < shorter && keeps(items[head], head)) head++
    if (head === items.length && head === item.length) return source.slice(node.start, node.end)
    let tail = 0
    while (tail < shorter - head && keeps(items[items.length - 1 - tail], item.length - 1 - tail)) tail++
    // Between them, items of an array of the same length are taken for changed in place, others for new.
    for (let index = head; index < item.length - tail; index++) {
      const child = items.length === item.length ? items[index] : undefined
      texts[index] = child
        ? write(child, item[index], [...path, index])
        : formatAt(item[index], [...path, index], parents)
    }
    return `[${texts.join(',')}]`
  }

  return write(parseJsonTree(source), value, [])
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof PyFloat)
}

function isEqual(node: JsonScalar, value: unknown): boolean {
  if (value instanceof PyFloat) return node.kind === 'float' && Object.is(node.value, value.value)
  if (node.kind === 'float') return typeof value === 'number' && Object.is(node.value, value)
  if (node.kind === 'int' && typeof value === 'number') return formatPythonNumber(value) === String(node.value)
  return node.value === value
}
