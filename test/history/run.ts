/** One history, from an empty database to the verdict. */

import { djangoDatabase } from '../database-choice.ts'
import type { Random } from '../seeded-random.ts'
import { browse } from './browsers.ts'
import type { HistoryDatabase } from './database.ts'
import { END_OF_HISTORY, type Event } from './event.ts'
import { type Judgement, judgeHistory } from './judgement.ts'
import type { Plant } from './plants.ts'
import type { HistoryRecord } from './record.ts'
import type { StoreFault } from './store-faults.ts'
import {
  type DjangoPlace,
  djangoWorker,
  nodeWorker,
  notedSets,
  prepareDatabase,
  type SiteSecrets,
  storedRows,
  type Worker,
} from './workers.ts'

export interface HistoryOptions {
  readonly database: HistoryDatabase
  readonly python: string
  readonly operations: number
  readonly random: Random
  readonly sides: readonly ('node' | 'django')[]
  readonly isDisturbed: boolean
  readonly plant?: Plant
  /** A fault in the library itself, by its name in faults.ts. */
  readonly fault?: StoreFault
  /** Node processes. Default 2. */
  readonly nodes?: number
  readonly progress: (done: number) => void
}

export interface HistoryResult extends Judgement, HistoryRecord {
  /** What disturbed the store while requests ran. */
  readonly faults: number
  readonly seconds: number
  /** By side and outcome. */
  readonly outcomes: Readonly<Record<string, number>>
  readonly rows: number
  readonly unreadableRows: number
}

export const SECRETS: SiteSecrets = {
  secretKey: 'the secret of a site whose history is recorded',
  fallbackKey: 'the secret before that, which logins still have',
  password: 'pbkdf2_sha256$1$salt$hash',
}
const NODE_WORKERS = 2
const DJANGO_WORKERS = 3

export async function runHistory(options: HistoryOptions): Promise<HistoryResult> {
  const { database, python, random } = options
  const began = performance.now()
  await prepareDatabase(python, directPlace(database), SECRETS)
  const workers = await startWorkers(options)
  const calm = options.isDisturbed ? database.disturb(random) : async () => 0
  let faults = 0
  const browsed = await browse({ ...options, workers }).finally(async () => {
    faults = await calm()
  })
  await Promise.all(workers.map((worker) => worker.stop()))
  const events = database.notesSets === undefined ? browsed : await withSets(browsed, options)

  let rows = 0
  let unreadableRows = 0
  for await (const row of storedRows(python, directPlace(database), SECRETS)) {
    rows++
    if (!row.is_readable || row.state === null) unreadableRows++
    else events.push(lookAt(row.key, row.state, events))
  }
  const circumstances = {
    hasCopies: database.settings?.SESSION_ENGINE?.endsWith('.cached_db') === true,
    djangoRevives: database.djangoRevives === true,
    rollbacks: database.rollbacks ?? [],
  }
  return {
    ...judgeHistory(events, circumstances),
    events,
    circumstances,
    faults,
    outcomes: countOf(events),
    rows,
    unreadableRows,
    seconds: (performance.now() - began) / 1000,
  }
}

/** Each event of Django's with what stood where it set its session. */
async function withSets(events: readonly Event[], { python, database }: HistoryOptions): Promise<Event[]> {
  const over = new Map<number, (number | null)[]>()
  if (database.notesSets === 'stored') {
    for await (const set of notedSets(python, directPlace(database), SECRETS)) {
      over.set(set.id, [...(over.get(set.id) ?? []), set.over])
    }
  }
  return events.map((event) =>
    event.side === 'django' ? { ...event, over: event.over ?? over.get(event.id) ?? [] } : event,
  )
}

/** Past everything that disturbs it. */
function directPlace({ directUrl, settings, directSettings = settings }: HistoryDatabase): DjangoPlace {
  return { database: djangoDatabase(directUrl), ...(directSettings && { settings: directSettings }) }
}

function startWorkers({ database, python, sides, plant, fault, nodes }: HistoryOptions): Promise<Worker[]> {
  const { url, settings = {} } = database
  const starting = sides.flatMap((side) =>
    Array.from({ length: side === 'node' ? (nodes ?? NODE_WORKERS) : DJANGO_WORKERS }, () =>
      side === 'node'
        ? nodeWorker({ databaseUrl: url, ...SECRETS, plant: plant ?? null, settings, ...(fault && { fault }) })
        : djangoWorker(python, { database: djangoDatabase(url), settings }, SECRETS),
    ),
  )
  return Promise.all(starting)
}

/** A row that is left in the end, as if its browser looked at it. */
function lookAt(key: string, state: NonNullable<Event['seen']>, events: readonly Event[]): Event {
  const now = performance.now()
  const browser = events.find((event) => event.id === state.origin)?.browser ?? -1
  const seen = { seen: state, sent: null, outcome: 'ok', start: now, end: now } as const
  return { ...seen, id: -events.length, operation: 'read', side: 'django', browser, tab: END_OF_HISTORY, cookie: key }
}

function countOf(events: readonly Event[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { side, outcome } of events) counts[`${side} ${outcome}`] = (counts[`${side} ${outcome}`] ?? 0) + 1
  return counts
}
