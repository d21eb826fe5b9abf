/** Which parts of a pickle come again: only they take a place in the memo. */
import { overLimit } from './pickle-limits.ts'
import { childrenOf, type GlobalNode, isObjectNode, type ObjectNode, type PickleNode } from './pickle-node.ts'

/** What stands for a part without a place. */
const ONCE = -1
const AGAIN = -2
/** Deeper, calls within calls would not be safe. Only objects that contain themselves are, by some ways through them. */
export const DEEPEST_WRITTEN = 2000

export class PickleMemo {
  /** The place of a part in the memo once it has one; before, whether it will come again. */
  readonly #parts = new Map<PickleNode, number>()
  /** One node for each class, whatever node names it. */
  #globals: Map<string, GlobalNode> | undefined
  #places = 0
  #depth = 0

  constructor(root: PickleNode) {
    if (!isFlat(root)) this.#visit(root)
  }

  /** The place of a part that was written before. */
  placeOf(node: PickleNode): number | undefined {
    if (this.#parts.size === 0 || !mayRepeat(node)) return undefined
    const place = this.#parts.get(this.#part(node)) ?? ONCE
    return place < 0 ? undefined : place
  }

  /** A place for a part that will come again; undefined for one that will not. */
  newPlace(node: PickleNode): number | undefined {
    if (this.#parts.size === 0 || !mayRepeat(node)) return undefined
    const part = this.#part(node)
    if (this.#parts.get(part) !== AGAIN) return undefined
    this.#parts.set(part, this.#places)
    return this.#places++
  }

  #visit(node: PickleNode): void {
    if (!mayRepeat(node)) {
      if (isObjectNode(node)) this.#visitInside(node)
      return
    }
    const part = this.#part(node)
    const known = this.#parts.get(part)
    if (known === undefined) {
      this.#parts.set(part, ONCE)
      if (isObjectNode(node)) this.#visitInside(node)
    } else if (known === ONCE) {
      this.#parts.set(part, AGAIN)
    }
  }

  #visitInside(node: ObjectNode): void {
    if (++this.#depth > DEEPEST_WRITTEN) throw overLimit('depth')
    this.#visitParts(node)
    this.#depth--
  }

  #visitParts(node: ObjectNode): void {
    if (node.kind === 'dict') {
      for (const key of node.keys) this.#visit(key)
      for (const value of node.values) this.#visit(value)
      return
    }
    if (node.kind === 'instance') this.#visit(node.of)
    for (const child of childrenOf(node)) this.#visit(child)
  }

  /** A text is told by its letters, a class by its name, anything else by itself. */
  #part(node: PickleNode): PickleNode {
    if (!isObjectNode(node) || node.kind !== 'global') return node
    // No module and no name has a line break.
    const spelled = `${node.module}\n${node.name}`
    this.#globals ??= new Map()
    const known = this.#globals.get(spelled)
    if (known === undefined) this.#globals.set(spelled, node)
    return known ?? node
  }
}

/** Up to so many values and letters it is not worth the search for texts that come twice. */
const FEW = 32
const SHORT = 256

/** Whether a dict holds a few numbers, short texts and the like alone, as most sessions do. */
function isFlat(root: PickleNode): boolean {
  if (!isObjectNode(root) || root.kind !== 'dict' || root.keys.length > FEW) return false
  return root.keys.every(isSmall) && root.values.every(isSmall)
}

function isSmall(node: PickleNode): boolean {
  return typeof node === 'string' ? node.length <= SHORT : !isObjectNode(node) || node.kind === 'float'
}

/** Most lists and dicts do not, which spares the search for them. */
function mayRepeat(node: PickleNode): boolean {
  if (typeof node === 'string') return true
  return isObjectNode(node) && (node.shared === true || node.kind === 'global')
}
