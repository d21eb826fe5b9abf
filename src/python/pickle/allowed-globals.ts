/**
 * The fixed list of classes and functions that a pickle may name. Each is a name here, never looked up and never run:
 * what it would make in Python is made by a codec, or by the few cases of `reduce.ts`.
 */
import { PickleForbidden } from '../../errors.ts'
import { currentName } from './former-names.ts'
import { type ClassName, type GlobalNode, pathOf } from './pickle-node.ts'

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

/**
 * A class or function by its name of today, `unknown` where it is not on the list.
 * @param isListed whether a codec reads it, or takes it for an argument
 * @throws PickleForbidden for a name that Python cannot find either
 */
export function globalOf(
  module: string,
  name: string,
  options: { protocol: number; isListed: (path: string) => boolean },
): GlobalNode {
  // A line break would end the name in protocols below 4, and the rest be read as opcodes.
  const isBroken = module.includes('\n') || name.includes('\n')
  if (isBroken || (options.protocol < 4 && name.includes('.'))) throw new PickleForbidden(pathOf({ module, name }))
  const current = options.protocol < 3 ? currentName({ module, name }) : { module, name }
  const path = pathOf(current)
  const isKnown = NAMES.has(path) || options.isListed(path)
  return { kind: 'global', ...current, ...(isKnown ? {} : { unknown: true as const }) }
}

/** @throws PickleForbidden for a name that is not on the list */
export function allowedGlobal({ module, name }: ClassName, isListed: (path: string) => boolean): GlobalNode {
  const global = globalOf(module, name, { protocol: 4, isListed })
  if (global.unknown === true) throw new PickleForbidden(pathOf(global))
  return global
}
