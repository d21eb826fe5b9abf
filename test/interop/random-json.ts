/** JSON as Python may have it, as text: every spelling of numbers, text with escapes, deep and wide values. */
import fc from 'fast-check'

const SPELLINGS = ['null', 'true', 'false', '1.0', '-0.0', '-0', '1e400', '-1e400', 'NaN', '1e16', '1e-7', '0.1']

const { value } = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(...SPELLINGS),
    fc.integer().map(String),
    fc.bigInt().map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => floatText(number)),
    text(),
    tie('list'),
    tie('object'),
  ),
  list: fc.array(tie('value'), { maxLength: 5 }).map((items) => `[${items.join(', ')}]`),
  object: jsonObject(tie('value'), 5),
}))

export const jsonValue: fc.Arbitrary<string> = value

export function jsonObject(of: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<string> {
  return fc
    .array(fc.tuple(jsonName(), of), { maxLength })
    .map((pairs) => `{${pairs.map(([key, member]) => `${key}: ${member}`).join(', ')}}`)
}

/** Names that mean something to JavaScript or to Python, and any others. */
export function jsonName(): fc.Arbitrary<string> {
  const special = fc.constantFrom('__proto__', 'constructor', '10', '2', '', 'toString', '\ud83d', 'é', '_session_x')
  return fc.oneof(special, fc.string({ maxLength: 8 })).map((content) => JSON.stringify(content))
}

function text(): fc.Arbitrary<string> {
  const unit = fc.constantFrom('grapheme', 'binary', 'binary-ascii') as fc.Arbitrary<'grapheme'>
  return unit.chain((of) => fc.string({ unit: of, maxLength: 12 })).map((content) => JSON.stringify(content))
}

function floatText(number: number): string {
  const written = String(number)
  return /[.e]/.test(written) ? written : `${written}.0`
}
