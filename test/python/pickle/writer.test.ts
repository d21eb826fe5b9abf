/** JavaScript values as pickles: types, sharing, and what stays as it was read. */
import { describe, expect, test } from 'vitest'
import { PickleForbidden, SerializationError } from '../../../src/errors.ts'
import {
  PyByteArray,
  PyDefaultDict,
  PyFrozenSet,
  PyOrderedDict,
  type PyTuple,
  tuple,
} from '../../../src/python/collections.ts'
import { PyDate, PyDateTime, PyTime, PyTimeDelta } from '../../../src/python/dates.ts'
import { PyLazyText, PySafeString } from '../../../src/python/django-text.ts'
import { PyComplex, PyDecimal, PyUuid } from '../../../src/python/numbers.ts'
import { OrderedObject } from '../../../src/python/ordered-object.ts'
import { builtInCodecs } from '../../../src/python/pickle/codecs/built-in.ts'
import { type PickleCodec, PyGlobal } from '../../../src/python/pickle/pickle-codec.ts'
import { parsePickle, readPickle } from '../../../src/python/pickle/pickle-reader.ts'
import { formatPickle } from '../../../src/python/pickle/pickle-writer.ts'
import { PickledValue } from '../../../src/python/pickle/pickled-value.ts'
import { PyTimeZone } from '../../../src/python/time-zones.ts'
import { float } from '../../../src/python/values.ts'
import { outcome, type VectorRecord, vectors } from '../../vectors.ts'
import { comparable, describeNode } from './described-node.ts'

const told = (value: unknown): unknown => describeNode(readPickle(formatPickle(value)))

test.each<readonly [unknown, unknown]>([
  [5, { int: '0x5' }],
  [-0, { float: '8000000000000000' }],
  [1.5, { float: '3ff8000000000000' }],
  [float(2), { float: '4000000000000000' }],
  [2n ** 70n, { int: '0x400000000000000000' }],
  [5n, { int: '0x5' }],
  [2 ** 60, { float: '43b0000000000000' }],
  ['é\ud83d', { utf8: 'c3a9eda0bd' }],
  [Buffer.from('x'), { bytes: '78' }],
  [PyByteArray.of(1), { id: 1, bytearray: '01' }],
  [[null, true], { id: 1, list: [null, true] }],
  [
    { a: undefined, b: 1 },
    { id: 1, dict: [[{ str: 'b' }, { int: '0x1' }]] },
  ],
  [new Map<unknown, unknown>([[1, 2]]), { id: 1, dict: [[{ int: '0x1' }, { int: '0x2' }]] }],
  [tuple<unknown>(1, tuple()), { tuple: [{ int: '0x1' }, { tuple: [] }] }],
  [new PyFrozenSet(), { frozenset: [] }],
])('%o', (value, described) => {
  expect(told(value)).toEqual(described)
})

test.each([
  new PyDate(2026, 7, 1),
  new PyTime({ hour: 1, fold: 1, zone: PyTimeZone.fixed(5400, 'X') }),
  PyDateTime.from(new Date('2026-07-01T12:00:00.250Z'), PyTimeZone.utc),
  new PyDateTime(new PyDate(9999, 12, 31), new PyTime({ zone: PyTimeZone.zoneInfo('Europe/Berlin') })),
  PyTimeZone.pytz('UTC', 0),
  PyTimeZone.pytz('', -3600),
  PyTimeZone.pytz('Europe/Berlin', 7200, { dstSeconds: 3600, abbreviation: 'CEST' }),
  PyTimeZone.fixed(-0.000001),
  new PyTimeDelta(-1, 86_399, 999_999),
  new PyDecimal('1.50'),
  new PyUuid('0f14d0ab96054a62a9e45ed26688389b'),
  new PyComplex(-0, Number.NaN),
  new PyOrderedDict<unknown, unknown>([
    ['b', 1],
    [2, [3]],
  ]),
  new PyDefaultDict('list', [['a', [1]]]),
  new PySafeString('<b>'),
  new PyLazyText('django.utils.translation.gettext', ['Hello']),
  new PyLazyText('django.utils.translation.ngettext', [3], { singular: '%d day', plural: '%d days' }),
])('%o comes back', (value) => {
  for (const protocol of [2, 3, 4, 5] as const) {
    expect(parsePickle(formatPickle([value], { protocol }))).toStrictEqual([value])
  }
})

test('a text that comes again is written once, unless all there is are a few short ones', () => {
  const copiesIn = (value: unknown, text: string): number =>
    formatPickle(value).toString('latin1').split(text).length - 1
  const long = 'x'.repeat(257)
  const rows = Array.from({ length: 33 }, (_, row) => [`row ${row}`, 'again'] as const)
  expect(copiesIn({ a: long, b: long, c: long }, long)).toBe(1)
  expect(copiesIn(Object.fromEntries(rows), 'again')).toBe(1)
  expect(copiesIn({ a: 'again', b: ['again'] }, 'again')).toBe(1)
  expect(copiesIn({ a: 'again', b: 'again', again: 1.5 }, 'again')).toBe(3)
  expect(told({ a: 'again', b: 'again' })).toEqual({
    id: 1,
    dict: [
      [{ str: 'a' }, { str: 'again' }],
      [{ str: 'b' }, { str: 'again' }],
    ],
  })
})

test('one object in two places is one in Python', () => {
  const shared = { n: [1] }
  expect(told([shared, shared, shared.n])).toEqual({
    id: 1,
    list: [{ id: 2, dict: [[{ str: 'n' }, { id: 3, list: [{ int: '0x1' }] }]] }, { same: 2 }, { same: 3 }],
  })
})

test.each<readonly [unknown, string]>([
  [undefined, 'undefined'],
  [[1, undefined], 'undefined at 1'],
  [{ cart: { fn: () => 1 } }, 'function at cart.fn'],
  [Symbol('x'), 'symbol'],
  [{ at: new Date(0) }, 'PyDateTime.from'],
  [/x/, 'RegExp'],
  [{ 'a secret key': Symbol('x') }, '(not shown)'],
  [
    new Map<unknown, unknown>([
      [1, 'a'],
      [true, 'b'],
    ]),
    'one in Python',
  ],
  [new Map([[[1], 2]]), 'a list is no key'],
  [new Set([{}]), 'a dict is no key'],
  [new PyGlobal('os', 'system'), 'PyGlobal'],
])('%o is refused', (value, reason) => {
  const { error } = outcome(() => formatPickle(value)) as { error: unknown }
  expect(error).toBeInstanceOf(SerializationError)
  expect(String(error)).toContain(reason)
})

test('a value that contains itself, or is nested too deep, is refused', () => {
  const around: unknown[] = []
  around.push([around])
  expect(() => formatPickle(around)).toThrow('contains itself at 0.0')
  let deep: unknown = []
  for (let level = 0; level < 600; level++) deep = [deep]
  expect(() => formatPickle(deep)).toThrow('nesting this deep')
})

test('S25: a codec writes no class that is not on the list', () => {
  class Colour {}
  const codec = (told: object): PickleCodec => ({
    classes: [{ module: 'shop', name: 'Colour' }],
    decode: () => new Colour(),
    matches: (value) => value instanceof Colour,
    encode: () => told,
  })
  const write = (told: object): Buffer => formatPickle(new Colour(), { codecs: [codec(told)] })
  expect(write({}).includes('Colour')).toBe(true)
  expect(() => write({ of: { module: 'os', name: 'system' } })).toThrow(PickleForbidden)
  expect(() => write({ args: [new PyGlobal('os', 'system')] })).toThrow(PickleForbidden)
})

describe('what was read', () => {
  const records = vectors<VectorRecord & { pickles: string[]; value: unknown }>('pickle', '5.2', 'loads')

  test.each(records)('goes back as it came: $name', ({ pickles, value }) => {
    const node = readPickle(Buffer.from(pickles.at(-1) ?? '', 'hex'))
    const pickled = new PickledValue(node, builtInCodecs)
    const decoded = pickled.decode()
    // Text and numbers are known by their place only.
    if (typeof decoded === 'object' && decoded !== null) expect(pickled.same(decoded)).toBe(true)
    const again = describeNode(readPickle(formatPickle([decoded])))
    if (typeof decoded === 'object' && decoded !== null) {
      const inside = (again as { list: unknown[] }).list[0]
      expect(renumbered(inside)).toEqual(renumbered(comparable(value)))
    }
  })

  /** Ids by order: the list around took the first. */
  function renumbered(value: unknown, ids = new Map<unknown, number>()): unknown {
    if (Array.isArray(value)) return value.map((item) => renumbered(item, ids))
    if (typeof value !== 'object' || value === null) return value
    const number = (id: unknown): number => ids.get(id) ?? ids.set(id, ids.size).size - 1
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        key === 'id' || key === 'same' ? number(item) : renumbered(item, ids),
      ]),
    )
  }

  // {'n': [1, 7.0, (2.0, [3])], 10: 1.0, 2: x, 'same': x} with x = {'10': 1, 'b': 1.0}
  const read = (): { value: Map<unknown, unknown>; kept: PickledValue } => {
    const x = { '10': 1, b: float(1) }
    const entries: [unknown, unknown][] = [
      ['n', [1, float(7), tuple<unknown>(float(2), [3])]],
      [10, float(1)],
      [2, x],
      ['same', x],
    ]
    const kept = new PickledValue(readPickle(formatPickle(new Map(entries))), builtInCodecs)
    return { value: kept.decode() as Map<unknown, unknown>, kept }
  }
  const write = (value: unknown): unknown => (parsePickle as (bytes: Uint8Array) => unknown)(formatPickle(value))
  const exact = (value: unknown): unknown => new PickledValue(readPickle(formatPickle(value)), builtInCodecs).exact()

  test('keeps floats beside a change', () => {
    const { value, kept } = read()
    const numbers = value.get('n') as unknown[]
    numbers.push(4)
    ;((numbers[2] as PyTuple).items[1] as number[]).push(5)
    expect(kept.same(value)).toBe(false)
    expect((exact(value) as Map<unknown, unknown>).get('n')).toEqual([1, float(7), tuple<unknown>(float(2), [3, 5]), 4])
    expect((exact(value) as Map<unknown, unknown>).get(10)).toEqual(float(1))
  })

  test('keeps a float a float where a number was changed, and takes scalars along that moved', () => {
    const { value } = read()
    value.set(10, 3)
    const numbers = value.get('n') as unknown[]
    numbers.unshift('new')
    numbers.reverse()
    const written = exact(value) as Map<unknown, unknown>
    expect(written.get('n')).toEqual([tuple<unknown>(float(2), [3]), float(7), 1, 'new'])
    // A Map that was handed out is known; the entry of it keeps its type.
    expect(written.get(10)).toEqual(float(3))
  })

  test('keeps what is shared shared, changed or not', () => {
    const { value } = read()
    ;(value.get(2) as { b: number }).b = 7
    const written = write(value) as Map<unknown, unknown>
    expect(written.get('same')).toBe(written.get(2))
    expect(written.get('same')).toEqual({ b: 7, '10': 1 })
  })

  test('keeps the order of keys that JavaScript would not', () => {
    const record = records.find(({ name }) => name.startsWith("{'b': 1, 'a': {'10': 2, '2': 3}}"))
    const value = parsePickle(Buffer.from(record?.pickles[0] ?? '', 'hex')) as { a: Record<string, number> }
    value.a['1'] = 4
    const { dict } = describeNode(readPickle(formatPickle(value.a))) as { dict: [{ str: string }, unknown][] }
    expect(Object.keys(value.a)).toEqual(['1', '2', '10'])
    expect(dict.map(([key]) => key.str)).toEqual(['10', '2', '1'])
  })

  test('keeps its type under another name, in another value', () => {
    const { value } = read()
    const x = value.get(2)
    const entries = [
      ['10', 1],
      ['b', float(1)],
    ]
    expect(exact({ moved: [x] })).toEqual({ moved: [new OrderedObject(entries as [string, unknown][])] })
  })

  test('is known to be changed by a member of a set, a byte, an entry, the order of a Map', () => {
    const changes: [unknown, (value: never) => void][] = [
      [new Set([1, 2]), (set: Set<number>) => set.add(3)],
      [Uint8Array.of(1, 2), (bytes: Uint8Array) => bytes.set([9], 1)],
      [new PyOrderedDict([['a', 1]]), (dict: PyOrderedDict) => dict.set('b', 2)],
      [
        new Map([
          [1, 1],
          [2, 2],
        ]),
        (map: Map<number, number>) => map.delete(1) && map.set(1, 1),
      ],
      [{ a: { b: [1] } }, (object: { a: { b: number[] } }) => object.a.b.pop()],
      [new PyDefaultDict('int', [['a', [1]]]), (dict: PyDefaultDict<string, number[]>) => dict.get('a')?.push(2)],
    ] as [unknown, (value: never) => void][]
    for (const [value, change] of changes) {
      const kept = new PickledValue(readPickle(formatPickle(value)), builtInCodecs)
      const decoded = kept.decode()
      expect(kept.same(decoded)).toBe(true)
      change(decoded as never)
      expect(kept.same(decoded)).toBe(false)
      expect(kept.same(kept.decode())).toBe(true)
    }
  })

  test('of a class without a way to write it goes back as it came', () => {
    const codec: PickleCodec = {
      classes: [{ module: 'shop', name: 'Colour' }],
      decode: ({ args: [value] }) => ({ colour: value }),
    }
    const pickle = Buffer.from('cshop\nColour\n(Vred\ntR.')
    const value = parsePickle(pickle, { codecs: [codec] })
    expect(parsePickle(formatPickle([value], { codecs: [codec] }), { codecs: [codec] })).toEqual([{ colour: 'red' }])
  })
})
