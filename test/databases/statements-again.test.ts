/** What is sent again, how often, and what is told of a write whose reply was lost: each rule of pooled-statements.ts. */
import { beforeEach, describe, expect, test } from 'vitest'
import { type PooledClient, type PooledStatements, pooledStatements } from '../../src/databases/pooled-statements.ts'
import { postgresFaults } from '../../src/databases/postgres-faults.ts'
import { startDeadline } from '../../src/deadline.ts'
import { StoreUnavailable } from '../../src/errors.ts'
import { OutcomeUnknown } from '../../src/outcome-unknown.ts'

interface Client extends PooledClient {
  readonly name: number
}

const broken = (): Error => Object.assign(new Error('gone'), { code: 'ECONNRESET' })
const said = (code: string): Error => Object.assign(new Error('no'), { severity: 'ERROR', code })

/** How each statement ends, in order; the ones after that go well. */
let ends: (() => Error | 'hangs')[]
let log: string[]
/** Connections that are free, which were used before. */
let free: Client[]
let opens: (() => Error)[]
let made: number
let ended: number
let pooled: PooledStatements<string>

beforeEach(() => {
  ends = []
  log = []
  free = []
  opens = []
  made = 0
  ended = 0
  pooled = pooledStatements<Client, string>(async () => {
    const failure = opens.shift()
    if (failure !== undefined) throw failure()
    return {
      server: 'PostgreSQL',
      counts: {},
      connect: async () => free.shift() ?? { name: made++ },
      async send({ name }) {
        log.push(`sends to ${name}`)
        const end = ends.shift()?.()
        if (end === 'hangs') await new Promise(() => undefined)
        if (end instanceof Error) throw end
        return 'done'
      },
      release(client, destroy) {
        log.push(`${destroy ? 'destroys' : 'releases'} ${client.name}`)
        if (!destroy) free.push(client)
      },
      end: async () => void ended++,
    }
  }, postgresFaults)
})

const ask = (isRead: boolean, milliseconds = 5000) =>
  pooled.run({ sql: '', parameters: [], isRead }, startDeadline(milliseconds)).catch((error: unknown) => error)
const read = (milliseconds?: number) => ask(true, milliseconds)
const write = (milliseconds?: number) => ask(false, milliseconds)

describe('a read whose connection breaks', () => {
  test('is sent once more, and no more, on connections that are new', async () => {
    ends = [broken, broken, broken]
    expect(await read()).toMatchObject({ reason: 'unreachable' })
    expect(log).toEqual(['sends to 0', 'destroys 0', 'sends to 1', 'destroys 1'])
  })

  test('is sent on as long as connections of before are met, and once on a new one', async () => {
    await Promise.all([read(), read(), read()])
    log = []
    ends = [broken, broken, broken]
    expect(await read()).toBe('done')
    expect(log.filter((line) => line.startsWith('sends'))).toEqual([
      'sends to 0',
      'sends to 1',
      'sends to 2',
      'sends to 3',
    ])
    expect(free).toEqual([{ name: 3 }])
  })

  test('is an error of the store and never an unknown outcome', async () => {
    ends = [broken, broken]
    const error = await read()
    expect(error).toBeInstanceOf(StoreUnavailable)
    expect(error).not.toBeInstanceOf(OutcomeUnknown)
  })
})

describe('a write whose reply is lost', () => {
  test('is sent once, and its outcome is unknown', async () => {
    ends = [broken]
    expect(await write()).toBeInstanceOf(OutcomeUnknown)
    expect(log).toEqual(['sends to 0', 'destroys 0'])
  })

  test('by the deadline, is unknown as well', async () => {
    ends = [() => 'hangs']
    expect(await write(30)).toBeInstanceOf(OutcomeUnknown)
    expect(log).toEqual(['sends to 0', 'destroys 0'])
  })
})

describe('a write that the server answers with no', () => {
  test('is an error whose outcome is known, and the connection is used again', async () => {
    ends = [() => said('42501')]
    const error = await write()
    expect(error).toMatchObject({ reason: 'denied' })
    expect(error).not.toBeInstanceOf(OutcomeUnknown)
    expect(log).toEqual(['sends to 0', 'releases 0'])
  })

  test('because of a deadlock is sent once more, on the same connection', async () => {
    ends = [() => said('40P01')]
    expect(await write()).toBe('done')
    expect(log).toEqual(['sends to 0', 'releases 0', 'sends to 0', 'releases 0'])
  })

  test('because of two deadlocks is an error, also on a connection of before', async () => {
    await read()
    log = []
    ends = [() => said('40P01'), () => said('40P01'), () => said('40P01')]
    expect(await write()).toMatchObject({ reason: 'locked' })
    expect(log.filter((line) => line.startsWith('sends'))).toHaveLength(2)
  })

  test('since it is read only, leaves a connection that leads to the wrong server', async () => {
    ends = [() => said('25006')]
    expect(await write()).toMatchObject({ reason: 'read_only' })
    expect(log).toEqual(['sends to 0', 'destroys 0'])
  })
})

test('a driver that could not be loaded is loaded with the next call', async () => {
  opens = [() => new StoreUnavailable('no driver')]
  expect(await read()).toBeInstanceOf(StoreUnavailable)
  expect(await read()).toBe('done')
})

test('close ends the pool, once it is there, and a call after it opens another', async () => {
  await pooled.close()
  expect(ended).toBe(0)
  await read()
  await pooled.close()
  await pooled.close()
  expect(ended).toBe(1)
  expect(await read()).toBe('done')
})

test('a connection that comes after its deadline goes back, and no statement is sent on it', async () => {
  const late = Promise.withResolvers<Client>()
  const seen: string[] = []
  const slow = pooledStatements<Client, string>(
    async () => ({
      server: 'PostgreSQL',
      counts: {},
      connect: () => late.promise,
      send: async () => 'sent',
      release: ({ name }, destroy) => void seen.push(`${destroy ? 'destroys' : 'releases'} ${name}`),
    }),
    postgresFaults,
  )
  await expect(slow.run({ sql: '', parameters: [], isRead: true }, startDeadline(20))).rejects.toMatchObject({
    reason: 'deadline',
  })
  late.resolve({ name: 7 })
  await late.promise
  await new Promise((resume) => setImmediate(resume))
  expect(seen).toEqual(['releases 7'])
})
