/** OrderedDict, defaultdict and Counter. @see CPython Lib/collections/__init__.py */
import { type DefaultFactory, PyCounter, PyDefaultDict, PyOrderedDict, PyTuple } from '../../collections.ts'
import { isPlainObject } from '../../json-writer.ts'
import { type PickleCodec, type PickledInstance, PyGlobal } from '../pickle-codec.ts'
import { notReadHere, strictly } from './strictly.ts'

type Entry = readonly [unknown, unknown]

/** Python 2 gives the items as an argument, Python 3 sets them afterwards. */
export const orderedDictCodec: PickleCodec<PyOrderedDict> = strictly(
  () => ({ args: [0, 1], entries: true, state: true }),
  {
    classes: [{ module: 'collections', name: 'OrderedDict' }],
    matches: (value) => value instanceof PyOrderedDict,
    decode(instance) {
      if (hasFields(instance.state)) return notReadHere(instance)
      // `__new__` alone takes no notice of what it is given.
      if (instance.made === 'newobj' && instance.args.length > 0) return notReadHere(instance)
      return new PyOrderedDict([...entriesOf(instance, 0), ...instance.entries])
    },
    encode: (dict) => ({ args: [], entries: [...dict] }),
  },
)

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

export const defaultDictCodec: PickleCodec<PyDefaultDict> = strictly(() => ({ args: [0, 2], entries: true }), {
  classes: [{ module: 'collections', name: 'defaultdict' }],
  matches: (value) => value instanceof PyDefaultDict,
  decode(instance) {
    if (instance.made === 'newobj' && instance.args.length > 0) return notReadHere(instance)
    const factory = factoryOf(instance.args[0] ?? null)
    return new PyDefaultDict(factory, [...entriesOf(instance, 1), ...instance.entries])
  },
  encode: (dict) => ({
    args: dict.factory === null ? [] : [new PyGlobal('builtins', dict.factory)],
    entries: [...dict],
  }),
})

/** Called with a dict of its counts. */
export const counterCodec: PickleCodec<PyCounter> = strictly(() => ({ args: [0, 1], entries: true }), {
  classes: [{ module: 'collections', name: 'Counter' }],
  matches: (value) => value instanceof PyCounter,
  decode(instance) {
    const [counts] = instance.args
    if (instance.made === 'newobj' && instance.args.length > 0) return notReadHere(instance)
    // Of anything else Python counts the items.
    if (counts !== undefined && dictEntries(counts) === null) return notReadHere(instance)
    const entries = [...entriesOf(instance, 0), ...instance.entries]
    if (entries.some(([, count]) => typeof count !== 'number' && typeof count !== 'bigint'))
      return notReadHere(instance)
    return new PyCounter(entries as (readonly [unknown, number | bigint])[])
  },
  encode: (counter) => ({ args: [new Map(counter)], entries: [] }),
})

function factoryOf(factory: unknown): DefaultFactory | null {
  if (factory === null) return null
  const isKnown = factory instanceof PyGlobal && factory.module === 'builtins' && FACTORIES.has(factory.name)
  if (!isKnown) throw new TypeError('The factory of a defaultdict is no built-in class.')
  return factory.name as DefaultFactory
}

function hasFields(state: unknown): boolean {
  if (state === undefined || state === null) return false
  return !isPlainObject(state) || Object.keys(state).length > 0
}

/** What a dict is made of by an argument: another dict, or pairs. @throws TypeError as Python does */
function entriesOf(instance: PickledInstance, place: number): readonly Entry[] {
  const from = instance.args[place]
  if (from === undefined) return []
  const entries = dictEntries(from)
  if (entries !== null) return entries
  const pairs = itemsOf(from)
  // Of other iterables, such as a text, Python makes something or nothing.
  if (pairs === null) return typeof from === 'object' && from !== null ? notReadHere(instance) : refuse()
  return pairs.map((pair) => {
    const parts = itemsOf(pair)
    return parts?.length === 2 ? ([parts[0], parts[1]] as const) : refuse()
  })
}

function dictEntries(value: unknown): readonly Entry[] | null {
  if (value instanceof Map) return [...(value as ReadonlyMap<unknown, unknown>)]
  return typeof value === 'object' && value !== null && isPlainObject(value) ? Object.entries(value) : null
}

function itemsOf(value: unknown): readonly unknown[] | null {
  if (value instanceof PyTuple) return value.items
  return Array.isArray(value) ? value : null
}

function refuse(): never {
  throw new TypeError('A dict is not made of pairs.')
}
