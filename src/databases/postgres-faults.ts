/** What PostgreSQL, and `pg`, say when something fails, in this library's terms. */
import { DjangoBridgeError, driverFault, type StoreFailure, StoreUnavailable } from '../errors.ts'
import { NoSuchValue, UniqueViolation } from './database.ts'
import type { ServerFaults } from './pooled-statements.ts'

const UNIQUE_VIOLATION = '23505'
/** invalid_text_representation, numeric_value_out_of_range: text that no value of the column's type has. */
const NO_SUCH_VALUE = new Set(['22P02', '22003'])
/** serialization_failure, deadlock_detected: the server took back what the statement did. */
const ROLLED_BACK = new Set(['40001', '40P01'])
const READ_ONLY = '25006'

/** @see https://www.postgresql.org/docs/current/errcodes-appendix.html */
const REASONS: ReadonlyMap<string, StoreFailure> = new Map(
  Object.entries<StoreFailure>({
    [READ_ONLY]: 'read_only',
    '53100': 'full',
    '53300': 'too_many_connections',
    // PgBouncer's word for all that is wrong between it and the server.
    '08P01': 'unreachable',
    '57P01': 'unreachable',
    '57P02': 'unreachable',
    '57P03': 'starting_up',
    '28000': 'denied',
    '28P01': 'denied',
    '42501': 'denied',
    '3D000': 'missing',
    '3F000': 'missing',
    '42P01': 'missing',
    '42703': 'missing',
    '40001': 'locked',
    '40P01': 'locked',
    '55P03': 'locked',
    '57014': 'deadline',
  }),
)

const MESSAGES: Partial<Readonly<Record<StoreFailure, string>>> = {
  unreachable: 'PostgreSQL could not be reached, or the connection to it broke.',
  read_only: 'PostgreSQL takes no writes now: it is a standby or set to read only.',
  full: 'PostgreSQL has no room left on its disk.',
  too_many_connections: 'PostgreSQL has no connection left: raise max_connections, or lower the sizes of pools.',
  starting_up: 'PostgreSQL is starting up, shutting down or recovering.',
  denied: 'PostgreSQL does not let this user in, or not to this table.',
  missing: 'A database, table or column does not exist in PostgreSQL; run `manage.py migrate` first.',
  deadline: 'PostgreSQL cancelled a statement, as its statement_timeout asks.',
  locked: 'PostgreSQL took a statement back because of others that ran at the same time.',
}

/** @returns the error to throw for what `pg` rejected with */
export function postgresFault(error: unknown): DjangoBridgeError {
  if (error instanceof DjangoBridgeError) return error
  const cause = driverFault(error)
  const { code } = cause
  if (code === UNIQUE_VIOLATION) return new UniqueViolation('A row with this key exists already.')
  if (code !== undefined && NO_SUCH_VALUE.has(code)) return new NoSuchValue('No such value.', { cause })
  const reason = isRefusal(error) ? (REASONS.get(code ?? '') ?? 'refused') : 'unreachable'
  return new StoreUnavailable(MESSAGES[reason] ?? 'PostgreSQL refused a statement.', { reason, cause })
}

export const postgresFaults: ServerFaults = {
  faultOf: postgresFault,
  isRefusal,
  isAnswer,
  isRolledBack,
  isOutOfDate,
  isBroken,
}

/** Whether the server answered the statement, with no, so that the connection is as sound as before. */
export function isAnswer(error: unknown): boolean {
  // By code, since `severity` is in the server's language.
  return isRefusal(error) && !ENDS_CONNECTION.test((error as { code: string }).code)
}

/** Whether it is certain that the statement changed nothing and may succeed when it is sent again. */
export function isRolledBack(error: unknown): boolean {
  return isAnswer(error) && ROLLED_BACK.has((error as { code: string }).code)
}

/** Whether the connection is of no more use though the server answered: after a failover it leads to a standby. */
export function isOutOfDate(error: unknown): boolean {
  return (error as { code?: unknown }).code === READ_ONLY
}

/** Whether a connection broke, as after a restart of the server, rather than being refused or timing out. */
export function isBroken(error: unknown): boolean {
  if (error instanceof DjangoBridgeError) return false
  const { code, message } = error as { code?: unknown; message?: unknown }
  if (typeof code === 'string') return BROKEN.has(code)
  // `pg` gives no code to a connection that ended.
  return typeof message === 'string' && message.startsWith('Connection terminated unexpectedly')
}

/** Connection exceptions, authorization, shutdowns, too many connections, internal errors. */
const ENDS_CONNECTION = /^(08|28|57P|53300|XX)/

const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', '08P01', '57P01', '57P02'])

function isRefusal(error: unknown): boolean {
  const { severity, code } = error as { severity?: unknown; code?: unknown }
  return typeof severity === 'string' && typeof code === 'string'
}
