/** Browsers that are logged in and go on asking, whatever becomes of the store; every answer is judged. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { djangoSessions } from '../../src/adapters/node.ts'
import type { Bridge } from '../../src/bridge.ts'
import type { DjangoContext } from '../../src/context.ts'
import { StoreUnavailable } from '../../src/errors.ts'
import type { Random } from '../seeded-random.ts'

/** What a request wants: no session; who is there; to count one up in its session. */
export type Kind = 'open' | 'read' | 'write'

export interface Asked {
  readonly kind: Kind
  /** By `performance.now()`. */
  readonly began: number
  readonly ended: number
  readonly status: number
  /** Of a failure: `StoreUnavailable.reason`. */
  readonly reason?: string
  /** Nothing was sent to the database. */
  readonly isTurnedAway: boolean
}

/** What must never happen, with how often it did. */
export interface Wrongs {
  'cookies deleted': number
  'users made anonymous': number
  'values of somebody else': number
  'cookies beside an error': number
  'requests without a session not served': number
  'acknowledged writes lost': number
  'answers that are no answer': number
}

export interface Visitors {
  readonly asked: readonly Asked[]
  readonly wrongs: Readonly<Wrongs>
  /** Until every visitor has read its session and written to it once more. */
  recovered(): Promise<void>
  stop(): Promise<void>
}

/** A site that handles failures wrongly, to see that it is noticed. */
export type Plant = 'answers as if nobody were logged in' | 'deletes the cookie'

export interface VisitorsOptions {
  readonly bridge: Bridge
  /** Makes a session of the user 7 with these values; returns its Cookie header. */
  readonly login: (values: Record<string, unknown>) => Promise<string>
  readonly visitors: number
  readonly random: Random
  readonly plant?: Plant
}

interface Answer {
  readonly user?: string | null
  readonly name?: string
  readonly count?: number
  readonly reason?: string
  readonly isTurnedAway?: boolean
}

/** Milliseconds that a visitor looks at a page. */
const LEAST_PAUSE = 20
const PAUSES = 60

export async function startVisitors({ bridge, login, visitors, random, plant }: VisitorsOptions): Promise<Visitors> {
  const server = createServer(djangoSessions(bridge, pages(plant), { onError: answerError(plant) }))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const asked: Asked[] = []
  const wrongs: Wrongs = {
    'cookies deleted': 0,
    'users made anonymous': 0,
    'values of somebody else': 0,
    'cookies beside an error': 0,
    'requests without a session not served': 0,
    'acknowledged writes lost': 0,
    'answers that are no answer': 0,
  }
  let isStopping = false
  /** Of each visitor, when it last began a read and a write that went well. */
  const well = Array.from({ length: visitors }, () => ({ read: 0, write: 0 }))

  async function visit(index: number): Promise<void> {
    const name = `visitor ${index}`
    const cookie = await login({ name, count: 0 })
    // Writes that were acknowledged, and those that may have taken place.
    let least = 0
    let most = 0
    while (!isStopping) {
      await pause(LEAST_PAUSE + random() * PAUSES)
      const kind = kindOf(random())
      if (kind === 'write') most++
      const began = performance.now()
      const response = await fetch(`${origin}/${kind}`, { headers: { cookie } })
      const answer = await readAnswer(response)
      const { status } = response
      const { reason, isTurnedAway = false } = answer ?? {}
      asked.push({ kind, began, ended: performance.now(), status, isTurnedAway, ...(reason && { reason }) })
      const sent = response.headers.getSetCookie()
      if (sent.some((line) => line.includes('Max-Age=0'))) wrongs['cookies deleted']++
      if (kind === 'open') {
        if (status !== 200 || sent.length > 0) wrongs['requests without a session not served']++
        continue
      }
      if (answer === null || (status !== 200 && status !== 503)) wrongs['answers that are no answer']++
      if (status !== 200 || answer === null) {
        if (sent.length > 0) wrongs['cookies beside an error']++
        continue
      }
      if (kind === 'write' && !sent.some((line) => line.startsWith(`${cookie};`)))
        wrongs['answers that are no answer']++
      if (answer.user === null) {
        wrongs['users made anonymous']++
        continue
      }
      if (answer.user !== '7' || answer.name !== name) wrongs['values of somebody else']++
      const { count = -1 } = answer
      if (kind === 'write') least++
      if (count < least || count > most) wrongs['acknowledged writes lost']++
      least = Math.max(least, count)
      Object.assign(well[index] ?? {}, { [kind]: began })
    }
  }

  const visiting = Promise.all(well.map((_, index) => visit(index)))
  return {
    asked,
    wrongs,
    async recovered() {
      const since = performance.now()
      while (well.some(({ read, write }) => Math.min(read, write) < since)) {
        await Promise.race([visiting, pause(20)])
      }
    },
    async stop() {
      isStopping = true
      await visiting
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

function kindOf(chance: number): Kind {
  if (chance < 0.3) return 'open'
  return chance < 0.7 ? 'read' : 'write'
}

async function readAnswer(response: Response): Promise<Answer | null> {
  try {
    return (await response.json()) as Answer
  } catch {
    return null
  }
}

function pages(plant: Plant | undefined) {
  return async (request: IncomingMessage, response: ServerResponse, django: DjangoContext): Promise<void> => {
    if (request.url === '/open') return void response.end('{}')
    if (plant === 'answers as if nobody were logged in') {
      const isDown = await django.session().then(
        () => false,
        () => true,
      )
      if (isDown) return void response.end(JSON.stringify({ user: null }))
    }
    const session = await django.session()
    if (request.url === '/write') session.transform('count', (count) => Number(count) + 1)
    const user = await django.user()
    const answer = { user: user?.pk ?? null, name: session.get('name'), count: session.get('count') }
    response.end(JSON.stringify(answer))
  }
}

function answerError(plant: Plant | undefined) {
  return (error: unknown, _: IncomingMessage, response: ServerResponse): void => {
    const isKnown = error instanceof StoreUnavailable
    if (!isKnown) console.error(error)
    response.statusCode = isKnown ? error.status : 500
    if (plant === 'deletes the cookie') response.setHeader('Set-Cookie', 'sessionid=""; Max-Age=0; Path=/')
    // That the circuit turned it away shows in the message alone.
    const told = isKnown && { reason: error.reason, isTurnedAway: /times in a row/.test(error.message) }
    response.end(JSON.stringify({ ...told }))
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, milliseconds))
}
