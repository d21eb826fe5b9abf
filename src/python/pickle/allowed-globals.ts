/**
 * The fixed list of classes and functions that a pickle may name. Each is a name here, never looked up and never run:
 * what it would make in Python is made by a codec, or by the few cases of `reduce.ts`.
 */
import { PickleForbidden } from '../../errors.ts'
import { type GlobalNode, pathOf } from './pickle-node.ts'

/** What builds values of this side's own kinds. */
const BUILDERS: readonly string[] = [
  'builtins.set',
  'builtins.frozenset',
  'builtins.bytes',
  'builtins.bytearray',
  '_codecs.encode',
  // Both only in the one shape each that Python writes: see reduce.ts.
  'builtins.getattr',
  'copyreg._reconstructor',
]

/** Classes that stand as an argument: a defaultdict's factory, the class that a lazy text gives. */
const ARGUMENTS: readonly string[] = [
  'builtins.object',
  'builtins.bool',
  'builtins.int',
  'builtins.float',
  'builtins.str',
  'builtins.list',
  'builtins.tuple',
  'builtins.dict',
]

const NAMES: ReadonlySet<string> = new Set([...BUILDERS, ...ARGUMENTS])

/** Python 2's names, which protocols below 3 write. @see CPython Lib/_compat_pickle.py */
const FORMER_MODULES: ReadonlyMap<string, string> = new Map([
  ['__builtin__', 'builtins'],
  ['copy_reg', 'copyreg'],
])
const FORMER_NAMES: ReadonlyMap<string, string> = new Map([
  ['__builtin__.long', 'int'],
  ['__builtin__.unicode', 'str'],
])

/**
 * @param isListed whether a codec reads it, or takes it for an argument
 * @throws PickleForbidden
 */
export function allowedGlobal(
  module: string,
  name: string,
  options: { protocol: number; isListed: (path: string) => boolean },
): GlobalNode {
  const isFormer = options.protocol < 3
  const global: GlobalNode = {
    kind: 'global',
    module: (isFormer && FORMER_MODULES.get(module)) || module,
    name: (isFormer && FORMER_NAMES.get(`${module}.${name}`)) || name,
  }
  const path = pathOf(global)
  if (!NAMES.has(path) && !options.isListed(path)) throw new PickleForbidden(path)
  return global
}
