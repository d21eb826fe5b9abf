/** Histories of shared sessions, judged: `npm run history -- --help`. */
import { randomInt } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { chosenDatabases, DATABASE_OPTION, type DatabaseName } from '../database-choice.ts'
import { refuse, startOutcome } from '../outcome.ts'
import { type Random, seededRandom } from '../seeded-random.ts'
import type { AnomalyKind } from './checker.ts'
import { databaseForHistory } from './database.ts'
import type { Event } from './event.ts'
import { PLANTS, type Plant } from './plants.ts'
import { type HistoryResult, runHistory } from './run.ts'

const FULL = 100_000
const QUICK = 1_000
const PLANTED = 1_500

const HELP = `npm run history -- [options]

  ${DATABASE_OPTION}
  --engine db    the session engine; the only one so far
  --operations N of each history; default ${QUICK}
  --full         ${FULL} operations
  --seed N       of what browsers wish and what fails; how processes race is nobody's to repeat
  --help

Browsers with several tabs share sessions between Node and real Django, on a server through a proxy that fails, on
SQLite beside a process that holds the lock and is killed. Then the same with Django alone, then with faults planted
under Node, each of which must be found. Ends with \`N passed, N failed\`: Node may cause no anomaly.`

const KINDS: readonly AnomalyKind[] = ['resurrection', 'lost', 'own write missed', 'crossed']

const { values: options } = parseArgs({
  options: {
    database: { type: 'string', multiple: true },
    engine: { type: 'string', default: 'db' },
    operations: { type: 'string' },
    full: { type: 'boolean', default: false },
    seed: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const python = process.env.BRIDGE_PYTHON_5_2

const { tell, end } = startOutcome()

if (options.help) console.log(HELP)
else await main()

async function main(): Promise<void> {
  const chosen = chosenDatabases(options.database)
  if ('refusal' in chosen) return refuse(chosen.refusal, HELP)
  if (options.engine !== 'db') return refuse(`Not known: ${options.engine}.`, HELP)
  if (!python)
    return refuse(`No Django 5.2: ${process.env.BRIDGE_PYTHON_5_2_MISSING ?? 'BRIDGE_PYTHON_5_2 is not set'}.`, HELP)
  const operations = Number(options.operations ?? (options.full ? FULL : QUICK))
  const seed = Number(options.seed ?? randomInt(2 ** 31))
  if (!(operations > 0) || !Number.isSafeInteger(seed))
    return refuse('--operations and --seed are whole numbers.', HELP)
  console.log(`${operations} operations each, seed ${seed}`)

  const random = seededRandom(seed)
  for (const name of chosen.names) {
    const both = await history(name, python, random, { operations, sides: ['node', 'django'] })
    const alone = await history(name, python, random, { operations, sides: ['django'] })
    report(name, both, alone)
    judge(name, both, operations)
  }
  for (const plant of Object.keys(PLANTS) as Plant[]) await judgePlant(plant, python, random)
  end()
}

async function history(
  name: DatabaseName,
  python: string,
  random: Random,
  given: { operations: number; sides: readonly ('node' | 'django')[]; plant?: Plant },
): Promise<HistoryResult> {
  const database = await databaseForHistory(name)
  const title = `${name}, ${given.plant ?? given.sides.join(' and ')}`
  let told = performance.now()
  const progress = (done: number): void => {
    if (performance.now() - told < 5000) return
    told = performance.now()
    console.error(`  ${title}: ${done} of ${given.operations}`)
  }
  try {
    return await runHistory({ ...given, database, python, random, progress, isDisturbed: given.plant === undefined })
  } finally {
    await database.drop()
  }
}

function report(name: string, both: HistoryResult, alone: HistoryResult): void {
  const { states, writes, logouts } = both.checked
  console.log(
    `\n${name}: ${states} states against ${writes} acknowledged writes and ${logouts} logouts, ${seconds(both)}`,
  )
  console.log(`  outcomes: ${outcomes(both)}`)
  console.log(`  Django alone: ${outcomes(alone)}, ${seconds(alone)}`)
  console.log(
    `  ${'anomaly'.padEnd(20)}${'by Node'.padStart(10)}${'by Django'.padStart(12)}${'Django alone'.padStart(15)}`,
  )
  for (const kind of KINDS) {
    const cells = [count(both, kind, 'node'), count(both, kind, 'django'), count(alone, kind, 'django')]
    console.log(
      `  ${kind.padEnd(20)}${cells.map((cell, index) => String(cell).padStart([10, 12, 15][index] ?? 0)).join('')}`,
    )
  }
  console.log(`  rows left: ${both.rows}, unreadable ${both.unreadableRows}`)
}

function judge(name: string, { checked, outcomes: seen, ...result }: HistoryResult, operations: number): void {
  for (const kind of KINDS) {
    const ours = result.anomalies.filter((anomaly) => anomaly.kind === kind && anomaly.cause === 'node')
    tell(ours.length === 0, `${name}: no ${kind} by Node`)
    for (const anomaly of ours.slice(0, 5)) console.log(`    operation ${anomaly.found} about ${anomaly.about}`)
    if (ours.length > 0) keep(name, result.events)
  }
  tell(result.unreadableRows === 0, `${name}: every row that is left can be read`)
  const isEnough =
    checked.states > operations / 4 && checked.writes > operations / 10 && checked.logouts > operations / 200
  tell(isEnough, `${name}: there was enough to judge`)
  const failures = Object.entries(seen).some(([what, times]) => what.endsWith('failed') && times > 0)
  // A lock is waited for; only a proxy makes requests fail.
  tell(failures || name === 'sqlite', `${name}: the faults were felt`)
}

async function judgePlant(plant: Plant, python: string, random: Random): Promise<void> {
  const { anomalies } = await history('sqlite', python, random, { operations: PLANTED, sides: ['node'], plant })
  const wanted = PLANTS[plant]
  const hits = anomalies.filter((anomaly) => anomaly.kind === wanted && anomaly.cause === 'node').length
  tell(hits > 0, `planted ${plant}: ${hits} times ${wanted} by Node`)
}

/** For whoever looks into an anomaly: the whole history, one event a line. */
function keep(name: string, events: readonly Event[]): void {
  const file = resolve(import.meta.dirname, `../../.cache/history-${name}.jsonl`)
  writeFileSync(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''))
  console.log(`    the history is in ${relative(process.cwd(), file)}`)
}

function count({ anomalies }: HistoryResult, kind: AnomalyKind, cause: 'node' | 'django'): number {
  return anomalies.filter((anomaly) => anomaly.kind === kind && anomaly.cause === cause).length
}

function outcomes(result: HistoryResult): string {
  return Object.entries(result.outcomes)
    .sort()
    .map(([what, times]) => `${what} ${times}`)
    .join(', ')
}

function seconds(result: HistoryResult): string {
  return `${result.seconds.toFixed(0)} s`
}
