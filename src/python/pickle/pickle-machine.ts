/** The stack, marks and memo of an unpickler, within limits. Mirrors CPython's UnpicklerObject. */
import { malformed, overLimit, type PickleLimits } from './pickle-limits.ts'
import {
  childrenOf,
  type DictNode,
  type InstanceNode,
  isObjectNode,
  type ObjectNode,
  type PickleNode,
  type SequenceNode,
} from './pickle-node.ts'

export class PickleMachine {
  readonly #limits: Required<PickleLimits>
  readonly #stack: PickleNode[] = []
  /** Heights of the stack; what lies below the last one is out of reach. */
  readonly #marks: number[] = []
  readonly #memo: PickleNode[] = []
  #memoized = 0
  #pushes = 0

  constructor(limits: Required<PickleLimits>) {
    this.#limits = limits
  }

  push(node: PickleNode): void {
    this.#count()
    this.#stack.push(node)
  }

  /** A value that was made by a call, from parts that the memo may give to any number of calls. */
  pushMade(node: PickleNode): void {
    this.#count(isObjectNode(node) ? copiedBy(node) : 0)
    this.push(node)
  }

  /** A value once more. */
  pushAgain(node: PickleNode): void {
    if (isObjectNode(node)) node.shared = true
    this.push(node)
  }

  mark(): void {
    this.#count()
    this.#marks.push(this.#stack.length)
  }

  pop(): PickleNode {
    const node = this.top()
    this.#stack.length--
    return node
  }

  top(): PickleNode {
    const node = this.#stack[this.#stack.length - 1]
    if (node === undefined || this.#stack.length === this.#floor()) throw malformed('its stack is empty')
    return node
  }

  /** Everything above the last mark, which goes as well. */
  popMark(): PickleNode[] {
    const mark = this.#marks.pop()
    if (mark === undefined) throw malformed('a mark is missing')
    return this.#stack.splice(mark)
  }

  /** Drops a value, or a mark with nothing above it. */
  discard(): void {
    if (this.#marks.length > 0 && this.#stack.length === this.#floor()) this.#marks.pop()
    else this.pop()
  }

  /** The last values, in the order in which they were pushed, as a tuple. */
  popTuple(length: number): SequenceNode {
    const items: PickleNode[] = []
    for (let left = length; left > 0; left--) items.unshift(this.pop())
    return { kind: 'tuple', items }
  }

  put(index: number): void {
    if (index >= this.#limits.memo) throw overLimit('entries of the memo')
    if (this.#memo[index] === undefined) this.#memoized++
    this.#memo[index] = this.top()
  }

  memoize(): void {
    this.put(this.#memoized)
  }

  get(index: number): void {
    const node = this.#memo[index]
    if (node === undefined) throw malformed('the memo has no such entry')
    this.pushAgain(node)
  }

  append(items: readonly PickleNode[]): void {
    const target = this.top()
    if (!isObjectNode(target) || (target.kind !== 'list' && target.kind !== 'instance')) {
      throw malformed('items are appended to what is no list')
    }
    for (const item of items) target.items.push(item)
  }

  addItems(items: readonly PickleNode[]): void {
    const target = this.top()
    if (!isObjectNode(target) || target.kind !== 'set') throw malformed('items are added to what is no set')
    for (const item of items) target.items.push(item)
  }

  /** @param pairs keys and values in turn */
  setItems(pairs: readonly PickleNode[]): void {
    const target = this.top()
    if (!isObjectNode(target) || (target.kind !== 'dict' && target.kind !== 'instance')) {
      throw malformed('items are set in what is no dict')
    }
    fillPairs(target, pairs)
  }

  build(): void {
    const state = this.pop()
    const target = this.top()
    if (!isObjectNode(target) || target.kind !== 'instance' || target.state !== undefined) {
      throw malformed('a state is given to what takes none')
    }
    const instance: InstanceNode = target
    instance.state = state
  }

  #floor(): number {
    return this.#marks[this.#marks.length - 1] ?? 0
  }

  #count(elements = 1): void {
    this.#pushes += elements
    if (this.#pushes > this.#limits.elements) throw overLimit('elements')
  }
}

const BYTES_PER_ELEMENT = 64

function copiedBy(node: ObjectNode): number {
  if (node.kind === 'bytes' || node.kind === 'bytearray') return Math.ceil(node.value.length / BYTES_PER_ELEMENT)
  return childrenOf(node).length
}

/** @param pairs keys and values in turn */
export function dictOf(pairs: readonly PickleNode[]): DictNode {
  const dict: DictNode = { kind: 'dict', keys: [], values: [] }
  fillPairs(dict, pairs)
  return dict
}

function fillPairs(
  target: { readonly keys: PickleNode[]; readonly values: PickleNode[] },
  pairs: readonly PickleNode[],
): void {
  if (pairs.length % 2 !== 0) throw malformed('a key has no value')
  for (let index = 0; index < pairs.length; index += 2) {
    target.keys.push(pairs[index] ?? null)
    target.values.push(pairs[index + 1] ?? null)
  }
}
