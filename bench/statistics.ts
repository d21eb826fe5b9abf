/** What repeated measurements say: medians, spreads, and how sure a ratio or a slope is. */
import type { Random } from '../test/seeded-random.ts'

/** An estimate and the ends of its 95 % interval. */
export interface Estimate {
  readonly low: number
  readonly middle: number
  readonly high: number
}

const RESAMPLES = 2000

export function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  )
}

/** The distance between the quartiles as a part of the median. */
export function spread(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / quantile(sorted, 0.5)
}

function quantile(sorted: readonly number[], part: number): number {
  const place = (sorted.length - 1) * part
  const below = sorted[Math.floor(place)] ?? Number.NaN
  const above = sorted[Math.ceil(place)] ?? Number.NaN
  return below + (above - below) * (place - Math.floor(place))
}

/**
 * The median of one series over that of another measured in the same rounds; its interval by bootstrap over rounds,
 * so that what disturbed a whole round disturbs both alike.
 */
export function ratioOf(over: readonly number[], under: readonly number[], random: Random): Estimate {
  const rounds = over.length
  const ratioIn = (picked: readonly number[]): number =>
    median(picked.map((round) => over[round] ?? Number.NaN)) / median(picked.map((round) => under[round] ?? Number.NaN))
  return bootstrapped(rounds, ratioIn, random)
}

/** The change of a series from one value to the next, by least squares; its interval by bootstrap over the values. */
export function slopeOf(series: readonly number[], random: Random): Estimate {
  const slopeIn = (picked: readonly number[]): number => {
    const meanPlace = mean(picked)
    const meanValue = mean(picked.map((place) => series[place] ?? Number.NaN))
    let product = 0
    let square = 0
    for (const place of picked) {
      product += (place - meanPlace) * ((series[place] ?? Number.NaN) - meanValue)
      square += (place - meanPlace) ** 2
    }
    return product / square
  }
  return bootstrapped(series.length, slopeIn, random)
}

function bootstrapped(size: number, estimate: (picked: readonly number[]) => number, random: Random): Estimate {
  const every = Array.from({ length: size }, (_, place) => place)
  const resampled = Array.from({ length: RESAMPLES }, () =>
    estimate(every.map(() => Math.floor(random() * size))),
  ).sort((a, b) => a - b)
  return { low: quantile(resampled, 0.025), middle: estimate(every), high: quantile(resampled, 0.975) }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
