/** From nodes to JavaScript values. */

import { PickleForbidden } from '../../errors.ts'
import { synchronous } from '../../unheard.ts'
import { PyByteArray, PyFrozenSet, PyTuple } from '../collections.ts'
import { orderedObjectOf, setOwn } from '../json-tree.ts'
import { PyFloat } from '../values.ts'
import { areTexts } from './hash-key.ts'
import { forbiddenIn } from './opaque.ts'
import { rememberNew, rememberOrigin } from './origin.ts'
import { type PickleCodecs, type PickledInstance, PyGlobal } from './pickle-codec.ts'
import { malformed, overLimit } from './pickle-limits.ts'
import type { FloatNode, InstanceNode, ObjectNode, PickleNode } from './pickle-node.ts'

/** How floats come out: `2.0` of Python is `2` in JavaScript, and an int again where nothing else tells. */
export type FloatsAs = 'numbers' | 'PyFloat'

/**
 * The value of a node, made anew. One node gives one object, however often it stands in the value.
 * @throws PickleForbidden for a class that is not known, and where a codec reads less than Python does;
 * SerializationError where a codec refuses an instance
 */
export function nodeToValue(root: PickleNode, codecs: PickleCodecs, floats: FloatsAs = 'numbers'): unknown {
  return nodeReader(codecs, floats)(root)
}

/** As `nodeToValue`, for several nodes that may share parts: each part is read once, also one that cannot be. */
export function nodeReader(codecs: PickleCodecs, floats: FloatsAs = 'numbers'): (root: PickleNode) => unknown {
  let made: Map<ObjectNode, unknown> | undefined
  let refused: Map<ObjectNode, PickleForbidden> | undefined
  return value

  function value(node: PickleNode): unknown {
    if (typeof node !== 'object' || node === null) return node
    if (node.kind === 'float') return floats === 'PyFloat' ? new PyFloat(node.value) : node.value
    if (node.shared !== true) return make(node)
    made ??= new Map()
    const known = made.get(node)
    if (known !== undefined) return known
    const fresh = makeOnce(node)
    made.set(node, fresh)
    return fresh
  }

  function makeOnce(node: Exclude<ObjectNode, FloatNode>): unknown {
    const before = refused?.get(node)
    if (before !== undefined) throw before
    try {
      return make(node)
    } catch (error) {
      if (error instanceof PickleForbidden) {
        refused ??= new Map()
        refused.set(node, error)
      }
      throw error
    }
  }

  function make(node: Exclude<ObjectNode, FloatNode>): unknown {
    switch (node.kind) {
      case 'dict':
        return rememberNew(dict(node.keys, node.values), node)
      case 'list':
        return rememberNew(all(node.items), node)
      case 'tuple':
        return rememberOrigin(new PyTuple(all(node.items)), node)
      case 'set':
        return rememberNew(new Set(distinct(all(node.items))), node)
      case 'frozenset':
        return rememberNew(new PyFrozenSet(distinct(all(node.items))), node)
      case 'bytes':
        return rememberNew(Uint8Array.from(node.value), node)
      case 'bytearray':
        return rememberNew(PyByteArray.from(node.value), node)
      case 'text':
        return node.value
      case 'global':
      case 'opaque':
        throw new PickleForbidden(forbiddenIn(node))
      case 'instance':
        return rememberOrigin(instance(node), node)
    }
  }

  function all(nodes: readonly PickleNode[]): unknown[] {
    const values: unknown[] = nodes.slice()
    for (let index = 0; index < nodes.length; index++) values[index] = value(nodes[index] ?? null)
    return values
  }

  /** An object where every key is a text, else a Map. */
  function dict(keys: readonly PickleNode[], values: readonly PickleNode[]): object {
    if (!areTexts(keys)) return new Map(entries(keys, values))
    if (floats === 'PyFloat')
      return orderedObjectOf(keys.map((key, index) => [key, value(values[index] ?? null)] as const))
    const object = {}
    for (let index = 0; index < keys.length; index++) setOwn(object, keys[index] ?? '', value(values[index] ?? null))
    return object
  }

  function entries(keys: readonly PickleNode[], values: readonly PickleNode[]): [unknown, unknown][] {
    const places = distinct(all(keys))
    return places.map((key, index) => [key, value(values[index] ?? null)])
  }

  /** A codec is given numbers, whatever the value's floats come out as. */
  function argument(node: PickleNode): unknown {
    if (typeof node !== 'object' || node === null) return node
    if (node.kind === 'global' && node.unknown !== true) return new PyGlobal(node.module, node.name)
    return node.kind === 'float' ? node.value : value(node)
  }

  function instance(node: InstanceNode): unknown {
    const { of, made: how, kwargs, state } = node
    const pickled: PickledInstance = {
      of,
      made: how,
      args: node.args.map(argument),
      kwargs: (kwargs === undefined ? {} : value(kwargs)) as Readonly<Record<string, unknown>>,
      state: state === undefined ? undefined : argument(state),
      items: all(node.items),
      entries: entries(node.keys, node.values),
    }
    try {
      return synchronous(codecs.of(of).decode(pickled), () => malformed('a promise'))
    } catch (error) {
      if (error instanceof PickleForbidden) throw error
      throw malformed(`an instance of ${of.name} cannot be read`)
    }
  }
}

/** Keys that Python tells apart and JavaScript does not: two NaN, or text with the halves of a pair as characters. */
function distinct(keys: readonly unknown[]): readonly unknown[] {
  checkBigKeys(keys)
  if (new Set(keys).size < keys.length) throw malformed('two keys are one in JavaScript')
  return keys
}

/** V8 hashes bigints by their last 64 bits alone: a Map of many that have the same is searched one by one. */
function checkBigKeys(keys: readonly unknown[]): void {
  const alike = new Map<string, number>()
  for (const key of keys) {
    if (typeof key !== 'bigint') continue
    const end = BigInt.asUintN(64, key < 0n ? -key : key).toString(16)
    const count = (alike.get(end) ?? 0) + 1
    if (count > MOST_ALIKE) throw overLimit('large keys that end alike')
    alike.set(end, count)
  }
}

const MOST_ALIKE = 100
