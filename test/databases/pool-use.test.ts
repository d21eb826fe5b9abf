import { EventEmitter } from 'node:events'
import { beforeEach, describe, expect, test } from 'vitest'
import { type PoolUse, watchPool } from '../../src/databases/pool-use.ts'

/** A pool of two connections, as `pg` shows it. */
class Pool extends EventEmitter {
  readonly options = { max: 2 }
  totalCount = 0
  idleCount = 0
}

let pool: Pool
let use: PoolUse
beforeEach(() => {
  pool = new Pool()
  use = watchPool(pool, 'PostgreSQL')
})

/** Somebody else takes a connection that the pool made. */
function takenElsewhere(): object {
  const client = {}
  pool.totalCount++
  pool.emit('acquire', client)
  return client
}

function takenByUs(): object {
  const client = takenElsewhere()
  use.taken(client)
  return client
}

const waits = (since = performance.now()): boolean => use.isExhausted(since)

describe('S35: a pool counts as exhausted', () => {
  test('while others hold every connection', () => {
    takenElsewhere()
    takenByUs()
    expect(waits()).toBe(true)
    expect(use.exhausted()).toMatchObject({ reason: 'pool_exhausted', message: expect.stringContaining('All 2') })
  })

  test('while we hold them all and the server goes on answering', () => {
    takenByUs()
    takenByUs()
    const since = performance.now() - 1
    use.answered()
    expect(waits(since)).toBe(true)
  })

  test('when its connections were leaked before it was given to us', () => {
    pool.totalCount = 2
    use = watchPool(pool, 'PostgreSQL')
    expect(waits()).toBe(true)
  })
})

test('S35: an idle connection that breaks ends no process, whoever else listens', () => {
  expect(() => pool.emit('error', new Error('read ECONNRESET'))).not.toThrow()
})

describe('S35: a pool does not count as exhausted', () => {
  test('while we hold every connection and none is answered: it is the server that is slow', () => {
    takenByUs()
    takenByUs()
    use.answered()
    expect(waits(performance.now() + 1)).toBe(false)
  })

  test('while it has or may make another connection', () => {
    takenElsewhere()
    expect(waits()).toBe(false)
    takenElsewhere()
    pool.idleCount = 1
    expect(waits()).toBe(false)
  })

  test('while connections are only being made: it is the server that does not let us in', () => {
    pool.totalCount = 2
    expect(waits()).toBe(false)
  })

  test('once a connection was released or destroyed', () => {
    takenElsewhere()
    const ours = takenByUs()
    use.released()
    use.destroyed(ours)
    pool.totalCount = 1
    expect(waits()).toBe(false)
    const another = takenElsewhere()
    pool.emit('remove', another)
    expect(waits()).toBe(false)
  })

  test('when it shows neither counts nor events', () => {
    use = watchPool({}, 'PostgreSQL')
    use.taken({})
    expect(waits()).toBe(false)
  })
})
