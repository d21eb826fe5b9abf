/** Histories of shared sessions, judged: `npm run history -- --help`. */
import { randomInt } from 'node:crypto'
import { relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { chosenDatabases, DATABASE_OPTION, type DatabaseName } from '../database-choice.ts'
import { refuse, startOutcome } from '../outcome.ts'
import { missingMemcached } from '../private-memcached.ts'
import { missingRedisServer } from '../private-redis.ts'
import { type Random, seededRandom } from '../seeded-random.ts'
import { folderForHistory, memcachedForHistory, tableForHistory } from './caches.ts'
import type { AnomalyKind } from './checker.ts'
import { type CountersResult, runCounters } from './counters.ts'
import {
  cachedForHistory,
  cookiesForHistory,
  databaseForHistory,
  filesForHistory,
  type HistoryDatabase,
} from './database.ts'
import type { Event, Side } from './event.ts'
import { PLANTS, type Plant } from './plants.ts'
import { type HistoryRecord, judgeRecord, keepRecord } from './record.ts'
import { redisForHistory } from './redis.ts'
import { type HistoryResult, runHistory } from './run.ts'
import { STORE_FAULTS, type StoreFault } from './store-faults.ts'

const FULL = 100_000
const QUICK = 1_000
const PLANTED = 1_500
/** How long after a write its older copy may be seen while the cache is killed and comes back. */
const LONGEST_STALE_MS = 5000
/** In a hundred writes, of several processes that rename files at once. */
const MOST_HITS = 5

const HELP = `npm run history -- [options]

  ${DATABASE_OPTION}
  --kind NAME    states (default): what browsers see; or counter: increments that nobody stamps, by Node alone
  --engine NAME  db (default), cached_db, cache, file or signed_cookies; with the last three the user alone is in a database
  --cache NAME   of the engine cache: redis (default), memcached, database or file
  --operations N of each history; default ${QUICK}
  --full         ${FULL} operations
  --judge FILE   of .cache/history-….jsonl: only judges again what was recorded, and tells what happened around each anomaly by Node
  --seed N       of what browsers wish and what fails; how processes race is nobody's to repeat
  --help

Browsers with several tabs share sessions between Node and real Django, on a server through a proxy that fails, on
SQLite beside a process that holds the lock and is killed. Then the same with Django alone, then with faults planted
under Node, each of which must be found. Ends with \`N passed, N failed\`: Node may cause no anomaly.

In Redis, Memcached and tables what stood where Django set a session is noted: Django's is only what that proves.

Redis, a redis-server of our own, is also restarted and killed: once with every write on its disk, once with snapshots
alone, where what Redis itself forgets is counted apart.

For cached_db, copies are in a Redis of our own, which is killed and started again. What Django's own code puts there too
late is Django's; two Node processes are judged by themselves as well. While the cache comes back an older copy may be
seen, which is counted, for less than ${LONGEST_STALE_MS / 1000} s.

Memcached, a server of our own, is also killed and forgets everything, which is counted apart. A DatabaseCache is in each
database, a FileBasedCache in a folder.

Of files one Node process may cause none. With several, what falls into the window between a last look and a
rename is counted; more than ${MOST_HITS} in a hundred writes is no such chance. Beside Django, whose saves bring ended sessions
back, what Node then writes upon those counts as Node's. Sessions in cookies are judged for crossed
values alone: the browser keeps the cookie of the later answer.`

const KINDS: readonly AnomalyKind[] = ['resurrection', 'lost', 'own write missed', 'crossed']

/** Where sessions are, and what a history of them is judged for. */
interface Place {
  readonly name: string
  readonly engine: string
  /** Of the engine cache. */
  readonly cache?: 'redis' | 'memcached' | 'database' | 'file'
  open(): Promise<HistoryDatabase>
  readonly kinds: readonly AnomalyKind[]
  /** Whether chance may lose what two processes of Node write at once. */
  readonly hasWindow?: boolean
  /** Whether Node by itself is judged as well: what Django's code leaves in a cache hides what Node's does. */
  readonly isSharedCache?: boolean
  /** Whether the record proves what Django did: of Django alone all, and beside it a fault of Node's is found as well. */
  readonly isProven?: boolean
  /**
   * Whether requests fail: with `none` nothing disturbs them; a lock and a restart may be waited for; a proxy makes some
   * fail, if the history is not a short one.
   */
  readonly failures: 'some' | 'perhaps' | 'none'
  readonly faults?: readonly StoreFault[]
}

const { values: options } = parseArgs({
  options: {
    database: { type: 'string', multiple: true },
    kind: { type: 'string', default: 'states' },
    engine: { type: 'string', default: 'db' },
    cache: { type: 'string', default: 'redis' },
    operations: { type: 'string' },
    full: { type: 'boolean', default: false },
    seed: { type: 'string' },
    judge: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const python = process.env.BRIDGE_PYTHON_5_2
/** Engines whose sessions are in no database. */
const ELSEWHERE: readonly Place[] = [
  {
    name: 'redis',
    engine: 'cache',
    cache: 'redis',
    open: () => redisForHistory('everything'),
    kinds: KINDS,
    failures: 'perhaps',
    isSharedCache: true,
    isProven: true,
    faults: ['blind saves in Redis'],
  },
  {
    name: 'redis with snapshots',
    engine: 'cache',
    cache: 'redis',
    open: () => redisForHistory('snapshots'),
    kinds: KINDS,
    failures: 'perhaps',
    isProven: true,
  },
  {
    name: 'memcached',
    engine: 'cache',
    cache: 'memcached',
    open: memcachedForHistory,
    kinds: KINDS,
    failures: 'perhaps',
    isProven: true,
    faults: ['blind saves in Memcached'],
  },
  {
    name: 'files of a cache',
    engine: 'cache',
    cache: 'file',
    open: folderForHistory,
    kinds: KINDS,
    hasWindow: true,
    failures: 'none',
    faults: ['no last look in a cache'],
  },
  {
    name: 'file',
    engine: 'file',
    open: filesForHistory,
    kinds: KINDS,
    hasWindow: true,
    failures: 'none',
    faults: ['no last look', 'files of others'],
  },
  {
    name: 'signed_cookies',
    engine: 'signed_cookies',
    open: cookiesForHistory,
    kinds: ['crossed'],
    failures: 'none',
    faults: ['cookies of others'],
  },
]

function inDatabase(name: DatabaseName): Place {
  const failures = name === 'sqlite' ? 'perhaps' : 'some'
  return { name, engine: 'db', open: () => databaseForHistory(name), kinds: KINDS, failures }
}

function inBoth(database: DatabaseName): Place {
  return {
    name: `cached_db-${database}`,
    engine: 'cached_db',
    open: () => cachedForHistory(database),
    kinds: [...KINDS, 'stale'],
    isSharedCache: true,
    failures: inDatabase(database).failures,
    ...(database === 'sqlite' && { faults: ['older copies stay', 'ended copies stay'] }),
  }
}

function inTable(name: DatabaseName): Place {
  const place = inDatabase(name)
  return {
    ...place,
    name: `a table of ${name}`,
    engine: 'cache',
    cache: 'database',
    open: () => tableForHistory(name),
    isProven: true,
    ...(name === 'sqlite' && { faults: ['blind saves in a table'] as const }),
  }
}

function placesOf(engine: string, cache: string, databases: readonly DatabaseName[]): readonly Place[] {
  if (engine === 'db') return databases.map(inDatabase)
  if (engine === 'cached_db') return databases.map(inBoth)
  const places = [...ELSEWHERE, ...databases.map(inTable)].filter((place) => place.engine === engine)
  return engine === 'cache' ? places.filter((place) => place.cache === cache) : places
}

/** What a cache needs on this machine and has not. */
function missingServer(cache: string): string | null {
  if (cache === 'redis') return missingRedisServer()
  return cache === 'memcached' ? missingMemcached() : null
}

const { tell, end } = startOutcome()

if (options.help) console.log(HELP)
else if (options.judge !== undefined) for (const line of judgeRecord(options.judge)) console.log(line)
else await main()

async function main(): Promise<void> {
  const chosen = chosenDatabases(options.database)
  if ('refusal' in chosen) return refuse(chosen.refusal, HELP)
  const { engine, cache } = options
  const places = placesOf(engine, cache, chosen.names)
  if (places.length === 0) return refuse(`Not known: ${engine === 'cache' ? cache : engine}.`, HELP)
  const missing = engine === 'cache' ? missingServer(cache) : null
  if (missing !== null) return refuse(`For ${cache}: ${missing}.`, HELP)
  if (!python)
    return refuse(`No Django 5.2: ${process.env.BRIDGE_PYTHON_5_2_MISSING ?? 'BRIDGE_PYTHON_5_2 is not set'}.`, HELP)
  const operations = Number(options.operations ?? (options.full ? FULL : QUICK))
  const seed = Number(options.seed ?? randomInt(2 ** 31))
  if (!(operations > 0) || !Number.isSafeInteger(seed))
    return refuse('--operations and --seed are whole numbers.', HELP)
  console.log(`${operations} operations each, seed ${seed}`)

  const random = seededRandom(seed)
  if (options.kind === 'counter') {
    for (const place of places) await judgeCounters(place, python, random, operations)
    return end()
  }
  for (const place of places) {
    const both = await history(place, python, random, { operations, sides: ['node', 'django'] })
    const alone = await history(place, python, random, { operations, sides: ['django'] })
    report(both, alone, place)
    judge(place.name, both, { operations, place })
    if (place.isProven) judgeProofs(place, alone)
    if (place.hasWindow) {
      const several = await history(place, python, random, { operations, sides: ['node'], nodes: 3 })
      judge(`${place.name}, three Node processes`, several, { operations, place })
      const single = await history(place, python, random, { operations, sides: ['node'], nodes: 1 })
      judge(`${place.name}, one Node process`, single, { operations, place: { ...place, hasWindow: false } })
    }
    if (place.isSharedCache) {
      const ours = await history(place, python, random, { operations, sides: ['node'] })
      judge(`${place.name}, Node alone`, ours, { operations, place: { ...place, failures: 'perhaps' } })
    }
    for (const fault of place.faults ?? []) await judgeFault(place, fault, python, random)
  }
  if (engine === 'db') for (const plant of Object.keys(PLANTS) as Plant[]) await judgePlant(plant, python, random)
  end()
}

async function judgeCounters(place: Place, python: string, random: Random, operations: number): Promise<void> {
  const { name, engine, cache, hasWindow } = place
  const run = async (fault?: StoreFault): Promise<CountersResult> => {
    const database = await place.open()
    // What several processes write to files at once falls into the window of a rename.
    const nodes = hasWindow === true ? 1 : 3
    const given = { database, python, random, operations, nodes, ...(fault && { fault }) }
    return runCounters(given).finally(() => database.drop())
  }
  if (engine === 'signed_cookies' || name === 'redis with snapshots') return
  const { counters, acknowledged, unknown, lost, doubled, forgotten, faults } = await run()
  console.log(
    `\n${name}: ${counters} counters, ${acknowledged} increments acknowledged, ${unknown} unknown, ${faults} faults` +
      (forgotten > 0 ? `, ${forgotten} forgotten by the store itself` : ''),
  )
  tell(lost === 0, `${name}: ${lost} acknowledged increments lost`)
  tell(doubled === 0, `${name}: ${doubled} increments made twice`)
  tell(counters > forgotten && acknowledged > operations / 4, `${name}: there was enough to judge`)
  if (place.failures !== 'some' && cache !== 'redis') return
  const planted = await run(cache === undefined ? 'the same text twice' : 'the same bytes twice')
  tell(planted.lost > 0, `${name}, planted the same twice: ${planted.lost} acknowledged increments lost`)
}

async function history(
  place: Place,
  python: string,
  random: Random,
  given: {
    operations: number
    sides: readonly Side[]
    plant?: Plant
    fault?: StoreFault
    nodes?: number
  },
): Promise<HistoryResult> {
  const database = await place.open()
  const title = `${place.name}, ${given.plant ?? given.fault ?? given.sides.join(' and ')}`
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

function report(both: HistoryResult, alone: HistoryResult, { name, kinds }: Place): void {
  const { states, writes, logouts } = both.checked
  console.log(
    `\n${name}: ${states} states against ${writes} acknowledged writes and ${logouts} logouts, ${seconds(both)}`,
  )
  console.log(`  outcomes: ${outcomes(both)}`)
  console.log(`  Django alone: ${outcomes(alone)}, ${seconds(alone)}`)
  console.log(
    `  ${'anomaly'.padEnd(20)}${'by Node'.padStart(10)}${'by Django'.padStart(12)}${'Django alone'.padStart(15)}`,
  )
  for (const kind of kinds) {
    const cells = [count(both, kind, 'node'), count(both, kind, 'django'), count(alone, kind, 'django')]
    console.log(
      `  ${kind.padEnd(20)}${cells.map((cell, index) => String(cell).padStart([10, 12, 15][index] ?? 0)).join('')}`,
    )
  }
  console.log(`  rows left: ${both.rows}, unreadable ${both.unreadableRows}`)
  const { rollbacks } = both.circumstances
  if (rollbacks.length === 0) return
  const forgotten = kinds.map((kind) => `${kind} ${both.forgotten.filter((each) => each.kind === kind).length}`)
  console.log(`  by the store itself, killed ${rollbacks.length} times after a snapshot: ${forgotten.join(', ')}`)
}

function judge(
  name: string,
  { checked, outcomes: seen, ...result }: HistoryResult,
  { operations, place }: { operations: number; place: Place },
): void {
  for (const kind of place.kinds) {
    const ours = result.anomalies.filter((anomaly) => anomaly.kind === kind && anomaly.cause === 'node')
    if (place.hasWindow && kind !== 'crossed') {
      const most = Math.ceil((checked.writes * MOST_HITS) / 100)
      tell(ours.length <= most, `${name}: ${ours.length} ${kind} by Node in the window, at most ${most}`)
      continue
    }
    if (kind === 'stale') {
      const longest = Math.max(0, ...ours.map(({ afterMs = 0 }) => afterMs))
      if (longest >= LONGEST_STALE_MS) keep(name, result)
      tell(longest < LONGEST_STALE_MS, `${name}: ${ours.length} stale by Node, up to ${longest.toFixed(0)} ms`)
      continue
    }
    tell(ours.length === 0, `${name}: no ${kind} by Node`)
    for (const anomaly of ours.slice(0, 5)) console.log(`    operation ${anomaly.found} about ${anomaly.about}`)
    if (ours.length > 0) keep(name, result)
  }
  tell(result.unreadableRows === 0, `${name}: every row that is left can be read`)
  const isJudgedForLogouts = place.kinds.includes('resurrection')
  const isEnough =
    checked.states > operations / 4 &&
    checked.writes > operations / 10 &&
    (!isJudgedForLogouts || checked.logouts > operations / 200)
  tell(isEnough, `${name}: there was enough to judge`)
  const failed = Object.entries(seen).reduce((sum, [what, times]) => sum + (what.endsWith('failed') ? times : 0), 0)
  if (place.failures === 'none') {
    tell(failed === 0, `${name}: no request failed${failed > 0 ? reasons(result.events) : ''}`)
    return
  }
  tell(result.faults > 0, `${name}: ${result.faults} faults while it ran, ${failed} requests failed`)
  if (place.failures === 'some' && operations >= QUICK) tell(failed > 0, `${name}: the faults were felt`)
}

/** Nobody else was there: what is not proven would be charged to Node. */
function judgeProofs({ name, kinds }: Place, alone: HistoryResult): void {
  const unproven = kinds.reduce((sum, kind) => sum + count(alone, kind, 'node'), 0)
  tell(unproven === 0, `${name}, Django alone: ${unproven} anomalies without a proof`)
  if (unproven > 0) keep(`${name}, Django alone`, alone)
}

function reasons(events: readonly Event[]): string {
  return `: ${[...new Set(events.filter(({ outcome }) => outcome === 'failed').map(({ error }) => error))].join(', ')}`
}

async function judgeFault(place: Place, fault: StoreFault, python: string, random: Random): Promise<void> {
  const wanted = STORE_FAULTS[fault].leadsTo
  const find = async (name: string, sides: readonly Side[]): Promise<void> => {
    const result = await history(place, python, random, { operations: PLANTED, sides, nodes: 1, fault })
    const hits = count(result, wanted, 'node')
    tell(hits > 0, `planted ${name}: ${hits} times ${wanted} by Node`)
  }
  await find(fault, ['node'])
  if (place.isProven) await find(`${fault}, beside Django`, ['node', 'django'])
}

async function judgePlant(plant: Plant, python: string, random: Random): Promise<void> {
  const { anomalies } = await history(inDatabase('sqlite'), python, random, {
    operations: PLANTED,
    sides: ['node'],
    plant,
  })
  const wanted = PLANTS[plant]
  const hits = anomalies.filter((anomaly) => anomaly.kind === wanted && anomaly.cause === 'node').length
  tell(hits > 0, `planted ${plant}: ${hits} times ${wanted} by Node`)
}

/** For whoever looks into an anomaly, and for `--judge`. */
function keep(name: string, record: HistoryRecord): void {
  const file = resolve(import.meta.dirname, `../../.cache/history-${name}.jsonl`)
  keepRecord(file, record)
  console.log(`    the history is in ${relative(process.cwd(), file)}`)
}

function count({ anomalies }: HistoryResult, kind: AnomalyKind, cause: Side): number {
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
