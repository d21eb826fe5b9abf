/** What SQLite says when something fails, in this library's terms. @see https://www.sqlite.org/rescode.html */
import { DjangoBridgeError, driverFault, type StoreFailure, StoreUnavailable } from '../errors.ts'
import { UniqueViolation } from './database.ts'

const BUSY = 5
const LOCKED = 6
/** Extended codes. */
const CONSTRAINT_PRIMARY_KEY = 1555
const CONSTRAINT_UNIQUE = 2067

/** Primary result codes. */
const REASONS: Readonly<Record<number, StoreFailure>> = {
  3: 'denied',
  [BUSY]: 'locked',
  [LOCKED]: 'locked',
  8: 'read_only',
  11: 'corrupt',
  13: 'full',
  // The file itself is there: SQLite may not make its journal beside it.
  14: 'read_only',
  23: 'denied',
  26: 'corrupt',
}

const MESSAGES: Partial<Readonly<Record<StoreFailure, string>>> = {
  denied: 'SQLite was not allowed to use its file.',
  locked: 'The SQLite file stayed locked until the deadline.',
  read_only: 'SQLite cannot write: the process needs write permission for the file and for its folder.',
  corrupt: 'The file that DATABASES names is no SQLite database, or a damaged one.',
  full: 'SQLite has no room left for its file.',
  missing: 'A table or column does not exist in the SQLite file; run `manage.py migrate` first.',
}

/** @returns the error to throw for what `node:sqlite` or the file system threw */
export function sqliteFault(error: unknown): DjangoBridgeError {
  if (error instanceof DjangoBridgeError) return error
  const code = errorCode(error)
  if (code === CONSTRAINT_UNIQUE || code === CONSTRAINT_PRIMARY_KEY) {
    return new UniqueViolation('A row with this key exists already.')
  }
  const reason = reasonOf(error)
  return new StoreUnavailable(MESSAGES[reason] ?? 'SQLite could not run a statement.', {
    reason,
    cause: { ...driverFault(error), errno: code },
  })
}

function reasonOf(error: unknown): StoreFailure {
  if (isAboutSchema(error)) return 'missing'
  if ((error as { code?: unknown }).code === 'EACCES') return 'denied'
  return REASONS[errorCode(error) & 0xff] ?? 'refused'
}

/** Whether somebody else holds the lock, so that the statement may succeed when it is tried again. */
export function isLocked(error: unknown): boolean {
  const primary = errorCode(error) & 0xff
  return primary === BUSY || primary === LOCKED
}

function errorCode(error: unknown): number {
  const { errcode } = error as { errcode?: unknown }
  return typeof errcode === 'number' ? errcode : 0
}

/** The one case that has no code of its own. */
function isAboutSchema(error: unknown): boolean {
  return errorCode(error) === 1 && /^no such (table|column)/.test((error as Error).message)
}
