/**
 * Counters in sessions, which many requests to several Node processes increment at once while the store fails. Nobody
 * stamps a write here, so that two of them may be the same to the letter: an increment that was acknowledged must be in
 * the last count, and none may be in it twice.
 */
import { createBridge } from '../../src/bridge.ts'
import { djangoDatabase } from '../database-choice.ts'
import type { Random } from '../seeded-random.ts'
import type { HistoryDatabase } from './database.ts'
import type { Reply } from './event.ts'
import { SECRETS } from './run.ts'
import type { StoreFault } from './store-faults.ts'
import { nodeWorker, prepareDatabase, type Worker } from './workers.ts'

export interface CountersOptions {
  readonly database: HistoryDatabase
  readonly python: string
  readonly random: Random
  readonly operations: number
  /** Node processes. */
  readonly nodes: number
  readonly fault?: StoreFault
}

export interface CountersResult {
  readonly counters: number
  readonly acknowledged: number
  /** Increments of which nobody was told what became. */
  readonly unknown: number
  /** Acknowledged, and not in the last count. */
  readonly lost: number
  /** In the last count, though nobody asked for so many. */
  readonly doubled: number
  /** Counters that the store itself forgot. */
  readonly forgotten: number
  readonly faults: number
}

/** Browsers of one session, and how often each increments. */
const AT_ONCE = 8
const TIMES = 3
const COUNTERS_AT_ONCE = 3
const AFTER_ERROR_MS = 30

interface Counter {
  readonly key: string
  acknowledged: number
  unknown: number
}

export async function runCounters(options: CountersOptions): Promise<CountersResult> {
  const { database, python, random, nodes, fault } = options
  const { url, directUrl, settings = {}, directSettings = settings } = database
  await prepareDatabase(python, { database: djangoDatabase(directUrl), settings: directSettings }, SECRETS)
  const common = { ...SECRETS, plant: null, ...(fault && { fault }) }
  const workers = await Promise.all(
    Array.from({ length: nodes }, () => nodeWorker({ ...common, databaseUrl: url, settings })),
  )
  const direct = await nodeWorker({ ...SECRETS, plant: null, databaseUrl: directUrl, settings: directSettings })
  const counters: Counter[] = []
  let ids = 0
  const ask = (worker: Worker, cookie: string | null): Promise<Reply> =>
    worker.ask({ id: ++ids, operation: 'count', browser: 0, tab: '0', cookie })

  async function increment(counter: Counter): Promise<void> {
    for (let time = 0; time < TIMES; time++) {
      const { outcome } = await ask(workers[ids % workers.length] as Worker, counter.key)
      if (outcome === 'ok') counter.acknowledged++
      else if (outcome === 'failed') counter.unknown++
      if (outcome !== 'ok') await new Promise((resume) => setTimeout(resume, random() * AFTER_ERROR_MS))
    }
  }

  const wanted = Math.ceil(options.operations / (AT_ONCE * TIMES))
  const calm = database.disturb(random)
  async function countOn(): Promise<void> {
    while (counters.length < wanted) {
      const { sent } = await ask(direct, null)
      if (!sent) continue
      const counter = { key: sent, acknowledged: 1, unknown: 0 }
      counters.push(counter)
      await Promise.all(Array.from({ length: AT_ONCE }, () => increment(counter)))
    }
  }
  await Promise.all(Array.from({ length: COUNTERS_AT_ONCE }, countOn))
  const faults = await calm()
  for (const worker of [...workers, direct]) await worker.stop()
  return { ...(await judged(database, counters)), faults }
}

async function judged(
  database: HistoryDatabase,
  counters: readonly Counter[],
): Promise<Omit<CountersResult, 'faults'>> {
  const { directUrl, settings = {}, directSettings = settings } = database
  const bridge = createBridge({
    SECRET_KEY: SECRETS.secretKey,
    DEBUG: true,
    DATABASES: { default: directUrl },
    ...directSettings,
  })
  let [lost, doubled, forgotten] = [0, 0, 0]
  for (const { key, acknowledged, unknown } of counters) {
    const request = { method: 'GET', url: '/', headers: { cookie: `sessionid=${key}` }, secure: false }
    const count = (await bridge.open(request).session()).get('visits')
    if (typeof count !== 'number') {
      forgotten++
      continue
    }
    lost += Math.max(0, acknowledged - count)
    doubled += Math.max(0, count - acknowledged - unknown)
  }
  await bridge.close()
  const sum = (part: 'acknowledged' | 'unknown') => counters.reduce((total, counter) => total + counter[part], 0)
  return {
    counters: counters.length,
    acknowledged: sum('acknowledged'),
    unknown: sum('unknown'),
    lost,
    doubled,
    forgotten,
  }
}
