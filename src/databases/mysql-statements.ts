/**
 * Statements of MySQL on one connection, prepared: parameters travel beside the SQL, always as text, since to MySQL a
 * number 0 equals every text that starts with no digit.
 */
import type { MysqlField } from './column-types.ts'
import type { Row, SqlPart, SqlValue } from './database.ts'
import { mysqlFaults } from './mysql-faults.ts'
import type { MysqlCallback, MysqlConnection } from './mysql-pool.ts'

/** A write's answer. */
export interface Done {
  readonly affectedRows: number
  readonly info: string
  readonly serverStatus: number
  readonly warningStatus: number
}

/** What a pool of the site's own may be set to otherwise. */
const PLAIN = {
  dateStrings: true,
  supportBigNumbers: true,
  bigNumberStrings: false,
  rowsAsArray: false,
  nestTables: false,
  namedPlaceholders: false,
  // Nothing but a function takes the place of a site's own.
  typeCast: asStored,
}

interface ReceivedValue {
  readonly type: string
  readonly extendedFormat?: string
  string(encoding: string): string | null
}

/**
 * Decimals and JSON as text, whatever a pool is set to; an integer as a number where it is safe, since a site that wants
 * text has '0', which is true.
 */
function asStored(received: ReceivedValue, next: () => unknown): unknown {
  const { type, extendedFormat } = received
  if (type === 'JSON' || extendedFormat === 'json' || DECIMALS.includes(type)) return received.string('utf8')
  const value = next()
  const isText = typeof value === 'string' && INTEGERS.includes(type)
  return isText && Number.isSafeInteger(Number(value)) ? Number(value) : value
}

const DECIMALS = ['DECIMAL', 'NEWDECIMAL']
const INTEGERS = ['TINY', 'SHORT', 'INT24', 'LONG', 'LONGLONG']

/** What a statement that reads found. */
export interface Selected {
  readonly rows: Row[]
  readonly fields: readonly MysqlField[]
}

export function select(connection: MysqlConnection, { sql, parameters }: SqlPart): Promise<Selected> {
  return new Promise((resolve, reject) => {
    connection.execute({ ...PLAIN, sql, values: parameters.map(bound) }, (error, rows, fields = []) =>
      error ? reject(error) : resolve({ rows: rows as Row[], fields: fields as readonly MysqlField[] }),
    )
  })
}

/** The answer to a statement that writes. */
export function execute(connection: MysqlConnection, { sql, parameters }: SqlPart): Promise<unknown> {
  return answer((done) => connection.execute({ ...PLAIN, sql, values: parameters.map(bound) }, done))
}

/** A statement of our own without parameters, some of which cannot be prepared. */
export function query(connection: MysqlConnection, sql: string): Promise<unknown> {
  return answer((done) => connection.query({ ...PLAIN, sql }, done))
}

function answer(ask: (done: MysqlCallback) => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    ask((error, result) => (error ? reject(error) : resolve(result)))
  })
}

function bound(value: SqlValue): string | Uint8Array | null {
  if (value === null || value instanceof Uint8Array) return value
  return String(typeof value === 'boolean' ? Number(value) : value)
}

/** As `execute`, where MySQL stores what fits and warns: that is taken back, and rejected as a strict server would. */
export async function executeStrictly(connection: MysqlConnection, statement: SqlPart): Promise<Done> {
  await query(connection, 'START TRANSACTION')
  try {
    const done = (await execute(connection, statement)) as Done
    if (done.warningStatus > 0 && (await hasWarned(connection))) throw DATA_TRUNCATED
    await query(connection, 'COMMIT')
    return done
  } catch (error) {
    if (mysqlFaults.isAnswer(error)) await query(connection, 'ROLLBACK')
    throw error
  }
}

const DATA_TRUNCATED = { name: 'Error', code: 'WARN_DATA_TRUNCATED', errno: 1265, sqlState: '01000', sqlMessage: '' }

/** Notes are no warnings. */
async function hasWarned(connection: MysqlConnection): Promise<boolean> {
  const warnings = (await query(connection, 'SHOW WARNINGS')) as { Level: string }[]
  return warnings.some(({ Level }) => Level !== 'Note')
}

/**
 * The rows that an UPDATE matched: where a pool was made with `-FOUND_ROWS`, `affectedRows` leaves out the ones that
 * had those values already. `Rows matched: 1  Changed: 0  Warnings: 0`, in the server's language.
 */
export function matchedRows({ affectedRows, info }: Done): number {
  const [count] = /\d+/.exec(info) ?? []
  return count === undefined ? affectedRows : Number(count)
}

/** SERVER_STATUS_IN_TRANS, SERVER_STATUS_AUTOCOMMIT: whether what was written waits for somebody's COMMIT. */
export function isUncommitted({ serverStatus }: Done): boolean {
  return (serverStatus & 3) !== 2
}
