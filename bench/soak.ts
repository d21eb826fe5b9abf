/**
 * Many requests of every kind against one server: every answer must be right, its heap must not grow, and once the
 * bridge is closed its process must end by itself.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { Agent } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { postgresFixture } from '../test/contracts/database-fixtures.ts'
import { seededRandom } from '../test/seeded-random.ts'
import { PASSWORD } from '../test/site.ts'
import type { SoakMessage } from './soak-server.ts'
import { newVisitor } from './soak-visitor.ts'
import { slopeOf } from './statistics.ts'

const REQUESTS = 2000
const FULL_REQUESTS = 200_000
/** So many go before the first sample: caches fill and compilers are at work. */
const WARM_UP = 3000
const SAMPLES = 50
/** Bytes a request by which a heap may still grow in a short run: compilers go on for some ten thousand requests. */
const SETTLING = 100
const VISITORS = 8
const EXIT_MS = 10_000

const USER = `INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
  VALUES (7, '${PASSWORD}', false, 'ada', '', '', '', false, true, '2026-01-01 00:00:00')`

const HELP = `npm run soak -- [options]
  --full     ${FULL_REQUESTS} requests on each database, else ${REQUESTS}
  --seed N   what the visitors do
  --help
PostgreSQL takes part where BRIDGE_POSTGRES_URL names one.`

const { values: options } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    seed: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

if (options.help) console.log(HELP)
else await main()

interface Home {
  readonly name: string
  readonly env: Readonly<Record<string, string>>
  drop(): Promise<void>
}

async function main(): Promise<void> {
  const seed = options.seed === undefined ? randomInt(2 ** 31) : Number(options.seed)
  const requests = options.full ? FULL_REQUESTS : REQUESTS
  console.log(`${requests} requests on each database after ${WARM_UP} to warm up; seed ${seed}`)
  let passed = 0
  const failures: string[] = []
  const url = process.env.BRIDGE_POSTGRES_URL
  if (!url) console.error('  SKIPPED  PostgreSQL: set BRIDGE_POSTGRES_URL=postgres://user:password@host:5432/database')
  for (const open of [sqliteHome, ...(url ? [() => postgresHome(url)] : [])]) {
    const home = await open()
    const judge = (what: string | null): void => {
      if (what === null) passed++
      else failures.push(`${home.name}: ${what}`)
    }
    try {
      await soak(home, requests, seed, judge)
    } catch (error) {
      judge(error instanceof Error ? error.message : String(error))
    } finally {
      await home.drop()
    }
  }
  for (const line of failures.slice(0, 20)) console.error(`FAILED  ${line}`)
  console.log(`${passed} passed, ${failures.length} failed`)
  process.exitCode = failures.length === 0 ? 0 : 1
}

async function soak(home: Home, requests: number, seed: number, judge: (what: string | null) => void): Promise<void> {
  const env = { ...process.env, ...home.env, NODE_ENV: 'production' }
  const child = fork(resolve(import.meta.dirname, 'soak-server.ts'), { env, execArgv: ['--expose-gc'] })
  const agent = new Agent({ keepAlive: true, maxSockets: VISITORS })
  try {
    const told = await answerOf(child)
    const random = seededRandom(seed)
    const visitors = Array.from({ length: VISITORS }, () => newVisitor('port' in told ? told.port : 0, agent, random))
    const send = async (count: number): Promise<void> => {
      let left = count
      await Promise.all(
        visitors.map(async (visitor) => {
          while (left-- > 0) judge(await visitor.act())
        }),
      )
    }
    await send(WARM_UP)
    const heap: number[] = []
    for (let sample = 1; sample <= SAMPLES; sample++) {
      await send(requests / SAMPLES)
      child.send('collect')
      const answer = await answerOf(child)
      heap.push('heapUsed' in answer ? answer.heapUsed : Number.NaN)
      if (sample % 10 === 0)
        console.log(`  ${home.name}: ${(requests / SAMPLES) * sample} requests, heap ${megabytes(heap)}`)
    }
    judge(growth(home.name, heap, requests / SAMPLES, seed))
    agent.destroy()
    judge(await endsByItself(home.name, child))
  } finally {
    agent.destroy()
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  }
}

/** What is wrong when even the lower end of the slope's 95 % interval is above what it may be. */
function growth(name: string, heap: readonly number[], requests: number, seed: number): string | null {
  const most = options.full ? 0 : SETTLING
  const { low, middle, high } = slopeOf(heap, seededRandom(seed))
  const perRequest = [middle, low, high].map((slope) => (slope / requests).toFixed(2))
  console.log(`  ${name}: heap slope ${perRequest[0]} bytes a request (${perRequest[1]} to ${perRequest[2]})`)
  return low / requests > most ? `the heap grows by ${perRequest[0]} bytes a request` : null
}

async function endsByItself(name: string, child: ChildProcess): Promise<string | null> {
  const exited = once(child, 'exit') as Promise<[code: number | null]>
  const start = performance.now()
  child.send('close')
  const late = new Promise<null>((given) => setTimeout(given, EXIT_MS, null).unref())
  const exit = await Promise.race([exited, late])
  if (exit === null) return `the process still ran ${EXIT_MS} ms after bridge.close()`
  console.log(`  ${name}: ended by itself ${Math.round(performance.now() - start)} ms after bridge.close()`)
  return exit[0] === 0 ? null : `the process ended with status ${exit[0]}`
}

async function answerOf(child: ChildProcess): Promise<SoakMessage> {
  const answered = new AbortController()
  const { signal } = answered
  const gone = once(child, 'exit', { signal }).then((): never => {
    throw new Error('The server ended.')
  })
  gone.catch(() => undefined)
  try {
    const [answer] = (await Promise.race([once(child, 'message', { signal }), gone])) as [SoakMessage]
    return answer
  } finally {
    answered.abort()
  }
}

function megabytes(heap: readonly number[]): string {
  return `${((heap.at(-1) ?? 0) / 1e6).toFixed(2)} MB`
}

async function sqliteHome(): Promise<Home> {
  const folder = mkdtempSync(join(tmpdir(), 'soak-'))
  const path = join(folder, 'site.sqlite3')
  copyFileSync(resolve(import.meta.dirname, '../tour/sample-site/site.sqlite3'), path)
  const database = new DatabaseSync(path)
  database.exec('DELETE FROM auth_user')
  database.exec(USER)
  database.close()
  return {
    name: 'SQLite',
    env: { SOAK_DATABASE: `sqlite:///${path}` },
    drop: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

async function postgresHome(url: string): Promise<Home> {
  const fixture = await postgresFixture(url)
  await fixture.run(USER)
  const [shown] = await fixture.run('SHOW search_path')
  return {
    name: 'PostgreSQL',
    // What the disk does is of no interest here.
    env: { SOAK_DATABASE: url, PGOPTIONS: `-c search_path=${shown?.search_path} -c synchronous_commit=off` },
    drop: () => fixture.close(),
  }
}
