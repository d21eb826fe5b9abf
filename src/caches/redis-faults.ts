/** What Redis, and `ioredis`, say when something fails, in this library's terms. */
import { DjangoBridgeError, driverFault, type StoreFailure, StoreUnavailable } from '../errors.ts'

/** The server answered, with no: the command changed nothing, and the connection is as sound as before. */
export class RedisRefusal extends StoreUnavailable {
  /** The first word of the answer, such as `WRONGTYPE`. */
  readonly word: string

  constructor(word: string, message: string, options: { reason: StoreFailure; cause: unknown }) {
    super(message, options)
    this.word = word
  }
}

/** By the first word of an answer. @see https://github.com/redis/redis/blob/7.2/src/server.c createSharedObjects */
const REASONS: ReadonlyMap<string, StoreFailure> = new Map(
  Object.entries<StoreFailure>({
    LOADING: 'starting_up',
    MASTERDOWN: 'no_primary',
    CLUSTERDOWN: 'no_primary',
    BUSY: 'busy',
    OOM: 'full',
    READONLY: 'read_only',
    MISCONF: 'read_only',
    NOREPLICAS: 'read_only',
    NOAUTH: 'denied',
    WRONGPASS: 'denied',
    NOPERM: 'denied',
    DENIED: 'denied',
  }),
)

/** Answers that begin with ERR, by what else they say. */
const UNNAMED: readonly (readonly [RegExp, StoreFailure])[] = [
  [/max number of clients/i, 'too_many_connections'],
  [/DB index is out of range/i, 'missing'],
  [/AUTH|password/i, 'denied'],
]

const MESSAGES: Partial<Readonly<Record<StoreFailure, string>>> = {
  unreachable: 'Redis could not be reached, or the connection to it broke.',
  starting_up: 'Redis is reading its data from disk.',
  no_primary: 'Redis is a replica that has lost its primary, or its primary is not known.',
  busy: 'Redis is busy with a script, and answers nothing else.',
  full: 'Redis has no memory left for a write (maxmemory).',
  read_only: 'Redis takes no writes now: it is a replica, or it can neither save to its disk nor reach its replicas.',
  denied:
    'Redis does not let this user in, or not run a command; GET, PTTL, SET, DEL, EXISTS, PING, EVAL and EVALSHA are needed.',
  too_many_connections: 'Redis has no connection left: raise maxclients.',
  missing: 'Redis has no database of this number.',
}

/** @returns the error to throw for what `ioredis` rejected with */
export function redisFault(error: unknown): DjangoBridgeError {
  if (error instanceof DjangoBridgeError) return error
  const cause = driverFault(error)
  if (cause.name !== 'ReplyError') {
    return new StoreUnavailable(MESSAGES.unreachable ?? '', { reason: 'unreachable', cause })
  }
  const message = String((error as { message?: unknown }).message)
  const word = wordOf(message)
  const unnamed = word === 'ERR' ? UNNAMED.find(([pattern]) => pattern.test(message))?.[1] : undefined
  const reason = REASONS.get(word) ?? unnamed ?? 'refused'
  const told = MESSAGES[reason] ?? 'Redis refused a command.'
  return new RedisRefusal(word, told, { reason, cause: { ...cause, code: word } })
}

/** Before Redis 7, what a script met stands behind the script's own error. */
function wordOf(message: string): string {
  const [first = 'ERR'] = /^[A-Z]+/.exec(message) ?? []
  if (first !== 'ERR' || !message.startsWith('ERR Error running script')) return first
  return message.match(/\b[A-Z]{3,}\b/g)?.find((word) => REASONS.has(word) || word === 'WRONGTYPE') ?? first
}

/** What `ioredis` says with its offline queue off; it has no code. */
const UNSENT = ["Stream isn't writeable", "Cluster isn't ready"]

/** Whether it is certain that nothing was sent. */
export function isUnsent(error: unknown): boolean {
  return error instanceof Error && UNSENT.some((beginning) => error.message.startsWith(beginning))
}

/** Whether the connection leads to a server that is no primary any more, as after a failover. */
export function isOutOfDate(error: unknown): boolean {
  return error instanceof RedisRefusal && (error.word === 'READONLY' || error.word === 'MASTERDOWN')
}

/** Whether a server that could not be used may be there in a moment, as while it is restarted. */
export function mayComeBack(error: unknown): boolean {
  const fault = redisFault(error)
  return fault instanceof StoreUnavailable && (fault.reason === 'unreachable' || fault.reason === 'starting_up')
}
