/** What calling a name with arguments stands for. Nothing is called. */
import { isOpaque, opaque } from './opaque.ts'
import { malformed } from './pickle-limits.ts'
import {
  type DictNode,
  type GlobalNode,
  type InstanceNode,
  isObjectNode,
  type OpaqueNode,
  type PickleNode,
  pathOf,
  type SequenceNode,
  sharedNode,
} from './pickle-node.ts'

/** What of the codecs a reader needs to know. */
export interface KnownClasses {
  /** Whether a codec reads instances of the class, by its path. */
  has(path: string): boolean
  /** Whether a codec takes the class or function as an argument. */
  isArgument(path: string): boolean
}

/** The opcode REDUCE. @returns an opaque node for a call of anything but a class with a codec or the cases below */
export function reduce(callable: PickleNode, args: PickleNode, classes: KnownClasses): PickleNode {
  const tuple = tupleOf(args)
  const built = isGlobal(callable) ? builtBy(callable, tuple.items, classes) : undefined
  return built ?? opaque('reduce', callable, tuple)
}

/** The opcodes INST and OBJ: without arguments they call `__new__`. @see CPython Modules/_pickle.c instantiate */
export function instantiate(of: PickleNode, items: readonly PickleNode[], classes: KnownClasses): PickleNode {
  const tuple: SequenceNode = { kind: 'tuple', items: [...items], shared: false }
  const isNew = items.length === 0 && isGlobal(of) && classes.has(pathOf(of))
  const built = isNew ? instanceOf(of, 'newobj', []) : isGlobal(of) ? builtBy(of, items, classes) : undefined
  return built ?? opaque('obj', of, tuple)
}

/** The opcodes NEWOBJ and NEWOBJ_EX. */
export function newObject(
  of: PickleNode,
  args: PickleNode,
  kwargs: PickleNode,
  classes: KnownClasses,
): InstanceNode | OpaqueNode {
  const tuple = tupleOf(args)
  if (!isGlobal(of) || !classes.has(pathOf(of))) return opaque('newobj', of, tuple, kwargs)
  const made = instanceOf(of, 'newobj', tuple.items)
  if (kwargs === null) return made
  if (!isObjectNode(kwargs) || kwargs.kind !== 'dict') throw malformed('keyword arguments are no dict')
  return { ...made, kwargs }
}

function builtBy(of: GlobalNode, items: readonly PickleNode[], classes: KnownClasses): PickleNode | undefined {
  const path = pathOf(of)
  if (classes.has(path)) return instanceOf(of, 'reduce', items)
  return Object.hasOwn(BUILDERS, path) ? BUILDERS[path]?.(items, classes) : undefined
}

function instanceOf(of: GlobalNode, made: InstanceNode['made'], args: readonly PickleNode[]): InstanceNode {
  return { kind: 'instance', of, made, args, items: [], keys: [], values: [] }
}

/** Undefined for what is left as it is, since Python may make something of it. */
type Builder = (args: readonly PickleNode[], classes: KnownClasses) => PickleNode | undefined

const BUILDERS: Readonly<Record<string, Builder>> = {
  // As protocols below 4 write sets.
  'builtins.set': (args) => sequenceOf('set', args),
  'builtins.frozenset': (args) => sequenceOf('frozenset', args),
  // As Django REST framework's ReturnList and ReturnDict are pickled.
  'builtins.list': (args) => (args.length === 0 ? undefined : sequenceOf('list', args)),
  'builtins.dict': (args) => (args.length === 0 ? undefined : dictOf(args)),
  // As protocols below 3 write bytes, and those below 5 a bytearray.
  'builtins.bytes': (args) => bytesOf('bytes', args),
  'builtins.bytearray': (args) => bytesOf('bytearray', args),
  '_codecs.encode': (args) => latin1Bytes('bytes', args),

  /** Below protocol 4 a method is named by its class and name, as is a class inside a class. */
  'builtins.getattr'([of, name, ...more], classes) {
    if (!isGlobal(of) || typeof name !== 'string' || more.length > 0) return undefined
    const path = `${pathOf(of)}.${name}`
    const isKnown = classes.has(path) || classes.isArgument(path)
    return isKnown ? { kind: 'global', module: of.module, name: `${of.name}.${name}` } : undefined
  },

  /** As protocols 0 and 1 make an object: of its class, by the class `object` from None, or by `str` from a text. */
  'copyreg._reconstructor'([of = null, base, value, ...more], classes) {
    if (!isGlobal(of) || !classes.has(pathOf(of)) || !isGlobal(base) || more.length > 0) return undefined
    if (pathOf(base) === 'builtins.object' && value === null) return instanceOf(of, 'newobj', [])
    const isText = pathOf(base) === 'builtins.str' && typeof value === 'string'
    return isText && of.module === 'django.utils.safestring' ? instanceOf(of, 'newobj', [value]) : undefined
  },
}

function tupleOf(args: PickleNode): SequenceNode {
  if (!isObjectNode(args) || args.kind !== 'tuple') throw malformed('arguments are no tuple')
  return args
}

function sequenceOf(kind: SequenceNode['kind'], args: readonly PickleNode[]): SequenceNode | undefined {
  const [from] = args
  if (args.length > 1) throw malformed(`a ${kind} takes one argument`)
  if (from === undefined) return { kind, items: [], shared: false }
  if (!isObjectNode(from) || (from.kind !== 'list' && from.kind !== 'tuple')) return leftOrRefused(kind, from)
  return { kind, items: from.items.map(sharedNode), shared: false }
}

function dictOf(args: readonly PickleNode[]): DictNode | undefined {
  const [from] = args
  if (args.length > 1) throw malformed('a dict takes one argument')
  if (!isObjectNode(from) || from.kind !== 'dict') return leftOrRefused('dict', from)
  return { kind: 'dict', keys: from.keys.map(sharedNode), values: from.values.map(sharedNode), shared: false }
}

/** @throws SerializationError for what no container is made of */
function leftOrRefused(kind: string, from: PickleNode | undefined): undefined {
  if (from === undefined) return
  const isScalar = !isObjectNode(from) ? typeof from !== 'string' : from.kind === 'float' || from.kind === 'global'
  if (isScalar && !isOpaque(from)) throw malformed(`a ${kind} is made of what holds nothing`)
}

function bytesOf(kind: 'bytes' | 'bytearray', args: readonly PickleNode[]): PickleNode | undefined {
  const [bytes] = args
  if (args.length > 3) throw malformed(`${kind} take three arguments`)
  if (bytes === undefined) return { kind, value: new Uint8Array() }
  // Below protocol 3: bytearray("…", "latin-1").
  if (typeof bytes === 'string') return latin1Bytes(kind, args)
  if (!isObjectNode(bytes) || bytes.kind !== 'bytes') return undefined
  if (args.length > 1) throw malformed(`${kind} are made of bytes with an encoding`)
  return { kind, value: bytes.value }
}

/** Undefined for another encoding than those that Python writes. */
function latin1Bytes(kind: 'bytes' | 'bytearray', args: readonly PickleNode[]): PickleNode | undefined {
  const [text, encoding, ...more] = args
  if (args.length > 3 || text === undefined) throw malformed('a text is encoded by one to three arguments')
  if (typeof text !== 'string' || typeof encoding !== 'string' || more.length > 0) {
    if (isObjectNode(text) || isObjectNode(encoding) || more.length > 0) return undefined
    throw malformed('bytes are not spelled as latin-1')
  }
  if (encoding !== 'latin1' && encoding !== 'latin-1') return undefined
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0xff) throw malformed('bytes are not spelled as latin-1')
  }
  return { kind, value: Uint8Array.from(Buffer.from(text, 'latin1')) }
}

export function isGlobal(node: PickleNode | undefined): node is GlobalNode {
  return isObjectNode(node) && node.kind === 'global'
}
