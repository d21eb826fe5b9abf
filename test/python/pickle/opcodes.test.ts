/** Every opcode there is has a verdict, and the reader holds to it. */
import { expect, test } from 'vitest'
import { PickleForbidden } from '../../../src/errors.ts'
import { OPCODES } from '../../../src/python/pickle/opcodes.ts'
import { parsePickle, readPickle } from '../../../src/python/pickle/pickle-reader.ts'
import { DJANGO_VERSIONS, outcome, type VectorRecord, vectors } from '../../vectors.ts'

type Known = VectorRecord & { opcode: string; code: number; protocol: number }

const sorted = (rows: readonly (readonly [string, number, number])[]) => [...rows].sort(([a], [b]) => (a < b ? -1 : 1))

test.each(DJANGO_VERSIONS)('S25: the 68 opcodes are those of the Python of Django %s', (version) => {
  const known = vectors<Known>('pickle', version, 'opcode')
  expect(OPCODES.length).toBe(68)
  expect(sorted(OPCODES.map(({ name, code, protocol }) => [name, code, protocol]))).toEqual(
    sorted(known.map(({ opcode, code, protocol }) => [opcode, code, protocol])),
  )
})

/** A verdict that only stands in the table would be none. */
test.each(OPCODES)('S25: $name is $verdict', ({ code, name, verdict }) => {
  // Values of several kinds below it, and nothing behind it.
  const { error } = outcome(() => readPickle(Buffer.from([0x80, 5, 0x5d, 0x28, 0x4e, code]))) as { error: unknown }
  const isRefusedByName = error instanceof PickleForbidden && error.forbidden === name
  expect(isRefusedByName).toBe(verdict === 'refused')
  // A byte that the reader does not know is reported as such.
  expect(String(error)).not.toContain('no opcode')
})

test('bytes that are no opcodes are refused as such', () => {
  const known = new Set(OPCODES.map(({ code }) => code))
  const others = Array.from({ length: 256 }, (_, code) => code).filter((code) => !known.has(code))
  expect(others.length).toBe(188)
  for (const code of others) expect(() => readPickle(Buffer.from([code]))).toThrow('no opcode')
})

test.each<[string, unknown]>([
  ['I0101\n.', 65],
  ['I-05\n.', -5],
  ['I-0\n.', false],
  ['I01\n.', true],
  ['I1\r\n.', 1],
  ['L00L\n.', 0],
  ['I0x10\n.', 16],
  ['I1_0\n.', 10],
  ['I 5\n.', 5],
  ['I5\0six\n.', 5],
])('%j is an int that Python reads, though it never writes it', (pickle, expected) => {
  expect(parsePickle(Buffer.from(pickle))).toBe(expected)
})

test.each(['I08\n.', 'I\n.', 'I0x\n.', 'I1__0\n.', 'I1.0\n.', 'L007L\n.', 'LL\n.', 'L5LL\n.'])(
  '%j is not an int of Python',
  (pickle) => {
    expect(() => parsePickle(Buffer.from(pickle))).toThrow('an int is not a number of Python')
  },
)

test.each(["S'a' \n.", "S'a'\r\n.", "S 'a'\n.", 'F 1.5\n.', 'F1.5\r\n.', 'F1e309\n.', 'V\\u004\n.', 'V\\U00110000\n.'])(
  '%j is refused, as by Python',
  (pickle) => {
    expect(() => parsePickle(Buffer.from(pickle))).toThrow('malformed')
  },
)
