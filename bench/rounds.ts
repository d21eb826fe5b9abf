/**
 * Times contestants side by side: round after round, each for a few milliseconds and in random order, so that a busy
 * machine slows all of them alike. Calibrating warms them up; what it took is not counted.
 */
import { type Estimate, median, type Random, ratioOf, shuffled, spread } from './statistics.ts'

export interface Contestant {
  readonly name: string
  /** Does its work this many times; returns the nanoseconds that took. */
  time(runs: number): number | Promise<number>
}

export interface Contest {
  readonly title: string
  /** The first is this library. */
  readonly contestants: readonly Contestant[]
}

export interface RoundOptions {
  readonly rounds: number
  /** Milliseconds that each contestant works in each round. */
  readonly roundMs: number
  readonly warmUpMs: number
  readonly random: Random
}

export interface Standing {
  readonly name: string
  /** Median nanoseconds of one run. */
  readonly nanoseconds: number
  /** Distance between the quartiles as a part of the median. */
  readonly spread: number
  /** How much longer it takes than this library does: above 1, the library is faster. */
  readonly ratio: Estimate
}

export interface Result {
  readonly title: string
  readonly rounds: number
  readonly standings: readonly Standing[]
}

/** A contestant whose work is done when it returns. */
export function contestant(name: string, work: () => unknown): Contestant {
  return {
    name,
    time(runs) {
      const start = process.hrtime.bigint()
      for (let run = 0; run < runs; run++) kept = work()
      return Number(process.hrtime.bigint() - start)
    },
  }
}

export function asyncContestant(name: string, work: () => Promise<unknown>): Contestant {
  return {
    name,
    async time(runs) {
      const start = process.hrtime.bigint()
      for (let run = 0; run < runs; run++) kept = await work()
      return Number(process.hrtime.bigint() - start)
    },
  }
}

/** The last answer stays reachable, so that no compiler can leave the work out. */
export let kept: unknown

export async function compare({ title, contestants }: Contest, options: RoundOptions): Promise<Result> {
  const { rounds, random } = options
  const entries: { contestant: Contestant; runs: number; times: number[] }[] = []
  for (const contestant of contestants) {
    entries.push({ contestant, runs: await calibrate(contestant, options), times: [] })
  }
  for (let round = 0; round < rounds; round++) {
    for (const { contestant, runs, times } of shuffled(entries, random)) {
      times.push((await contestant.time(runs)) / runs)
    }
  }
  const ours = entries[0]?.times ?? []
  const standings = entries.map(({ contestant: { name }, times }) => ({
    name,
    nanoseconds: median(times),
    spread: spread(times),
    ratio: ratioOf(times, ours, random),
  }))
  return { title, rounds, standings }
}

/** How many runs fill a round, found while warming up. */
async function calibrate(contestant: Contestant, { roundMs, warmUpMs }: RoundOptions): Promise<number> {
  const wanted = roundMs * 1e6
  let spent = 0
  for (let runs = 1; ; ) {
    const time = await contestant.time(runs)
    spent += time
    const fitting = Math.max(1, Math.round((runs * wanted) / Math.max(time, 1)))
    if (spent >= warmUpMs * 1e6) return fitting
    runs = Math.min(fitting, runs * 4)
  }
}
