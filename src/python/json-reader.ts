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
function parseQuickly(text: string, limits: JsonLimits): unknown {
  return isLossless(text) ? parseStructure(text, limits) : undefined
}

/** As `parseQuickly`, but numbers may not be what they were. */
function parseStructure(text: string, limits: JsonLimits): unknown {
  if (limits.repeatedKeys === 'refused' || hasEscapedKey(text)) return undefined
  if (limits.digits !== undefined && !isLossless(text)) return undefined
  if (hasManyDigits(text)) return undefined
  const maxDepth = limits.depth ?? DEFAULT_DEPTH
  try {
    const parsed: unknown = JSON.parse(text)
    return mayBeDeeper(text, maxDepth) && isDeeper(parsed, maxDepth) ? undefined : parsed
  } catch {
    return undefined
  }
}

/** Whether `JSON.parse` reads every number of the text as it is. Mere digits inside a text may only cost time. */
function isLossless(text: string): boolean {
  return !((MANY_DIGITS.test(text) || text.includes('-0')) && NOT_LOSSLESS.test(text))
}

const MANY_DIGITS = /\d{16}/
/** An integer that may pass 2**53, or a minus zero. */
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

/** Whether an integer may have more digits than Python reads: one so long fills a whole block. */
function hasManyDigits(text: string): boolean {
  for (let block = 0; block + DIGITS_BLOCK <= text.length; block += DIGITS_BLOCK) {
    let index = block
    while (isDigit(text.charCodeAt(index))) index++
    if (index - block >= DIGITS_BLOCK) return true
  }
  return false
}

/** Below half of what Python reads. */
const DIGITS_BLOCK = 2048

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** Whether there are as many signs that open something as so deep a nesting has. */
function mayBeDeeper(text: string, levels: number): boolean {
  let count = 0
  for (const sign of ['{', '[']) {
    for (let index = text.indexOf(sign); index >= 0; index = text.indexOf(sign, index + 1)) {
      if (++count > levels) return true
    }
  }
  return false
}

function isDeeper(value: unknown, levels: number): boolean {
  if (!isContainer(value)) return false
  if (levels === 0) return true
  if (Array.isArray(value)) {
    for (const item of value) if (isContainer(item) && isDeeper(item, levels - 1)) return true
    return false
  }
  for (const key in value) {
    const item = value[key as keyof typeof value] as unknown
    if (isContainer(item) && isDeeper(item, levels - 1)) return true
  }
  return false
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** One member of an object: its value as it is spelled. */
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
  const parsed = parseStructure(text, limits)
  if (parsed === undefined) return splitTree(text, limits)
  if (!isContainer(parsed) || Array.isArray(parsed)) throw notAnObject()
  const whole = new ParsedObject(text, parsed as Readonly<Record<string, unknown>>)
  const members = new Map<string, SplitMember>()
  for (const key of whole.keys()) members.set(key, new ParsedMember(whole, key))
  return members
}

/** An object's text and values; what is not asked for is not worked out. */
class ParsedObject {
  readonly values: Readonly<Record<string, unknown>>
  readonly #text: string
  #texts: ReadonlyMap<string, string> | undefined
  #isLossless: boolean | undefined

  constructor(text: string, values: Readonly<Record<string, unknown>>) {
    this.#text = text
    this.values = values
  }

  keys(): Iterable<string> {
    const keys = Object.keys(this.values)
    // JavaScript puts keys that look like an index first; without one the order is the text's.
    return keys[0] !== undefined && /^\d/.test(keys[0]) ? this.texts.keys() : keys
  }

  get texts(): ReadonlyMap<string, string> {
    this.#texts ??= memberTexts(this.#text)
    return this.#texts
  }

  get isLossless(): boolean {
    this.#isLossless ??= isLossless(this.#text)
    return this.#isLossless
  }
}

class ParsedMember implements SplitMember {
  readonly #whole: ParsedObject
  readonly #key: string

  constructor(whole: ParsedObject, key: string) {
    this.#whole = whole
    this.#key = key
  }

  get text(): string {
    return this.#whole.texts.get(this.#key) ?? ''
  }

  get parsed(): unknown {
    const value = this.#whole.values[this.#key]
    const holdsNumbers = typeof value === 'number' || typeof value === 'object'
    return holdsNumbers && !this.#whole.isLossless ? undefined : value
  }
}

/** The members of an object that `JSON.parse` has taken. */
function memberTexts(text: string): Map<string, string> {
  const texts = new Map<string, string>()
  let position = skipSpace(text, skipSpace(text, 0) + 1)
  while (text.charCodeAt(position) === QUOTE) {
    const keyEnd = stringEnd(text, position)
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1)
    const end = valueEnd(text, start)
    texts.set(JSON.parse(text.slice(position, keyEnd)) as string, text.slice(start, end))
    // Past the comma or the closing brace.
    position = skipSpace(text, skipSpace(text, end) + 1)
  }
  return texts
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
export function stringEnd(text: string, start: number): number {
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
