import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatAt, formatPythonJson, formatQuickly } from '../../src/python/json-writer.ts'
import { float } from '../../src/python/values.ts'

/** Item by item, without help of JSON.stringify for the whole. */
function formatSlowly(value: unknown): string {
  return formatAt(value, [], new Set())
}

function outcome(format: (value: unknown) => string, value: unknown): string {
  try {
    return format(value)
  } catch (error) {
    return `throws ${error instanceof Error ? error.message : ''}`
  }
}

const never = (): boolean => false

describe('the quick way to write', () => {
  test('writes what the careful one writes, and refuses what that refuses', () => {
    const leaf = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.double(),
      fc.integer(),
      fc.maxSafeInteger(),
      fc.constantFrom(
        null,
        true,
        undefined,
        -0,
        1e16,
        9.99e-5,
        1e-4,
        123456789012345680000,
        float(2),
        10n,
        new Date(0),
      ),
    )
    const value = fc.letrec((tie) => ({
      any: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('any')), fc.dictionary(fc.string(), tie('any'))),
    })).any
    fc.assert(
      fc.property(value, (any) => {
        expect(outcome(formatPythonJson, any)).toBe(outcome(formatSlowly, any))
      }),
      { numRuns: 2000 },
    )
  })

  test.each([
    ['a gap in an array', Array(2)],
    ['something with a toJSON of its own', { toJSON: () => 'x' }],
    ['undefined in an array', [undefined]],
    ['NaN, which JSON.stringify makes null', [Number.NaN]],
    ['an integer that Python would hold as a float', [2 ** 53]],
  ])('%s is left to the careful one', (_, value) => {
    expect(formatQuickly(value, never)).toBeUndefined()
  })

  test('a value that contains itself is left to the careful one, which says so', () => {
    const loop: unknown[] = []
    loop.push(loop)
    expect(formatQuickly(loop, never)).toBeUndefined()
    expect(() => formatPythonJson(loop)).toThrow('contains itself')
  })
})
