import { describe, expect, test } from 'vitest'
import { NoSuchValue, UniqueViolation } from '../../src/databases/database.ts'
import { isAnswer, isBroken, isOutOfDate, isRolledBack, postgresFault } from '../../src/databases/postgres-faults.ts'
import { type StoreFailure, StoreUnavailable } from '../../src/errors.ts'

/** What `pg` rejects with when the server refuses: its message and detail may hold a session's key or data. */
function refusal(code: string): Error {
  return Object.assign(new Error('row with secret'), {
    code,
    severity: 'FEHLER',
    detail: 'Key (session_key)=(secret) already exists.',
    where: 'secret',
  })
}

/** What Node, or `pg`, says of a connection. */
function trouble(message: string, code?: string): Error {
  return Object.assign(new Error(message), { ...(code && { code, syscall: 'connect' }) })
}

const GONE = trouble('Connection terminated unexpectedly')

describe('S35: what PostgreSQL says', () => {
  test.each<[string, StoreFailure]>([
    ['25006', 'read_only'],
    ['53100', 'full'],
    ['53300', 'too_many_connections'],
    ['08P01', 'unreachable'],
    ['57P01', 'unreachable'],
    ['57P02', 'unreachable'],
    ['57P03', 'starting_up'],
    ['28P01', 'denied'],
    ['42501', 'denied'],
    ['3D000', 'missing'],
    ['42P01', 'missing'],
    ['42703', 'missing'],
    ['40001', 'locked'],
    ['40P01', 'locked'],
    ['55P03', 'locked'],
    ['57014', 'deadline'],
    ['XX000', 'refused'],
  ])('%s is %s, and shows nothing of the row', (code, reason) => {
    const fault = postgresFault(refusal(code))
    expect(fault).toBeInstanceOf(StoreUnavailable)
    expect(fault).toMatchObject({ reason, cause: { code } })
    expect(JSON.stringify([fault, fault.cause, fault.message, fault.stack])).not.toContain('secret')
  })

  test.each(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', undefined])(
    'nothing, since the connection ends in %s, is unreachable',
    (code) => {
      expect(postgresFault(trouble('no', code))).toMatchObject({ reason: 'unreachable' })
    },
  )

  test('of a key that is taken, or a value that no row can have, is told apart', () => {
    expect(postgresFault(refusal('23505'))).toBeInstanceOf(UniqueViolation)
    expect(postgresFault(refusal('22P02'))).toBeInstanceOf(NoSuchValue)
    expect(postgresFault(refusal('22003'))).toBeInstanceOf(NoSuchValue)
  })

  test('decides whether its connection is used again, and whether a statement is sent again', () => {
    const judged = (error: Error): boolean[] => [
      isAnswer(error),
      isRolledBack(error),
      isBroken(error),
      isOutOfDate(error),
    ]
    expect(judged(refusal('23505'))).toEqual([true, false, false, false])
    expect(judged(refusal('53100'))).toEqual([true, false, false, false])
    expect(judged(refusal('40001'))).toEqual([true, true, false, false])
    expect(judged(refusal('40P01'))).toEqual([true, true, false, false])
    expect(judged(refusal('25006'))).toEqual([true, false, false, true])
    expect(judged(refusal('08P01'))).toEqual([false, false, true, false])
    expect(judged(refusal('57P01'))).toEqual([false, false, true, false])
    expect(judged(refusal('57P03'))).toEqual([false, false, false, false])
    expect(judged(refusal('53300'))).toEqual([false, false, false, false])
    expect(judged(trouble('reset', 'ECONNRESET'))).toEqual([false, false, true, false])
    expect(judged(trouble('refused', 'ECONNREFUSED'))).toEqual([false, false, false, false])
    expect(judged(GONE)).toEqual([false, false, true, false])
    expect(judged(new StoreUnavailable('Late.', { reason: 'deadline' }))).toEqual([false, false, false, false])
  })
})
