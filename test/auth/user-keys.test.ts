/** Which key a session's `_auth_user_id` is. Real Django is the judge in test/interop/user-models.test.ts. */
import { describe, expect, test } from 'vitest'
import { isKey, keyForms, keyText } from '../../src/auth/user-keys.ts'
import { PySafeString } from '../../src/python/django-text.ts'
import { PyDecimal, PyUuid } from '../../src/python/numbers.ts'
import { float } from '../../src/python/values.ts'

const UUID = '0f1e2d3c-4b5a-4697-8877-665544332211'
const BARE = UUID.replaceAll('-', '')

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

describe.each(INTEGERS)('the key of %s', (type) => {
  test.each<[unknown, string]>([
    ['7', '7'],
    [' 7 ', '7'],
    ['\t\n\x0b\f\r\x1c\x1d\x1e\x1f 7\x85\u00a0\u1680\u2003\u2028\u2029\u202f\u205f\u3000', '7'],
    ['007', '7'],
    ['+7', '7'],
    ['-7', '-7'],
    ['-0', '0'],
    ['1_000', '1000'],
    ['٧', '7'],
    ['७', '7'],
    ['７', '7'],
    ['\u{1d7d5}', '7'],
    ['\u{1d7ff}', '9'],
    ['9007199254740993', '9007199254740993'],
    ['9'.repeat(4300), '9'.repeat(4300)],
    [7, '7'],
    [-7, '-7'],
    [7.9, '7'],
    [-7.9, '-7'],
    [1e20, '100000000000000000000'],
    [7n, '7'],
    [true, '1'],
    [false, '0'],
    [float(7.5), '7'],
    [Buffer.from('7'), '7'],
    [new PySafeString('7'), '7'],
  ])('%o is %s', (value, key) => {
    expect(keyText(value, type)).toBe(key)
  })

  test.each([
    '',
    ' ',
    '7.0',
    '7x',
    'x7',
    '7 7',
    '_7',
    '7_',
    '7__7',
    '+-7',
    '0x7',
    '\ufeff7',
    '7\0',
    '９９x',
    '9'.repeat(4301),
    Number.NaN,
    Number.POSITIVE_INFINITY,
    float(Number.NEGATIVE_INFINITY),
    null,
    undefined,
    [],
    ['7'],
    {},
    { toString: () => '7' },
    new PyUuid(UUID),
    new PyDecimal('7'),
    new Date(7),
  ])('%o is nothing that int() takes', (value) => {
    expect(keyText(value, type)).toBeNull()
  })
})

describe('the key of UUIDField', () => {
  test.each<[unknown, string]>([
    [UUID, UUID],
    [BARE, UUID],
    [UUID.toUpperCase(), UUID],
    [`{${UUID}}`, UUID],
    [`{{${BARE}}}}`, UUID],
    [`urn:uuid:${UUID}`, UUID],
    [`uuid:urn:${UUID}`, UUID],
    [BARE.replace(/(..)/g, '$1-'), UUID],
    [` ${BARE.slice(1)}`, UUID],
    [`0x${BARE.slice(2)}`, '001e2d3c-4b5a-4697-8877-665544332211'],
    [`0X_${BARE.slice(3)}`, '000e2d3c-4b5a-4697-8877-665544332211'],
    [`+${BARE.slice(1)}`, UUID],
    [`0_1${BARE.slice(3)}`, '001e2d3c-4b5a-4697-8877-665544332211'],
    [`${'٠'.repeat(31)}٧`, '00000000-0000-0000-0000-000000000007'],
    [BigInt(`0x${BARE}`), UUID],
    [7, '00000000-0000-0000-0000-000000000007'],
    [0, '00000000-0000-0000-0000-000000000000'],
    [true, '00000000-0000-0000-0000-000000000001'],
    [(1n << 128n) - 1n, 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
    [new PyUuid(UUID), UUID],
    [new PySafeString(UUID), UUID],
  ])('%o is %s', (value, key) => {
    expect(keyText(value, 'UUIDField')).toBe(key)
  })

  test.each([
    '',
    '7',
    'ada',
    `${UUID}0`,
    UUID.slice(1),
    `${UUID} `,
    ` ${UUID}`,
    `x${BARE.slice(1)}`,
    `${BARE.slice(1)}x`,
    `-${'0'.repeat(30)}`,
    '-'.repeat(5000),
    'g'.repeat(32),
    `_${BARE.slice(1)}`,
    -1,
    -1n,
    1n << 128n,
    7.5,
    1e20,
    float(7),
    null,
    undefined,
    [],
    {},
    Buffer.from(UUID),
  ])('%o is no UUID', (value) => {
    expect(keyText(value, 'UUIDField')).toBeNull()
  })
})

describe.each(['CharField', 'TextField', 'SlugField', 'EmailField', 'unknown', undefined])('the key of %s', (type) => {
  test.each<[unknown, string]>([
    ['ada', 'ada'],
    [' Ada ', ' Ada '],
    ['', ''],
    [BARE, BARE],
    [UUID, UUID],
    [7, '7'],
    [7n, '7'],
    [7.5, '7.5'],
    [1e30, '1e+30'],
    [float(7), '7.0'],
    [true, 'True'],
    [false, 'False'],
    [new PyUuid(UUID), UUID],
    [new PyDecimal('1.50'), '1.50'],
    [new PySafeString('ada'), 'ada'],
  ])('%o is %s', (value, key) => {
    expect(keyText(value, type)).toBe(key)
  })

  test.each([null, undefined, [], {}, Buffer.from('ada'), new Date(7)])('%o is no text of a key', (value) => {
    expect(keyText(value, type)).toBeNull()
  })
})

describe('the key in a char(32)', () => {
  test('is a UUID where it can be one, and else text', () => {
    expect(keyText(BARE, 'char(32)')).toBe(UUID)
    expect(keyText(UUID, 'char(32)')).toBe(UUID)
    expect(keyText('ada', 'char(32)')).toBe('ada')
    expect(keyText(7.5, 'char(32)')).toBe('7.5')
    expect(keyText([], 'char(32)')).toBeNull()
  })
})

describe.each(['DecimalField', 'FloatField'])('the key of %s', (type) => {
  test.each([
    ['7.50', '7.5'],
    ['+7.5', '7.50'],
    ['007.50', '7.5'],
    [' 7.5 ', '7.5'],
    ['7_0', '70.0'],
    ['٧.5', '7.5'],
    ['75e-1', '7.5'],
    ['0.75E+1', '7.5'],
    ['.5', '0.50'],
    ['5.', '5'],
    ['5e2', '500'],
    ['-7.5', '-7.50'],
    ['-0.0', '0'],
    ['5e-3', '0.005'],
    [7.5, '7.50'],
    [7, '7.00'],
    [true, '1.00'],
    [false, '0'],
    [float(7), '7.00'],
    [new PyDecimal('7.5'), '7.50'],
  ])('%o is the row’s %s', (value, row) => {
    const key = keyText(value, type)
    expect(isKey(row, key ?? 'none', type)).toBe(true)
    expect(isKey('8.25', key ?? 'none', type)).toBe(false)
  })

  test('numbers with other digits, signs or sizes are others', () => {
    for (const [row, key] of [
      ['7.5', '75'],
      ['0.75', '7.5'],
      ['-7.5', '7.5'],
      ['7.5', '-7.5'],
      ['7.05', '7.5'],
      ['70', '7'],
      ['7', '70'],
      ['0.07', '0.7'],
    ]) {
      expect(isKey(row, key as string, type)).toBe(false)
    }
  })

  test.each([
    '',
    '.',
    'x',
    '7x',
    'x7',
    '7.5.0',
    'NaN',
    'Infinity',
    '1e9999',
    '\ufeff7',
    '1'.repeat(4301),
    null,
    undefined,
    [],
    {},
  ])('%o is no number', (value) => {
    expect(keyText(value, type)).toBeNull()
  })
})

test('a row is the one that is looked for when its key reads the same', () => {
  expect(isKey(7, '7', 'AutoField')).toBe(true)
  expect(isKey(7n, '7', 'AutoField')).toBe(true)
  expect(isKey(7, '70', 'AutoField')).toBe(false)
  expect(isKey('7.0', '7', 'CharField')).toBe(false)
  expect(isKey('Ada', 'ada', 'CharField')).toBe(false)
  expect(isKey(UUID, UUID, 'UUIDField')).toBe(true)
  expect(isKey(undefined, 'ada', undefined)).toBe(false)
})

test('a UUID may stand in a table with dashes and without', () => {
  expect(keyForms(UUID)).toEqual([UUID, BARE])
  expect(keyForms('7')).toEqual(['7'])
  expect(keyForms(BARE)).toEqual([BARE])
  expect(keyForms(`${UUID}0`)).toEqual([`${UUID}0`])
  expect(keyForms(`x${UUID.slice(1)}`)).toEqual([`x${UUID.slice(1)}`])
})
