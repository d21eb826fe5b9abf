/** A store that fails under load, and what users notice: `npm run faults -- --help`. */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { median } from '../../bench/statistics.ts'
import { type DatabaseName, serverUrl } from '../database-choice.ts'
import { type FaultyOptions, type FaultySite, faultyMysql, faultyPostgres } from '../databases/faulty-database.ts'
import type { Fault } from '../fault-proxy.ts'
import { refuse, startOutcome } from '../outcome.ts'
import { startPrivateMysql } from '../private-mysql.ts'
import type { PrivateServer } from '../private-server.ts'
import { seededRandom } from '../seeded-random.ts'
import { startPrivateCluster } from './private-cluster.ts'
import { type Asked, type Plant, pause, startVisitors, type Visitors } from './visitors.ts'

const FULL = { outageSeconds: 60, restarts: 50 }
/** An outage that is over before the deadline is waited out, and not felt. */
const QUICK = { outageSeconds: 4, restarts: 5 }
const VISITORS = 8
const CONNECTIONS = 5
/** As a bridge has it by default. */
const DEADLINE_MS = 2000
/** What is planted is seen as soon as the first calls fail. */
const PLANTED_DEADLINE_MS = 300

const HELP = `npm run faults -- [options]

  --database postgres|mysql
             may be repeated; default those that BRIDGE_POSTGRES_URL and BRIDGE_MYSQL_URL name
  --full     the store is down for ${FULL.outageSeconds} s and restarted ${FULL.restarts} times, else ${QUICK.outageSeconds} s and ${QUICK.restarts} times
  --seed N   what visitors do, and how long a restart takes
  --help

${VISITORS} visitors who are logged in go on asking a Node server while the database is down, silent or restarted:
connections refused by a proxy, ended by the server, and a server of our own restarted where its programs are installed. Then two sites that handle failures wrongly, which must be noticed. Ends with
\`N passed, N failed\`.`

const { values: options } = parseArgs({
  options: {
    database: { type: 'string', multiple: true },
    full: { type: 'boolean', default: false },
    seed: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const sizes = options.full ? FULL : QUICK
const seed = Number(options.seed ?? randomInt(2 ** 31))
const random = seededRandom(seed)

/** A kind of server, and how sites on it are made to fail. */
interface Target {
  readonly title: string
  readonly name: DatabaseName
  site(url: string, options: FaultyOptions): Promise<FaultySite>
  privateServer(): Promise<PrivateServer | { readonly missing: string }>
}

const TARGETS: readonly Target[] = [
  { title: 'PostgreSQL', name: 'postgres', site: faultyPostgres, privateServer: startPrivateCluster },
  { title: 'MySQL', name: 'mysql', site: faultyMysql, privateServer: startPrivateMysql },
]
const targets = TARGETS.filter(({ name }) => options.database?.includes(name) ?? serverUrl(name) !== undefined)

const { tell, end } = startOutcome()
let unhandled = 0
for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
  process.on(event, (error: unknown) => {
    unhandled++
    console.error(event, error)
  })
}

if (options.help) console.log(HELP)
else if (targets.length === 0) refuse('Set BRIDGE_POSTGRES_URL or BRIDGE_MYSQL_URL.', HELP)
else if (!Number.isSafeInteger(seed)) refuse('--seed is a whole number.', HELP)
else await main()

async function main(): Promise<void> {
  console.log(`${VISITORS} visitors, ${CONNECTIONS} connections, a deadline of ${DEADLINE_MS} ms; seed ${seed}`)
  for (const target of targets) await faultsOf({ ...target, url: serverUrl(target.name) ?? '' })
  tell(unhandled === 0, `no unhandled rejection and no uncaught error (${unhandled})`)
  end()
}

interface Server extends Target {
  readonly url: string
}

async function faultsOf(server: Server): Promise<void> {
  await outage(server, 'refuses connections', { kind: 'down' })
  await outage(server, 'is silent', { kind: 'blackHole' })
  await restarts(server, 'connections refused for a moment', async ({ proxy }) => {
    proxy.fault = { kind: 'down' }
    await pause(random() * 400)
    proxy.fault = { kind: 'none' }
    return performance.now()
  })
  await restarts(server, 'connections ended by the server', async (site) => {
    const before = performance.now()
    await site.terminate()
    return before
  })
  await realRestarts(server)
  for (const plant of ['answers as if nobody were logged in', 'deletes the cookie'] as const) {
    await planted(server, plant)
  }
}

async function outage(server: Server, what: string, fault: Fault): Promise<void> {
  await underLoad(server, async (site, visitors) => {
    await visitors.recovered()
    const began = performance.now()
    site.proxy.fault = fault
    await counting(what, sizes.outageSeconds)
    site.proxy.fault = { kind: 'none' }
    const accepts = performance.now()
    await visitors.recovered()
    await visitors.stop()
    const during = visitors.asked.filter((asked) => asked.began >= began && asked.began < accepts)
    const after = afterwards(visitors, accepts)
    const open = during.filter(({ kind }) => kind === 'open')
    const failures = during.filter(({ status }) => status === 503)
    console.log(
      `\n${server.title} ${what} for ${sizes.outageSeconds} s: ${during.length} requests, ${failures.length} answered 503`,
    )
    console.log(`  reasons: ${reasons(failures)}; turned away at once: ${failures.filter(isTurnedAway).length}`)
    console.log(`  without a session: ${open.filter(({ status }) => status === 200).length} of ${open.length} served`)
    console.log(
      `  recovery: ${after.recovery.toFixed(0)} ms, ${after.turnedAway} turned away and ${after.failed} failed meanwhile`,
    )
    tell(failures.length > 0 && open.length > 0, `${server.title}, ${what}: the fault was felt`)
    tell(
      after.failed <= CONNECTIONS,
      `${server.title}, ${what}: at most one failed request for each connection afterwards`,
    )
    judge(`${server.title}, ${what}`, visitors)
  })
}

/** @param restart resolves with the moment from which on the server is there */
async function restarts(
  server: Server,
  what: string,
  restart: (site: FaultySite, index: number) => Promise<number>,
): Promise<void> {
  await underLoad(server, async (site, visitors) => {
    const all: ReturnType<typeof afterwards>[] = []
    await visitors.recovered()
    for (let index = 0; index < sizes.restarts; index++) {
      const accepts = await restart(site, index)
      await visitors.recovered()
      all.push(afterwards(visitors, accepts))
      if (options.full && index % 10 === 9) console.error(`  ${what}: ${index + 1} of ${sizes.restarts}`)
    }
    await visitors.stop()
    const most = Math.max(...all.map((each) => each.failed))
    const recoveries = all.map(({ recovery }) => recovery)
    const turnedAway = all.map((each) => each.turnedAway)
    console.log(`\n${server.title}: ${sizes.restarts} restarts, ${what}: ${visitors.asked.length} requests in all`)
    console.log(
      `  recovery: median ${median(recoveries).toFixed(0)} ms, worst ${Math.max(...recoveries).toFixed(0)} ms`,
    )
    console.log(
      `  once it accepts again: ${sum(all.map((each) => each.failed))} requests failed, at most ${most} after one restart`,
    )
    console.log(
      `  turned away by the circuit, unsent: ${sum(turnedAway)}, at most ${Math.max(...turnedAway)} after one restart`,
    )
    tell(
      most <= CONNECTIONS,
      `${server.title}, ${what}: at most one failed request for each of ${CONNECTIONS} connections`,
    )
    judge(`${server.title}, ${what}`, visitors)
  })
}

async function realRestarts(server: Server): Promise<void> {
  const own = await server.privateServer()
  if ('missing' in own) {
    console.log(`\nLEFT OUT: restarts of a server of our own: ${own.missing}`)
    return
  }
  try {
    await restarts({ ...server, url: own.url }, 'restarts of the server', async (_, index) => {
      await own.restart(index % 2 === 0 ? 'fast' : 'immediate')
      return performance.now()
    })
  } finally {
    await own.drop()
  }
}

async function planted(server: Server, plant: Plant): Promise<void> {
  await underLoad(
    server,
    async (site, visitors) => {
      await visitors.recovered()
      site.proxy.fault = { kind: 'down' }
      await pause(1500)
      site.proxy.fault = { kind: 'none' }
      await visitors.stop()
      const found = visitors.wrongs[plant === 'deletes the cookie' ? 'cookies deleted' : 'users made anonymous']
      tell(found > 0, `${server.title}, planted: a site that ${plant} is noticed (${found} times)`)
    },
    plant,
  )
}

async function underLoad(
  server: Server,
  work: (site: FaultySite, visitors: Visitors) => Promise<void>,
  plant?: Plant,
): Promise<void> {
  const site = await server.site(server.url, {
    max: CONNECTIONS,
    deadlineMs: plant ? PLANTED_DEADLINE_MS : DEADLINE_MS,
  })
  const given = { bridge: site.bridge, login: site.login, visitors: VISITORS, random }
  try {
    await work(site, await startVisitors({ ...given, ...(plant && { plant }) }))
  } finally {
    await site.close()
  }
}

/** What became of requests that began once the server was there again, and milliseconds until all went well. */
function afterwards({ asked }: Visitors, accepts: number): { failed: number; turnedAway: number; recovery: number } {
  const failures = asked.filter(({ status, began }) => status !== 200 && began >= accepts)
  const served = asked.find(({ status, kind, began }) => status === 200 && kind !== 'open' && began >= accepts)
  const last = Math.max(served?.ended ?? accepts, ...failures.map(({ ended }) => ended))
  const turnedAway = failures.filter(isTurnedAway).length
  return { failed: failures.length - turnedAway, turnedAway, recovery: last - accepts }
}

function isTurnedAway(asked: Asked): boolean {
  return asked.isTurnedAway
}

function judge(what: string, { wrongs }: Visitors): void {
  for (const [wrong, times] of Object.entries(wrongs)) tell(times === 0, `${what}: ${times} ${wrong}`)
}

function reasons(failures: readonly Asked[]): string {
  const counts = Map.groupBy(failures, ({ reason }) => reason ?? 'unknown')
  return [...counts].map(([reason, each]) => `${reason} ${each.length}`).join(', ')
}

async function counting(what: string, seconds: number): Promise<void> {
  for (let second = 1; second <= seconds; second++) {
    await pause(1000)
    if (second % 10 === 0) console.error(`  ${what}: ${second} of ${seconds} s`)
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
