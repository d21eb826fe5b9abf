/**
 * Every middleware, before and after ours, in every way to answer, with a session that nobody opened, one that was read
 * and one that was changed. The same server without ours says what is right: the body to the byte and every header, but
 * for what a session adds. docs/middleware.md is made from what ran: see `npm run table`.
 */
import { hash } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import type { Bridge } from '../../src/bridge.ts'
import { makeSite, type Site } from '../site.ts'
import type { Asked, Received } from './exchange.ts'
import { MIDDLEWARES, type Tried } from './middlewares.ts'
import { type Order, type Served, STACKS, type Stack } from './stacks.ts'
import { WAYS, type Way } from './ways.ts'

declare module 'vitest' {
  interface TaskMeta {
    middleware?: MatrixCell
  }
}

/** A cell of the table: how many ways were tried, each with every kind of session, and how many came out whole. */
export interface MatrixCell {
  readonly middleware: string
  readonly stack: string
  readonly order: Order
  readonly tried: number
  readonly whole: number
}

/** `unsaved` is written where the database refuses it. */
const SESSIONS = ['untouched', 'read', 'written', 'unsaved'] as const
type SessionKind = (typeof SESSIONS)[number]

const closings: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close()
})

for (const stack of STACKS) {
  for (const tried of MIDDLEWARES.filter((one) => isFor(stack, one))) {
    describe(`${stack.name}: ${tried.name}`, () => {
      for (const order of ['before', 'after'] as const) {
        test(`${order} ours changes nothing of an answer but what the session adds`, async ({ task }) => {
          task.meta.middleware = { middleware: tried.name, stack: stack.name, order, tried: 0, whole: 0 }
          const cells = await run(stack, tried, order)
          const wrong = cells.filter(({ seen, expected }) => seen !== expected)
          const [count, whole] = [cells.length, cells.length - wrong.length]
          task.meta.middleware = { ...task.meta.middleware, tried: count, whole }
          expect(wrong).toEqual([])
          expect(count).toBeGreaterThan(60)
        })
      }
    })
  }
}

function isFor(stack: Stack, { isForNode, isHttp1 }: Tried): boolean {
  return (stack.isExpress || isForNode === true) && (stack.isHttp1 || isHttp1 !== true)
}

interface Cell {
  readonly way: string
  readonly session: SessionKind
  readonly seen: string
  readonly expected: string
}

async function run(stack: Stack, tried: Tried, order: Order): Promise<Cell[]> {
  const [site, failingSite] = [await makeSite(), await makeSite()]
  closings.push(site.close, failingSite.close)
  const ways = [...WAYS, ...(tried.ways ?? [])].filter(
    ({ name, isHttp1 }) => (stack.isHttp1 || !isHttp1) && !tried.except?.includes(name),
  )
  const serve = async (bridge: Bridge | null): Promise<Served> => {
    const served = await stack.serve(tried, order, ways, bridge)
    closings.push(served.close)
    return served
  }
  const bare = await serve(null)
  const ours = await serve(site.bridge)
  const failing = await serve(failingSite.bridge)
  const keys = { good: await site.store({ count: 1 }), bad: await failingSite.store({ count: 1 }) }
  failingSite.client.exec(REFUSE_UPDATES)
  const cells: Cell[] = []
  for (const way of ways) {
    const right = await ask(bare, way, 'untouched', 'none=1')
    const isOurs = !(way.byMiddleware && order === 'before')
    for (const session of SESSIONS) {
      const [server, key, at] = session === 'unsaved' ? [failing, keys.bad, failingSite] : [ours, keys.good, site]
      const seen = await ask(server, way, session, `sessionid=${key}`)
      const count = await countIn(at, key)
      const expected = expectedOf(right, way, isOurs ? session : 'untouched')
      const isError = session === 'unsaved' && isOurs && !way.fails
      const told = [seen.map((received) => (isError ? errorIn(received, way) : comparable(received))), count]
      cells.push({ way: way.name, session, seen: JSON.stringify(told), expected: JSON.stringify(expected) })
      if (count !== 1) await resetCount(at, key)
    }
  }
  return cells
}

const REFUSE_UPDATES = "CREATE TRIGGER refuse BEFORE UPDATE ON django_session BEGIN SELECT RAISE(ABORT, 'refused'); END"

async function ask({ client }: Served, way: Way, session: SessionKind, cookie: string): Promise<Received[]> {
  const headers = { cookie, 'x-session': session }
  const once = (asked: Asked): Promise<Received> => client.ask({ ...asked, headers: { ...headers, ...asked.headers } })
  const answer = await (way.ask?.(client, once, headers) ?? once({ path: `/${encodeURIComponent(way.name)}` }))
  return [answer].flat() as Received[]
}

async function countIn(site: Site, key: string): Promise<unknown> {
  return (await site.open(`sessionid=${key}`).session()).get('count')
}

async function resetCount(site: Site, key: string): Promise<void> {
  const session = await site.open(`sessionid=${key}`).session()
  session.set('count', 1)
  await session.save()
}

/** What the other server answered, and what a session adds to it. */
function expectedOf(right: readonly Received[], way: Way, session: SessionKind): unknown {
  if (session === 'unsaved' && !way.fails) return [right.map((received) => errorInstead(received, way)), 1]
  const isSaved = session === 'written' && !way.fails
  const answers = right.map(comparable).map((answer) => {
    if (answer === 'cut' || session === 'untouched') return answer
    const headers: Headers = { ...answer.headers, vary: sorted([...(answer.headers.vary ?? []), 'cookie']) }
    if (isSaved) {
      headers['set-cookie'] = sorted([...(headers['set-cookie'] ?? []), 'sessionid'])
      const kept = (headers['cache-control'] ?? []).filter((directive) => directive !== 'public')
      headers['cache-control'] = sorted([...kept, 'private'])
    }
    return { ...answer, headers: inOrder(headers) }
  })
  return [answers, isSaved ? 2 : 1]
}

/** The error page, in place of what the handler answered. */
function errorInstead(right: Received, { name, failsTwice }: Way): unknown {
  if (failsTwice) return 'an error'
  if (right === 'cut') return right
  const body = name === 'HEAD' ? '' : right.body === 'left' ? 'left' : '{"failed":true}'
  return { status: 503, body, ofTheAnswer: [] }
}

/** What an error page shows: nothing of the handler's answer may be left in it. */
function errorIn(seen: Received, { failsTwice }: Way): unknown {
  if (failsTwice && (seen === 'cut' || seen.status >= 500)) return 'an error'
  if (seen === 'cut') return seen
  const { status, body, headers } = seen
  const names = ['location', 'last-modified', 'content-encoding', 'accept-ranges', 'content-range']
  const cookies = headers['set-cookie']?.filter((line) => /^(a|b|theirs)=/.test(line)) ?? []
  const etags = headers.etag?.filter((etag) => etag === '"one"') ?? []
  return { status, body, ofTheAnswer: [...names.filter((name) => headers[name]), ...cookies, ...etags] }
}

type Headers = Record<string, string[]>
type Comparable = 'cut' | { status: number; headers: Headers; body: string }

function comparable(received: Received): Comparable {
  if (received === 'cut') return received
  const headers = Object.entries(received.headers).map(([name, lines]) => [name, comparableLines(name, lines)] as const)
  const kept = headers.filter(([name]) => name !== 'date')
  const body = `${received.body.length} characters, ${hash('sha256', received.body)}`
  return { status: received.status, headers: inOrder(Object.fromEntries(kept)), body }
}

/** Without what differs from one request to the next, and where the order says nothing. */
function comparableLines(name: string, lines: readonly string[]): string[] {
  if (name === 'x-response-time' || name === 'ratelimit') return ['its own']
  if (name === 'vary' || name === 'cache-control') {
    return sorted(lines.flatMap((line) => line.split(',')).map((part) => part.trim().toLowerCase()))
  }
  if (name !== 'set-cookie') return [...lines]
  return sorted(
    lines.map((line) => (/^(connect\.sid|sessionid)=/.test(line) ? line.slice(0, line.indexOf('=')) : line)),
  )
}

function sorted(lines: readonly string[]): string[] {
  return Array.from(new Set(lines)).sort()
}

function inOrder(headers: Record<string, string[]>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(headers).sort(([one], [other]) => (one < other ? -1 : 1)))
}
