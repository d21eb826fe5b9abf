/** From nodes to JavaScript values. */
import { PyByteArray, PyFrozenSet, PyTuple } from '../collections.ts'
import { setOwn } from '../json-tree.ts'
import { PyFloat } from '../values.ts'
import { rememberOrigin } from './origin.ts'
import { type PickleCodecs, type PickledInstance, PyGlobal } from './pickle-codec.ts'
import { malformed } from './pickle-limits.ts'
import type { InstanceNode, ObjectNode, PickleNode } from './pickle-node.ts'

/** How floats come out: `2.0` of Python is `2` in JavaScript, and an int again where nothing else tells. */
export type FloatsAs = 'numbers' | 'PyFloat'

/**
 * The value of a node, made anew. One node gives one object, however often it stands in the value.
 * @throws SerializationError where a codec refuses an instance
 */
export function nodeToValue(root: PickleNode, codecs: PickleCodecs, floats: FloatsAs = 'numbers'): unknown {
  const made = new Map<ObjectNode, unknown>()
  return value(root)

  function value(node: PickleNode): unknown {
    if (typeof node !== 'object' || node === null) return node
    const known = node.shared ? made.get(node) : undefined
    if (known !== undefined) return known
    const fresh = make(node)
    if (node.shared) made.set(node, fresh)
    if (typeof fresh === 'object' && fresh !== null && !(fresh instanceof PyGlobal)) rememberOrigin(fresh, node)
    return fresh
  }

  function make(node: ObjectNode): unknown {
    switch (node.kind) {
      case 'float':
        return floats === 'PyFloat' ? new PyFloat(node.value) : node.value
      case 'text':
        return node.value
      case 'bytes':
        return Uint8Array.from(node.value)
      case 'bytearray':
        return PyByteArray.from(node.value)
      case 'list':
        return node.items.map(value)
      case 'tuple':
        return new PyTuple(node.items.map(value))
      case 'set':
        return new Set(distinct(node.items.map(value)))
      case 'frozenset':
        return new PyFrozenSet(distinct(node.items.map(value)))
      case 'dict':
        return dict(node.keys, node.values)
      case 'global':
        return new PyGlobal(node.module, node.name)
      case 'instance':
        return instance(node)
    }
  }

  /** An object where every key is a text, else a Map. */
  function dict(keys: readonly PickleNode[], values: readonly PickleNode[]): unknown {
    if (keys.every((key) => typeof key === 'string')) {
      const object = {}
      for (let index = 0; index < keys.length; index++)
        setOwn(object, String(keys[index]), value(values[index] ?? null))
      return object
    }
    return new Map(entries(keys, values))
  }

  function entries(keys: readonly PickleNode[], values: readonly PickleNode[]): [unknown, unknown][] {
    const places = distinct(keys.map(value))
    return places.map((key, index) => [key, value(values[index] ?? null)])
  }

  /** A codec is given numbers, whatever the value's floats come out as. */
  function argument(node: PickleNode): unknown {
    return typeof node === 'object' && node?.kind === 'float' ? node.value : value(node)
  }

  function instance(node: InstanceNode): unknown {
    const { of, made: how, kwargs, state } = node
    const pickled: PickledInstance = {
      of,
      made: how,
      args: node.args.map(argument),
      kwargs: (kwargs === undefined ? {} : value(kwargs)) as Readonly<Record<string, unknown>>,
      state: state === undefined ? undefined : value(state),
      items: node.items.map(value),
      entries: entries(node.keys, node.values),
    }
    try {
      return codecs.of(of).decode(pickled)
    } catch {
      throw malformed(`an instance of ${of.name} cannot be read`)
    }
  }
}

/** Keys that Python tells apart and JavaScript does not: two NaN, or text with the halves of a pair as characters. */
function distinct(keys: readonly unknown[]): readonly unknown[] {
  if (new Set(keys).size < keys.length) throw malformed('two keys are one in JavaScript')
  return keys
}
