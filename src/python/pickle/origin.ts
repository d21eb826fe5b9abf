/**
 * What an object was made of when it was handed out. It stands in a private field that is put on the object itself,
 * where nobody sees it and which costs a twentieth of a WeakMap's entry; what is frozen takes none and is in a WeakMap.
 */
import type { ObjectNode } from './pickle-node.ts'

/** Gives back what it is given, so that a subclass puts its fields on that. */
class Given {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: it is what this class is for
    return object
  }
}

class Origin extends Given {
  #node: ObjectNode

  constructor(object: object, node: ObjectNode) {
    super(object)
    this.#node = node
  }

  static of(object: object): ObjectNode | undefined {
    return #node in object ? object.#node : undefined
  }
}

const frozen = new WeakMap<object, ObjectNode>()

/** @param object made just now: it takes fields, and has no origin yet */
export function rememberNew<T extends object>(object: T, node: ObjectNode): T {
  new Origin(object, node)
  return object
}

/** @param value what a codec gave, which may be no object, frozen, or known already */
export function rememberOrigin<T>(value: T, node: ObjectNode): T {
  if (typeof value !== 'object' || value === null) return value
  if (!Object.isExtensible(value)) frozen.set(value, node)
  else if (Origin.of(value) === undefined) rememberNew(value, node)
  return value
}

/** Undefined for an object that the program made itself. */
export function originNode(object: object): ObjectNode | undefined {
  return Origin.of(object) ?? frozen.get(object)
}
