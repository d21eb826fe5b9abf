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
  sharedNode,
} from './pickle-node.ts'

/**
 * Mostly all that goes into a list or dict comes at once: it then gets arrays cut from the stack, of the right length,
 * which spares the room that growing ones keep.
 */
export class PickleMachine {
  readonly #limits: Required<PickleLimits>
  /** What lies from `#height` on is left over: to write over it costs less than to shorten an array. */
  readonly #stack: PickleNode[] = []
  #height = 0
  /** Heights of the stack; what lies below the last one, the floor, is out of reach. */
  readonly #marks: number[] = []
  /** Marks that are set. */
  #depth = 0
  #floor = 0
  readonly #memo: PickleNode[] = []
  #memoized = 0
  /** How many more may be made. */
  #elements: number

  constructor(limits: Required<PickleLimits>) {
    this.#limits = limits
    this.#elements = limits.elements
  }

  push(node: PickleNode): void {
    this.#count(1)
    this.#stack[this.#height++] = node
  }

  /** A value that was made by a call, from parts that the memo may give to any number of calls. */
  pushMade(node: PickleNode): void {
    this.#count(isObjectNode(node) ? copiedBy(node) : 0)
    this.push(node)
  }

  /** A value once more. */
  pushAgain(node: PickleNode): void {
    this.push(sharedNode(node))
  }

  mark(): void {
    this.#count(1)
    this.#marks[this.#depth++] = this.#height
    this.#floor = this.#height
  }

  pop(): PickleNode {
    const node = this.top()
    this.#height--
    return node
  }

  top(): PickleNode {
    const node = this.#height > this.#floor ? this.#stack[this.#height - 1] : undefined
    if (node === undefined) throw malformed('its stack is empty')
    return node
  }

  /** Everything above the last mark, which goes as well. */
  popMark(): PickleNode[] {
    return this.popLast(this.#unmark())
  }

  /** Everything above the last mark, keys and values in turn, as a dict. */
  popDict(): DictNode {
    const count = this.#unmark()
    const dict: DictNode = { kind: 'dict', keys: [], values: [], shared: false }
    this.#drop(count)
    this.#fill(dict, count)
    return dict
  }

  /** The last values, in the order in which they were pushed. */
  popLast(count: number): PickleNode[] {
    this.#drop(count)
    return this.#stack.slice(this.#height, this.#height + count)
  }

  /** Drops a value, or a mark with nothing above it. */
  discard(): void {
    if (this.#depth > 0 && this.#height === this.#floor) this.popMark()
    else this.pop()
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

  /** @param count of values that go to the list below them; without it, all above the last mark */
  append(count?: number): void {
    const items = this.popLast(count ?? this.#unmark())
    const target = this.top()
    if (fillOpaque(target, items, count === undefined ? { opcode: 0x65, isMarked: true } : { opcode: 0x61 })) return
    if (!isObjectNode(target) || (target.kind !== 'list' && target.kind !== 'instance')) {
      throw malformed('items are appended to what is no list')
    }
    fillItems(target, items)
  }

  addItems(): void {
    const items = this.popMark()
    const target = this.top()
    if (fillOpaque(target, items, { opcode: 0x90, isMarked: true })) return
    if (!isObjectNode(target) || target.kind !== 'set') throw malformed('items are added to what is no set')
    fillItems(target, items)
  }

  /** @param count of keys and values, in turn, that go to the dict below them; without it, all above the last mark */
  setItems(given?: number): void {
    const count = given ?? this.#unmark()
    this.#drop(count)
    const target = this.top()
    if (isObjectNode(target) && target.kind === 'opaque') {
      if (count % 2 !== 0) throw malformed('a key has no value')
      const pairs = this.#stack.slice(this.#height, this.#height + count)
      fillOpaque(target, pairs, given === undefined ? { opcode: 0x75, isMarked: true } : { opcode: 0x73 })
      return
    }
    if (!isObjectNode(target) || (target.kind !== 'dict' && target.kind !== 'instance')) {
      throw malformed('items are set in what is no dict')
    }
    this.#fill(target, count)
  }

  build(): void {
    const state = this.pop()
    const target = this.top()
    if (fillOpaque(target, [state], { opcode: 0x62 })) return
    if (!isObjectNode(target) || target.kind !== 'instance' || target.state !== undefined) {
      throw malformed('a state is given to what takes none')
    }
    const instance: InstanceNode = target
    instance.state = state
  }

  /** Takes the last mark away, and says how much is above it. */
  #unmark(): number {
    if (this.#depth === 0) throw malformed('a mark is missing')
    const count = this.#height - this.#floor
    this.#depth--
    this.#floor = this.#depth === 0 ? 0 : (this.#marks[this.#depth - 1] ?? 0)
    return count
  }

  #drop(count: number): void {
    if (this.#height - count < this.#floor) throw malformed('its stack is empty')
    this.#height -= count
  }

  /** Fills a dict with the keys and values, in turn, that were dropped just now. */
  #fill(target: Pick<DictNode, 'keys' | 'values'>, count: number): void {
    if (count % 2 !== 0) throw malformed('a key has no value')
    const known = target.keys.length
    if (known === 0) {
      target.keys = this.#stack.slice(this.#height, this.#height + count / 2)
      target.values = this.#stack.slice(this.#height, this.#height + count / 2)
    }
    const { keys, values } = target
    for (let place = known, at = this.#height; at < this.#height + count; place++, at += 2) {
      keys[place] = this.#stack[at] ?? null
      values[place] = this.#stack[at + 1] ?? null
    }
  }

  #count(elements: number): void {
    this.#elements -= elements
    if (this.#elements < 0) throw overLimit('elements')
  }
}

/** Of text or bytes that a call copies or looks through. */
const BYTES_PER_ELEMENT = 64

function copiedBy(node: ObjectNode): number {
  if (node.kind === 'opaque') return 0
  if (node.kind === 'bytes' || node.kind === 'bytearray') return Math.ceil(node.value.length / BYTES_PER_ELEMENT)
  return childrenOf(node).reduce((sum: number, child) => sum + 1 + lengthOf(child) / BYTES_PER_ELEMENT, 0)
}

function lengthOf(node: PickleNode): number {
  if (typeof node === 'string') return node.length
  return isObjectNode(node) && 'value' in node && typeof node.value !== 'number' ? node.value.length : 0
}

/** Whether it is an object that keeps what is put into it, and how. */
function fillOpaque(
  target: PickleNode,
  nodes: readonly PickleNode[],
  { opcode, isMarked = false }: { opcode: number; isMarked?: boolean },
): boolean {
  if (!isObjectNode(target) || target.kind !== 'opaque') return false
  target.fills.push({ opcode, isMarked, nodes })
  return true
}

function fillItems(target: Pick<SequenceNode, 'items'>, items: PickleNode[]): void {
  if (target.items.length === 0) target.items = items
  else for (const item of items) target.items.push(item)
}
