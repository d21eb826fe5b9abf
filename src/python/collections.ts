/** Python's containers that plain JavaScript has no two of: a tuple is no list, a frozenset no set. */

/** `tuple`: its items do not change, though what is inside one may. */
export class PyTuple<T = unknown> implements Iterable<T> {
  readonly items: readonly T[]

  constructor(items: Iterable<T> = []) {
    this.items = Object.freeze(Array.from(items))
    Object.freeze(this)
  }

  get length(): number {
    return this.items.length
  }

  at(index: number): T | undefined {
    return this.items.at(index)
  }

  [Symbol.iterator](): Iterator<T> {
    return this.items[Symbol.iterator]()
  }

  toJSON(): readonly T[] {
    return this.items
  }
}

/** A tuple of these items, as Python's `(1, 2)`. */
export function tuple<T>(...items: readonly T[]): PyTuple<T> {
  return new PyTuple(items)
}

/** `frozenset`. */
export class PyFrozenSet<T = unknown> extends Set<T> {}

/** `bytearray`; a plain Uint8Array is `bytes`. */
export class PyByteArray extends Uint8Array {}

/** `collections.OrderedDict`. */
export class PyOrderedDict<K = unknown, V = unknown> extends Map<K, V> {}

/** `collections.Counter`: how often each of its keys was counted. */
export class PyCounter<K = unknown> extends Map<K, number | bigint> {}

/** What makes the missing values of a defaultdict in Python; nothing is made here. */
export type DefaultFactory =
  | 'bool'
  | 'dict'
  | 'float'
  | 'int'
  | 'list'
  | 'object'
  | 'set'
  | 'frozenset'
  | 'str'
  | 'tuple'

/** `collections.defaultdict`. */
export class PyDefaultDict<K = unknown, V = unknown> extends Map<K, V> {
  readonly factory: DefaultFactory | null

  constructor(factory: DefaultFactory | null, entries: Iterable<readonly [K, V]> = []) {
    super(entries)
    this.factory = factory
  }
}
