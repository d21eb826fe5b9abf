/** What the file system says when something fails, in this library's terms. No message names a file: its name is a key. */
import { DjangoBridgeError, driverFault, type StoreFailure, StoreUnavailable } from '../errors.ts'

const REASONS: ReadonlyMap<string, StoreFailure> = new Map(
  Object.entries<StoreFailure>({
    EACCES: 'denied',
    EPERM: 'denied',
    EROFS: 'read_only',
    ENOSPC: 'full',
    EDQUOT: 'full',
    ENOENT: 'missing',
    ENOTDIR: 'missing',
    // Of files that lie on another machine.
    ESTALE: 'unreachable',
    ETIMEDOUT: 'unreachable',
    EHOSTDOWN: 'unreachable',
    EHOSTUNREACH: 'unreachable',
    ENETUNREACH: 'unreachable',
    ECONNREFUSED: 'unreachable',
  }),
)

const MESSAGES: Partial<Readonly<Record<StoreFailure, string>>> = {
  denied:
    'A session file, or its folder (SESSION_FILE_PATH, or LOCATION of the cache), may not be used: this process must run as the user that Django runs as.',
  read_only: 'The file system of the session files (SESSION_FILE_PATH, or LOCATION of the cache) takes no writes.',
  full: 'The file system of the session files (SESSION_FILE_PATH, or LOCATION of the cache) has no room left.',
  missing: 'The folder of the session files (SESSION_FILE_PATH, or LOCATION of the cache) does not exist any more.',
  unreachable: 'The file system of the session files (SESSION_FILE_PATH, or LOCATION of the cache) does not answer.',
}

/** @returns the error to throw for what `node:fs` threw */
export function fileFault(error: unknown): DjangoBridgeError {
  if (error instanceof DjangoBridgeError) return error
  const reason = REASONS.get(codeOf(error)) ?? 'refused'
  return new StoreUnavailable(MESSAGES[reason] ?? 'The system refused to work on a session file.', {
    reason,
    cause: driverFault(error),
  })
}

/** Whether a file, or a folder on the way to it, is not there; also when no file could have such a name. */
export function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENAMETOOLONG'].includes(codeOf(error))
}

/** For `catch`: what is not there is null. */
export function nullIfAbsent(error: unknown): null {
  if (isAbsent(error)) return null
  throw error
}

export function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : ''
}
