/**
 * Keys that Django's cache engine put back. Its save looks whether a key is there, and then sets it: a key that somebody
 * renewed in between stands again, as a second session that nobody asked for.
 */
import type { Anomaly } from './checker.ts'
import { END_OF_HISTORY, type Event, KEY_CHANGING } from './event.ts'

/** The old keys of renewals that ran beside a save of Django's under the same key, and their new ones: two sessions. */
export function revivedKeys(events: readonly Event[]): ReadonlySet<string> {
  const byCookie = Map.groupBy(events, ({ cookie }) => cookie)
  const revived = new Set<string>()
  for (const [cookie, own] of byCookie) {
    if (cookie === null) continue
    const renewals = own.filter((event) => KEY_CHANGING.includes(event.operation) && event.sent !== cookie)
    const saves = own.filter(({ side, operation }) => side === 'django' && !READING.includes(operation))
    const isBeside = (one: Event): boolean => saves.some((save) => save !== one && overlaps(save, one))
    for (const { sent } of renewals.filter(isBeside)) {
      revived.add(cookie)
      if (sent !== null) revived.add(sent)
    }
  }
  return revived
}

const READING: readonly string[] = ['read', 'ghost', 'logout']

/** As Django's, where one of the two keys that an anomaly is about was put back by it, or is a twin that it left. */
export function blamed(anomaly: Anomaly, byId: ReadonlyMap<number, Event>, revived: ReadonlySet<string>): Anomaly {
  const found = byId.get(anomaly.found)
  const keys = [found?.cookie, byId.get(anomaly.about)?.cookie]
  const isRevived = keys.some((key) => typeof key === 'string' && revived.has(key))
  const isDjangos = isRevived || (found !== undefined && isTwin(found, byId))
  return isDjangos && anomaly.kind !== 'crossed' ? { ...anomaly, cause: 'django' } : anomaly
}

/**
 * What Django stored under a key that it then took for somebody else's: it adds a new session again where the answer was
 * lost, meets its own, and takes another key.
 */
function isTwin(found: Event, byId: ReadonlyMap<number, Event>): boolean {
  const maker = byId.get(found.seen?.by ?? Number.NaN)
  if (found.tab !== END_OF_HISTORY || maker?.side !== 'django') return false
  const makesKey = maker.cookie === null || KEY_CHANGING.includes(maker.operation)
  return makesKey && maker.sent !== found.cookie
}

function overlaps(one: Event, other: Event): boolean {
  return one.start < other.end && other.start < one.end
}
