/** What MySQL and MariaDB, and `mysql2`, say when something fails, in this library's terms. */
import { DjangoBridgeError, driverFault, type StoreFailure, StoreUnavailable } from '../errors.ts'
import { NoSuchValue, UniqueViolation } from './database.ts'
import type { ServerFaults } from './pooled-statements.ts'

/** ER_DUP_KEY, ER_DUP_ENTRY, ER_DUP_ENTRY_WITH_KEY_NAME. */
const UNIQUE_VIOLATIONS = [1022, 1062, 1586]
/** Text in letters that the column's character set lacks, and so no row holds. */
const NO_SUCH_VALUES = [1267, 1270, 1271, 3854]
/** ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK: the server took back what the statement did. */
const ROLLED_BACK = [1205, 1213]
/** A node of a Galera cluster that has lost the others (WSREP). */
const NOT_READY = 1047
/** ER_OPTION_PREVENTS_STATEMENT, ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, ER_READ_ONLY_MODE. */
const READ_ONLY = [1290, 1792, 1836]
/** ER_SERVER_SHUTDOWN, ER_ABORTING_CONNECTION, ER_NORMAL_SHUTDOWN, killed, and idle for too long. */
const ENDED = [1053, 1077, 1152, 1184, 1927, 4031]
/** ER_NET_PACKET_TOO_LARGE and other trouble of packets, after which the server hangs up. */
const HANGS_UP = [1153, 1154, 1155, 1156, 1157, 1158, 1159, 1160, 1161]
/** What a strict server refuses to store: out of range, cut, wrong for its type, in letters that the column lacks, too long. */
const DOES_NOT_FIT = [1264, 1265, 1292, 1366, 1406]

/** @see https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html */
const NUMBERS: readonly (readonly [StoreFailure, readonly number[]])[] = [
  ['read_only', READ_ONLY],
  ['unreachable', ENDED],
  ['starting_up', [NOT_READY]],
  ['locked', [...ROLLED_BACK, 3572]],
  ['too_many_connections', [1040, 1203, 1226]],
  ['full', [1021, 1114]],
  ['deadline', [1317, 1969, 3024]],
  ['missing', [1049, 1054, 1146]],
  ['denied', [1044, 1045, 1129, 1130, 1142, 1143, 1227, 1370, 1698, 1820, 1862, 3118, 3159, 4151]],
]
const REASONS: ReadonlyMap<number, StoreFailure> = new Map(
  NUMBERS.flatMap(([reason, numbers]) => numbers.map((number) => [number, reason] as const)),
)

const MESSAGES: Partial<Readonly<Record<StoreFailure, string>>> = {
  unreachable: 'MySQL could not be reached, or the connection to it broke.',
  read_only: 'MySQL takes no writes now: it is a replica or set to read only.',
  full: 'MySQL has no room left on its disk.',
  too_many_connections:
    'MySQL has no connection left, for all or for this user: raise max_connections, or lower the sizes of pools.',
  starting_up: 'This node of the MySQL cluster has not joined the others.',
  denied: 'MySQL does not let this user in, or not to this table.',
  missing: 'A database, table or column does not exist in MySQL; run `manage.py migrate` first.',
  deadline: 'MySQL cancelled a statement, for a limit of its own or on demand.',
  locked: 'MySQL took a statement back because of others that ran at the same time.',
  pool_exhausted:
    'The MySQL pool has no free connection and lets nobody wait (waitForConnections, queueLimit): give the bridge a ' +
    'larger pool, or one of its own, in clients.databases.',
}

const DOES_NOT_FIT_MESSAGE = 'A value does not fit into its column in MySQL; nothing was stored.'

/** Numbers for which "refused" says too little. */
const REFUSALS: ReadonlyMap<number, string> = new Map([
  ...DOES_NOT_FIT.map((number) => [number, DOES_NOT_FIT_MESSAGE] as const),
  [1153, 'A session is larger than max_allowed_packet of MySQL.'],
  [1461, 'MySQL has no prepared statement left: raise max_prepared_stmt_count, or lower the sizes of pools.'],
])

export const mysqlFaults: ServerFaults = {
  faultOf: mysqlFault,
  isRefusal,
  isAnswer: (error) => isRefusal(error) && !ENDED.includes(error.errno) && !HANGS_UP.includes(error.errno),
  isRolledBack: (error) => isRefusal(error) && ROLLED_BACK.includes(error.errno),
  isOutOfDate: (error) => isRefusal(error) && [...READ_ONLY, NOT_READY].includes(error.errno),
  isBroken,
}

/** @returns the error to throw for what `mysql2` rejected with */
export function mysqlFault(error: unknown): DjangoBridgeError {
  if (error instanceof DjangoBridgeError) return error
  const cause = driverFault(error)
  if (isRefusal(error)) {
    const { errno } = error
    if (UNIQUE_VIOLATIONS.includes(errno)) return new UniqueViolation('A row with this key exists already.')
    if (NO_SUCH_VALUES.includes(errno)) return new NoSuchValue('No such value.', { cause })
    const reason = REASONS.get(errno) ?? 'refused'
    const message = REFUSALS.get(errno) ?? MESSAGES[reason] ?? 'MySQL refused a statement.'
    return new StoreUnavailable(message, { reason, cause })
  }
  const reason = hasNoPlace(error) ? 'pool_exhausted' : 'unreachable'
  return new StoreUnavailable(MESSAGES[reason] ?? '', { reason, cause })
}

/** The server's own numbers are positive, those of the system negative. */
function isRefusal(error: unknown): error is { errno: number } {
  const { errno, sqlMessage } = error as { errno?: unknown; sqlMessage?: unknown }
  return typeof errno === 'number' && errno > 0 && typeof sqlMessage === 'string'
}

function isBroken(error: unknown): boolean {
  if (error instanceof DjangoBridgeError) return false
  if (isRefusal(error)) return ENDED.includes(error.errno)
  const { code, message } = error as { code?: unknown; message?: unknown }
  // `mysql2` gives no code to a connection that ended before.
  return BROKEN.includes(String(code)) || (typeof message === 'string' && message.startsWith(`Can't add new command`))
}

const BROKEN = ['PROTOCOL_CONNECTION_LOST', 'ECONNRESET', 'EPIPE', 'ECONNABORTED']

/** `mysql2` gives no code to a pool that turns callers away. */
function hasNoPlace(error: unknown): boolean {
  return /^(No connections available|Queue limit reached)/.test(String((error as { message?: unknown }).message))
}
