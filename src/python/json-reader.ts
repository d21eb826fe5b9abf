/**
 * Python's json.loads: plain JavaScript, with integers beyond 2**53 as bigint and NaN and the infinities as numbers.
 * `JSON.parse` does the work wherever a look at the text proves that it loses nothing.
 */
import { SerializationError } from '../errors.ts'
import { DEFAULT_DEPTH, type JsonLimits, nodeValue, parseJsonTree } from './json-tree.ts'

/**
 * @param text text, not bytes; Django decodes a session's bytes as latin-1 first
 * @throws SerializationError for what Python refuses, and beyond the limits
 * @see CPython Lib/json/__init__.py loads
 */
export function parsePythonJson(text: string, limits: JsonLimits = {}): unknown {
  return parseQuickly(text, limits) ?? nodeValue(parseJsonTree(text, limits))
}

/** What `JSON.parse` makes of the text; undefined when it might lose something or refuses. */
export function parseQuickly(text: string, limits: JsonLimits = {}): unknown {
  if (limits.repeatedKeys === 'refused') return undefined
  if (NOT_LOSSLESS.test(text) || hasEscapedKey(text) || isTooDeep(text, limits.depth ?? DEFAULT_DEPTH)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** An integer that may pass 2**53, or a minus zero. The same signs inside a text only cost time. */
const NOT_LOSSLESS = /(?<![.\d])\d{16}|-0(?![.\deE])/

/**
 * Whether the key of an object may hold an escape: V8 of Node 24 and 26 then takes it for a key that stood in
 * its place in an object before. After `{"a":1,"\\":2}` it reads `{"a":1,"\u00e9":2}` as the former.
 * @see https://github.com/nodejs/node/issues/63785
 */
function hasEscapedKey(text: string): boolean {
  for (let index = text.indexOf('\\'); index >= 0; index = text.indexOf('\\', index)) {
    while (index < text.length && text.charCodeAt(index) !== QUOTE)
      index += text.charCodeAt(index) === BACKSLASH ? 2 : 1
    index = skipSpace(text, index + 1)
    if (text.charCodeAt(index) === COLON) return true
  }
  return false
}

function isTooDeep(text: string, maxDepth: number): boolean {
  // Each level has two signs at least.
  return text.length > 2 * maxDepth && depthOf(text) > maxDepth
}

function depthOf(text: string): number {
  let deepest = 0
  let depth = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === QUOTE) index = stringEnd(text, index) - 1
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) deepest = Math.max(deepest, ++depth)
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--
  }
  return deepest
}

/** One member of an object: its key, and its value as it is spelled. */
export interface SplitMember {
  readonly text: string
  /** The value, when it is known already. */
  readonly parsed?: unknown
}

/**
 * Splits the text of one object into its members, in order of first appearance, the last of equal keys counting; the
 * whole text is validated.
 * @throws SerializationError also for JSON that is no object
 */
export function splitPythonObject(text: string, limits: JsonLimits = {}): Map<string, SplitMember> {
  const parsed = parseQuickly(text, limits)
  if (parsed === undefined) return splitTree(text, limits)
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw notAnObject()
  const values = parsed as Record<string, unknown>
  const members = new Map<string, SplitMember>()
  let position = skipSpace(text, skipSpace(text, 0) + 1)
  while (text.charCodeAt(position) === QUOTE) {
    const keyEnd = stringEnd(text, position)
    const key = JSON.parse(text.slice(position, keyEnd)) as string
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1)
    const end = valueEnd(text, start)
    members.set(key, { text: text.slice(start, end), parsed: values[key] })
    // Past the comma or the closing brace.
    position = skipSpace(text, skipSpace(text, end) + 1)
  }
  return members
}

function splitTree(text: string, limits: JsonLimits): Map<string, SplitMember> {
  const root = parseJsonTree(text, limits)
  if (root.kind !== 'object') throw notAnObject()
  return new Map(Array.from(root.members, ([key, { node }]) => [key, { text: text.slice(node.start, node.end) }]))
}

function notAnObject(): SerializationError {
  return new SerializationError('The JSON is not an object.')
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const COMMA = 0x2c
const COLON = 0x3a

// What follows runs on text that is known to be JSON, or is found out not to be by JSON.parse.

function skipSpace(text: string, from: number): number {
  let index = from
  while (index < text.length && text.charCodeAt(index) <= 0x20) index++
  return index
}

/** Where the string that starts at a quote ends, behind its closing quote. */
function stringEnd(text: string, start: number): number {
  for (let end = start + 1; ; end++) {
    end = text.indexOf('"', end)
    if (end < 0) return text.length
    let slash = end - 1
    while (text.charCodeAt(slash) === BACKSLASH) slash--
    if ((end - slash) % 2 === 1) return end + 1
  }
}

function valueEnd(text: string, start: number): number {
  const first = text.charCodeAt(start)
  if (first === QUOTE) return stringEnd(text, start)
  const isContainer = first === OPEN_BRACE || first === OPEN_BRACKET
  let depth = 0
  for (let index = start; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === QUOTE) index = stringEnd(text, index) - 1
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      if (!isContainer) return index
      if (--depth === 0) return index + 1
    } else if (!isContainer && (code === COMMA || code <= 0x20)) return index
  }
  return text.length
}
