/** Random trials that a real Python judges: the oracle, a site on SQLite for its rows, and a seed that repeats them. */
import { randomInt } from 'node:crypto'
import { afterAll, beforeAll, describe, inject, test } from 'vitest'
import { makeSite, type Site } from '../site.ts'
import { type Oracle, startOracle } from './oracle.ts'

/** Also the oracle's own, so that its sessions and ours are signed alike. */
export const SECRET_KEY = 'golden-vectors-secret-key-0123456789abcdefghijklmnop'

export interface Trials {
  readonly oracle: Oracle
  readonly site: Site
  readonly runs: number
  readonly seed: number
}

/** Without a Python on this machine, the tests are skipped, and the report says so. */
export function randomTrials(what: string, runs: number, run: (trials: Trials) => Promise<void>): void {
  const python = inject('djangos').find((django) => 'python' in django)
  describe.runIf(python !== undefined)(what, () => {
    let oracle: Oracle
    let site: Site
    beforeAll(async () => {
      oracle = startOracle(python !== undefined && 'python' in python ? python.python : '')
      site = await makeSite({ SECRET_KEY })
    })
    afterAll(async () => {
      oracle?.stop()
      await site?.close()
    })

    const seed = Number(process.env.FAST_CHECK_SEED ?? randomInt(2 ** 31))
    test(`${runs} of them, seed ${seed} (FAST_CHECK_SEED repeats it)`, { timeout: 240_000 }, async () => {
      console.log(`  ${what}: seed ${seed}`)
      await run({ oracle, site, runs, seed })
    })
  })
}
