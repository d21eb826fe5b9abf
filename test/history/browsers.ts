/** Browsers with tabs that ask at the same time, each with the cookies it was sent, whichever side answers. */
import type { Random } from '../seeded-random.ts'
import type { Event, Operation, Request } from './event.ts'
import type { Worker } from './workers.ts'

export interface BrowsingOptions {
  readonly workers: readonly Worker[]
  readonly operations: number
  readonly random: Random
  readonly progress: (done: number) => void
}

const BROWSERS = 6
const TABS = 3
/** Cookies of before that a browser, or whoever stole them, keeps. */
const KEPT_COOKIES = 5

const AFTER_ERROR_MS = 200

/** How often each is asked for, in a hundred. */
const WEIGHTS: Readonly<Record<Exclude<Operation, 'count'>, number>> = {
  read: 28,
  write: 36,
  ghost: 9,
  touch: 6,
  cycle: 7,
  authenticate: 6,
  login: 3,
  logout: 5,
}

interface Jar {
  cookie: string | null
  before: string[]
}

/** Has the browsers make that many operations; returns what they did and saw. */
export async function browse({ workers, operations, random, progress }: BrowsingOptions): Promise<Event[]> {
  const events: Event[] = []
  const free = workers.flatMap((worker) => Array<Worker>(worker.breadth).fill(worker))
  const waiting: ((worker: Worker) => void)[] = []
  let asked = 0

  async function take(): Promise<Worker> {
    if (free.length === 0) return new Promise((given) => waiting.push(given))
    return free.splice(Math.floor(random() * free.length), 1)[0] as Worker
  }

  function giveBack(worker: Worker): void {
    const next = waiting.shift()
    if (next === undefined) free.push(worker)
    else next(worker)
  }

  async function tab(jar: Jar, browser: number, name: string): Promise<void> {
    while (asked < operations) {
      const id = ++asked
      const worker = await take()
      const request = { id, browser, tab: name, ...wish(jar, random) }
      const start = performance.now()
      const reply = await worker.ask(request)
      giveBack(worker)
      events.push({ ...request, ...reply, side: worker.side, start, end: performance.now() })
      if (request.operation !== 'ghost') accept(jar, reply.sent)
      if (events.length % 100 === 0) progress(events.length)
      // Who sees an error waits; else a circuit that is open would answer most of the history.
      if (reply.outcome === 'failed') await new Promise((resume) => setTimeout(resume, random() * AFTER_ERROR_MS))
    }
  }

  await Promise.all(
    Array.from({ length: BROWSERS }, (_, browser) => {
      const jar: Jar = { cookie: null, before: [] }
      return Array.from({ length: TABS }, (_, number) => tab(jar, browser, `${browser}.${number}`))
    }).flat(),
  )
  return events
}

function wish(jar: Jar, random: Random): Pick<Request, 'operation' | 'cookie'> {
  const { cookie, before } = jar
  const operation = cookie === null ? 'write' : anyOperation(random)
  if (operation !== 'ghost') return { operation, cookie }
  return { operation, cookie: before[Math.floor(random() * before.length)] ?? cookie }
}

function anyOperation(random: Random): Operation {
  let place = random() * 100
  for (const [operation, weight] of Object.entries(WEIGHTS)) {
    place -= weight
    if (place < 0) return operation as Operation
  }
  return 'read'
}

function accept(jar: Jar, sent: string | null): void {
  if (sent === null || sent === jar.cookie) return
  if (jar.cookie !== null) jar.before = [...jar.before, jar.cookie].slice(-KEPT_COOKIES)
  jar.cookie = sent === '' ? null : sent
}
