import { expect, test } from 'vitest'
import { parsePostgresArray, parsePostgresHstore, parsePostgresInterval } from '../../src/auth/postgres-texts.ts'

test.each<[string, unknown]>([
  ['{}', []],
  ['{1,2}', ['1', '2']],
  ['{NULL,"NULL",null}', [null, 'NULL', 'null']],
  ['{"a\\"b","c,d","","\\\\","{}"}', ['a"b', 'c,d', '', '\\', '{}']],
  ['{"line\nbreak",two words}', ['line\nbreak', 'two words']],
  [
    '{{1,2},{3,4}}',
    [
      ['1', '2'],
      ['3', '4'],
    ],
  ],
  ['{{{1}}}', [[['1']]]],
  ['{"\\n"}', ['n']],
])('the array %s', (text, expected) => {
  expect(parsePostgresArray(text)).toEqual(expected)
})

test.each(['', '1', '{', '{1', '}', '{1}}', '{1},{2}', '[1:2]={1,2}', '{"open}', '{1}x', 'x{1}', '{a\\b}'])(
  '%s is no array that is read here',
  (text) => {
    expect(parsePostgresArray(text)).toBeUndefined()
  },
)

const DAY = 86_400_000_000n

test.each<[string, bigint]>([
  ['00:00:00', 0n],
  ['02:03:04', 7_384_000_000n],
  ['02:03:04.5', 7_384_500_000n],
  ['02:03:04.000001', 7_384_000_001n],
  ['-02:03:04.5', -7_384_500_000n],
  ['100:00:00', 360_000_000_000n],
  ['1 day', DAY],
  ['2 days', 2n * DAY],
  ['-1 days +02:00:00', -DAY + 7_200_000_000n],
  ['-2 days -00:00:01', -2n * DAY - 1_000_000n],
  ['1 year', 365n * DAY],
  ['-3 years', -1095n * DAY],
  ['1 mon', 30n * DAY],
  ['1 year 2 mons 3 days 00:00:01', 365n * DAY + 60n * DAY + 3n * DAY + 1_000_000n],
  ['-1 years -2 mons +3 days -01:00:00', -365n * DAY - 60n * DAY + 3n * DAY - 3_600_000_000n],
])('the interval %s', (text, expected) => {
  expect(parsePostgresInterval(text)).toBe(expected)
})

test.each(['', 'P1DT2H', '@ 1 day ago', '1 days x', 'x1 day', '02:03', '1-2', '02:03:04.1234567'])(
  '%s is of another style of intervals',
  (text) => {
    expect(parsePostgresInterval(text)).toBeUndefined()
  },
)

test.each<[string, unknown]>([
  ['', {}],
  ['"a"=>"1"', { a: '1' }],
  ['"a"=>"1", "b"=>NULL, ""=>""', { a: '1', b: null, '': '' }],
  ['"a\\"b"=>"c\\\\d", "=>"=>", "', { 'a"b': 'c\\d', '=>': ', ' }],
  ['"NULL"=>"NULL"', { NULL: 'NULL' }],
])('the hstore %s', (text, expected) => {
  expect(parsePostgresHstore(text)).toEqual(expected)
})

test('an hstore may have a name of Object.prototype', () => {
  expect(Object.entries(parsePostgresHstore('"__proto__"=>"1", "toString"=>"2"') ?? {})).toEqual([
    ['__proto__', '1'],
    ['toString', '2'],
  ])
})

test.each(['a', '"a"', '"a"=>', '"a"=>1', '"a"=>"1",', '"a"=>"1", ', '"a"=>"1" "b"=>"2"', '"a"=>"1"x', '"a=>"1"'])(
  '%s is not an hstore',
  (text) => {
    expect(parsePostgresHstore(text)).toBeUndefined()
  },
)
