/**
 * Times contestants side by side: round after round, each for a few milliseconds and in random order, so that a busy
 * machine slows all of them alike. Calibrating warms them up; what it took is not counted.
 */

import { type Random, shuffled } from '../test/seeded-random.ts'
import { type Estimate, median, ratioOf, spread } from './statistics.ts'

export interface Contestant {
  readonly name: string
  /** Does its work this many times; returns what that took: nanoseconds, where the contest has no other unit. */
  measure(runs: number): number | Promise<number>
}

export interface Contest {
  readonly title: string
  /** The first is what the others are compared with, mostly this library. */
  readonly contestants: readonly Contestant[]
  /** Default: microseconds. */
  readonly unit?: Unit
  /** What a ratio says. Default: our speed against theirs. */
  readonly ratio?: string
  /** How often the work is done in a round; default, as often as its milliseconds allow. */
  readonly runs?: number
}

export interface Unit {
  readonly name: string
  /** So many of what `measure` returns. */
  readonly size: number
}

export const MICROSECONDS: Unit = { name: 'µs', size: 1000 }
export const MILLISECONDS: Unit = { name: 'ms', size: 1e6 }
export const KILOBYTES: Unit = { name: 'kB', size: 1000 }

export interface RoundOptions {
  readonly rounds: number
  /** Milliseconds that each contestant works in each round. */
  readonly roundMs: number
  readonly warmUpMs: number
  readonly random: Random
}

export interface Standing {
  readonly name: string
  /** Median of one run, in the contest's unit. */
  readonly median: number
  /** Distance between the quartiles as a part of the median. */
  readonly spread: number
  /** How much more it takes than the first: above 1, the first is better. */
  readonly ratio: Estimate
}

export interface Result {
  readonly title: string
  readonly unit: string
  readonly ratio: string
  readonly rounds: number
  readonly standings: readonly Standing[]
}

/** A contestant whose work is done when it returns. Its time is the processor's, so that waiting for one is not counted. */
export function contestant(name: string, work: () => unknown): Contestant {
  return {
    name,
    measure(runs) {
      const start = process.cpuUsage()
      for (let run = 0; run < runs; run++) kept = work()
      return nanosecondsSince(start)
    },
  }
}

/** As `contestant`; work that other threads of the process do is counted, too. */
export function asyncContestant(name: string, work: () => Promise<unknown>): Contestant {
  return {
    name,
    async measure(runs) {
      const start = process.cpuUsage()
      for (let run = 0; run < runs; run++) kept = await work()
      return nanosecondsSince(start)
    },
  }
}

function nanosecondsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start)
  return (user + system) * 1000
}

/** The last answer stays reachable, so that no compiler can leave the work out. */
export let kept: unknown

export async function compare(contest: Contest, options: RoundOptions): Promise<Result> {
  const { title, contestants, unit = MICROSECONDS, ratio = 'our speed against theirs' } = contest
  const { rounds, random } = options
  const entries: { contestant: Contestant; runs: number; measured: number[] }[] = []
  for (const contestant of contestants) {
    if (contest.runs !== undefined) await contestant.measure(contest.runs)
    const runs = contest.runs ?? (await calibrate(contestant, options))
    entries.push({ contestant, runs, measured: [] })
  }
  for (let round = 0; round < rounds; round++) {
    for (const { contestant, runs, measured } of shuffled(entries, random)) {
      measured.push((await contestant.measure(runs)) / runs)
    }
  }
  const first = entries[0]?.measured ?? []
  const standings = entries.map(({ contestant: { name }, measured }) => ({
    name,
    median: median(measured) / unit.size,
    spread: spread(measured),
    ratio: ratioOf(measured, first, random),
  }))
  return { title, unit: unit.name, ratio, rounds, standings }
}

/** How many runs fill a round, found while warming up. */
async function calibrate(contestant: Contestant, { roundMs, warmUpMs }: RoundOptions): Promise<number> {
  const wanted = roundMs * 1e6
  let spent = 0
  for (let runs = 1; ; ) {
    const time = await contestant.measure(runs)
    spent += time
    const fitting = Math.max(1, Math.round((runs * wanted) / Math.max(time, 1)))
    if (spent >= warmUpMs * 1e6) return fitting
    runs = Math.min(fitting, runs * 4)
  }
}
