/**
 * Every error this library throws on purpose.
 *
 * What a programmer or a server did wrong is one of these; misuse of a function is a `TypeError`; what a browser sent
 * is never thrown but reported through `onSuspicious`. Messages hold no key, cookie, token or payload.
 */

/** The base of every error of this library. Tell them apart by `code`, which is stable. */
export abstract class DjangoBridgeError extends Error {
  /** Stable, machine-readable name of the error. */
  abstract readonly code: string
  /** The HTTP status that an adapter answers with when nothing else handles the error. */
  readonly status: number = 500

  /** The same as `status`, by the name that Koa, Fastify and http-errors read. */
  get statusCode(): number {
    return this.status
  }

  constructor(message: string, options?: ErrorOptions) {
    super(escapeControls(message), options)
    this.name = new.target.name
  }
}

/**
 * Text from outside as one line of a log or a terminal shows it: what could move the cursor, break the line, turn the
 * direction of text or be invisible is an escape of JSON.
 */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, (sign) =>
    sign
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

/** Controls (C0, DEL, C1), line and paragraph separators, lone surrogates, and format characters but the joiners. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]|(?![\u200c\u200d])\p{Cf}/gu

/**
 * A name out of the settings, for a message: a plain or dotted one as it is. Anything else may be a secret that stands
 * in the wrong place.
 */
export function named(name: string): string {
  return /^[A-Za-z_]\w{0,63}(\.\w{1,64}){0,9}$/.test(name) ? name : '(not shown)'
}

/**
 * A setting is missing, malformed, contradicts another or differs from Django's, so that a write would end a cookie that
 * may be good; the message names it and says what to do.
 */
export class SettingsError extends DjangoBridgeError {
  override readonly code = 'settings'
}

/** An optional package that the settings ask for is not installed; the message names the package. */
export class DriverMissingError extends DjangoBridgeError {
  override readonly code = 'driver_missing'
}

/** The error for an optional package that cannot be found; `reason` is what asks for it. */
export function missingPackage(name: string, reason: string): DriverMissingError {
  return new DriverMissingError(`${reason} needs the package ${name}: run \`npm install ${name}\`.`)
}

/** Whether a failed `import()` says that there is no such package. */
export function isNotFound(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
}

/** A cookie must be written and there is no key to sign it with (for example only a public key was given). */
export class KeyRequired extends DjangoBridgeError {
  override readonly code = 'key_required'
}

/** The cookie would be longer than the 4096 bytes a browser keeps (name and value); nothing was stored or sent. */
export class CookieTooLarge extends DjangoBridgeError {
  override readonly code = 'cookie_too_large'
}

/** A signature does not match. @see django/core/signing.py BadSignature */
export class BadSignature extends DjangoBridgeError {
  override readonly code: 'bad_signature' | 'signature_expired' = 'bad_signature'
}

/** A signature is good but older than the `maxAge` asked for. @see django/core/signing.py SignatureExpired */
export class SignatureExpired extends BadSignature {
  override readonly code = 'signature_expired'
}

/** Bytes that the configured serializer cannot read, or a value that it cannot write. */
export class SerializationError extends DjangoBridgeError {
  override readonly code: 'serialization' | 'pickle_forbidden' = 'serialization'
}

/**
 * A pickled value needs a class or function that is not allowed, or the pickle uses an opcode that only such pickles
 * need; nothing of it was run. A session with such a value opens, keeps the value as it is, and only `get` of the value
 * throws. A codec in `options.pickle.codecs` reads a class of the site's own.
 */
export class PickleForbidden extends SerializationError {
  override readonly code = 'pickle_forbidden'
  /** The Python path of what was asked for, such as `shop.models.Colour`, or the opcode's name. */
  readonly forbidden: string

  constructor(forbidden: string) {
    const shown = named(forbidden)
    super(
      `The pickle needs ${shown}, which this library does not read: give a codec for the class (options.pickle.codecs), ` +
        'or leave the value to Django.',
    )
    this.forbidden = shown
  }
}

/**
 * The session was deleted while this request used it, by a logout elsewhere for example; nothing was written.
 * @see django/contrib/sessions/exceptions.py SessionInterrupted
 */
export class SessionInterrupted extends DjangoBridgeError {
  override readonly code = 'session_interrupted'
  override readonly status = 400
}

/**
 * A database or cache did not answer, refused, or did not finish within the deadline.
 * Nobody is made anonymous by it and no cookie is sent or deleted.
 */
export class StoreUnavailable extends DjangoBridgeError {
  override readonly code = 'store_unavailable'
  override readonly status = 503
  /** What is wrong, as far as it is known; stable. */
  readonly reason: StoreFailure

  constructor(message: string, { reason = 'refused', ...options }: ErrorOptions & { reason?: StoreFailure } = {}) {
    super(message, options)
    this.reason = reason
  }
}

/** Values of `StoreUnavailable.reason`. */
export type StoreFailure =
  /** No connection could be made, or the one in use broke. */
  | 'unreachable'
  /** No answer within options.deadlineMs. */
  | 'deadline'
  /** Every connection of the pool stayed in use until the deadline. */
  | 'pool_exhausted'
  /** Too many calls wait for the store already; this one was refused at once, and nothing was sent. */
  | 'overloaded'
  /** The server has no connection left for us. */
  | 'too_many_connections'
  /** The server is starting up, shutting down or recovering. */
  | 'starting_up'
  /** A replica has lost its primary, or nobody knows where the primary is. */
  | 'no_primary'
  /** A script, or a command that takes long, keeps the server from answering. */
  | 'busy'
  /** The server, or the file, takes no writes now. */
  | 'read_only'
  /** The disk, the file, or the server's memory has no room for a write. */
  | 'full'
  /** The session is larger than the cache takes an item to be. */
  | 'too_large'
  /** Somebody else kept the database, or the session, locked or changing until the deadline. */
  | 'locked'
  /** The database's file holds something else than a database, or a damaged one. */
  | 'corrupt'
  /** The database, its file, a table or a column does not exist. */
  | 'missing'
  /** User, password or privileges do not suffice. */
  | 'denied'
  /** A write was sent and nothing tells whether it took place. */
  | 'outcome_unknown'
  /** The bridge was closed before the call, as when the process shuts down. */
  | 'closed'
  /** Any other refusal; `cause` has the driver's code. */
  | 'refused'

/** Every error class of this library, for an exhaustive `switch` over `error.code`. */
export type AnyDjangoBridgeError =
  | SettingsError
  | DriverMissingError
  | KeyRequired
  | CookieTooLarge
  | BadSignature
  | SignatureExpired
  | SerializationError
  | PickleForbidden
  | SessionInterrupted
  | StoreUnavailable

/** What is kept of a driver's error: never its message, detail or arguments, which hold session keys and data. */
export interface DriverFault {
  readonly name: string
  readonly code?: string
  readonly errno?: number
  readonly syscall?: string
  readonly sqlState?: string
}

/** Reduces a driver's error to what may be shown, for use as a `cause`. */
export function driverFault(error: unknown): DriverFault {
  if (typeof error !== 'object' || error === null) return { name: typeof error }
  const fields = error as Record<string, unknown>
  const fault: Record<string, unknown> = { name: 'Error' }
  for (const name of ['name', 'code', 'syscall', 'sqlState']) {
    const text = fields[name]
    if (typeof text === 'string') fault[name] = escapeControls(text)
  }
  if (typeof fields.errno === 'number') fault.errno = fields.errno
  return fault as unknown as DriverFault
}
