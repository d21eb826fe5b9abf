/**
 * Judges a history: every anomaly, and the side whose write caused it.
 *
 * Stamps form chains: each write names the one it was put upon. A write that was acknowledged and is missing from a
 * later state was lost where the two chains part: to a write that leads from their last common stamp to what was seen and
 * was put upon a state that was no longer the newest. Node's compare with what they are put upon, Django's do not.
 */
import { END_OF_HISTORY, type Event, endOf, KEY_CHANGING, MARKING, overlaps, type Side, type State } from './event.ts'
import { chainOf, keyOf } from './lineage.ts'

export type AnomalyKind =
  /** Data of a session was seen by a request that began after its logout had ended. */
  | 'resurrection'
  /** An acknowledged mark is missing from what another tab, or a later one, found. */
  | 'lost'
  /** As `lost`, found by the tab that wrote it. */
  | 'own write missed'
  /** An acknowledged mark was not seen, and then was: an older copy stood in a cache for a while. */
  | 'stale'
  /** A browser found another browser's values. */
  | 'crossed'

export interface Anomaly {
  readonly kind: AnomalyKind
  readonly cause: Side
  /** The operation that found it. */
  readonly found: number
  /** The logout that was undone, the write that was lost, or the stamp of the state that was crossed. */
  readonly about: number
  /** Of a stale copy: milliseconds from the acknowledgement to the end of the operation that found it. */
  readonly afterMs?: number
}

export interface CheckOptions {
  /** Whether copies beside what is stored may be read: what is seen again later was not lost. */
  readonly hasCopies?: boolean
}

export interface Verdict {
  readonly anomalies: readonly Anomaly[]
  /** How many states were compared with how many acknowledged writes, and how many logouts with later states. */
  readonly checked: { readonly states: number; readonly writes: number; readonly logouts: number }
}

export function checkHistory(events: readonly Event[], { hasCopies = false }: CheckOptions = {}): Verdict {
  const byId = new Map(events.map((event) => [event.id, event]))
  const sessions = Map.groupBy(events, (event) => originOf(event))
  const anomalies: Anomaly[] = []
  const checked = { states: 0, writes: 0, logouts: 0 }
  for (const [origin, own] of sessions) {
    if (origin === null) continue
    const finders = own.filter((event) => event.seen !== null)
    checked.states += finders.length
    anomalies.push(
      ...crossed(finders, byId),
      ...resurrections(own, finders, byId, checked),
      ...lostWrites(own, finders, { byId, checked, hasCopies }),
    )
  }
  return { anomalies, checked }
}

/** The session that an operation was about: the one it found, or the one it made. */
function originOf(event: Event): number | null {
  if (event.seen !== null) return event.seen.origin
  return MARKING.includes(event.operation) ? event.id : null
}

function crossed(finders: readonly Event[], byId: ReadonlyMap<number, Event>): Anomaly[] {
  return finders.flatMap((event) => {
    const state = event.seen as State
    const isForeign =
      (byId.get(state.origin)?.browser ?? event.browser) !== event.browser ||
      Object.values(state.marks).some(([browser]) => browser !== event.browser)
    const cause = byId.get(state.by)?.side ?? event.side
    return isForeign ? [{ kind: 'crossed', cause, found: event.id, about: state.by } as const] : []
  })
}

/** At most one for each logout. */
function resurrections(
  own: readonly Event[],
  finders: readonly Event[],
  byId: ReadonlyMap<number, Event>,
  checked: { logouts: number },
): Anomaly[] {
  const logouts = finders.filter((event) => event.operation === 'logout' && event.outcome === 'ok')
  return logouts.flatMap((logout) => {
    const beside = own.filter((event) => event.id !== logout.id && overlaps(event, logout))
    // A logout ends the key it saw; one that was renewed at the same time may go on.
    if (beside.some((event) => KEY_CHANGING.includes(event.operation))) return []
    checked.logouts++
    const finder = finders.find((event) => event.start > logout.end)
    if (finder === undefined) return []
    if (finder.cookie !== logout.cookie) {
      const cause = isDeadCopy(finder, own) ? 'django' : doubler(own)
      return [{ kind: 'resurrection', cause, found: finder.id, about: logout.id } as const]
    }
    if (wasCachedLate(finder, logout, own)) {
      return [{ kind: 'resurrection', cause: 'django', found: finder.id, about: logout.id } as const]
    }
    const writer = byId.get((finder.seen as State).by)
    const isLate = writer !== undefined && endOf(writer) > logout.start
    // Without a stamp since, something that leaves none brought it back, or the logout deleted nothing.
    const silent = beside.some(({ side }) => side === 'node') ? 'node' : logout.side
    return [{ kind: 'resurrection', cause: isLate ? writer.side : silent, found: finder.id, about: logout.id } as const]
  })
}

/** The side that left a session under two keys: Django's `cycle_key` makes the new row before it deletes the old. */
function doubler(own: readonly Event[]): Side {
  const renewals = own.filter(({ operation }) => KEY_CHANGING.includes(operation))
  const isTwice = (event: Event): boolean => renewals.some((other) => other !== event && overlaps(event, other))
  return renewals.some((event) => event.side === 'django' && isTwice(event)) ? 'django' : 'node'
}

/** At most one for each write. */
function lostWrites(
  own: readonly Event[],
  finders: readonly Event[],
  { byId, checked, hasCopies }: { byId: ReadonlyMap<number, Event>; checked: { writes: number }; hasCopies: boolean },
): Anomaly[] {
  const writes = own.filter((event) => event.outcome === 'ok' && MARKING.includes(event.operation))
  checked.writes += writes.length
  const found = new Map<number, Anomaly>()
  const stale = new Map<number, Anomaly>()
  for (const finder of finders) {
    const state = finder.seen as State
    for (const [tab, written] of latestBefore(writes, finder.start)) {
      // A tab asks for one thing after another, so its later operations have higher numbers.
      if (hasMark(finder, tab, written.id) || found.has(written.id)) continue
      const about = { found: finder.id, about: written.id }
      const isOverwritten = hasCopies && wasOverwrittenFromCopy(written, own, byId)
      if (hasCopies && isOlderCopy(finder, written, byId)) {
        // A copy is Django's where it put it there late, or failed to put that of its own write there.
        const cause = written.side === 'django' || wasCachedLate(finder, written, own) ? 'django' : 'node'
        const afterMs = finder.end - written.end
        if (!stale.has(written.id)) stale.set(written.id, { kind: 'stale', cause, ...about, afterMs })
        const isSeenLater = finders.some((later) => later.start > finder.start && hasMark(later, tab, written.id))
        if (isSeenLater || (!isOverwritten && wasEndedUnseen(finder, own))) continue
      }
      const isDjangos = isOverwritten || wasCopied(finder, own) || wasCachedLate(finder, written, own)
      found.set(written.id, {
        kind: finder.tab === tab ? 'own write missed' : 'lost',
        cause: isDjangos || isDeadCopy(finder, own) ? 'django' : culprit(state.by, written.id, byId),
        ...about,
      })
    }
  }
  return [...found.values(), ...stale.values()]
}

/** Whether a tab's mark was seen, this one or a later one. */
function hasMark({ seen }: Event, tab: string, id: number): boolean {
  return (seen?.marks[tab]?.[1] ?? -1) >= id
}

/** By tab, the last of its writes that was acknowledged before a moment. */
function latestBefore(writes: readonly Event[], moment: number): Map<string, Event> {
  const latest = new Map<string, Event>()
  for (const write of writes) {
    if (write.end < moment && write.id > (latest.get(write.tab)?.id ?? -1)) latest.set(write.tab, write)
  }
  return latest
}

/** Whether a request found, under the key of a write, what stood there before: rows are seen at the end, not copies. */
function isOlderCopy(finder: Event, written: Event, byId: ReadonlyMap<number, Event>): boolean {
  const isSameKey = finder.cookie === keyOf(written) && finder.tab !== END_OF_HISTORY
  return isSameKey && chainOf(written.id, byId).has((finder.seen as State).by)
}

/** Whether Django read an older copy and saved it, as it does, without a look at the row. */
function wasOverwrittenFromCopy(written: Event, own: readonly Event[], byId: ReadonlyMap<number, Event>): boolean {
  const before = [...chainOf(written.id, byId)].slice(1)
  const isUponOlder = ({ on }: Event): boolean => typeof on === 'number' && before.includes(on)
  return own.some(
    (event) =>
      event.side === 'django' && event.cookie === keyOf(written) && isUponOlder(event) && endOf(event) > written.end,
  )
}

/** Whether the session ended under its key before anybody looked at it again, so that nothing tells what its row had. */
function wasEndedUnseen(finder: Event, own: readonly Event[]): boolean {
  const isOfKey = (event: Event): boolean => event.cookie === finder.cookie && endOf(event) >= finder.end
  const ends = own.filter(
    (event) => isOfKey(event) && (event.operation === 'logout' || event.outcome === 'interrupted'),
  )
  const last = Math.min(...ends.map(endOf))
  return ends.length > 0 && !own.some((event) => isOfKey(event) && event.seen !== null && event.start > last)
}

/** Whether what was found stands under a key that had been renewed, and was put into the cache by Django at that time. */
function isDeadCopy(finder: Event, own: readonly Event[]): boolean {
  return own.some(
    (event) =>
      KEY_CHANGING.includes(event.operation) &&
      event.outcome === 'ok' &&
      event.cookie === finder.cookie &&
      event.sent !== null &&
      event.sent !== event.cookie &&
      event.end < finder.start &&
      wasCachedLate(finder, event, own),
  )
}

/** Whether Django's `cycle_key` left what it had read in a row of its own, whose new stamp or cookie then failed. */
function wasCopied(finder: Event, own: readonly Event[]): boolean {
  return own.some(
    ({ side, operation, outcome, sent, seen }) =>
      side === 'django' &&
      KEY_CHANGING.includes(operation) &&
      seen?.by === finder.seen?.by &&
      (outcome === 'ok' ? sent === finder.cookie : finder.tab === END_OF_HISTORY),
  )
}

/** Whether Django put the state that was found into the cache when `since` had begun, or later. */
function wasCachedLate(finder: Event, since: Event, own: readonly Event[]): boolean {
  const stamp = (finder.seen as State).by
  return own.some((event) => event.cached?.includes(stamp) === true && endOf(event) > since.start)
}

/** The side that put a write upon a state older than `lost`. Where the chains do not tell, it is ours. */
function culprit(seen: number, lost: number, byId: ReadonlyMap<number, Event>): Side {
  const kept = [...chainOf(seen, byId)]
  const gone = [...chainOf(lost, byId)]
  const parting = kept.findIndex((stamp) => gone.includes(stamp))
  if (parting < 0) return 'node'
  const after = kept.slice(0, parting).map((stamp) => byId.get(stamp))
  const overwriter = after.at(-1)
  const overwritten = byId.get(gone[gone.indexOf(kept[parting] ?? Number.NaN) - 1] ?? Number.NaN)
  if (overwriter?.side === 'django') return 'django'
  if (overwritten?.side !== 'django') return 'node'
  // A renewed key of Django's is a second session beside the one it was made from: neither overwrote the other.
  if (KEY_CHANGING.includes(overwritten.operation)) return 'django'
  // Django overwrote what Node had written; then another of Django's, which had read Node's, put that back.
  const isStale = (event: Event | undefined): boolean => event?.side === 'django' && event.start < overwritten.end
  return after.some(isStale) ? 'django' : 'node'
}
