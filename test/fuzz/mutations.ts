/** Pickles with a few bytes changed, from a seed that repeats them. */

import { OPCODES } from '../../src/python/pickle/opcodes.ts'
import type { Random } from '../seeded-random.ts'

const LONGEST = 4096
const CODES = OPCODES.map(({ code }) => code)
/** Bytes that lengths and indexes are made of at their edges. */
const EDGES = [0x00, 0x01, 0x7f, 0x80, 0xff]

/** @param corpus pickles to start from; two of them may be joined */
export function mutated(corpus: readonly Buffer[], random: Random): Buffer {
  const below = (limit: number): number => Math.floor(random() * limit)
  const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T
  let bytes: Buffer = Buffer.from(pick(corpus))
  for (let left = 1 + below(random() < 0.2 ? 12 : 3); left > 0; left--) {
    const at = below(bytes.length + 1)
    const before = bytes.subarray(0, at)
    const length = 1 + below(random() < 0.2 ? 40 : 4)
    const after = bytes.subarray(at)
    bytes = pick<() => Buffer>([
      () => Buffer.concat([before, Buffer.of(pick(CODES)), after.subarray(1)]),
      () => Buffer.concat([before, Buffer.of(pick(CODES)), after]),
      () => Buffer.concat([before, Buffer.of(pick(EDGES)), after.subarray(1)]),
      () => Buffer.concat([before, Buffer.of(below(256)), after.subarray(1)]),
      () => Buffer.concat([before, Buffer.of((after[0] ?? 0) ^ (1 << below(8))), after.subarray(1)]),
      () => Buffer.concat([before, after.subarray(length)]),
      () => Buffer.concat([before, after.subarray(0, length), after]),
      () => before,
      () => {
        const other = pick(corpus)
        const from = below(other.length)
        return Buffer.concat([before, other.subarray(from, from + 4 * length), after])
      },
    ])()
    if (bytes.length > LONGEST) bytes = bytes.subarray(0, LONGEST)
  }
  return bytes
}
