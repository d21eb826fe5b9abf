/** What Python's values are in JavaScript. */
import { describe, expect, test } from 'vitest'
import { PyByteArray, PyDefaultDict, PyFrozenSet, PyOrderedDict, tuple } from '../../../src/python/collections.ts'
import { PyDate, PyDateTime, PyTime, PyTimeDelta } from '../../../src/python/dates.ts'
import { PyLazyText, PySafeString } from '../../../src/python/django-text.ts'
import { PyComplex, PyDecimal, PyUuid } from '../../../src/python/numbers.ts'
import type { PickleCodec } from '../../../src/python/pickle/pickle-codec.ts'
import { parsePickle } from '../../../src/python/pickle/pickle-reader.ts'
import { PyTimeZone } from '../../../src/python/time-zones.ts'
import { PyFloat } from '../../../src/python/values.ts'
import { type VectorRecord, vectors } from '../../vectors.ts'

const records = vectors<VectorRecord & { pickles: string[] }>('pickle', '5.2', 'loads')

/** The value of the last protocol that reads alike. */
function read(source: string): unknown {
  const pickles = records.filter(({ name }) => name.startsWith(`${source} from protocol`)).at(-1)?.pickles
  if (pickles === undefined) throw new Error(`no vector of ${source}`)
  return parsePickle(Buffer.from(pickles.at(-1) ?? '', 'hex'))
}

const utc = PyTimeZone.utc

test.each<readonly [string, unknown]>([
  ['None', null],
  ['[None, True, False]', [null, true, false]],
  ['2**53 - 1', Number.MAX_SAFE_INTEGER],
  ['2**53', 2n ** 53n],
  ['-(10**40)', -(10n ** 40n)],
  ['1.0', new PyFloat(1)],
  ['-0.0', -0],
  ['inf', Number.POSITIVE_INFINITY],
  ["'caf\\xe9'", 'café'],
  ["'\\ud83d'", '\ud83d'],
  ["'\\ufeffx'", '\ufeffx'],
  ["b'bytes'", Uint8Array.from(Buffer.from('bytes'))],
  ["bytearray(b'\\x00\\xff')", PyByteArray.of(0, 255)],
  ['(1, 2)', tuple(1, 2)],
  ["{'b': 1, 'a': {'10': 2, '2': 3}}", { b: 1, a: { '10': 2, '2': 3 } }],
  ['{1, 2, 3}', new Set([1, 2, 3])],
  ['frozenset({1, 2})', new PyFrozenSet([1, 2])],
  [
    "OrderedDict([('b', 1), ('a', 2)])",
    new PyOrderedDict([
      ['b', 1],
      ['a', 2],
    ]),
  ],
  ["defaultdict(list, {'a': [1]})", new PyDefaultDict('list', [['a', [1]]])],
  ['defaultdict(None, {1: 2})', new PyDefaultDict(null, [[1, 2]])],
  ['1j', new PyComplex(0, 1)],
  ["Decimal('1.50')", new PyDecimal('1.50')],
  ["Decimal('1E+3')", new PyDecimal('1E+3')],
  ["UUID('0f14d0ab-9605-4a62-a9e4-5ed26688389b')", new PyUuid('0F14D0AB96054A62A9E45ED26688389B')],
  ['datetime.date(2026, 7, 1)', new PyDate(2026, 7, 1)],
  ['datetime.date.min', new PyDate(1, 1, 1)],
  ['datetime.time(12, 0, 0, 250000, fold=1)', new PyTime({ hour: 12, microsecond: 250_000, fold: 1 })],
  ['datetime.time(1, 2, tzinfo=datetime.timezone.utc)', new PyTime({ hour: 1, minute: 2, zone: utc })],
  [
    'datetime.datetime(2026, 7, 1, 12, 0, 0, 250000)',
    new PyDateTime(new PyDate(2026, 7, 1), new PyTime({ hour: 12, microsecond: 250_000 })),
  ],
  [
    'datetime.datetime(2026, 7, 1, tzinfo=datetime.timezone.utc)',
    PyDateTime.from(new Date('2026-07-01T00:00:00Z'), utc),
  ],
  ["ZoneInfo('UTC')", PyTimeZone.zoneInfo('UTC')],
  ['pytz.utc', PyTimeZone.pytz('UTC', 0)],
  ['pytz.FixedOffset(90)', PyTimeZone.pytz('', 5400)],
  ['datetime.timedelta(-1, 5, 6)', new PyTimeDelta(-1, 5, 6)],
  ["mark_safe('<b>')", new PySafeString('<b>')],
  ["gettext_lazy('Hello')", new PyLazyText('django.utils.translation.gettext', ['Hello'])],
  [
    "ngettext_lazy('%d day', '%d days')",
    new PyLazyText('django.utils.translation.ngettext', [null], { singular: '%d day', plural: '%d days' }),
  ],
])('%s', (source, value) => {
  expect(read(source)).toStrictEqual(value)
})

test('a dict with other keys than text is a Map, in order', () => {
  const map = read("{1: 'int', 'x': 2, None: 3, (1, 'a'): 4, 2.5: 5, b'k': 6, False: 7}") as Map<unknown, unknown>
  expect([...map]).toEqual([
    [1, 'int'],
    ['x', 2],
    [null, 3],
    [tuple<unknown>(1, 'a'), 4],
    [2.5, 5],
    [Uint8Array.of(0x6b), 6],
    [false, 7],
  ])
})

test('S27: __proto__ and constructor are keys like any other', () => {
  const object = read("{'__proto__': 1, 'constructor': 2}") as object
  expect(Object.entries(object)).toEqual([
    ['__proto__', 1],
    ['constructor', 2],
  ])
  expect(Object.getPrototypeOf(object)).toBe(Object.prototype)
})

test.each([
  [
    "datetime.datetime(2026, 7, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=-5, minutes=-30), 'X'))",
    '2026-07-01T00:00:00-05:30',
    '2026-07-01T05:30:00.000Z',
  ],
  [
    "pytz.timezone('Europe/Berlin').localize(datetime.datetime(2026, 7, 1))",
    '2026-07-01T00:00:00+02:00',
    '2026-06-30T22:00:00.000Z',
  ],
  [
    'datetime.datetime(2026, 7, 1, tzinfo=datetime.timezone(datetime.timedelta(microseconds=-1)))',
    '2026-07-01T00:00:00-00:00:00.000001',
    '2026-07-01T00:00:00.000Z',
  ],
  ['datetime.datetime(2026, 7, 1, tzinfo=pytz.utc)', '2026-07-01T00:00:00+00:00', '2026-07-01T00:00:00.000Z'],
  [
    "datetime.datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo('Europe/Berlin'))",
    '2026-10-25T02:30:00+01:00',
    '2026-10-25T01:30:00.000Z',
  ],
  ['datetime.datetime.min', '0001-01-01T00:00:00', null],
])('%s reads as text and as a moment', (source, text, moment) => {
  const moments = read(source) as PyDateTime
  expect(String(moments)).toBe(text)
  expect(moments.toDate()?.toISOString() ?? null).toBe(moment)
})

test('a zone that Node does not know has no moment, and takes none', () => {
  const zone = PyTimeZone.zoneInfo('Mars/Olympus_Mons')
  const noon = new PyDateTime(new PyDate(2026, 7, 1), new PyTime({ hour: 12, zone }))
  expect(noon.toDate()).toBe(null)
  expect(String(noon)).toBe('2026-07-01T12:00:00')
  expect(() => PyDateTime.from(new Date(0), zone)).toThrow(TypeError)
  expect(() => PyDateTime.from(new Date(Number.NaN), PyTimeZone.utc)).toThrow(TypeError)
  // What pytz holds no offset of is a zone without rules.
  expect(new PyDateTime(noon.date, new PyTime({ zone: PyTimeZone.pytz('Etc/GMT+5') })).offsetSeconds).toBe(-5 * 3600)
})

describe('a codec of the site’s own', () => {
  // cshop.models\nColour\n(Vred\ntR. – an enum by its value
  const red = Buffer.from('cshop.models\nColour\n(Vred\ntR.')
  const colour: PickleCodec<string> = {
    classes: [{ module: 'shop.models', name: 'Colour' }],
    decode: ({ args: [value] }) => `colour ${String(value)}`,
  }

  test('makes its class readable', () => {
    expect(() => parsePickle(red)).toThrow('shop.models.Colour')
    expect(parsePickle(red, { codecs: [colour] })).toBe('colour red')
  })

  test('is given state, items and entries', () => {
    // A subclass of dict with an attribute: NEWOBJ, SETITEM, BUILD.
    const pickle = Buffer.from('\x80\x02cshop.models\nCart\n)\x81K\x01K\x02s}X\x01\0\0\0nK\x05sb.', 'latin1')
    const cart: PickleCodec = {
      classes: [{ module: 'shop.models', name: 'Cart' }],
      decode: (instance) => ({ ...instance }),
    }
    expect(parsePickle(pickle, { codecs: [cart] })).toEqual({
      of: expect.objectContaining({ module: 'shop.models', name: 'Cart' }),
      made: 'newobj',
      args: [],
      kwargs: {},
      state: { n: 5 },
      items: [],
      entries: [[1, 2]],
    })
  })

  test('that throws makes the pickle unreadable, without its message', () => {
    const decode = (): never => {
      throw new Error('red is not a colour')
    }
    expect(() => parsePickle(red, { codecs: [{ ...colour, decode }] })).toThrow(
      'The pickle is malformed: an instance of Colour cannot be read.',
    )
  })
})

test.each([
  () => new PyDate(2026, 2, 30),
  () => new PyDate(0, 1, 1),
  () => new PyTime({ hour: 24 }),
  () => new PyTimeDelta(0, -1),
  () => new PyDecimal('1,5'),
  () => new PyUuid('no'),
  () => PyTimeZone.fixed(86_400),
])('a value that Python has not is a TypeError: %s', (make) => {
  expect(make).toThrow(TypeError)
})
