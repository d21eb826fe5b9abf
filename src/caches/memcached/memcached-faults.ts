/** What Memcached says, or does not say, when something fails, in this library's terms. */
import { DjangoBridgeError, driverFault, type StoreFailure, StoreUnavailable } from '../../errors.ts'

/** What a server's refusal says; its text is the server's own and holds neither key nor value. */
const REFUSALS: readonly (readonly [RegExp, StoreFailure, string])[] = [
  [
    /^SERVER_ERROR object too large/,
    'too_large',
    'A session is larger than Memcached takes an item to be (its option -I, 1 MB by default); nothing was written.',
  ],
  [
    /^SERVER_ERROR out of memory/,
    'full',
    'Memcached has no memory left for a session, and was told not to make room by dropping others.',
  ],
  [/^(CLIENT_ERROR|ERROR).*(unauthenticated|auth)/, 'denied', 'Memcached asks for a user and a password.'],
  [
    /^ERROR Too many open connections/,
    'too_many_connections',
    'Memcached has no connection left: raise its option -c.',
  ],
]

/** The error for a line that is none of the answers to a question. */
export function refusal(line: string): StoreUnavailable {
  const [, reason, message] = REFUSALS.find(([pattern]) => pattern.test(line)) ?? []
  return new StoreUnavailable(message ?? 'Memcached refused a command.', { reason: reason ?? 'refused' })
}

/** The error for a connection that was not made, or broke. */
export function connectionFault(error: unknown): DjangoBridgeError {
  if (error instanceof DjangoBridgeError) return error
  const cause = driverFault(error)
  if (cause.code === 'EACCES' || cause.code === 'EPERM') {
    return new StoreUnavailable('The socket of Memcached may not be opened.', { reason: 'denied', cause })
  }
  return new StoreUnavailable('Memcached could not be reached, or the connection to it broke.', {
    reason: 'unreachable',
    cause,
  })
}
