/** What the library promises of its speed, each a line that `--assert` judges. */
import { EXPRESS_CASES } from './express.ts'
import type { Result } from './rounds.ts'

export interface Target {
  readonly contest: string
  readonly against: string
  /** The least ratio of their time to ours. */
  readonly least: number
  /** `interval`: it is enough that the 95 % interval reaches it. */
  readonly judge: 'median' | 'interval'
}

const SIZES = ['171 B', '8 kB', '200 kB']

export const TARGETS: readonly Target[] = [
  { contest: 'HS256 verify', against: 'by hand', least: 0.9, judge: 'median' },
  ...['fast-jwt', 'jsonwebtoken', 'jose'].map(
    (against): Target => ({ contest: 'HS256 verify', against, least: 1, judge: 'median' }),
  ),
  { contest: 'RS256 verify', against: 'by hand', least: 0.9, judge: 'median' },
  ...SIZES.map(
    (size): Target => ({ contest: `session decode, ${size}`, against: 'by hand', least: 0.9, judge: 'median' }),
  ),
  ...Object.keys(EXPRESS_CASES).map(
    (title): Target => ({
      contest: `Express and PostgreSQL, ${title}`,
      against: 'express-session',
      least: 1,
      judge: 'interval',
    }),
  ),
]

/** One line for each target whose contest was run. */
export function judge(results: readonly Result[]): string[] {
  return TARGETS.flatMap(({ contest, against, least, judge: how }) => {
    const standing = results.find(({ title }) => title === contest)?.standings.find(({ name }) => name === against)
    if (standing === undefined) return []
    const { low, middle, high } = standing.ratio
    const verdict = (how === 'median' ? middle : high) >= least ? 'pass' : 'MISS'
    const wanted = how === 'median' ? `at least ${least}` : `95 % interval reaches ${least}`
    const measured = `${middle.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`
    return [`${verdict}  ${contest}, speed against ${against}: ${measured}, wanted: ${wanted}`]
  })
}
