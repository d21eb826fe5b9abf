/** What a group of benchmarks gets and gives. */

import type { Random } from '../test/seeded-random.ts'
import type { Contest } from './rounds.ts'

export interface GroupTools {
  /** Whether a contestant does what it is timed for. */
  check(what: string, isRight: boolean): void
  /** Says loudly what cannot be measured here, and why. */
  skip(what: string, why: string): void
  /** Run in the end, whatever happened. */
  defer(end: () => unknown): void
  readonly random: Random
}

export type BenchGroup = (tools: GroupTools) => Promise<readonly Contest[]>
