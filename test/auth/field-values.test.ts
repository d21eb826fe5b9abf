/** What each kind of column becomes, whatever a driver makes of it. Real drivers are in test/interop/user-models.test.ts. */
import { describe, expect, test } from 'vitest'
import { fieldValue, isKnownField } from '../../src/auth/field-values.ts'
import { SettingsError } from '../../src/errors.ts'

const moment = new Date('2026-07-01T00:30:00Z')
const options = { name: 'field', toDate: (value: unknown) => (value === 'a moment' ? moment : null) }
const read = (type: string | undefined, value: unknown, decimalPlaces?: number): unknown =>
  fieldValue(type, value, { ...options, decimalPlaces })

const INTEGERS = [
  'AutoField',
  'BigAutoField',
  'SmallAutoField',
  'IntegerField',
  'BigIntegerField',
  'SmallIntegerField',
  'PositiveIntegerField',
  'PositiveBigIntegerField',
  'PositiveSmallIntegerField',
]
const TEXTS = ['CharField', 'TextField', 'SlugField', 'EmailField', 'URLField', 'FileField', 'FilePathField']

test.each(INTEGERS)('%s is a number while that is exact, and then a bigint', (type) => {
  const cases: [unknown, unknown][] = [
    ['7', 7],
    ['-7', -7],
    [7, 7],
    [7n, 7],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['-9007199254740992', -9007199254740992n],
    [18446744073709551615n, 18446744073709551615n],
    ['7.5', '7.5'],
    ['x7', 'x7'],
    ['7x', '7x'],
    [7.5, 7.5],
  ]
  for (const [given, expected] of cases) expect(read(type, given)).toBe(expected)
})

test.each(TEXTS)('%s is text, also where SQLite took it for a number', (type) => {
  expect(read(type, '007')).toBe('007')
  expect(read(type, 7)).toBe('7')
  expect(read(type, 7n)).toBe('7')
  expect(read(type, '{"a":1}')).toBe('{"a":1}')
  const bytes = new Uint8Array([1])
  expect(read(type, bytes)).toBe(bytes)
})

describe.each(['BooleanField', 'NullBooleanField'])('%s', (type) => {
  test.each([
    [true, true],
    [1, true],
    [1n, true],
    ['1', true],
    [new Uint8Array([1]), true],
    [false, false],
    [0, false],
    [0n, false],
    ['0', false],
    ['f', false],
    ['false', false],
    [new Uint8Array([0]), false],
  ])('%o is %s', (given, expected) => {
    expect(read(type, given)).toBe(expected)
  })

  test.each([
    2,
    -1,
    't',
    'true',
    'yes',
    '',
    ' ',
    {},
    [],
    new Uint8Array([]),
    new Uint8Array([0, 1]),
    new Uint8Array([49]),
  ])('S5: %o is neither yes nor no, and an error that names the field', (given) => {
    expect(() => read(type, given)).toThrow(SettingsError)
    expect(() => read(type, given)).toThrow(/the user's field holds a value that is neither true nor false/)
  })
})

test.each<[string | undefined, unknown, unknown, number?]>([
  ['FloatField', '2.5', 2.5],
  ['FloatField', '-2', -2],
  ['FloatField', '.5', 0.5],
  ['FloatField', '1e+20', 1e20],
  ['FloatField', 'NaN', Number.NaN],
  ['FloatField', 'Infinity', Number.POSITIVE_INFINITY],
  ['FloatField', '-Infinity', Number.NEGATIVE_INFINITY],
  ['FloatField', 2n, 2],
  ['FloatField', 2.5, 2.5],
  ['FloatField', 'x2', 'x2'],
  ['FloatField', 'Infinitely', 'Infinitely'],
  ['FloatField', 'NaNs', 'NaNs'],
  ['DecimalField', '12.500', '12.500'],
  ['DecimalField', 'NaN', 'NaN'],
  ['DecimalField', 12.5, '12.5'],
  ['DecimalField', 12.5, '12.500', 3],
  ['DecimalField', 100, '100'],
  ['DecimalField', 100n, '100'],
  ['DecimalField', 100n, '100.00', 2],
  ['DecimalField', 0, '0'],
  ['DecimalField', 0, '0.00', 2],
  ['DecimalField', -0.5, '-0.50', 2],
  ['DecimalField', 0.1 + 0.2, '0.3'],
  ['DecimalField', 1e-7, '0.0000001'],
  ['DecimalField', 1e-7, '0.0000001000', 10],
  ['DecimalField', 1.25e21, '1250000000000000000000'],
  ['DecimalField', 123456789012345, '123456789012345'],
  ['DecimalField', 0.125, '0.12', 2],
  ['DecimalField', 0.375, '0.38', 2],
  ['DecimalField', 0.126, '0.13', 2],
  ['DecimalField', 0.1251, '0.13', 2],
  ['DecimalField', 0.124, '0.12', 2],
  ['DecimalField', 9.999, '10.00', 2],
  ['DecimalField', 2.5, '2', 0],
  ['DecimalField', 3.5, '4', 0],
  ['DecimalField', -1.006, '-1.01', 2],
  ['DecimalField', Number.POSITIVE_INFINITY, 'Infinity'],
  ['DateField', '2026-07-01', '2026-07-01'],
  ['DateTimeField', 'a moment', moment],
  ['DateTimeField', 'infinity', null],
  ['TimeField', '12:00:00', '12:00:00'],
  ['TimeField', '12:00', '12:00:00'],
  ['TimeField', '12:00:00.25', '12:00:00.250000'],
  ['TimeField', '12:00:00.000001', '12:00:00.000001'],
  ['TimeField', '12:00:00.000000', '12:00:00'],
  ['TimeField', '-12:00:00', '-12:00:00'],
  ['TimeField', '12:00:00+02', '12:00:00+02'],
  ['TimeField', 43200, 43200],
  ['DurationField', 93_604_500_000, 'P1DT02H00M04.500000S'],
  ['DurationField', 93_604_500_000n, 'P1DT02H00M04.500000S'],
  ['DurationField', '-1000000', '-P0DT00H00M01S'],
  ['DurationField', '1 day 02:00:04.5', 'P1DT02H00M04.500000S'],
  ['DurationField', 'P1DT2H', 'P1DT2H'],
  ['DurationField', 1.5, 1.5],
  ['DurationField', '1x', '1x'],
  ['DurationField', 'x1', 'x1'],
  ['JSONField', '{"a": [1, 2.5, null]}', { a: [1, 2.5, null] }],
  ['JSONField', 'null', null],
  ['JSONField', '"text"', 'text'],
  ['JSONField', '1152921504606846976', 1152921504606846976n],
  ['JSONField', '{broken', '{broken'],
  ['JSONField', 7n, 7],
  ['JSONField', { a: 1 }, { a: 1 }],
  ['UUIDField', '0f1e2d3c4b5a46978877665544332211', '0f1e2d3c-4b5a-4697-8877-665544332211'],
  ['UUIDField', '0F1E2D3C-4b5a-4697-8877-665544332211', '0f1e2d3c-4b5a-4697-8877-665544332211'],
  ['UUIDField', '0f1e2d3c4b5a4697887766554433221', '0f1e2d3c4b5a4697887766554433221'],
  ['UUIDField', 'x0f1e2d3c4b5a46978877665544332211', 'x0f1e2d3c4b5a46978877665544332211'],
  ['UUIDField', '0f1e2d3c4b5a46978877665544332211x', '0f1e2d3c4b5a46978877665544332211x'],
  ['UUIDField', 7, 7],
  ['char(32)', '0f1e2d3c4b5a46978877665544332211', '0f1e2d3c-4b5a-4697-8877-665544332211'],
  ['char(32)', 'ada', 'ada'],
  ['BinaryField', '\\x00ff', new Uint8Array([0, 255])],
  ['BinaryField', Buffer.from([0, 255]), new Uint8Array([0, 255])],
  ['BinaryField', 'x\\x00', 'x\\x00'],
  ['BinaryField', 7, 7],
  ['GenericIPAddressField', '192.168.1.5', '192.168.1.5'],
  ['GenericIPAddressField', '192.168.1.5/32', '192.168.1.5'],
  ['GenericIPAddressField', '2001:db8::1/128', '2001:db8::1'],
  ['GenericIPAddressField', '192.168.1.0/24', '192.168.1.0/24'],
  ['GenericIPAddressField', '1/32/', '1/32/'],
  ['GenericIPAddressField', 7, 7],
  ['IntegerField[]', '{1,NULL,9007199254740993}', [1, null, 9007199254740993n]],
  [
    'BooleanField[]',
    '{{t,f},{f,t}}',
    [
      [true, false],
      [false, true],
    ],
  ],
  ['TextField[]', '{t,"NULL",NULL}', ['t', 'NULL', null]],
  ['DecimalField[]', '{1.50}', ['1.50']],
  ['IntegerField[]', '[0:1]={1,2}', '[0:1]={1,2}'],
  ['IntegerField[]', [1], [1]],
  ['IntegerRangeField', '[1,5)', '[1,5)'],
  ['IntegerRangeField', 7n, 7],
  [undefined, 7n, 7],
  [undefined, 9007199254740993n, 9007199254740993n],
  [undefined, '7', '7'],
  ['HStoreField', '"a"=>"1", "b"=>NULL', { a: '1', b: null }],
  ['HStoreField', '', {}],
  ['HStoreField', 'none', 'none'],
])('%s: %o is %o', (type, given, expected, places) => {
  expect(read(type, given, places)).toEqual(expected)
})

test('bytes are a plain Uint8Array, and not memory of the driver', () => {
  const given = Buffer.from([1, 2])
  const value = read('BinaryField', given)
  given[0] = 9
  expect(value).toEqual(new Uint8Array([1, 2]))
  expect(Object.getPrototypeOf(value)).toBe(Uint8Array.prototype)
  expect(Object.getPrototypeOf(read('BinaryField', '\\x01'))).toBe(Uint8Array.prototype)
})

test('NULL is null in a field of any type', () => {
  for (const type of [
    ...INTEGERS,
    ...TEXTS,
    'BooleanField',
    'JSONField',
    'DateTimeField',
    'BinaryField',
    'BooleanField[]',
    undefined,
  ]) {
    expect(read(type, null)).toBeNull()
    expect(read(type, undefined)).toBeNull()
  }
})

test('fields of the site’s own are not known', () => {
  for (const type of [...INTEGERS, ...TEXTS, 'BooleanField', 'DateField', 'UUIDField'])
    expect(isKnownField(type)).toBe(true)
  for (const type of ['unknown', 'ArrayField', 'IntegerRangeField', '']) expect(isKnownField(type)).toBe(false)
})
