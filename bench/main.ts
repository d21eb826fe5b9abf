/** Benchmarks against peers and by hand. Times differ from machine to machine; ratios, measured side by side, less. */
import { randomInt } from 'node:crypto'
import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { seededRandom } from '../test/seeded-random.ts'
import { bombGroup } from './bombs.ts'
import { expressGroup, redisGroup } from './express.ts'
import type { BenchGroup, GroupTools } from './groups.ts'
import { importGroup } from './imports.ts'
import { jwtGroup } from './jwt.ts'
import { memoryGroup } from './memory.ts'
import { pickleGroup } from './pickle.ts'
import { compare, type Result, type RoundOptions } from './rounds.ts'
import { sessionGroup } from './session.ts'
import { judge } from './targets.ts'

const GROUPS: Readonly<Record<string, { readonly run: BenchGroup; readonly full: Pace; readonly quick: Pace }>> = {
  jwt: {
    run: jwtGroup,
    full: { rounds: 80, roundMs: 5, warmUpMs: 300 },
    quick: { rounds: 5, roundMs: 2, warmUpMs: 20 },
  },
  session: {
    run: sessionGroup,
    full: { rounds: 80, roundMs: 10, warmUpMs: 300 },
    quick: { rounds: 5, roundMs: 3, warmUpMs: 20 },
  },
  pickle: {
    run: pickleGroup,
    full: { rounds: 80, roundMs: 10, warmUpMs: 300 },
    quick: { rounds: 5, roundMs: 3, warmUpMs: 20 },
  },
  bombs: {
    run: bombGroup,
    full: { rounds: 5, roundMs: 0, warmUpMs: 0 },
    quick: { rounds: 2, roundMs: 0, warmUpMs: 0 },
  },
  express: {
    run: expressGroup,
    full: { rounds: 60, roundMs: 100, warmUpMs: 1500 },
    quick: { rounds: 3, roundMs: 20, warmUpMs: 50 },
  },
  redis: {
    run: redisGroup,
    full: { rounds: 60, roundMs: 100, warmUpMs: 1500 },
    quick: { rounds: 3, roundMs: 20, warmUpMs: 50 },
  },
  memory: {
    run: memoryGroup,
    full: { rounds: 10, roundMs: 0, warmUpMs: 0 },
    quick: { rounds: 2, roundMs: 0, warmUpMs: 0 },
  },
  import: {
    run: importGroup,
    full: { rounds: 15, roundMs: 0, warmUpMs: 0 },
    quick: { rounds: 2, roundMs: 0, warmUpMs: 0 },
  },
}

type Pace = Omit<RoundOptions, 'random'>

const HELP = `npm run bench -- [options]
  --only GROUP   one of ${Object.keys(GROUPS).join(', ')}; may be repeated
  --assert       judge the promised ratios: pass or miss for each
  --quick        a few rounds, only to see that everything runs
  --json         print the results as JSON alone
  --seed N       order of turns and resampling
  --help`

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    assert: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    seed: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

if (options.help) console.log(HELP)
else await main()

async function main(): Promise<void> {
  const names = options.only ?? Object.keys(GROUPS)
  const unknown = names.find((name) => !(name in GROUPS))
  if (unknown !== undefined) {
    console.error(`There is no group ${unknown}.\n${HELP}`)
    process.exitCode = 2
    return
  }
  const seed = options.seed === undefined ? randomInt(2 ** 31) : Number(options.seed)
  const say = options.json ? () => undefined : console.log
  const machine = { node: process.version, cores: availableParallelism(), load: loadavg()[0]?.toFixed(1) }
  say(`Node ${machine.node}, ${machine.cores} cores, load ${machine.load}; seed ${seed}`)

  const results: Result[] = []
  const failures: string[] = []
  let passed = 0
  const check = (what: string, isRight: boolean): void => {
    if (isRight) passed++
    else failures.push(what)
  }
  for (const name of names) {
    const group = GROUPS[name]
    if (group === undefined) continue
    const ends: (() => unknown)[] = []
    const random = seededRandom(seed)
    const skip: GroupTools['skip'] = (what, why) => console.error(`  SKIPPED  ${what}: ${why}`)
    try {
      const contests = await group.run({ check, skip, random, defer: (end) => ends.unshift(end) })
      for (const contest of contests) {
        const result = await compare(contest, { ...(options.quick ? group.quick : group.full), random })
        results.push(result)
        check(
          contest.title,
          result.standings.every(({ ratio }) => ratio.middle > 0),
        )
        say(table(result))
      }
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    } finally {
      for (const end of ends) await end()
    }
  }
  const verdicts = options.assert ? judge(results) : []
  if (options.json) console.log(JSON.stringify({ machine, seed, results, verdicts, failures }, null, 2))
  else for (const line of ['', ...verdicts, ...failures.map((what) => `FAILED  ${what}`)]) say(line)
  say(`${passed} passed, ${failures.length} failed`)
  process.exitCode = failures.length === 0 && passed > 0 ? 0 : 1
}

function table({ title, unit, ratio: meaning, rounds, standings }: Result): string {
  const width = Math.max(...standings.map(({ name }) => name.length))
  const lines = standings.map(({ name, median, spread, ratio }, place) => {
    const { low, middle, high } = ratio
    const against = place === 0 ? '' : `${middle.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`
    const amount = `${median.toFixed(2)} ${unit}`.padStart(12)
    return `  ${name.padEnd(width)} ${amount}  ±${(spread * 100).toFixed(0).padStart(2)} %  ${against}`.trimEnd()
  })
  return [`\n${title} (${rounds} rounds; median, spread; ${meaning}, with the 95 % interval)`, ...lines].join('\n')
}
