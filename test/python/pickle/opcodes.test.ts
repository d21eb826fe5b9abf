/** Every opcode there is has a verdict, and the reader holds to it. */
import { expect, test } from 'vitest'
import { PickleForbidden } from '../../../src/errors.ts'
import { OPCODES } from '../../../src/python/pickle/opcodes.ts'
import { readPickle } from '../../../src/python/pickle/pickle-reader.ts'
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

test.each(['I0101\n.', 'I-05\n.', 'I-0\n.', 'L007L\n.', 'I0x10\n.', 'I1_0\n.', 'I 5\n.'])(
  '%j is an int that Python never writes',
  (pickle) => {
    expect(() => readPickle(Buffer.from(pickle))).toThrow('no decimal')
  },
)
