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

/** The table of opcodes, and what is said of them below it. */
const [, told = ''] = sectionOf('Pickle').split('\n### Opcodes\n')
const [table = '', verdicts = ''] = told.split('\n\nThe reader refuses')
const rows = table.split('\n').filter((line) => line.startsWith('| '))
const spelled = (line: string): string[] => Array.from(line.matchAll(/[A-Z][A-Z0-9_]+ `[0-9a-f]{2}`/g), ([one]) => one)

test('the opcodes and their bytes', () => {
  expect(rows.flatMap(spelled).sort()).toEqual(
    OPCODES.map(({ name, code }) => `${name} \`${code.toString(16).padStart(2, '0')}\``).sort(),
  )
})

test('the opcodes that are refused, and those for listed names alone', () => {
  const [listed = ''] = verdicts.split(' for names on a fixed list alone')
  expect(spelled(rows.at(-1) ?? '').map((one) => one.split(' ')[0])).toEqual(namesOf('refused'))
  expect((listed.match(/[A-Z][A-Z0-9_]+/g) ?? []).sort()).toEqual(namesOf('listed globals only').sort())
})

function namesOf(verdict: Opcode['verdict']): string[] {
  return OPCODES.filter((opcode) => opcode.verdict === verdict).map(({ name }) => name)
}
