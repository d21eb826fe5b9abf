/** Visitors of a bridge on Redis, each with a session in two tabs, who count up, come back, and log out for good. */
import type { Bridge } from '../../src/bridge.ts'
import { StoreUnavailable } from '../../src/errors.ts'
import type { Session } from '../../src/session/session.ts'
import type { Random } from '../seeded-random.ts'
import { pause } from './redis-sentinels.ts'

/** What Redis may lose where a replica takes over that had not heard of everything; each counted once. */
export interface Losses {
  /** Writes that were acknowledged and are not there any more. */
  writes: number
  /** Sessions that were acknowledged and are not there any more. */
  sessions: number
  /** Logouts that were acknowledged, of sessions that open again. */
  logouts: number
  /** Answers from before a write that was acknowledged, and is there: of a server that has not heard of its successor. */
  staleReads: number
}

/** What nothing excuses. */
export interface Wrongs {
  /** A count above what was ever asked for: a write that took place twice. */
  'writes made twice': number
  'values of somebody else': number
  'errors that are no StoreUnavailable': number
}

export interface Visitors {
  readonly losses: Readonly<Losses>
  readonly wrongs: Readonly<Wrongs>
  readonly requests: {
    readonly all: number
    readonly failed: number
    readonly byReason: Readonly<Record<string, number>>
  }
  /** Forgets what was counted so far; sessions go on. */
  reset(): void
  /** Tries every dead cookie again. */
  sweep(): Promise<void>
  /** Milliseconds until every visitor was served, from now on. */
  recovered(): Promise<number>
  stop(): Promise<void>
}

/** One session of a visitor, until it is over. */
interface Visit {
  readonly name: string
  cookie: string | null
  /** Counted up and acknowledged, and asked for. */
  acknowledged: number
  asked: number
  isOver: boolean
}

const TABS = 2
/** Dead cookies that are tried again. */
const KEPT = 300

export function noLosses(): Losses {
  return { writes: 0, sessions: 0, logouts: 0, staleReads: 0 }
}

export function noWrongs(): Wrongs {
  return { 'writes made twice': 0, 'values of somebody else': 0, 'errors that are no StoreUnavailable': 0 }
}

export function startVisitors(bridge: Bridge, count: number, random: Random): Visitors {
  const losses: Losses = noLosses()
  const wrongs: Wrongs = {
    'writes made twice': 0,
    'values of somebody else': 0,
    'errors that are no StoreUnavailable': 0,
  }
  const requests = { all: 0, failed: 0, byReason: {} as Record<string, number> }
  let isStopping = false
  let names = 0
  let marks = 0
  const served = Array<number>(count).fill(0)
  const dead: string[] = []

  /** Null for a request that failed. */
  async function request<T>(
    cookie: string | null,
    work: (session: Session) => T | Promise<T>,
  ): Promise<{ answer: T; sent: string | null } | null> {
    requests.all++
    const headers = cookie === null ? {} : { cookie: `sessionid=${cookie}` }
    const django = bridge.open({ method: 'GET', url: '/', headers, secure: false })
    try {
      const answer = await work(await django.session())
      const { cookies } = await django.finish(200)
      return { answer, sent: cookies[0]?.value ?? null }
    } catch (error) {
      const { code } = error as { code?: unknown }
      // Another tab logged out, or renewed the key.
      if (code === 'session_interrupted') return null
      requests.failed++
      const reason = error instanceof StoreUnavailable ? error.reason : String(code)
      requests.byReason[reason] = (requests.byReason[reason] ?? 0) + 1
      if (!(error instanceof StoreUnavailable)) {
        wrongs['errors that are no StoreUnavailable']++
        console.error(error)
      }
      return null
    }
  }

  async function begin(): Promise<Visit | null> {
    const name = `visit ${names++}`
    const made = await request(null, (session) => session.update({ name, count: 0 }))
    return made === null ? null : { name, cookie: made.sent, acknowledged: 0, asked: 0, isOver: false }
  }

  interface Found {
    readonly name: unknown
    readonly count: unknown
  }

  /** Compares what a request found with what it must find at least, and may find at most. */
  async function judge(visit: Visit, least: number, found: Found): Promise<void> {
    if (visit.isOver) return
    if (found.name !== undefined && found.name !== visit.name) wrongs['values of somebody else']++
    if (Number(found.count) > visit.asked) wrongs['writes made twice']++
    if (found.name !== undefined && Number(found.count) >= least) return
    // What the other tab expects is no more to be had either, if it is lost.
    visit.isOver = true
    const later = await lookAgain(visit, least)
    if (later === null) return
    if (later.name === undefined) losses.sessions++
    else if (Number(later.count) < least) losses.writes += least - Number(later.count)
    else losses.staleReads++
  }

  /** What is there once whatever happens is over; null where nobody can tell. */
  async function lookAgain(visit: Visit, least: number): Promise<Found | null> {
    let seen: Found | null = null
    for (let tries = 0; tries < 40; tries++) {
      await pause(200)
      const done = await request(visit.cookie, (session) => ({
        name: session.get('name'),
        count: session.get('count'),
      }))
      seen = done?.answer ?? seen
      if (seen?.name !== undefined && Number(seen.count) >= least) return seen
    }
    return seen
  }

  async function tab(visit: Visit, steps: number): Promise<void> {
    for (let step = 0; step < steps && !visit.isOver && !isStopping; step++) {
      await pause(random() * 30)
      const least = visit.acknowledged
      const isWrite = random() < 0.5
      if (isWrite) visit.asked++
      const found = { name: undefined as unknown, count: undefined as unknown }
      const done = await request(visit.cookie, (session) => {
        Object.assign(found, { name: session.get('name'), count: session.get('count') })
        if (!isWrite || found.name === undefined) return
        session.transform('count', (count) => Number(count) + 1)
        // Of two writes that leave the very same session, one whose answer is lost could not be told from the other.
        session.set('by', marks++)
      })
      if (done === null) continue
      await judge(visit, least, found)
      if (isWrite && !visit.isOver) visit.acknowledged++
    }
  }

  async function logout(visit: Visit): Promise<void> {
    const { cookie } = visit
    visit.isOver = true
    const done = await request(cookie, (session) => {
      const isThere = session.has('name')
      return session.flush().then(() => isThere)
    })
    if (done?.answer !== true || cookie === null) return
    dead.push(cookie)
    if (dead.length > KEPT) dead.shift()
  }

  async function tryDead(cookie = dead[Math.floor(random() * dead.length)]): Promise<void> {
    if (cookie === undefined) return
    const done = await request(cookie, (session) => session.has('name'))
    if (done?.answer !== true) return
    losses.logouts++
    if (dead.includes(cookie)) dead.splice(dead.indexOf(cookie), 1)
  }

  async function visitor(index: number): Promise<void> {
    while (!isStopping) {
      const visit = await begin()
      if (visit === null) {
        await pause(50)
        continue
      }
      const steps = 3 + Math.floor(random() * 8)
      await Promise.all(Array.from({ length: TABS }, () => tab(visit, steps)))
      if (!visit.isOver && (await request(visit.cookie, (session) => session.has('name'))) !== null) {
        served[index] = performance.now()
      }
      if (!visit.isOver) await logout(visit)
      for (let tries = 0; tries < 3; tries++) await tryDead()
    }
  }

  const visiting = Promise.all(served.map((_, index) => visitor(index)))
  return {
    losses,
    wrongs,
    requests,
    reset() {
      for (const counts of [losses, wrongs])
        for (const name of Object.keys(counts)) Object.assign(counts, { [name]: 0 })
      Object.assign(requests, { all: 0, failed: 0, byReason: {} })
    },
    async sweep() {
      for (const cookie of dead.slice()) await tryDead(cookie)
    },
    async recovered() {
      const began = performance.now()
      while (served.some((moment) => moment < began)) await Promise.race([visiting, pause(20)])
      return performance.now() - began
    },
    async stop() {
      isStopping = true
      await visiting
    },
  }
}
