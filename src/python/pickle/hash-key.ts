/**
 * When Python takes two keys of a dict, or members of a set, for the same: `1`, `1.0` and `True` are one key, `"1"` is
 * another. Never takes two for the same that Python tells apart; of two dates or decimals that are equal and pickled
 * unlike it may not know.
 */
import { malformed, overLimit } from './pickle-limits.ts'
import { type DictNode, isObjectNode, type ObjectNode, type PickleNode, type SequenceNode } from './pickle-node.ts'

/**
 * Numbers for keys, the same for equal ones. Each node is looked at once, and a tuple is told by the numbers of its
 * items: a pickle may have one long or wide key in any number of places.
 */
export class KeyIds {
  readonly #ofTexts = new Map<string, number>()
  /** Of all others, by what is equal for equal keys; a text here is spelled like no other kind's. */
  readonly #ofOthers = new Map<unknown, number>()
  readonly #ofNodes = new Map<ObjectNode, number>()
  #next = 0
  /** Digits of long ints that were spelled, each wherever it is a key: an int has no identity to remember it by. */
  #digits = 0

  /**
   * @param key nested no deeper than calls may be
   * @throws SerializationError for what is no key in Python
   */
  of(key: PickleNode): number {
    if (typeof key === 'string') return this.#numberOf(this.#ofTexts, key)
    if (!isObjectNode(key)) return this.#numberOf(this.#ofOthers, this.#scalarKey(key))
    const known = this.#ofNodes.get(key) ?? this.#numberOf(this.#ofOthers, this.#objectKey(key))
    this.#ofNodes.set(key, known)
    return known
  }

  #numberOf<T>(ids: Map<T, number>, key: T): number {
    const known = ids.get(key) ?? this.#next++
    ids.set(key, known)
    return known
  }

  #objectKey(node: ObjectNode): unknown {
    switch (node.kind) {
      case 'float':
        // Not a number equals nothing but itself.
        return Number.isNaN(node.value) ? node : this.#scalarKey(node.value)
      case 'bytes':
        return `bytes ${Buffer.from(node.value).toString('latin1')}`
      case 'text':
        return `text ${Buffer.from(node.utf8).toString('latin1')}`
      case 'tuple':
        return `tuple ${node.items.map((item) => this.of(item)).join()}`
      case 'list':
      case 'dict':
      case 'set':
      case 'bytearray':
        throw malformed(`a ${node.kind} is no key`)
      default:
        return node
    }
  }

  /** Ints that are no safe integers as text: Maps hash bigints by their last 64 bits alone. */
  #scalarKey(value: null | boolean | number | bigint): unknown {
    if (typeof value === 'boolean') return Number(value)
    if (typeof value === 'bigint') return this.#intKey(value)
    return Number.isInteger(value) && !Number.isSafeInteger(value) ? this.#intKey(BigInt(value ?? 0)) : value
  }

  #intKey(value: bigint): string {
    if (BigInt.asIntN(MOST_BITS, value) !== value) throw overLimit('digits of a key')
    const digits = value.toString(16)
    this.#digits += digits.length
    if (this.#digits > MAX_DIGITS) throw overLimit('digits of keys')
    return `int ${digits}`
  }
}

/** Of one key: about 1200 decimal digits. */
const MOST_BITS = 4096

/** Of all keys of a pickle, in hexadecimal. Ids of 64 bits would need 65,000 keys for it. */
const MAX_DIGITS = 1 << 20

/** Of equal keys the last value counts, at the first one's place, as in Python. */
export function withoutRepeats({ keys, values }: Pick<DictNode, 'keys' | 'values'>, ids: KeyIds = new KeyIds()): void {
  if (areTexts(keys) && areDistinct(keys)) return
  const places = new Map<number, number>()
  let kept = 0
  for (let place = 0; place < keys.length; place++) {
    const key = keys[place] ?? null
    const id = ids.of(key)
    const known = places.get(id)
    values[known ?? kept] = values[place] ?? null
    if (known !== undefined) continue
    places.set(id, kept)
    keys[kept++] = key
  }
  keys.length = kept
  values.length = kept
}

export function withoutRepeatedItems({ items }: SequenceNode, ids: KeyIds): void {
  const seen = new Set<number>()
  let kept = 0
  for (const item of items) {
    if (seen.size === seen.add(ids.of(item)).size) continue
    items[kept++] = item
  }
  items.length = kept
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
