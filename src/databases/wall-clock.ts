/**
 * Instants as Django's DateTimeField writes them: UTC under USE_TZ, else the local time of TIME_ZONE.
 *
 * `2026-07-01 12:00:00.250000` and, without a fraction of a second, `2026-07-01 12:00:00`.
 * @see django/utils/timezone.py now, django/db/backends/sqlite3/operations.py adapt_datetimefield_value
 */
import { isNotFound, missingPackage } from '../errors.ts'
import { parseIsoFormat } from '../python/iso-format.ts'
import type { Instant } from './database.ts'

export interface WallClock {
  /** Whether instants written with this clock carry their offset in ISO text, as aware datetimes do. */
  readonly aware: boolean
  instant(at: Date): Instant
  /** The instant `seconds` later *on the wall*: over a change of summer time an hour more or less has passed. */
  later(at: Date, seconds: number): Instant
  /** The instant at which the wall shows this, given as milliseconds since 1970 if it were UTC. */
  reading(localMilliseconds: number): Instant
}

/** The clock under USE_TZ. */
export const utcClock: WallClock = {
  aware: true,
  instant: (at) => new LazyInstant(at, (moment) => moment.getTime()),
  later: (at, seconds) => utcClock.instant(new Date(at.getTime() + seconds * 1000)),
  reading: (localMilliseconds) => utcClock.instant(new Date(localMilliseconds)),
}

export const ZONE_CLOCK_REASON = 'USE_TZ = False'

/** The part of Temporal that is used. */
interface TemporalLike {
  Instant: { fromEpochMilliseconds(ms: number): { toZonedDateTimeISO(zone: string): { offsetNanoseconds: number } } }
  PlainDateTime: {
    from(text: string): { toZonedDateTime(zone: string): { epochMilliseconds: number } }
  }
}

/** The clock that a site's settings ask for. */
export async function loadWallClock(settings: { USE_TZ: boolean; TIME_ZONE: string }): Promise<WallClock> {
  return settings.USE_TZ ? utcClock : loadZoneClock(settings.TIME_ZONE)
}

/** The clock without USE_TZ. Needs Temporal: the platform's own, or the package `temporal-polyfill`. */
export async function loadZoneClock(timeZone: string): Promise<WallClock> {
  const { Temporal } = await loadTemporal()
  const localMilliseconds = (at: Date): number => {
    const zoned = Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(timeZone)
    return at.getTime() + zoned.offsetNanoseconds / 1_000_000
  }
  // A time that the wall never shows (clocks going forward) is taken an hour later, one shown twice as the first.
  const fromLocal = (milliseconds: number): Instant => {
    const text = new Date(milliseconds).toISOString().slice(0, -1)
    const { epochMilliseconds } = Temporal.PlainDateTime.from(text).toZonedDateTime(timeZone)
    return new LazyInstant(new Date(epochMilliseconds), () => milliseconds)
  }
  return {
    aware: false,
    instant: (at) => new LazyInstant(at, localMilliseconds),
    later: (at, seconds) => fromLocal(localMilliseconds(at) + seconds * 1000),
    reading: fromLocal,
  }
}

/** The moment in a column that holds what a wall clock showed; null for what is none. */
export function naiveDate(column: unknown, wallClock: WallClock): Date | null {
  const read = typeof column === 'string' ? parseIsoFormat(column) : null
  return read === null ? null : wallClock.reading(read.localMilliseconds - (read.offsetMilliseconds ?? 0)).at
}

async function loadTemporal(): Promise<{ Temporal: TemporalLike }> {
  const platform = globalThis as { Temporal?: TemporalLike }
  if (platform.Temporal !== undefined) return { Temporal: platform.Temporal }
  try {
    return (await import('temporal-polyfill')) as unknown as { Temporal: TemporalLike }
  } catch (error) {
    throw isNotFound(error) ? missingPackage('temporal-polyfill', ZONE_CLOCK_REASON) : error
  }
}

/** Its text is made when somebody asks for it; for the time of day that it compares with, PostgreSQL does not. */
class LazyInstant implements Instant {
  readonly at: Date
  readonly #localMilliseconds: (at: Date) => number

  constructor(at: Date, localMilliseconds: (at: Date) => number) {
    this.at = at
    this.#localMilliseconds = localMilliseconds
  }

  get wallClock(): string {
    return wallClockText(this.#localMilliseconds(this.at))
  }
}

function wallClockText(milliseconds: number): string {
  const text = new Date(milliseconds).toISOString().replace('T', ' ')
  return text.endsWith('.000Z') ? text.slice(0, -'.000Z'.length) : `${text.slice(0, -1)}000`
}
