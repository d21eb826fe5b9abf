/** A site whose store fails under load, and what its visitors notice; whatever the store is. */
import { median } from '../../bench/statistics.ts'
import type { Bridge } from '../../src/bridge.ts'
import type { Outcome } from '../outcome.ts'
import type { Random } from '../seeded-random.ts'
import { type Asked, type Plant, pause, startVisitors, type Visitors } from './visitors.ts'

export interface LoadSite {
  readonly bridge: Bridge
  /** Makes a session of the user 7 with these values; returns its Cookie header. */
  login(values: Record<string, unknown>): Promise<string>
  close(): Promise<void>
}

export interface CommonLoad {
  readonly random: Random
  readonly outcome: Outcome
  readonly isFull: boolean
}

export interface Load<Site extends LoadSite> extends CommonLoad {
  /** As messages name it. */
  readonly server: string
  makeSite(deadlineMs: number): Promise<Site>
  /** How many requests may fail once the server is there again. */
  readonly connections: number
}

export const FULL = { outageSeconds: 60, restarts: 50 }
/** An outage that is over before the deadline is waited out, and not felt. */
export const QUICK = { outageSeconds: 4, restarts: 5 }
export const VISITORS = 8
/** As a bridge has it by default. */
export const DEADLINE_MS = 2000
/** What is planted is seen as soon as the first calls fail. */
const PLANTED_DEADLINE_MS = 300

/** What a site can be made to suffer, and how it ends. */
export interface Suffering<Site> {
  readonly what: string
  begin(site: Site, seconds: number): unknown
  end(site: Site): unknown
  /** Whether reads go on. Default: nothing does. */
  readonly isReadable?: boolean
  readonly seconds?: number
}

export async function outage<Site extends LoadSite>(load: Load<Site>, suffering: Suffering<Site>): Promise<void> {
  const { server, isFull, connections, outcome } = load
  const { what, isReadable = false, seconds = (isFull ? FULL : QUICK).outageSeconds } = suffering
  await underLoad(load, async (site, visitors) => {
    await visitors.recovered()
    const began = performance.now()
    await suffering.begin(site, seconds)
    await counting(what, seconds)
    const ending = performance.now()
    await suffering.end(site)
    const accepts = performance.now()
    await visitors.recovered()
    await visitors.stop()
    const during = visitors.asked.filter((asked) => asked.began >= began && asked.began < ending)
    const after = afterwards(visitors, accepts)
    const open = during.filter(({ kind }) => kind === 'open')
    const failures = during.filter(({ status }) => status === 503)
    console.log(`\n${server} ${what} for ${seconds} s: ${during.length} requests, ${failures.length} answered 503`)
    console.log(`  reasons: ${reasons(failures)}; turned away at once: ${failures.filter(isTurnedAway).length}`)
    console.log(`  without a session: ${open.filter(({ status }) => status === 200).length} of ${open.length} served`)
    console.log(
      `  recovery: ${after.recovery.toFixed(0)} ms, ${after.turnedAway} turned away and ${after.failed} failed meanwhile`,
    )
    outcome.tell(failures.length > 0 && open.length > 0, `${server}, ${what}: the fault was felt`)
    outcome.tell(
      after.failed <= connections,
      `${server}, ${what}: at most one failed request for each connection afterwards`,
    )
    if (isReadable) {
      const reads = during.filter(({ kind, ended }) => kind === 'read' && ended < ending)
      const failed = reads.filter(({ status }) => status !== 200).length
      outcome.tell(reads.length > 0 && failed === 0, `${server}, ${what}: ${failed} of ${reads.length} reads failed`)
    }
    judge(load, what, visitors)
  })
}

/** @param restart resolves with the moment from which on the server is there */
export async function restarts<Site extends LoadSite>(
  load: Load<Site>,
  what: string,
  restart: (site: Site, index: number) => Promise<number>,
): Promise<void> {
  const { server, isFull, connections, outcome } = load
  const times = (isFull ? FULL : QUICK).restarts
  await underLoad(load, async (site, visitors) => {
    const all: ReturnType<typeof afterwards>[] = []
    await visitors.recovered()
    for (let index = 0; index < times; index++) {
      const accepts = await restart(site, index)
      await visitors.recovered()
      all.push(afterwards(visitors, accepts))
      if (isFull && index % 10 === 9) console.error(`  ${what}: ${index + 1} of ${times}`)
    }
    await visitors.stop()
    const most = Math.max(...all.map((each) => each.failed))
    const recoveries = all.map(({ recovery }) => recovery)
    const turnedAway = all.map((each) => each.turnedAway)
    console.log(`\n${server}: ${times} restarts, ${what}: ${visitors.asked.length} requests in all`)
    console.log(
      `  recovery: median ${median(recoveries).toFixed(0)} ms, worst ${Math.max(...recoveries).toFixed(0)} ms`,
    )
    console.log(
      `  once it accepts again: ${sum(all.map((each) => each.failed))} requests failed, at most ${most} after one restart`,
    )
    console.log(
      `  turned away by the circuit, unsent: ${sum(turnedAway)}, at most ${Math.max(...turnedAway)} after one restart`,
    )
    outcome.tell(
      most <= connections,
      `${server}, ${what}: at most one failed request for each of ${connections} connections`,
    )
    judge(load, what, visitors)
  })
}

/** A site that handles failures wrongly must be noticed. */
export async function planted<Site extends LoadSite>(
  load: Load<Site>,
  plant: Plant,
  { begin, end }: Pick<Suffering<Site>, 'begin' | 'end'>,
): Promise<void> {
  await underLoad(
    load,
    async (site, visitors) => {
      await visitors.recovered()
      await begin(site, 1)
      await pause(1500)
      await end(site)
      await visitors.stop()
      const found = visitors.wrongs[plant === 'deletes the cookie' ? 'cookies deleted' : 'users made anonymous']
      load.outcome.tell(found > 0, `${load.server}, planted: a site that ${plant} is noticed (${found} times)`)
    },
    plant,
  )
}

async function underLoad<Site extends LoadSite>(
  { makeSite, random }: Load<Site>,
  work: (site: Site, visitors: Visitors) => Promise<void>,
  plant?: Plant,
): Promise<void> {
  const site = await makeSite(plant ? PLANTED_DEADLINE_MS : DEADLINE_MS)
  const given = { bridge: site.bridge, login: site.login, visitors: VISITORS, random }
  const visitors = await startVisitors({ ...given, ...(plant && { plant }) })
  try {
    await work(site, visitors)
  } finally {
    await visitors.stop()
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

function judge<Site extends LoadSite>({ server, outcome }: Load<Site>, what: string, { wrongs }: Visitors): void {
  for (const [wrong, times] of Object.entries(wrongs))
    outcome.tell(times === 0, `${server}, ${what}: ${times} ${wrong}`)
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
