/** What is sent how often, and what becomes of connections, beside a driver that fails as it is told. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../src/databases/database.ts'
import { postgres } from '../../src/databases/postgres.ts'
import type { PostgresClient } from '../../src/databases/postgres-pool.ts'
import { startDeadline } from '../../src/deadline.ts'
import { OutcomeUnknown } from '../../src/outcome-unknown.ts'

type Fate = Error | 'answers' | 'hangs'

const RESULT = { rows: [{ a: 1 }], rowCount: 1 }
const BROKEN = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
const REFUSED = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
const sqlError = (code: string): Error => Object.assign(new Error('no'), { severity: 'ERROR', code })

/** Of the next statements and connections; then all go well. */
let queries: Fate[]
let connects: Fate[]
let sent: string[]
/** In order: whether each connection that came back was destroyed. */
let released: boolean[]
let connected: number
let idle: PostgresClient[]
let database: Database

beforeEach(() => {
  queries = []
  connects = []
  sent = []
  released = []
  connected = 0
  idle = []
  database = postgres({ pool: async () => ({ connect }) })
})

async function settle(fate: Fate = 'answers'): Promise<void> {
  if (fate === 'hangs') await new Promise(() => undefined)
  if (fate instanceof Error) throw fate
}

async function connect(): Promise<PostgresClient> {
  const free = idle.pop()
  if (free !== undefined) return free
  connected++
  await settle(connects.shift())
  const client: PostgresClient = {
    async query({ text }) {
      sent.push(text)
      await settle(queries.shift())
      return RESULT
    },
    release(destroy = false) {
      released.push(destroy)
      if (!destroy) idle.push(client)
    },
  }
  return client
}

const read = (milliseconds = 30_000) => database.rows('SELECT ?', [1], startDeadline(milliseconds))
const write = (milliseconds = 30_000) => database.execute('UPDATE ?', [1], startDeadline(milliseconds))

/** Makes so many connections known, and leaves them idle. */
async function know(count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => read()))
  sent = []
  released = []
  connected = 0
}

describe('S35: a statement', () => {
  test('that reads is sent once more when its connection breaks, and no oftener', async () => {
    queries = [BROKEN]
    expect(await read()).toEqual(RESULT.rows)
    expect([sent.length, released]).toEqual([2, [true, false]])
    idle = []
    queries = [BROKEN, BROKEN]
    await expect(read()).rejects.toMatchObject({ reason: 'unreachable' })
    expect(sent).toHaveLength(4)
  })

  test('that reads passes over every connection that a restart left behind', async () => {
    await know(3)
    queries = [BROKEN, BROKEN, BROKEN]
    expect(await read()).toEqual(RESULT.rows)
    expect([sent.length, released, connected]).toEqual([4, [true, true, true, false], 1])
  })

  test('that writes is never sent again when its connection breaks: what became of it is unknown', async () => {
    await know(1)
    queries = [BROKEN]
    await expect(write()).rejects.toThrow(OutcomeUnknown)
    expect([sent.length, released]).toEqual([1, [true]])
  })

  test.each(['40001', '40P01'])(
    'that the server took back for %s is sent once more, on a sound connection',
    async (code) => {
      queries = [sqlError(code)]
      expect(await write()).toBe(1)
      expect([sent.length, released]).toEqual([2, [false, false]])
      queries = [sqlError(code), sqlError(code)]
      await expect(write()).rejects.toMatchObject({ reason: 'locked' })
      expect(sent).toHaveLength(4)
    },
  )

  test('that the server refuses is not sent again, and leaves a sound connection', async () => {
    queries = [sqlError('53100')]
    await expect(write()).rejects.toMatchObject({ reason: 'full' })
    expect([sent.length, released]).toEqual([1, [false]])
  })

  test('that misses its deadline destroys its connection; a write is unknown then, a read is late', async () => {
    queries = ['hangs', 'hangs']
    await expect(read(20)).rejects.toMatchObject({ reason: 'deadline' })
    await expect(write(20)).rejects.toThrow(OutcomeUnknown)
    expect([sent.length, released]).toEqual([2, [true, true]])
  })
})

describe('S35: a connection', () => {
  test('that is refused is tried again before the call fails', async () => {
    connects = [REFUSED, REFUSED]
    expect(await write()).toBe(1)
    expect([connected, sent.length]).toEqual([3, 1])
  })

  test('that is refused until the deadline is near fails the call, of which nothing was sent', async () => {
    connects = Array.from({ length: 100 }, () => REFUSED)
    await expect(write(40)).rejects.toMatchObject({ reason: 'unreachable' })
    expect(sent).toEqual([])
  })

  test('for which a user is turned away is not tried again', async () => {
    connects = [sqlError('28P01')]
    await expect(read()).rejects.toMatchObject({ reason: 'denied' })
    expect(connected).toBe(1)
  })

  test('that comes after the deadline goes back to the pool unused', async () => {
    const late = Promise.withResolvers<PostgresClient>()
    database = postgres({ pool: async () => ({ connect: () => late.promise }) })
    await expect(read(20)).rejects.toMatchObject({ reason: 'deadline' })
    late.resolve(await connect())
    await new Promise((resume) => setImmediate(resume))
    expect([sent, released]).toEqual([[], [false]])
  })
})
