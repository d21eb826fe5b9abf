/**
 * Writes a changed value in the spelling of the text it came from: whatever an equal value stands for goes back letter
 * by letter – `1.0`, `1e400`, key order, escapes.
 *
 * An array or object that was handed out keeps its spelling wherever it was moved. Anything else is compared with what
 * stood in its place: under the same key of an object; in an array, in the common head and tail, and between them at
 * the same index if the length is the same.
 */
import { floatRepr } from './float-repr.ts'
import type { JsonMember, JsonNode, JsonScalar } from './json-tree.ts'
import {
  formatAt,
  formatPythonJson,
  formatPythonNumber,
  formatPythonString,
  formatQuickly,
  isPlainObject,
  plainEntries,
  within,
} from './json-writer.ts'
import { hasOrigin, isContainer, originOf, type Spelled, SpelledText } from './origins.ts'
import { PyFloat } from './values.ts'

/**
 * @param source JSON text as Python wrote it
 * @returns `source` itself when `value` differs in nothing from what it reads as, else new text
 * @throws SerializationError for a value that JSON cannot hold
 */
export function encodeLike(source: string, value: unknown): string {
  return encodeInPlaceOf(new SpelledText({ text: source }), value)
}

/** As `encodeLike`, for a text whose nodes may be known already. */
export function encodeInPlaceOf(source: SpelledText, value: unknown): string {
  return isFormatOf(source.text, value) ? source.text : spell(value, source.root)
}

/** A value that stands where nothing stood; what was handed out elsewhere keeps its spelling in it. */
export function encodeNew(value: unknown): string {
  return formatQuickly(value, hasOrigin) ?? spell(value, undefined)
}

/** Whether writing `value` in the place of `source` would write the same text again. */
export function isUnchanged(source: SpelledText, value: unknown): boolean {
  return isFormatOf(source.text, value) || isSame(source.root, value)
}

/** The quick answer for what is spelled as this side spells it. */
function isFormatOf(text: string, value: unknown): boolean {
  if (!isContainer(value)) return false
  try {
    return formatPythonJson(value) === text
  } catch {
    // What cannot be written differs, and writing it says why.
    return false
  }
}

type Path = readonly (string | number)[]

function spell(root: unknown, source: Spelled | undefined): string {
  const parents = new Set<object>()
  return write(root, source, [])

  /** @param near what stood in the place of `item` */
  function write(item: unknown, near: Spelled | undefined, path: Path): string {
    if (!isContainer(item)) return writeScalar(item, near, path)
    const like = originOf(item) ?? near
    return within(item, path, parents, () =>
      Array.isArray(item) ? writeArray(item, like, path) : writeObject(item, like, path),
    )
  }

  function writeScalar(item: unknown, like: Spelled | undefined, path: Path): string {
    if (like === undefined || !isScalar(like.node)) return formatAt(item, path, parents)
    if (isEqual(like.node, item)) return spelling(like)
    // A float stays a float: 1.0 + 1 is 2.0 in Python.
    return like.node.kind === 'float' && typeof item === 'number' ? floatRepr(item) : formatAt(item, path, parents)
  }

  function writeObject(item: object, like: Spelled | undefined, path: Path): string {
    const entries = new Map(plainEntries(item, path))
    const known = like?.node.kind === 'object' ? like.node.members : NO_MEMBERS
    let isSame = like?.node.kind === 'object' && entries.size === known.size
    const parts: string[] = []
    for (const [key, { keyText, node }] of known) {
      if (!entries.has(key)) {
        isSame = false
        continue
      }
      const before = { text: like?.text ?? '', node }
      const text = write(entries.get(key), before, [...path, key])
      isSame &&= text === spelling(before)
      parts.push(`${keyText}:${text}`)
      entries.delete(key)
    }
    if (isSame && like !== undefined) return spelling(like)
    for (const [key, added] of entries) {
      parts.push(`${formatPythonString(key)}:${write(added, undefined, [...path, key])}`)
    }
    return `{${parts.join(',')}}`
  }

  function writeArray(items: readonly unknown[], like: Spelled | undefined, path: Path): string {
    const writeAt = (index: number, near: Spelled | undefined): string => write(items[index], near, [...path, index])
    if (like?.node.kind !== 'array') return `[${Array.from(items, (_, index) => writeAt(index, undefined)).join(',')}]`
    const { text, node } = like
    const { head, tail } = commonEnds(text, node.items, items)
    if (head === items.length && head === node.items.length) return spelling(like)

    const changed = node.items.slice(head, node.items.length - tail)
    const takeScalar = scalarsOf(text, changed)
    const isPaired = node.items.length === items.length
    const parts = Array.from(items, (item, index) => {
      const fromEnd = items.length - index
      if (index < head) return spelling({ text, node: node.items[index] ?? node })
      if (fromEnd <= tail) return spelling({ text, node: node.items[node.items.length - fromEnd] ?? node })
      const moved = takeScalar(item)
      if (moved !== undefined) return moved
      const paired = isPaired ? node.items[index] : undefined
      return writeAt(index, paired && { text, node: paired })
    })
    return `[${parts.join(',')}]`
  }
}

const NO_MEMBERS: ReadonlyMap<string, JsonMember> = new Map()

/** How many items at the head, and then at the tail, are what they were. */
function commonEnds(text: string, before: readonly JsonNode[], after: readonly unknown[]) {
  const shorter = Math.min(before.length, after.length)
  const matches = (node: JsonNode | undefined, item: unknown): boolean =>
    node !== undefined && isSame({ text, node }, item)
  let head = 0
  while (head < shorter && matches(before[head], after[head])) head++
  let tail = 0
  while (tail < shorter - head && matches(before[before.length - 1 - tail], after[after.length - 1 - tail])) tail++
  return { head, tail }
}

/** Numbers and texts that were moved within an array: each spelling is given once, in order. */
function scalarsOf(text: string, nodes: readonly JsonNode[]): (item: unknown) => string | undefined {
  const byValue = new Map<unknown, JsonScalar[]>()
  for (const node of nodes) {
    if (!isScalar(node)) continue
    const known = byValue.get(node.value)
    if (known === undefined) byValue.set(node.value, [node])
    else known.push(node)
  }
  return (item) => {
    const known = byValue.get(item instanceof PyFloat ? item.value : item)
    const place = known?.findIndex((node) => isEqual(node, item)) ?? -1
    const [node] = place < 0 ? [] : (known?.splice(place, 1) ?? [])
    return node && spelling({ text, node })
  }
}

function isSame({ text, node }: Spelled, item: unknown): boolean {
  if (!isContainer(item)) return isScalar(node) && isEqual(node, item)
  const origin = originOf(item)
  // Of two that changed places, equal here, one may be 1 and one 1.0 in Python.
  const isElsewhere = origin !== undefined && origin.text === text && origin.node !== node
  if (isElsewhere && spelling(origin) !== spelling({ text, node })) return false
  if (node.kind === 'array') {
    if (!Array.isArray(item) || item.length !== node.items.length) return false
    return node.items.every((child, index) => isSame({ text, node: child }, item[index]))
  }
  if (node.kind !== 'object' || Array.isArray(item) || !isPlainObject(item)) return false
  const entries = plainEntries(item, [])
  return entries.length === node.members.size && entries.every(([key, value]) => isSameMember(text, node, key, value))
}

function isSameMember(
  text: string,
  { members }: { readonly members: ReadonlyMap<string, JsonMember> },
  key: string,
  value: unknown,
): boolean {
  const member = members.get(key)
  return member !== undefined && isSame({ text, node: member.node }, value)
}

function isEqual(node: JsonScalar, value: unknown): boolean {
  if (value instanceof PyFloat) return node.kind === 'float' && Object.is(node.value, value.value)
  if (node.kind === 'float') return typeof value === 'number' && Object.is(node.value, value)
  if (node.kind === 'int' && typeof value === 'number') return formatPythonNumber(value) === String(node.value)
  return node.value === value
}

function spelling({ text, node }: Spelled): string {
  return text.slice(node.start, node.end)
}

function isScalar(node: JsonNode): node is JsonScalar {
  return node.kind !== 'array' && node.kind !== 'object'
}
