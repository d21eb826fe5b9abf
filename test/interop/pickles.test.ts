/** Random values of every type that Python pickles, through Node and back. `npm run fuzz` has more of them. */
import { expect } from 'vitest'
import { roundTrips } from '../fuzz/round-trips.ts'
import { randomTrials } from './random-trials.ts'

randomTrials('random pickles', 1_000, async ({ oracle, runs, seed }) => {
  const { values, copies, faults } = await roundTrips(oracle, { seed, count: runs })
  expect(faults).toEqual([])
  expect(values).toBe(runs)
  expect(copies).toBeGreaterThan(runs / 2)
})
