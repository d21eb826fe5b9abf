/** Which parts of a pickle come again: only they take a place in the memo. */
import { childrenOf, type GlobalNode, isObjectNode, type PickleNode, pathOf } from './pickle-node.ts'

export class PickleMemo {
  readonly #repeated = new Set<PickleNode>()
  readonly #places = new Map<PickleNode, number>()
  /** One node for each class, whatever node names it. */
  readonly #globals = new Map<string, GlobalNode>()

  constructor(root: PickleNode) {
    this.#visit(root, new Set())
  }

  /** The place of a part that was written before. */
  placeOf(node: PickleNode): number | undefined {
    return this.#places.get(this.#part(node))
  }

  /** A place for a part that will come again; undefined for one that will not. */
  newPlace(node: PickleNode): number | undefined {
    const part = this.#part(node)
    if (!this.#repeated.has(part)) return undefined
    this.#places.set(part, this.#places.size)
    return this.#places.size - 1
  }

  #visit(node: PickleNode, seen: Set<PickleNode>): void {
    if (typeof node !== 'string' && !isObjectNode(node)) return
    const part = this.#part(node)
    if (seen.has(part)) {
      this.#repeated.add(part)
      return
    }
    seen.add(part)
    if (!isObjectNode(node)) return
    if (node.kind === 'instance') this.#visit(node.of, seen)
    if (node.kind === 'dict') {
      for (const key of node.keys) this.#visit(key, seen)
      for (const value of node.values) this.#visit(value, seen)
    } else {
      for (const child of childrenOf(node)) this.#visit(child, seen)
    }
  }

  /** A text is told by its letters, a class by its name, anything else by itself. */
  #part(node: PickleNode): PickleNode {
    if (!isObjectNode(node) || node.kind !== 'global') return node
    const path = pathOf(node)
    const known = this.#globals.get(path)
    if (known === undefined) this.#globals.set(path, node)
    return known ?? node
  }
}
