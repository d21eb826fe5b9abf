/** What the library promises of its speed, each a line that `--assert` judges. */
import { BOMB_CONTESTS } from './bombs.ts'
import { EXPRESS_CASES } from './express.ts'
import type { Result } from './rounds.ts'

export interface Target {
  readonly contest: string
  /** Undefined: whichever contestant has the highest ratio. */
  readonly against?: string
  /** The least ratio of their time to ours. */
  readonly least?: number
  readonly most?: number
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
  ...SIZES.map(
    (size): Target => ({ contest: `pickle read, ${size}`, against: 'pickleparser', least: 1, judge: 'median' }),
  ),
  ...Object.values(BOMB_CONTESTS).map((contest): Target => ({ contest, most: 1, judge: 'median' })),
  ...['PostgreSQL', 'Redis'].flatMap((store) =>
    Object.keys(EXPRESS_CASES).map(
      (title): Target => ({
        contest: `Express and ${store}, ${title}`,
        against: 'express-session',
        least: 1,
        judge: 'interval',
      }),
    ),
  ),
]

/** One line for each target whose contest was run. */
export function judge(results: readonly Result[]): string[] {
  return TARGETS.flatMap(({ contest, against, least, most, judge: how }) => {
    const result = results.find(({ title }) => title === contest)
    const standing = result?.standings.find(({ name }) => name === (against ?? highest(result)))
    if (result === undefined || standing === undefined) return []
    const { low, middle, high } = standing.ratio
    const isReached = (how === 'median' ? middle : high) >= (least ?? 0) && middle <= (most ?? Number.POSITIVE_INFINITY)
    const bound = least === undefined ? `at most ${most}` : `at least ${least}`
    const wanted = how === 'median' ? bound : `95 % interval reaches ${least}`
    const measured = `${middle.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`
    const what = most === undefined ? 'speed against' : 'most of them'
    return [`${isReached ? 'pass' : 'MISS'}  ${contest}, ${what} ${standing.name}: ${measured}, wanted: ${wanted}`]
  })
}

/** The name of the one that takes most, beside the first, with which it is compared. */
function highest({ standings }: Result): string | undefined {
  const others = standings.slice(1).sort((left, right) => right.ratio.middle - left.ratio.middle)
  return others[0]?.name
}
