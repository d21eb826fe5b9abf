/** What a command found out about one thing, line by line, and the first cause for which it is refused. */
import { inspect } from 'node:util'
import { escapeControls } from '../errors.ts'
import type { Encoded } from '../serializers/serializer.ts'

/** Why something is refused, or what differs; stable. */
export type Cause =
  /** No key of the settings made the signature. */
  | 'wrong_key'
  /** A key of the settings signed it, for another purpose than these settings read it for. */
  | 'wrong_salt'
  /** It is in the cache under another prefix, version or kind of key. */
  | 'wrong_prefix'
  /** It is in another numbered database of the same Redis. */
  | 'wrong_database'
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

/** What is said of one thing that was looked at: it is as it should be, or cannot be judged. */
type Status = 'ok' | 'differs' | '-'

interface Line {
  readonly label: string
  readonly text: string
  readonly status?: Status
}

export type Verdict = 'accepted' | 'refused' | 'nothing to judge'

export class Explanation {
  readonly kind: string
  readonly lines: Line[] = []
  refusal: Refusal | null = null
  content: unknown = undefined
  /** Whether the content stood behind a good signature. */
  verified = false
  /** The session itself, where it could be read. */
  data: ReadonlyMap<string, Encoded> | null = null
  #isJudged = false
  #unjudged: string | null = null

  constructor(kind: string) {
    this.kind = kind
  }

  note(label: string, text: string): this {
    this.lines.push({ label, text })
    return this
  }

  /** Something that was compared with the settings, and fits them. */
  judged(label: string, text: string): this {
    this.#isJudged = true
    this.lines.push({ label, text, status: 'ok' })
    return this
  }

  /** Something that cannot be compared with the settings, and why; the first one is the verdict where all are such. */
  nothing(label: string, why: string): this {
    this.#unjudged ??= why
    this.lines.push({ label, text: `nothing to judge: ${why}`, status: '-' })
    return this
  }

  /** Something that was seen on the way, and proves nothing. */
  seen(label: string, text: string): this {
    this.lines.push({ label, text, status: '-' })
    return this
  }

  /** The first one counts: what follows is mostly its consequence. */
  refuse(cause: Cause, message: string, label?: string): this {
    if (label !== undefined) this.lines.push({ label, text: cause, status: 'differs' })
    this.refusal ??= { cause, message }
    return this
  }

  show(content: unknown, verified: boolean): this {
    this.content = content
    this.verified = verified
    return this
  }

  get verdict(): Verdict {
    if (this.refusal !== null) return 'refused'
    return this.#unjudged === null || this.#isJudged ? 'accepted' : 'nothing to judge'
  }

  /** For people; no control character of what was explained reaches the terminal. */
  toText(): string {
    const rows = this.lines.map(({ label, status, text }) => [label, status, text] as const)
    const width = Math.max(...['unverified', ...rows.map(([label]) => label)].map((label) => label.length)) + 2
    const hasStatus = rows.some(([, status]) => status !== undefined)
    const line = (label: string, status: string | undefined, text: string): string =>
      `  ${label.padEnd(width)}${hasStatus ? (status ?? '').padEnd('differs'.length + 2) : ''}${text}`
    const lines = [this.kind, ...rows.map((row) => line(...row))]
    if (this.content !== undefined) {
      const [first = '', ...more] = shown(this.content).split('\n')
      const margin = ' '.repeat(line('', '', '').length)
      lines.push(line(this.verified ? 'content' : 'unverified', '', first), ...more.map((text) => margin + text))
    }
    lines.push(`  ${'verdict'.padEnd(width)}${this.#verdictText()}`)
    return lines.map(escapeControls).join('\n')
  }

  #verdictText(): string {
    if (this.refusal !== null) return `REFUSED  ${this.refusal.cause}: ${this.refusal.message}`
    return this.verdict === 'accepted' ? 'accepted' : `nothing to judge: ${this.#unjudged}`
  }

  /** For programs. */
  toJSON(): object {
    const { kind, lines, refusal, content, verified, verdict } = this
    const notes = Object.fromEntries(lines.map(({ label, text }) => [label, text]))
    const told = content === undefined ? {} : { [verified ? 'content' : 'unverified']: plain(content) }
    const why = this.#unjudged
    const message = verdict === 'nothing to judge' ? { message: `nothing to judge: ${why}` } : {}
    return { kind, verdict, accepted: verdict === 'accepted', ...message, ...(refusal ?? {}), notes, ...told }
  }
}

function shown(content: unknown): string {
  return inspect(content, { depth: 9, maxArrayLength: 50, maxStringLength: 2000, breakLength: 100, sorted: false })
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
