/**
 * What Django's own code did to sessions in a cache, as proven by the record. Its cache engine writes without a look:
 *
 * - `save` sets all that it had read over whatever stands there by then, also over nothing: what others wrote is lost,
 *   a key that was ended or renewed stands again. Its driver for Redis sets once more where the answer was lost.
 * - `cycle_key` adds all that it had read under a new key, and deletes whatever stands under the old one by then.
 * - `create` adds a session again where the answer was lost, meets its own, and takes another key: a twin is left.
 *
 * Where the cache tells what stood where Django set (`Event.over`), nothing but that makes a set Django's fault.
 * Elsewhere a set may have done it that was under way at the time.
 */
import type { Anomaly } from './checker.ts'
import { type Event, endOf, KEY_CHANGING, MARKING, type Operation, overlaps } from './event.ts'
import { type Fork, keyOf, type Lineage, stampOf } from './lineage.ts'

/** Operations of which Django's save may set the session under the key that it was asked with. */
const SAVING: readonly Operation[] = [...MARKING, 'touch', 'authenticate']

/** How things stood before a key ended: what had been put there, and since when it may have ended. */
interface Before {
  readonly known: ReadonlySet<number>
  readonly since: number
}

type Judge = (anomaly: Anomaly) => Anomaly

export function judgeOfDjangosCache(events: readonly Event[], lineage: Lineage): Judge {
  const { byId, chain, line, fork } = lineage
  const saves = events.filter(
    (event) => event.side === 'django' && event.seen !== null && SAVING.includes(event.operation),
  )
  const savesByKey = Map.groupBy(saves, ({ cookie }) => cookie)
  const byCookie = Map.groupBy(events, ({ cookie }) => cookie)
  const isToldBySets = events.some(({ over }) => over !== undefined)

  /** Whether what was found goes back to a set of Django's over a write that it had not read. */
  function isOverwritten(found: Event, lost: Event): boolean {
    return [...before(found.seen?.by)].some((stamp) => {
      const over = byId.get(stamp)?.over ?? []
      return over.some((stood) => chain(stood ?? undefined).has(lost.id)) && !chain(stamp).has(lost.id)
    })
  }

  /** A stamp, those it was put upon, and those that stood there when it was set. */
  function before(stamp: number | undefined): ReadonlySet<number> {
    const passed = new Set<number>()
    const next: (number | null | undefined)[] = [stamp]
    while (next.length > 0) {
      const each = next.pop()
      if (typeof each !== 'number' || passed.has(each)) continue
      passed.add(each)
      const event = byId.get(each)
      next.push(...(event?.over ?? []), event?.on)
    }
    return passed
  }

  /** Whether what was found goes back to a save of Django's that put the very key back, without what is missing. */
  function isPutBack(found: Event, about: Event): boolean {
    const key = keyOf(about)
    if (line(found.cookie).every((link) => link.key !== key)) return false
    const kept = chain(found.seen?.by)
    const known = chain(stampOf(about))
    return (savesByKey.get(key) ?? []).some((set) => {
      if (!kept.has(set.id) || endOf(set) <= about.start || chain(set.id).has(about.id)) return false
      if (set.over === undefined) return about.operation === 'logout' && !known.has(set.id)
      return wasOverNothing(set.id, { known, since: about.start })
    })
  }

  /** Whether Django made two sessions of one, and what is missing was written to the other. */
  function isDoubled(found: Event, about: Event): boolean {
    const parting = fork(found.cookie, keyOf(about))
    if (parting === null) return false
    const { key, one, other } = parting
    if (one !== undefined && one === other) return one.side === 'django'
    const since = Math.min(...[one, other].flatMap((renewal) => renewal?.start ?? []))
    return hasSecondLine(key, found, about, since) || wasCopied(parting, about)
  }

  /** Whether one of two lines begins where a save of Django's put the old key back. */
  function hasSecondLine(key: string | null, found: Event, about: Event, since: number): boolean {
    const kept = chain(found.seen?.by)
    const gone = chain(stampOf(about))
    const known = new Set([...kept].filter((stamp) => gone.has(stamp)))
    const [parting] = known
    return (savesByKey.get(key) ?? []).some((set) => {
      if (kept.has(set.id) !== gone.has(set.id)) return mayHavePutBack(set, { known, since })
      return set.id === parting && wasOverNothing(set.id, { known, since })
    })
  }

  function mayHavePutBack(set: Event, before: Before): boolean {
    if (set.over !== undefined) return wasOverNothing(set.id, before)
    const beside = (byCookie.get(set.cookie) ?? []).filter((event) => event !== set && overlaps(event, set))
    return beside.some(({ operation, sent, cookie }) => KEY_CHANGING.includes(operation) && sent !== cookie)
  }

  /** Whether Django set it where nothing stood, or it stands over what Django set so. What was known was set once more. */
  function wasOverNothing(stamp: number, before: Before, passed: Set<number> = new Set()): boolean {
    const event = byId.get(stamp)
    const isKnown = before.known.has(stamp)
    if (event === undefined || passed.has(stamp) || (isKnown && endOf(event) <= before.since)) return false
    passed.add(stamp)
    const over = event.over ?? (typeof event.on === 'number' && !isKnown ? [event.on] : [])
    return over.slice(isKnown ? 1 : 0).some((stood) => stood === null || wasOverNothing(stood, before, passed))
  }

  return (anomaly) => {
    const found = byId.get(anomaly.found)
    const about = byId.get(anomaly.about)
    if (anomaly.kind === 'crossed' || found === undefined || about === undefined) return anomaly
    const isDjangos =
      (anomaly.kind !== 'resurrection' && isOverwritten(found, about)) ||
      isPutBack(found, about) ||
      isDoubled(found, about)
    return { ...anomaly, cause: isDjangos ? 'django' : isToldBySets ? 'node' : anomaly.cause }
  }
}

/** Whether Django's `cycle_key` copied what it had read, beside another renewal or what was put upon the old key. */
function wasCopied({ one, other }: Fork, about: Event): boolean {
  if (one !== undefined && other !== undefined) {
    return (one.side === 'django' || other.side === 'django') && overlaps(one, other)
  }
  return one?.side === 'django' && overlaps(one, about)
}
