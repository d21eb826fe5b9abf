/** Random values from Python through Node and back, judged by Python: equal in value, type, order and sharing. */
import { builtInCodecs } from '../../src/python/pickle/codecs/built-in.ts'
import { readPickle } from '../../src/python/pickle/pickle-reader.ts'
import { formatPickle } from '../../src/python/pickle/pickle-writer.ts'
import { PickledValue } from '../../src/python/pickle/pickled-value.ts'
import { type PickleProtocol, pickle } from '../../src/python/pickle/pickler.ts'
import type { Oracle } from '../interop/oracle.ts'
import { copyOf, isPlain } from './value-copy.ts'

/** One that came back otherwise or not at all; the pickles in hex. */
export interface Fault {
  readonly number: number
  readonly pickle: string
  readonly reply: string
  readonly reason: string
}

const BATCH = 500

export async function roundTrips(
  oracle: Oracle,
  { seed, count, progress }: { seed: number; count: number; progress?: (done: number) => void },
): Promise<{ values: number; copies: number; faults: Fault[] }> {
  const total = { values: 0, copies: 0, faults: [] as Fault[] }
  for (let batch = 0; total.values < count; batch++) {
    const request = { seed: seed + batch, count: Math.min(BATCH, count - total.values) }
    const theirs = await oracle.ask<string[]>({ op: 'pickles', ...request })
    const replies = theirs.map((pickle, number) => {
      try {
        const ours = again(Buffer.from(pickle, 'hex'), number)
        total.copies += ours.length - 1
        return ours.map((bytes) => bytes.toString('hex'))
      } catch (error) {
        total.faults.push({ number, pickle, reply: '', reason: String(error) })
        return []
      }
    })
    total.faults.push(...(await oracle.ask<Fault[]>({ op: 'judge_pickles', ...request, replies })))
    total.values += theirs.length
    progress?.(total.values)
  }
  return total
}

/** As it was read, and, where JavaScript can hold it, made anew from its parts; over all protocols in turn. */
function again(bytes: Buffer, index: number): Buffer[] {
  const node = readPickle(bytes)
  // Protocol 2 and 3 have all of it as well, but in more words.
  const protocol = (2 + (index % 4)) as PickleProtocol
  if (!isPlain(node)) return [pickle(node, protocol)]
  const copy = copyOf(new PickledValue(node, builtInCodecs).exact())
  return [pickle(node, protocol), formatPickle(copy, { protocol })]
}
