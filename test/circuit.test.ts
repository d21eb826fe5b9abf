import { beforeEach, describe, expect, test } from 'vitest'
import { type Circuit, createCircuit } from '../src/circuit.ts'
import { type StoreFailure, StoreUnavailable } from '../src/errors.ts'

let milliseconds: number
let tries: number
let circuit: Circuit
beforeEach(() => {
  milliseconds = 0
  tries = 0
  circuit = createCircuit(
    (error) => error as Error,
    () => milliseconds,
  )
})

function fails(reason: StoreFailure): Promise<unknown> {
  return circuit(async () => {
    tries++
    throw new StoreUnavailable('As asked.', { reason, cause: { name: 'Error', code: 'ECONNREFUSED' } })
  }).catch((error: unknown) => error)
}

function succeeds(): Promise<unknown> {
  return circuit(async () => {
    tries++
    return 'client'
  }).catch((error: unknown) => error)
}

async function failTimes(times: number, reason: StoreFailure = 'unreachable'): Promise<void> {
  for (let index = 0; index < times; index++) await fails(reason)
}

describe('S35: the circuit before a database', () => {
  test('lets every call try while no five in a row failed', async () => {
    await failTimes(4)
    expect(await succeeds()).toBe('client')
    await failTimes(4)
    expect(await succeeds()).toBe('client')
    expect(tries).toBe(10)
  })

  test('fails calls at once for a second after the fifth failure, with its reason and cause', async () => {
    await failTimes(5, 'starting_up')
    milliseconds = 999
    expect(await succeeds()).toMatchObject({
      code: 'store_unavailable',
      reason: 'starting_up',
      status: 503,
      cause: { code: 'ECONNREFUSED' },
    })
    expect(tries).toBe(5)
    milliseconds = 1000
    expect(await succeeds()).toBe('client')
    expect(await succeeds()).toBe('client')
  })

  test('then tries with one call alone, and rests for another second when it fails', async () => {
    await failTimes(5)
    milliseconds = 1000
    const trial = Promise.withResolvers<string>()
    const first = circuit(() => trial.promise).catch((error: unknown) => error)
    expect(await succeeds()).toMatchObject({ reason: 'unreachable' })
    trial.reject(new StoreUnavailable('Late.', { reason: 'deadline' }))
    expect(await first).toMatchObject({ reason: 'deadline' })
    milliseconds = 1999
    expect(await succeeds()).toMatchObject({ reason: 'deadline' })
    expect(tries).toBe(5)
    milliseconds = 2000
    expect(await succeeds()).toBe('client')
  })

  test('opens to all at once when a call that was under way gets through', async () => {
    const early = Promise.withResolvers<string>()
    const underWay = circuit(() => early.promise)
    await failTimes(5)
    early.resolve('client')
    await underWay
    expect(await succeeds()).toBe('client')
  })

  test.each<StoreFailure>(['denied', 'missing', 'too_many_connections', 'pool_exhausted'])(
    'does not count %s, which is no word against the server',
    async (reason) => {
      await failTimes(20, reason)
      expect(await succeeds()).toBe('client')
      await failTimes(4)
      await fails(reason)
      await failTimes(4)
      expect(await succeeds()).toBe('client')
    },
  )
})
