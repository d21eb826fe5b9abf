import { beforeEach, describe, expect, test } from 'vitest'
import { mysqlFaults } from '../../src/databases/mysql-faults.ts'
import { type PooledClient, type PooledStatements, pooledStatements } from '../../src/databases/pooled-statements.ts'
import { startDeadline } from '../../src/deadline.ts'
import { OutcomeUnknown } from '../../src/outcome-unknown.ts'

const BROKEN = Object.assign(new Error('gone'), { code: 'PROTOCOL_CONNECTION_LOST' })

interface Client extends PooledClient {
  readonly name: string
}

/** How each greeting ends, in order; the ones after that go well. */
let greetings: (Error | 'hangs')[]
let seen: string[]
let pooled: PooledStatements<number>

beforeEach(() => {
  greetings = []
  seen = []
  let made = 0
  pooled = pooledStatements<Client, number>(
    async () => ({
      server: 'MySQL',
      counts: {},
      connect: async () => ({ name: `client ${made++}` }),
      async greet({ name }) {
        seen.push(`greets ${name}`)
        const end = greetings.shift()
        if (end === 'hangs') await new Promise(() => undefined)
        if (end instanceof Error) throw end
      },
      async send({ name }) {
        seen.push(`sends to ${name}`)
        return 1
      },
      release: ({ name }, destroy) => void seen.push(`${destroy ? 'destroys' : 'releases'} ${name}`),
    }),
    mysqlFaults,
  )
})

const write = (milliseconds = 30_000) =>
  pooled.run({ sql: '', parameters: [], isRead: false }, startDeadline(milliseconds))

describe('S35: a connection that is greeted', () => {
  test('and breaks meanwhile: nothing was sent, so that another one may have the write', async () => {
    greetings = [BROKEN]
    expect(await write()).toBe(1)
    expect(seen).toEqual([
      'greets client 0',
      'destroys client 0',
      'greets client 1',
      'sends to client 1',
      'releases client 1',
    ])
  })

  test('and does not answer is destroyed at the deadline; what became of the write is known', async () => {
    greetings = ['hangs']
    const error = await write(20).catch((failure: unknown) => failure)
    expect(error).toMatchObject({ reason: 'deadline' })
    expect(error).not.toBeInstanceOf(OutcomeUnknown)
    expect(seen).toEqual(['greets client 0', 'destroys client 0'])
  })

  test('and refuses goes back to the pool, to be greeted again', async () => {
    greetings = [Object.assign(new Error('no'), { errno: 1227, sqlMessage: 'no' })]
    await expect(write()).rejects.toMatchObject({ reason: 'denied' })
    expect(seen).toEqual(['greets client 0', 'releases client 0'])
  })
})
