/**
 * A pickle's content as Python has it, with types, order and sharing: one node object is one Python object, and stands
 * wherever that stands. None, bool, str and int are their JavaScript values; whatever needs more is an object.
 */

export type PickleNode =
  | null
  | boolean
  | string
  /** An int that is a safe integer. */
  | number
  /** Any other int. */
  | bigint
  | FloatNode
  | TextNode
  | BytesNode
  | SequenceNode
  | DictNode
  | GlobalNode
  | InstanceNode
  | OpaqueNode

interface Shareable {
  /** Whether it may stand in more places than one. Where this is not true, it does not. */
  shared?: boolean
}

export interface FloatNode extends Shareable {
  readonly kind: 'float'
  readonly value: number
  /** The eight bytes of a NaN, whose payload a JavaScript number need not keep. */
  readonly bits?: Uint8Array
}

/** A str that JavaScript text cannot tell from another: with both halves of a surrogate pair as two characters. */
export interface TextNode extends Shareable {
  readonly kind: 'text'
  readonly value: string
  /** As pickled: UTF-8, surrogates included. */
  readonly utf8: Uint8Array
}

export interface BytesNode extends Shareable {
  readonly kind: 'bytes' | 'bytearray'
  readonly value: Uint8Array
}

export interface SequenceNode extends Shareable {
  readonly kind: 'list' | 'tuple' | 'set' | 'frozenset'
  items: PickleNode[]
}

export interface DictNode extends Shareable {
  readonly kind: 'dict'
  /** In order; keys and values of the same length. */
  keys: PickleNode[]
  values: PickleNode[]
}

export interface ClassName {
  readonly module: string
  /** Qualified: `Order.Status` for a class inside a class. */
  readonly name: string
}

/** A class or function by its name. It is looked up nowhere. */
export interface GlobalNode extends Shareable, ClassName {
  readonly kind: 'global'
  /** Whether it is not on the list: it came with a stored value, and goes back with it and nowhere else. */
  readonly unknown?: true
}

/** An object of an allowed class: how to make it, and what is put into it then. */
export interface InstanceNode extends Shareable {
  readonly kind: 'instance'
  readonly of: GlobalNode
  /** Whether `of` is called with the arguments, or its `__new__` is. */
  readonly made: 'reduce' | 'newobj'
  readonly args: readonly PickleNode[]
  /** Keyword arguments; only NEWOBJ_EX has them. */
  readonly kwargs?: DictNode
  /** For `__setstate__` or `__dict__`. */
  state?: PickleNode
  /** What is appended to a subclass of list. */
  items: PickleNode[]
  /** What is set in a subclass of dict. */
  keys: PickleNode[]
  values: PickleNode[]
}

/**
 * An object of a class that is not known here, as the steps in which Python makes it. None of them is taken here: they
 * are kept and written back.
 */
export interface OpaqueNode extends Shareable {
  readonly kind: 'opaque'
  /** The opcode that makes it; `obj` is INST and OBJ. */
  readonly made: InstanceNode['made'] | 'obj'
  /** What is called. */
  readonly of: PickleNode
  readonly args: SequenceNode
  /** Keyword arguments; only NEWOBJ_EX has them. */
  readonly kwargs?: PickleNode
  /** What is put into it then, in order. */
  readonly fills: OpaqueFill[]
}

/** APPEND, APPENDS, SETITEM, SETITEMS, ADDITEMS or BUILD, with what it takes from the stack. */
export interface OpaqueFill {
  readonly opcode: number
  readonly isMarked: boolean
  readonly nodes: readonly PickleNode[]
}

export type ObjectNode = Exclude<PickleNode, null | boolean | string | number | bigint>

export function isObjectNode(node: PickleNode | undefined): node is ObjectNode {
  return typeof node === 'object' && node !== null
}

/** A node for one more place. */
export function sharedNode(node: PickleNode): PickleNode {
  if (isObjectNode(node)) node.shared = true
  return node
}

/** The dotted path of a class or function. */
export function pathOf(global: ClassName): string {
  return `${global.module}.${global.name}`
}

/** Every node directly inside another, in the order in which they are written. */
export function childrenOf(node: ObjectNode): readonly PickleNode[] {
  switch (node.kind) {
    case 'list':
    case 'tuple':
    case 'set':
    case 'frozenset':
      return node.items
    case 'dict':
      return [...node.keys, ...node.values]
    case 'instance':
      return [
        ...node.args,
        ...(node.kwargs === undefined ? [] : [node.kwargs]),
        ...node.items,
        ...node.keys,
        ...node.values,
        ...(node.state === undefined ? [] : [node.state]),
      ]
    case 'opaque':
      return [
        node.of,
        node.args,
        ...(node.kwargs === undefined ? [] : [node.kwargs]),
        ...node.fills.flatMap(({ nodes }) => nodes),
      ]
    default:
      return []
  }
}
