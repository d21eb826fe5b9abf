import { describe, expect, test } from 'vitest'
import { SerializationError } from '../../src/errors.ts'
import { encodeLike, encodeNew } from '../../src/python/encode-like.ts'
import { JsonText } from '../../src/python/json-text.ts'
import { float } from '../../src/python/values.ts'

/** What is stored after `edit` was applied to what the text reads as. */
function edited(text: string, edit: (value: never) => unknown): string {
  const stored = new JsonText(text)
  const value = stored.decode()
  const result = edit(value as never)
  return stored.encode(result === undefined ? value : result)
}

describe('a value that nobody changed', () => {
  test.each([
    '{"a": 1.0, "b":[1e400, -0.0, 12345678901234567890]}',
    '{"10":1,"2":2,"__proto__":{"x":1.0}}',
    '["\\u00e9","é",NaN,-Infinity,1E5]',
    '{"a":1,"a":2.0}',
    '[ ]',
  ])('%s goes back letter by letter', (text) => {
    expect(edited(text, () => undefined)).toBe(text)
    expect(new JsonText(text).same(new JsonText(text).decode())).toBe(true)
    expect(encodeLike(text, new JsonText(text).decode())).toBe(text)
  })
})

describe('an edit inside an object', () => {
  test('leaves the spelling and the order of everything beside it', () => {
    const text = '{"10":1.0,"2":[1e400],"a":{"x":1.50,"y":"\\u00E9"}}'
    expect(edited(text, (value: { a: { x: unknown } }) => void Object.assign(value.a, { x: 'new' }))).toBe(
      '{"10":1.0,"2":[1e400],"a":{"x":"new","y":"\\u00E9"}}',
    )
  })

  test('keeps a float a float, and an integer an integer', () => {
    type Sums = { f: number; i: number }
    expect(edited('{"f":1.0,"i":1}', ({ f, i }: Sums) => ({ f: f + 1, i: i + 1 }))).toBe('{"f":2.0,"i":2}')
    expect(edited('{"f":1.0,"i":1}', ({ f, i }: Sums) => ({ f, i: i + 0.5 }))).toBe('{"f":1.0,"i":1.5}')
  })

  test('takes names away and adds them at the end', () => {
    expect(
      edited('{"a":1.0,"b":2.0,"c":3.0}', (value: Record<string, unknown>) => {
        delete value.b
        value.d = float(4)
        value.e = undefined
      }),
    ).toBe('{"a":1.0,"c":3.0,"d":4.0}')
  })

  test('lets an object keep its spelling under another name, and in another value', () => {
    type Named = Record<string, unknown>
    const text = '{"a":{"p":1.0},"b":2}'
    expect(edited(text, (value: Named) => ({ c: value.a, b: value.b }))).toBe('{"b":2,"c":{"p":1.0}}')
    const moved = new JsonText('[{"p":1.0}, {"p":1e400}]').decode() as unknown[]
    expect(encodeNew({ saved: moved })).toBe('{"saved":[{"p":1.0}, {"p":1e400}]}')
    expect(encodeNew([...moved, { p: 2 }])).toBe('[{"p":1.0},{"p":1e400},{"p":2}]')
  })
})

describe('an edit of an array', () => {
  const ITEMS = '[{"sku":"a","price":1.0},{"sku":"b","price":2.0},{"sku":"c","price":3.0}]'
  type Item = { sku: string; price: number; count?: number }

  test.each<[string, (items: Item[]) => unknown, string]>([
    ['push', (items) => void items.push({ sku: 'd', price: 4 }), `${ITEMS.slice(0, -1)},{"sku":"d","price":4}]`],
    [
      'unshift, and a change inside',
      (items) => {
        const [, second] = items
        if (second) second.count = 2
        items.unshift({ sku: 'd', price: 4 })
      },
      '[{"sku":"d","price":4},{"sku":"a","price":1.0},{"sku":"b","price":2.0,"count":2},{"sku":"c","price":3.0}]',
    ],
    [
      'reverse',
      (items) => void items.reverse(),
      '[{"sku":"c","price":3.0},{"sku":"b","price":2.0},{"sku":"a","price":1.0}]',
    ],
    ['filter', (items) => items.filter(({ sku }) => sku === 'b'), '[{"sku":"b","price":2.0}]'],
    [
      'map to clones, one of them changed',
      (items) => items.map((item) => (item.sku === 'b' ? { ...item, count: 1 } : { ...item })),
      '[{"sku":"a","price":1.0},{"sku":"b","price":2.0,"count":1},{"sku":"c","price":3.0}]',
    ],
    ['the same object twice', ([first]) => [first, first], '[{"sku":"a","price":1.0},{"sku":"a","price":1.0}]'],
  ])('%s', (_, edit, expected) => {
    expect(edited(ITEMS, edit)).toBe(expected)
  })

  test('numbers and texts that moved keep their spelling, also of two that are equal here', () => {
    expect(edited('[1.0,"\\u00E9",2,1e400,5]', (items: unknown[]) => void items.reverse())).toBe(
      '[5,1e400,2,"\\u00E9",1.0]',
    )
    expect(edited('[3.0,1,2.0]', (items: number[]) => void items.sort())).toBe('[1,2.0,3.0]')
    expect(edited('[1.0,2.0,3.0,4.0]', (items: number[]) => items.filter((item) => item % 2 === 0))).toBe('[2.0,4.0]')
    expect(edited('[{"p":1.0},{"p":1}]', (items: unknown[]) => void items.reverse())).toBe('[{"p":1},{"p":1.0}]')
  })

  test('a number in its old place stays a float', () => {
    expect(edited('[1.0,2.0]', (items: number[]) => items.with(0, 5))).toBe('[5.0,2.0]')
    expect(edited('[1.0,2.0]', (items: number[]) => void items.push(2))).toBe('[1.0,2.0,2]')
  })
})

describe('what cannot be written', () => {
  test('differs from what was stored, and says where it stands when it is written', () => {
    const stored = new JsonText('{"a":[1.0]}')
    const value = stored.decode() as { a: unknown[] }
    value.a.push(new Date(0))
    expect(stored.same(value)).toBe(false)
    expect(() => stored.encode(value)).toThrow(new SerializationError('JSON cannot hold Date at a.1.'))
  })

  test('a value that contains itself', () => {
    const stored = new JsonText('{"a":[1.0]}')
    const value = stored.decode() as { a: unknown[] }
    value.a.push(value)
    expect(() => stored.encode(value)).toThrow(/contains itself at a\.1/)
  })
})

describe('deep values', () => {
  test('S26: an edit at the bottom of 400 arrays and objects is written in one pass, not in 2^400', () => {
    const deep = (inner: string): string => `${'[{"a":'.repeat(200)}${inner}${'}]'.repeat(200)}`
    const stored = new JsonText(deep('[1.0,2.0]'))
    const value = stored.decode()
    let bottom = value as unknown
    while (!Array.isArray(bottom) || typeof bottom[0] === 'object') {
      bottom = Array.isArray(bottom) ? bottom[0] : (bottom as { a: unknown }).a
    }
    bottom.unshift('new')
    expect(stored.encode(value)).toBe(deep('["new",1.0,2.0]'))
    expect(stored.same(value)).toBe(false)
  })
})
