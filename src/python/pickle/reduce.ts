/** What calling an allowed name with arguments stands for. Nothing is called. */
import { PickleForbidden } from '../../errors.ts'
import { malformed } from './pickle-limits.ts'
import { type GlobalNode, type InstanceNode, isObjectNode, type PickleNode, pathOf } from './pickle-node.ts'

/** What of the codecs a reader needs to know. */
export interface KnownClasses {
  /** Whether a codec reads instances of the class, by its path. */
  has(path: string): boolean
  /** Whether a codec takes the class or function as an argument. */
  isArgument(path: string): boolean
}

/** @throws PickleForbidden for a call of anything but a class with a codec or one of the cases below */
export function reduce(callable: PickleNode, args: PickleNode, classes: KnownClasses): PickleNode {
  const items = tupleItems(args)
  if (!isGlobal(callable)) throw new PickleForbidden('REDUCE')
  const path = pathOf(callable)
  if (classes.has(path)) return instanceOf(callable, 'reduce', items)
  const build = BUILDERS[path]
  if (build === undefined) throw new PickleForbidden(path)
  return build(items, classes)
}

export function newObject(of: PickleNode, args: PickleNode, kwargs: PickleNode, classes: KnownClasses): InstanceNode {
  const items = tupleItems(args)
  if (!isGlobal(of)) throw new PickleForbidden('NEWOBJ')
  if (!classes.has(pathOf(of))) throw new PickleForbidden(pathOf(of))
  const made = instanceOf(of, 'newobj', items)
  if (kwargs === null) return made
  if (!isObjectNode(kwargs) || kwargs.kind !== 'dict') throw malformed('keyword arguments are no dict')
  return { ...made, kwargs }
}

function instanceOf(of: GlobalNode, made: InstanceNode['made'], args: readonly PickleNode[]): InstanceNode {
  return { kind: 'instance', of, made, args, items: [], keys: [], values: [] }
}

type Builder = (args: readonly PickleNode[], classes: KnownClasses) => PickleNode

const BUILDERS: Readonly<Record<string, Builder>> = {
  // As protocols below 4 write sets.
  'builtins.set': (args) => ({ kind: 'set', items: [...listItems(args)] }),
  'builtins.frozenset': (args) => ({ kind: 'frozenset', items: [...listItems(args)] }),
  // As protocols below 3 write bytes, and those below 5 a bytearray.
  'builtins.bytes': (args) => ({ kind: 'bytes', value: bytesOf(args) }),
  'builtins.bytearray': (args) => ({ kind: 'bytearray', value: bytesOf(args) }),
  '_codecs.encode': (args) => ({ kind: 'bytes', value: latin1Bytes(args) }),

  /** Below protocol 4 a method is named by its class and name; `ZoneInfo._unpickle` is the one that is needed. */
  'builtins.getattr'([of, name, ...more], classes) {
    const global = isGlobal(of) && typeof name === 'string' && more.length === 0 ? of : null
    const path = global === null ? '' : `${pathOf(global)}.${String(name)}`
    if (global === null || !classes.has(path)) throw new PickleForbidden('builtins.getattr')
    return { kind: 'global', module: global.module, name: `${global.name}.${String(name)}` }
  },

  /** As protocols 0 and 1 make an object: of its class, by the class `object`, from None. */
  'copyreg._reconstructor'([of = null, base, value, ...more], classes) {
    const isPlain = isGlobal(base) && pathOf(base) === 'builtins.object' && value === null && more.length === 0
    if (!isPlain) throw new PickleForbidden('copyreg._reconstructor')
    return newObject(of, { kind: 'tuple', items: [] }, null, classes)
  },
}

function tupleItems(args: PickleNode): readonly PickleNode[] {
  if (!isObjectNode(args) || args.kind !== 'tuple') throw malformed('arguments are no tuple')
  return args.items
}

function listItems(args: readonly PickleNode[]): readonly PickleNode[] {
  const [list] = args
  if (args.length === 0) return []
  if (args.length > 1 || !isObjectNode(list) || list.kind !== 'list') throw malformed('a set is not made of a list')
  return list.items
}

function bytesOf(args: readonly PickleNode[]): Uint8Array {
  const [bytes] = args
  if (args.length === 0) return new Uint8Array()
  // Below protocol 3: bytearray("…", "latin-1").
  if (typeof bytes === 'string') return latin1Bytes(args)
  if (args.length > 1 || !isObjectNode(bytes) || bytes.kind !== 'bytes') throw malformed('bytes are not made of bytes')
  return bytes.value
}

function latin1Bytes([text, encoding, ...more]: readonly PickleNode[]): Uint8Array {
  const isLatin1 = typeof encoding === 'string' && /^(latin1|latin-1)$/.test(encoding)
  if (typeof text !== 'string' || !isLatin1 || more.length > 0 || /[^\0-\xff]/.test(text)) {
    throw malformed('bytes are not spelled as latin-1')
  }
  return Uint8Array.from(Buffer.from(text, 'latin1'))
}

export function isGlobal(node: PickleNode | undefined): node is GlobalNode {
  return isObjectNode(node) && node.kind === 'global'
}
