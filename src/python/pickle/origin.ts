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

/** For an object that was made just now. */
export function rememberOrigin(object: object, node: ObjectNode): void {
  if (!Object.isExtensible(object)) frozen.set(object, node)
  else if (Origin.of(object) === undefined) new Origin(object, node)
}

/** Undefined for an object that the program made itself. */
export function originNode(object: object): ObjectNode | undefined {
  return Origin.of(object) ?? frozen.get(object)
}
