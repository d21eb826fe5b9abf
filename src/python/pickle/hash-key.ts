/**
 * When Python takes two keys of a dict, or members of a set, for the same: `1`, `1.0` and `True` are one key, `"1"` is
 * another. Never takes two for the same that Python tells apart; of two dates or decimals that are equal and pickled
 * unlike it may not know.
 */
import { malformed } from './pickle-limits.ts'
import type { DictNode, FloatNode, PickleNode, SequenceNode } from './pickle-node.ts'

/** Keys of this side for nodes: texts apart from all others, which may be spelled like them. */
export class KeyIndex {
  readonly #texts = new Map<unknown, number>()
  readonly #others = new Map<unknown, number>()

  /** The place of an equal key seen before; otherwise remembers this one's. */
  placeOf(node: PickleNode, place: number): number | undefined {
    const isText = typeof node === 'string'
    const places = isText ? this.#texts : this.#others
    const key = isText ? node : hashKey(node)
    const known = places.get(key)
    if (known === undefined) places.set(key, place)
    return known
  }
}

function hashKey(node: PickleNode): unknown {
  if (typeof node === 'boolean') return Number(node)
  if (typeof node !== 'object' || node === null) return node
  switch (node.kind) {
    case 'float':
      return floatKey(node)
    case 'bytes':
      return `bytes ${Buffer.from(node.value).toString('latin1')}`
    case 'text':
      return `text ${Buffer.from(node.utf8).toString('latin1')}`
    case 'tuple':
      return tupleKey(node)
    case 'list':
    case 'dict':
    case 'set':
    case 'bytearray':
      throw malformed(`a ${node.kind} is no key`)
    default:
      return node
  }
}

function floatKey(node: FloatNode): unknown {
  const { value } = node
  // Not a number equals nothing, itself included.
  if (Number.isNaN(value)) return node
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? BigInt(value) : value
}

/** Tuples of what can be told by a text; any other is a key of its own. */
function tupleKey(node: SequenceNode): unknown {
  const keys = node.items.map((item) => (typeof item === 'string' ? JSON.stringify(item) : hashKey(item)))
  if (keys.some((key) => typeof key === 'object' && key !== null)) return node
  return `(${node.items.map((item, place) => itemKey(item, keys[place])).join(',')})`
}

function itemKey(item: PickleNode, key: unknown): string {
  // Texts are quoted already; what stands for bytes or a tuple must not read as two items.
  if (typeof item === 'string') return String(key)
  return typeof key === 'string' ? `:${JSON.stringify(key)}` : String(Object.is(key, -0) ? 0 : key)
}

/** Of equal keys the last value counts, at the first one's place, as in Python. */
export function withoutRepeats({ keys, values }: Pick<DictNode, 'keys' | 'values'>): void {
  const index = new KeyIndex()
  let kept = 0
  for (let place = 0; place < keys.length; place++) {
    const key = keys[place] ?? null
    const known = index.placeOf(key, kept)
    values[known ?? kept] = values[place] ?? null
    if (known === undefined) keys[kept++] = key
  }
  keys.length = kept
  values.length = kept
}

export function withoutRepeatedItems({ items }: SequenceNode): void {
  const index = new KeyIndex()
  const unique = items.filter((item, place) => index.placeOf(item, place) === undefined)
  if (unique.length < items.length) items.splice(0, items.length, ...unique)
}

export function areTexts(keys: readonly PickleNode[]): keys is readonly string[] {
  for (const key of keys) if (typeof key !== 'string') return false
  return true
}

/** A few comparisons cost less than a set. */
export function areDistinct(texts: readonly string[]): boolean {
  if (texts.length > FEW) return new Set(texts).size === texts.length
  for (let place = 1; place < texts.length; place++) if (texts.indexOf(texts[place] ?? '') < place) return false
  return true
}

const FEW = 8
