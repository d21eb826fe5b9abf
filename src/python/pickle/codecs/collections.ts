/** OrderedDict and defaultdict. @see CPython Lib/collections/__init__.py */
import { type DefaultFactory, PyDefaultDict, PyOrderedDict } from '../../collections.ts'
import { type PickleCodec, PyGlobal } from '../pickle-codec.ts'

export const orderedDictCodec: PickleCodec<PyOrderedDict> = {
  classes: [{ module: 'collections', name: 'OrderedDict' }],
  matches: (value) => value instanceof PyOrderedDict,
  decode: ({ entries }) => new PyOrderedDict(entries),
  encode: (dict) => ({ entries: [...dict] }),
}

const FACTORIES: ReadonlySet<string> = new Set<DefaultFactory>([
  'bool',
  'dict',
  'float',
  'int',
  'list',
  'object',
  'set',
  'frozenset',
  'str',
  'tuple',
])

export const defaultDictCodec: PickleCodec<PyDefaultDict> = {
  classes: [{ module: 'collections', name: 'defaultdict' }],
  matches: (value) => value instanceof PyDefaultDict,
  decode: ({ args: [factory = null], entries }) => new PyDefaultDict(factoryOf(factory), entries),
  encode: (dict) => ({
    args: dict.factory === null ? [] : [new PyGlobal('builtins', dict.factory)],
    entries: [...dict],
  }),
}

function factoryOf(factory: unknown): DefaultFactory | null {
  if (factory === null) return null
  const isKnown = factory instanceof PyGlobal && factory.module === 'builtins' && FACTORIES.has(factory.name)
  if (!isKnown) throw new TypeError('The factory of a defaultdict is no built-in class.')
  return factory.name as DefaultFactory
}
