/**
 * From JavaScript values to nodes. What was read from a pickle and is unchanged goes back as the node that it came
 * from, so that type, spelling and sharing stay: an int an int, a float a float, one list in two places one list.
 */
import { named, SerializationError } from '../../errors.ts'
import { PyByteArray, PyFrozenSet, PyTuple } from '../collections.ts'
import { isPlainObject } from '../json-writer.ts'
import { OrderedObject } from '../ordered-object.ts'
import { PyFloat } from '../values.ts'
import { allowedGlobal } from './allowed-globals.ts'
import { areTexts, KeyIds } from './hash-key.ts'
import { asInt } from './int-bytes.ts'
import { keyPlaces, nearItems } from './near-nodes.ts'
import { nodeToValue } from './node-value.ts'
import { originNode } from './origin.ts'
import { type ClassName, type PickleCodec, type PickleCodecs, PyGlobal } from './pickle-codec.ts'
import { DEFAULT_PICKLE_LIMITS } from './pickle-limits.ts'
import {
  type DictNode,
  type GlobalNode,
  type InstanceNode,
  isObjectNode,
  type ObjectNode,
  type PickleNode,
  type SequenceNode,
  sharedNode,
} from './pickle-node.ts'
import { isSameNode } from './same-node.ts'

type Path = readonly (string | number)[]

/** One writing: an object that stands in several places is one node in all of them. */
export class ValueNodes {
  readonly #codecs: PickleCodecs
  /** Undefined for what is being written: it is around the value at hand. */
  readonly #made = new Map<object, PickleNode | undefined>()
  #keyIds: KeyIds | undefined
  #depth = 0
  /** Where the writing is, for messages. */
  readonly #path: (string | number)[] = []

  constructor(codecs: PickleCodecs) {
    this.#codecs = codecs
  }

  /**
   * @param near what stood in the place of the value, if anything did
   * @returns `near` itself when nothing differs
   * @throws SerializationError naming the place and type of what cannot be pickled
   */
  nodeOf(value: unknown, near?: PickleNode): PickleNode {
    if (typeof value !== 'object' || value === null || value instanceof PyFloat) return this.#scalar(value, near)
    const known = this.#made.get(value)
    if (known !== undefined) return sharedNode(known)
    if (this.#made.has(value)) throw notWritable('a value that contains itself', this.#path)
    if (++this.#depth > DEFAULT_PICKLE_LIMITS.depth) throw notWritable('nesting this deep', [])
    this.#made.set(value, undefined)
    const origin = originNode(value)
    const like = origin ?? near
    const fresh = this.#object(value, like)
    const node = like !== undefined && isSameNode(fresh, like) ? like : fresh
    // What was handed out may stand elsewhere as well, in a value that is written as it was read.
    if (node === origin) sharedNode(node)
    this.#depth--
    this.#made.set(value, node)
    return node
  }

  /** A value inside of the one that is being written. */
  nodeAt(step: string | number, value: unknown, near?: PickleNode): PickleNode {
    this.#path.push(step)
    const node = this.nodeOf(value, near)
    this.#path.pop()
    return node
  }

  #scalar(value: unknown, near: PickleNode | undefined): PickleNode {
    const isFloat = isKind(near, 'float')
    if (isFloat && Object.is(near.value, value instanceof PyFloat ? value.value : value)) return near
    if (isKind(near, 'text') && near.value === value) return near
    // What a codec reads as a text or a number.
    if (isKind(near, 'instance') && Object.is(nodeToValue(near, this.#codecs), value)) return near
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
    if (typeof value === 'bigint') return asInt(value)
    if (value instanceof PyFloat) return { kind: 'float', value: value.value }
    if (typeof value !== 'number') throw notWritable(typeof value, this.#path)
    // A float stays a float: 1.0 + 1 is 2.0 in Python.
    const isInt = !isFloat && Number.isSafeInteger(value) && !Object.is(value, -0)
    return isInt ? value : { kind: 'float', value }
  }

  #object(value: object, like: PickleNode | undefined): PickleNode {
    const isInstance = isKind(like, 'instance')
    // The usual case, before all codecs are asked.
    if (!isInstance && Object.getPrototypeOf(value) === Object.prototype) return this.#plainDict(value, like)
    if (Array.isArray(value)) return this.#sequence('list', value, like)
    if (value instanceof PyTuple) return this.#sequence('tuple', value.items, like)
    const codec = this.#codecs.forValue(value)
    if (codec?.encode !== undefined) return this.#instance(codec, value, like)
    if (isInstance && originNode(value) === like) return like
    if (value instanceof PyFrozenSet) return this.#members('frozenset', value, like)
    if (value instanceof Set) return this.#members('set', value, like)
    if (value instanceof PyByteArray) return { kind: 'bytearray', value: Uint8Array.from(value) }
    if (value instanceof Uint8Array) return { kind: 'bytes', value: Uint8Array.from(value) }
    if (value instanceof Map) return this.#dict([...value.keys()], [...value.values()], like)
    if (value instanceof OrderedObject) {
      return this.#dict(
        value.entries.map(([key]) => key),
        value.entries.map(([, item]) => item),
        like,
      )
    }
    if (!isPlainObject(value)) throw notWritable(className(value), this.#path)
    return this.#plainDict(value, like)
  }

  #sequence(kind: 'list' | 'tuple', items: readonly unknown[], like: PickleNode | undefined): SequenceNode {
    const near = isKind(like, 'list') || isKind(like, 'tuple') ? nearItems(like.items, items) : []
    const nodes: PickleNode[] = []
    for (let index = 0; index < items.length; index++) nodes.push(this.nodeAt(index, items[index], near[index]))
    return { kind, items: nodes }
  }

  #members(kind: 'set' | 'frozenset', set: ReadonlySet<unknown>, like: PickleNode | undefined): SequenceNode {
    const near = isKind(like, 'set') || isKind(like, 'frozenset') ? nearItems(like.items, [...set]) : []
    const items = Array.from(set, (item, index) => this.nodeAt(index, item, near[index]))
    this.#checkKeys(items)
    return { kind, items }
  }

  #plainDict(object: object, like: PickleNode | undefined): DictNode {
    const keys = keysInOrder(object, like)
    return this.#dict(
      keys,
      keys.map((key) => (object as Readonly<Record<string, unknown>>)[key]),
      like,
    )
  }

  #dict(keys: readonly unknown[], values: readonly unknown[], like: PickleNode | undefined): DictNode {
    return { kind: 'dict', ...this.#pairs(keys, values, isKind(like, 'dict') ? like : undefined) }
  }

  #pairs(
    keys: readonly unknown[],
    values: readonly unknown[],
    like: Pick<DictNode, 'keys' | 'values'> | undefined,
  ): Pick<DictNode, 'keys' | 'values'> {
    const places = like === undefined ? [] : keyPlaces(like.keys, keys)
    const nodes: { keys: PickleNode[]; values: PickleNode[] } = { keys: [], values: [] }
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index]
      const place = places[index] ?? -1
      const step = typeof key === 'string' ? key : index
      nodes.keys.push(this.nodeAt(step, key, like?.keys[place]))
      nodes.values.push(this.nodeAt(step, values[index], like?.values[place]))
    }
    this.#checkKeys(nodes.keys)
    return nodes
  }

  #instance(codec: PickleCodec, value: object, like: PickleNode | undefined): PickleNode {
    if (codec.isImmutable === true && isKind(like, 'instance') && originNode(value) === like) return like
    const before = isKind(like, 'instance') ? like : undefined
    const { args = [], kwargs, state, items = [], entries = [], ...told } = codec.encode?.(value) ?? {}
    const instance: InstanceNode = {
      kind: 'instance',
      of: this.#global(told.of ?? before?.of ?? codec.classes[0]),
      made: told.made ?? before?.made ?? 'reduce',
      args: args.map((arg, index) => this.#argument(index, arg, before?.args[index])),
      items: this.#sequence('list', items, before && { kind: 'list', items: before.items }).items,
      ...this.#pairs(
        entries.map(([key]) => key),
        entries.map(([, value]) => value),
        before,
      ),
    }
    const hasKwargs = kwargs !== undefined && Object.keys(kwargs).length > 0
    const full = hasKwargs
      ? { ...instance, kwargs: this.#dict(Object.keys(kwargs), Object.values(kwargs), before?.kwargs) }
      : instance
    return state === undefined ? full : { ...full, state: this.nodeOf(state, before?.state) }
  }

  #argument(index: number, arg: unknown, near: PickleNode | undefined): PickleNode {
    return arg instanceof PyGlobal ? this.#global(arg) : this.nodeAt(index, arg, near)
  }

  /** Of two keys that Python takes for one, a value would be lost. */
  #checkKeys(keys: readonly PickleNode[]): void {
    if (areTexts(keys)) return
    this.#keyIds ??= new KeyIds()
    const ids = new Set<number>()
    for (const key of keys) ids.add(this.#keyIds.of(key))
    if (ids.size < keys.length) {
      throw notWritable('two keys that are one in Python, such as 1 and true,', this.#path)
    }
  }

  /** What is written must be on the list as what is read. */
  #global({ module, name }: ClassName): GlobalNode {
    const isListed = (path: string): boolean => this.#codecs.has(path) || this.#codecs.isArgument(path)
    return allowedGlobal({ module, name }, isListed)
  }
}

function isKind<K extends ObjectNode['kind']>(node: PickleNode | undefined, kind: K): node is ObjectNode & { kind: K } {
  return isObjectNode(node) && node.kind === kind
}

/** A JavaScript object does not keep the order of keys like `"10"`; what it was read from does. */
function keysInOrder(object: object, like: PickleNode | undefined): readonly string[] {
  const keys = Object.keys(object).filter((key) => (object as Readonly<Record<string, unknown>>)[key] !== undefined)
  if (!isKind(like, 'dict')) return keys
  const left = new Set(keys)
  const known = like.keys.filter((key): key is string => typeof key === 'string' && left.delete(key))
  return [...known, ...left]
}

function className(value: object): string {
  if (value instanceof Date) return 'a Date; PyDateTime.from makes a datetime of it,'
  const name: unknown = value.constructor?.name
  return typeof name === 'string' && name !== '' ? named(name) : 'a class instance'
}

function notWritable(what: string, path: Path): SerializationError {
  const steps = path.map((step) => (typeof step === 'number' ? String(step) : named(step)))
  return new SerializationError(`A pickle cannot hold ${what}${path.length === 0 ? '' : ` at ${steps.join('.')}`}.`)
}
