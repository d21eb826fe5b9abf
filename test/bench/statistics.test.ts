import { describe, expect, test } from 'vitest'
import { median, ratioOf, slopeOf, spread } from '../../bench/statistics.ts'
import { seededRandom, shuffled } from '../seeded-random.ts'

describe('statistics of measurements', () => {
  test('median and spread of known numbers', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
    expect(spread([10, 20, 30, 40, 50])).toBeCloseTo(20 / 30)
  })

  test('the same seed gives the same numbers, another seed others', () => {
    const draw = (seed: number): number[] => Array.from({ length: 5 }, seededRandom(seed))
    expect(draw(1)).toEqual(draw(1))
    expect(draw(1)).not.toEqual(draw(2))
    expect(Array.from({ length: 1000 }, seededRandom(3)).every((value) => value >= 0 && value < 1)).toBe(true)
  })

  test('shuffling keeps every item and puts each first about equally often', () => {
    const random = seededRandom(4)
    const first = Array.from({ length: 3000 }, () => shuffled(['a', 'b', 'c'], random))
    expect(first.every((order) => order.toSorted().join('') === 'abc')).toBe(true)
    for (const item of 'abc') expect(first.filter(([head]) => head === item).length).toBeGreaterThan(850)
  })

  test('the interval of a ratio holds the true one, though every round is disturbed differently', () => {
    const random = seededRandom(5)
    const noise = Array.from({ length: 60 }, () => 1 + 3 * random())
    const over = noise.map((factor) => 120 * factor * (0.95 + 0.1 * random()))
    const under = noise.map((factor) => 100 * factor * (0.95 + 0.1 * random()))
    const { low, middle, high } = ratioOf(over, under, random)
    expect(low).toBeLessThan(1.2)
    expect(high).toBeGreaterThan(1.2)
    expect(low).toBeGreaterThan(1)
    expect(middle).toBeCloseTo(1.2, 1)
  })

  test('the interval of two series of the same kind holds 1 in most runs', () => {
    const random = seededRandom(6)
    const series = (): number[] => Array.from({ length: 40 }, () => 100 + 10 * random())
    const held = Array.from({ length: 40 }, () => ratioOf(series(), series(), random)).filter(
      ({ low, high }) => low <= 1 && high >= 1,
    )
    expect(held.length).toBeGreaterThan(33)
  })

  test('a slope is found under noise, and none where there is none', () => {
    const random = seededRandom(7)
    const noisy = (slope: number): number[] => Array.from({ length: 50 }, (_, place) => slope * place + 20 * random())
    expect(slopeOf(noisy(1), random).low).toBeGreaterThan(0)
    expect(slopeOf(noisy(1), random).middle).toBeCloseTo(1, 0)
    expect(slopeOf(noisy(-1), random).high).toBeLessThan(0)
    const { low, high } = slopeOf(noisy(0), random)
    expect(low).toBeLessThan(0)
    expect(high).toBeGreaterThan(0)
  })
})
