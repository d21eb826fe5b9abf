/** The verdict on a history, once the place where it happened is known. */
import { type Anomaly, checkHistory, type Verdict } from './checker.ts'
import { judgeOfDjangosCache } from './django-cache.ts'
import type { Event } from './event.ts'
import { lineageOf } from './lineage.ts'
import { isForgotten, type Rollback } from './redis.ts'

/** What the events themselves do not tell. */
export interface Circumstances {
  /** Whether copies beside what is stored may be read. */
  readonly hasCopies: boolean
  /** Whether sessions are in a cache, where Django's saves do not look. */
  readonly djangoRevives: boolean
  /** When the store forgot what it had answered. */
  readonly rollbacks: readonly Rollback[]
}

export interface Judgement extends Verdict {
  /** Anomalies that the store itself caused, which forgot what it had answered; they are not among the others. */
  readonly forgotten: readonly Anomaly[]
}

export function judgeHistory(events: readonly Event[], circumstances: Circumstances): Judgement {
  const { anomalies: found, checked } = checkHistory(events, circumstances)
  const lineage = lineageOf(events)
  const all = circumstances.djangoRevives ? found.map(judgeOfDjangosCache(events, lineage)) : found
  const forgotten = all.filter((anomaly) => isForgotten(anomaly, lineage, circumstances.rollbacks))
  return { checked, anomalies: all.filter((anomaly) => !forgotten.includes(anomaly)), forgotten }
}
