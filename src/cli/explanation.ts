/** What a command found out about one thing, line by line, and the first cause for which it is refused. */
import { inspect } from 'node:util'

/** Why something is refused, or what differs; stable. */
export type Cause =
  /** No key of the settings made the signature. */
  | 'wrong_key'
  /** A key of the settings signed it, for another purpose than these settings read it for. */
  | 'wrong_salt'
  /** It lies in the cache under another prefix, version or kind of key. */
  | 'wrong_prefix'
  /** It is signed well, and written by another serializer. */
  | 'wrong_serializer'
  /** The sessions are in another table. */
  | 'wrong_table'
  /** Moments in the table are those of another time zone. */
  | 'wrong_time_zone'
  /** Sessions live for another time than SESSION_COOKIE_AGE says. */
  | 'wrong_age'
  /** It was good until some moment. */
  | 'expired'
  /** It was changed, or cut, after it was written. */
  | 'tampered'
  /** A JWT where the settings ask for a plain session key. */
  | 'jwt_instead_of_plain'
  /** A plain session key where the settings ask for a JWT. */
  | 'plain_instead_of_jwt'
  /** It is of a version of Django that DJANGO_VERSION is not. */
  | 'other_version'
  /** The JWT is of another algorithm, or its claims are not allowed. */
  | 'jwt_invalid'
  /** No session is stored under the key. */
  | 'unknown_session'
  /** It is nothing that Django or django-session-jwt writes. */
  | 'unrecognised'
  /** A setting is not what Django has. */
  | 'other_setting'
  /** Users cannot be read, or no login of a stored session is one of theirs. */
  | 'wrong_users'
  /** A server, file or table cannot be used now. */
  | 'unavailable'

export interface Refusal {
  readonly cause: Cause
  readonly message: string
}

export class Explanation {
  readonly kind: string
  readonly lines: { readonly label: string; readonly text: string }[] = []
  refusal: Refusal | null = null
  content: unknown = undefined
  /** Whether the content stood behind a good signature. */
  verified = false

  constructor(kind: string) {
    this.kind = kind
  }

  note(label: string, text: string): this {
    this.lines.push({ label, text })
    return this
  }

  /** The first one counts: what follows is mostly its consequence. */
  refuse(cause: Cause, message: string): this {
    this.refusal ??= { cause, message }
    return this
  }

  show(content: unknown, verified: boolean): this {
    this.content = content
    this.verified = verified
    return this
  }

  /** For people; no control character of what was explained reaches the terminal. */
  toText(): string {
    const lines = [this.kind, ...this.lines.map(({ label, text }) => `  ${label.padEnd(10)}${text}`)]
    if (this.content !== undefined) {
      lines.push(`  ${(this.verified ? 'content' : 'unverified').padEnd(10)}${indented(shown(this.content))}`)
    }
    const verdict = this.refusal
    lines.push(verdict === null ? '  accepted' : `  REFUSED   ${verdict.cause}: ${verdict.message}`)
    return lines.join('\n')
  }

  /** For programs. */
  toJSON(): object {
    const { kind, lines, refusal, content, verified } = this
    const notes = Object.fromEntries(lines.map(({ label, text }) => [label, text]))
    const told = content === undefined ? {} : { [verified ? 'content' : 'unverified']: plain(content) }
    return { kind, accepted: refusal === null, ...(refusal ?? {}), notes, ...told }
  }
}

function shown(content: unknown): string {
  return inspect(content, { depth: 9, maxArrayLength: 50, maxStringLength: 2000, breakLength: 100, sorted: false })
}

function indented(text: string): string {
  return text.replaceAll('\n', '\n            ')
}

/** Values that JSON has not are told as text. */
function plain(content: unknown): unknown {
  if (typeof content === 'bigint' || (typeof content === 'number' && !Number.isFinite(content))) return String(content)
  if (content instanceof Uint8Array) return Buffer.from(content).toString('base64')
  if (Array.isArray(content) || content instanceof Map || content instanceof Set) return Array.from(content, plain)
  if (typeof content !== 'object' || content === null) return content
  // A class of Python's values: its text is Python's.
  if (Object.getPrototypeOf(content) !== Object.prototype) return String(content)
  return Object.fromEntries(Object.entries(content).map(([name, value]) => [name, plain(value)]))
}
