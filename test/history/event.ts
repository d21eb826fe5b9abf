/** What browsers did and saw: the record that the checker judges. */

export type Side = 'node' | 'django'

/**
 * `write` sets the tab's mark; `cycle` and `login` do so under a new key; `authenticate` moves a login from a fallback
 * key, where there is one; `touch` renews the expiry; `ghost` reads with a cookie that the browser had before; `count`
 * is of counters.ts alone.
 */
export type Operation = 'read' | 'ghost' | 'touch' | 'write' | 'cycle' | 'login' | 'authenticate' | 'logout' | 'count'

/** Operations that may move a session to another key. */
export const KEY_CHANGING: readonly Operation[] = ['cycle', 'login', 'authenticate']

/** Operations that set the mark of their tab. */
export const MARKING: readonly Operation[] = ['write', 'cycle', 'login']

/** The tab that finds every row which is left, also one whose key no browser was ever sent. */
export const END_OF_HISTORY = 'end'

/** A session as a request found it. */
export interface State {
  /** The operation that made the session. */
  readonly origin: number
  /** The last operation that stamped it; Node's merge stamps on what is stored, Django's on what it had read. */
  readonly by: number
  /** By tab: the browser that set the mark, and the number of the operation. */
  readonly marks: Readonly<Record<string, readonly [browser: number, operation: number]>>
}

/** What a worker is asked to do for a browser. */
export interface Request {
  readonly id: number
  readonly operation: Operation
  readonly browser: number
  readonly tab: string
  readonly cookie: string | null
}

export interface Reply {
  readonly id: number
  /** `failed`: it may have taken place, or take place yet. */
  readonly outcome: 'ok' | 'interrupted' | 'failed'
  /** The session that the request found; null for none. */
  readonly seen: State | null
  /** The stamp upon which this operation's own was put, when it put one. */
  readonly on?: number | null
  /** The new cookie; empty text for a deletion, null for none. */
  readonly sent: string | null
  readonly error?: string
  /** Stamps of the states that Django put into the cache in this request. */
  readonly cached?: readonly number[]
  /** Session keys that Django's cache engine tried to add in this request. */
  readonly added?: readonly string[]
  /**
   * What stood there each time that Django set the session in this request, in order, where the cache tells: a stamp,
   * null for nothing, 0 for a session without a stamp, as `cycle_key` makes it.
   */
  readonly over?: readonly (number | null)[]
}

export interface Event extends Request, Reply {
  readonly side: Side
  /** Milliseconds of one clock: when the browser asked, and when it had its answer. */
  readonly start: number
  readonly end: number
}

/** What failed may take place at any later time. */
export function endOf(event: Event): number {
  return event.outcome === 'failed' ? Number.POSITIVE_INFINITY : event.end
}

export function overlaps(one: Event, other: Event): boolean {
  return one.start < endOf(other) && other.start < endOf(one)
}
