/** The examples of docs/formats.md are what they say. */
import { expect, test } from 'vitest'
import { PyDate } from '../../src/python/dates.ts'
import { OPCODES, type Opcode } from '../../src/python/pickle/opcodes.ts'
import { parsePickle } from '../../src/python/pickle/pickle-reader.ts'
import { formatPickle } from '../../src/python/pickle/pickle-writer.ts'
import { float } from '../../src/python/values.ts'
import { examplesOf, sectionOf } from './examples.ts'

/** The bytes stand in front of what is said of them. */
const [fromPython, fromHere] = examplesOf('Pickle').map((example) =>
  Buffer.from([...example.matchAll(/^((?:[0-9a-f]{2} )+)/gm)].map(([hex]) => hex.replaceAll(' ', '')).join(''), 'hex'),
)

test('the pickle of Python and that of this library are of one value', () => {
  const value = { cart: ['pear', 'pear'], total: float(1), since: new PyDate(2026, 7, 1) }
  expect(parsePickle(fromPython ?? Buffer.of())).toStrictEqual({ ...value, total: 1 })
  expect(formatPickle(value)).toEqual(fromHere)
})

test.each<[Opcode['verdict'], string]>([
  ['allowed', 'takes: '],
  ['listed globals only', 'takes for names on a fixed list alone: '],
  ['refused', 'refuses by name: '],
])('the opcodes that are %s', (verdict, words) => {
  const [, told = ''] = sectionOf('Pickle').split(`\n- ${words}`)
  const names = told.split(/\n(?:- |\n)/)[0]?.match(/[A-Z][A-Z0-9_]+/g) ?? []
  expect(names.sort()).toEqual(
    OPCODES.filter((opcode) => opcode.verdict === verdict)
      .map(({ name }) => name)
      .sort(),
  )
})
