/**
 * Reads mutated pickles, in a process of its own: what hangs or takes too much memory ends here. Tells its parent what
 * it is about to read, a thousand at a time, and what went wrong.
 */

import { SerializationError } from '../../src/errors.ts'
import { parsePickle, readPickle } from '../../src/python/pickle/pickle-reader.ts'
import { pickle } from '../../src/python/pickle/pickler.ts'
import { isSameNode } from '../../src/python/pickle/same-node.ts'
import { seededRandom } from '../seeded-random.ts'
import { mutated } from './mutations.ts'

export interface WorkerTask {
  readonly corpus: readonly string[]
  readonly seed: number
  readonly count: number
}

export type WorkerNews =
  | { readonly done: number; readonly taken: readonly string[]; readonly peakBytes: number }
  | { readonly pickle: string; readonly reason: string }

const CHUNK = 1000
/** Of those that were read, so many are judged by Python as well. */
const KEPT = 40

process.on('message', ({ corpus, seed, count }: WorkerTask) => {
  const pickles = corpus.map((hex) => Buffer.from(hex, 'hex'))
  const random = seededRandom(seed)
  let peakBytes = 0
  for (let done = 0; done < count; ) {
    const taken: string[] = []
    const until = Math.min(count, done + CHUNK)
    for (; done < until; done++) {
      const bytes = mutated(pickles, random)
      const reason = fault(bytes)
      if (reason === null && taken.length < KEPT) taken.push(bytes.toString('hex'))
      if (reason !== null && reason !== 'refused') tell({ pickle: bytes.toString('hex'), reason })
    }
    const { heapUsed, external } = process.memoryUsage()
    peakBytes = Math.max(peakBytes, heapUsed + external)
    tell({ done, taken, peakBytes })
  }
  process.disconnect()
})

function tell(news: WorkerNews): void {
  process.send?.(news)
}

/** Null where it was read, and read again as the same after it was written. */
function fault(bytes: Buffer): string | null {
  try {
    const node = readPickle(bytes)
    parsePickle(bytes)
    return isSameNode(readPickle(pickle(node)), node) ? null : 'reads otherwise after it was written'
  } catch (error) {
    if (error instanceof SerializationError) return 'refused'
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }
}
