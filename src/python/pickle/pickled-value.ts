/** One value of a pickle as it was stored, which may share parts with others of the same pickle. */
import { nodeToValue } from './node-value.ts'
import { holdsOpaque } from './opaque.ts'
import type { PickleCodecs } from './pickle-codec.ts'
import type { PickleNode } from './pickle-node.ts'
import { isSameNode } from './same-node.ts'
import { ValueNodes } from './value-node.ts'

export class PickledValue {
  readonly node: PickleNode
  readonly #codecs: PickleCodecs

  constructor(node: PickleNode, codecs: PickleCodecs) {
    this.node = node
    this.#codecs = codecs
  }

  /** Whether `decode` throws, for a class that is not known; what stands here is only written back. */
  get isOpaque(): boolean {
    return holdsOpaque(this.node)
  }

  /** The value, made anew on every call. What it holds keeps its types wherever it is moved. */
  decode(): unknown {
    return nodeToValue(this.node, this.#codecs)
  }

  /** As `decode`, but with floats as PyFloat, for another format to write. */
  exact(): unknown {
    return nodeToValue(this.node, this.#codecs, 'PyFloat')
  }

  /** Whether writing `value` here would store the same again. */
  same(value: unknown): boolean {
    try {
      return isSameNode(new ValueNodes(this.#codecs).nodeOf(value, this.node), this.node)
    } catch {
      // What cannot be written differs, and writing it says why.
      return false
    }
  }
}
