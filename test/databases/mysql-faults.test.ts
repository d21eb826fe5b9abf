import { describe, expect, test } from 'vitest'
import { NoSuchValue, UniqueViolation } from '../../src/databases/database.ts'
import { mysqlFaults } from '../../src/databases/mysql-faults.ts'
import { type StoreFailure, StoreUnavailable } from '../../src/errors.ts'

const { faultOf, isRefusal, isAnswer, isRolledBack, isOutOfDate, isBroken } = mysqlFaults

/** What `mysql2` rejects with when the server refuses: its message and SQL may hold a session's key or data. */
function refusal(errno: number): Error {
  return Object.assign(new Error("Duplicate entry 'secret' for key 'PRIMARY'"), {
    errno,
    code: 'ER_ANY',
    sqlState: 'HY000',
    sqlMessage: "Duplicate entry 'secret' for key 'PRIMARY'",
    sql: "UPDATE django_session SET session_data = 'secret'",
  })
}

/** What Node, or `mysql2`, says of a connection: the numbers of the system are negative. */
function trouble(message: string, code?: string): Error {
  return Object.assign(new Error(message), { fatal: true, ...(code && { code, errno: -104, syscall: 'read' }) })
}

describe('S35: what MySQL says', () => {
  test.each<[number, StoreFailure]>([
    [1290, 'read_only'],
    [1792, 'read_only'],
    [1836, 'read_only'],
    [1021, 'full'],
    [1114, 'full'],
    [1040, 'too_many_connections'],
    [1203, 'too_many_connections'],
    [1226, 'too_many_connections'],
    [1053, 'unreachable'],
    [1927, 'unreachable'],
    [4031, 'unreachable'],
    [1047, 'starting_up'],
    [1045, 'denied'],
    [1044, 'denied'],
    [1142, 'denied'],
    [1049, 'missing'],
    [1146, 'missing'],
    [1054, 'missing'],
    [1205, 'locked'],
    [1213, 'locked'],
    [1317, 'deadline'],
    [1969, 'deadline'],
    [3024, 'deadline'],
    [1406, 'refused'],
    [1153, 'refused'],
    [1461, 'refused'],
    [1064, 'refused'],
  ])('%i is %s, and shows nothing of the row', (errno, reason) => {
    const fault = faultOf(refusal(errno))
    expect(fault).toBeInstanceOf(StoreUnavailable)
    expect(fault).toMatchObject({ reason, cause: { errno, sqlState: 'HY000' } })
    expect(JSON.stringify([fault, fault.cause, fault.message, fault.stack])).not.toContain('secret')
  })

  test.each(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'PROTOCOL_CONNECTION_LOST', undefined])(
    'nothing, since the connection ends in %s, is unreachable',
    (code) => {
      expect(faultOf(trouble('no', code))).toMatchObject({ reason: 'unreachable' })
    },
  )

  test.each(['No connections available.', 'Queue limit reached.'])('nothing, since the pool says %s', (message) => {
    expect(faultOf(new Error(message))).toMatchObject({ reason: 'pool_exhausted' })
  })

  test('of a key that is taken, or a text that no row can have, is told apart', () => {
    expect(faultOf(refusal(1062))).toBeInstanceOf(UniqueViolation)
    expect(faultOf(refusal(1267))).toBeInstanceOf(NoSuchValue)
  })

  test('names what a value does not fit into, what a packet is too large for, and what runs out', () => {
    expect(faultOf(refusal(1406)).message).toMatch(/does not fit into its column/)
    expect(faultOf(refusal(1153)).message).toMatch(/max_allowed_packet/)
    expect(faultOf(refusal(1461)).message).toMatch(/max_prepared_stmt_count/)
  })

  test('decides whether its connection is used again, and whether a statement is sent again', () => {
    const judged = (error: Error): boolean[] => [
      isRefusal(error),
      isAnswer(error),
      isRolledBack(error),
      isBroken(error),
      isOutOfDate(error),
    ]
    expect(judged(refusal(1062))).toEqual([true, true, false, false, false])
    expect(judged(refusal(1114))).toEqual([true, true, false, false, false])
    expect(judged(refusal(1205))).toEqual([true, true, true, false, false])
    expect(judged(refusal(1213))).toEqual([true, true, true, false, false])
    expect(judged(refusal(1290))).toEqual([true, true, false, false, true])
    expect(judged(refusal(1047))).toEqual([true, true, false, false, true])
    expect(judged(refusal(1927))).toEqual([true, false, false, true, false])
    expect(judged(refusal(1053))).toEqual([true, false, false, true, false])
    expect(judged(refusal(1153))).toEqual([true, false, false, false, false])
    expect(judged(trouble('reset', 'ECONNRESET'))).toEqual([false, false, false, true, false])
    expect(judged(trouble('lost', 'PROTOCOL_CONNECTION_LOST'))).toEqual([false, false, false, true, false])
    expect(judged(trouble('refused', 'ECONNREFUSED'))).toEqual([false, false, false, false, false])
    expect(judged(trouble("Can't add new command when connection is in closed state"))).toEqual([
      false,
      false,
      false,
      true,
      false,
    ])
    expect(judged(new StoreUnavailable('Late.', { reason: 'deadline' }))).toEqual([false, false, false, false, false])
  })
})
