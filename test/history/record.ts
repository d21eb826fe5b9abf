/**
 * A history in a file: its circumstances, then one event a line. It can be judged again by another checker, and tells
 * what happened around an anomaly.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import type { Anomaly } from './checker.ts'
import type { Event } from './event.ts'
import { type Circumstances, judgeHistory } from './judgement.ts'
import { type Lineage, lineageOf, stampOf } from './lineage.ts'

export interface HistoryRecord {
  readonly circumstances: Circumstances
  readonly events: readonly Event[]
}

/** Milliseconds before what an anomaly is about began, and after it ended, of which its story tells. */
const AROUND_MS = 40

export function keepRecord(file: string, { circumstances, events }: HistoryRecord): void {
  writeFileSync(file, [circumstances, ...events].map((each) => `${JSON.stringify(each)}\n`).join(''))
}

function readRecord(file: string): HistoryRecord {
  const [circumstances, ...events] = readFileSync(file, 'utf8').trim().split('\n')
  return {
    circumstances: JSON.parse(circumstances ?? '{}') as Circumstances,
    events: events.map((line) => JSON.parse(line) as Event),
  }
}

/** How often each kind of anomaly was whose, and the story of each of Node's. */
export function* judgeRecord(file: string): Generator<string> {
  const record = readRecord(file)
  const { anomalies, forgotten } = judgeHistory(record.events, record.circumstances)
  const counts = Map.groupBy(anomalies, ({ kind, cause }) => `${kind} by ${cause}`)
  for (const [what, each] of [...counts].sort()) yield `${what}: ${each.length}`
  if (forgotten.length > 0) yield `by the store itself: ${forgotten.length}`
  const lineage = lineageOf(record.events)
  for (const anomaly of anomalies.filter(({ cause }) => cause === 'node')) {
    yield* storyOf(anomaly, record.events, lineage)
  }
}

/** What was done to the session from its last common stamp on: numbers, times, keys, and what was put upon what. */
function* storyOf(
  { kind, found: finding, about: missing }: Anomaly,
  events: readonly Event[],
  { byId, chain }: Lineage,
): Generator<string> {
  const found = byId.get(finding)
  const about = byId.get(missing)
  if (found === undefined || about === undefined) return
  const kept = chain(found.seen?.by)
  const gone = chain(stampOf(about))
  const parting = byId.get([...kept].find((stamp) => gone.has(stamp)) ?? Number.NaN)
  const isNear = ({ start, end }: Event): boolean =>
    end > Math.min(parting?.start ?? about.start, about.start) - AROUND_MS && start < about.end + AROUND_MS
  const own = events.filter((event) => (event.seen?.origin ?? event.id) === found.seen?.origin)
  yield `\n${kind}: found by ${finding}, about ${missing}`
  for (const event of own
    .filter((each) => isNear(each) || each === found)
    .sort((one, other) => one.start - other.start)) {
    const { id, side, operation, tab, start, end, outcome, cookie, sent, seen, on, over } = event
    const times = `${(start - about.start).toFixed(1)} to ${(end - about.start).toFixed(1)}`
    const keys = `${cookie?.slice(0, 5) ?? 'no key'} → ${sent?.slice(0, 5) ?? 'none'}`
    const stamps = `saw ${seen?.by ?? 'nothing'}${on === undefined ? '' : `, upon ${on}`}${over === undefined ? '' : `, over ${JSON.stringify(over)}`}`
    yield `  ${kept.has(id) ? '+' : ' '}${gone.has(id) ? '-' : ' '} ${id} ${side} ${operation} ${tab}, ${times}, ${outcome}: ${keys}, ${stamps}`
  }
}
