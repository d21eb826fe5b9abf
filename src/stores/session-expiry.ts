/**
 * When a session expires. Mirrors SessionBase.get_expiry_age, get_expiry_date and get_expire_at_browser_close of
 * django/contrib/sessions/backends/base.py.
 *
 * `_session_expiry` in the data decides: absent or null, the setting SESSION_COOKIE_AGE; `0`, the end of the browser's
 * session (the row then lives for SESSION_COOKIE_AGE); a number, that many seconds after each save; ISO text such as
 * `2026-07-01T12:00:00+00:00`, that moment.
 */
import type { Instant } from '../databases/database.ts'
import type { WallClock } from '../databases/wall-clock.ts'
import { PyDateTime } from '../python/dates.ts'
import { parseIsoFormat } from '../python/iso-format.ts'
import { isEncoded, type SessionData } from '../serializers/serializer.ts'

export const EXPIRY_KEY = '_session_expiry'

export interface Expiry {
  readonly at: Date
  /** What the data ask for, as a row gets it. */
  readonly instant: Instant
  /** Seconds from now, whole where Django's are; the cookie's Max-Age. */
  readonly age: number
  readonly atBrowserClose: boolean
}

export interface ExpirySettings {
  readonly SESSION_COOKIE_AGE: number
  readonly SESSION_EXPIRE_AT_BROWSER_CLOSE: boolean
}

/** The expiry of data that is stored now, or was at `modification`. */
export type ExpiryRule = (data: SessionData, modification?: Date) => Expiry

export function expiryRule(settings: ExpirySettings, wallClock: WallClock, now: () => Date): ExpiryRule {
  return (data, modification = now()) => {
    const stored = data.get(EXPIRY_KEY)
    const value = stored === undefined ? undefined : isEncoded(stored) ? stored.decode() : stored.value
    return expiryOf(value, settings, wallClock, modification)
  }
}

/** The expiry that a value of `_session_expiry` means at `now`. What no Django writes there counts as absent. */
export function expiryOf(value: unknown, settings: ExpirySettings, wallClock: WallClock, now: Date): Expiry {
  const atBrowserClose =
    value === undefined || value === null ? settings.SESSION_EXPIRE_AT_BROWSER_CLOSE : value === 0 || value === false
  if (typeof value === 'string' || value instanceof PyDateTime) {
    // As pickled before 4.1.
    const moment = momentOf(String(value), wallClock)
    if (moment !== null) return expiryAt(moment, secondsUntil(moment, now, wallClock), atBrowserClose)
  }
  const seconds = secondsOf(value) || settings.SESSION_COOKIE_AGE
  return expiryAt(wallClock.later(now, seconds), seconds, atBrowserClose)
}

function expiryAt(instant: Instant, age: number, atBrowserClose: boolean): Expiry {
  return { at: instant.at, instant, age, atBrowserClose }
}

/** The expiry of what ends at `end` at the latest. */
export function notAfter(expiry: Expiry, end: Date): Expiry {
  return expiry.at <= end ? expiry : { ...expiry, at: end }
}

function secondsOf(value: unknown): number {
  const number = typeof value === 'number' || typeof value === 'bigint' || value === true ? Number(value) : Number.NaN
  // Beyond the last day of Python's calendar there is no date to store.
  return Math.abs(number) < 1e11 ? number : 0
}

/** Whole seconds between two readings of the wall clock, rounded down as `timedelta.seconds` is. */
export function secondsUntil(moment: Instant, now: Date, wallClock: WallClock): number {
  if (wallClock.aware) return Math.floor((moment.at.getTime() - now.getTime()) / 1000)
  const reading = (instant: Instant): number => Date.parse(`${instant.wallClock.replace(' ', 'T')}Z`)
  return Math.floor((reading(moment) - reading(wallClock.instant(now))) / 1000)
}

/** Text without an offset is what this site's clock shows; Django itself writes it only without USE_TZ. */
function momentOf(text: string, wallClock: WallClock): Instant | null {
  const read = parseIsoFormat(text)
  if (read === null) return null
  if (read.offsetMilliseconds === null) return wallClock.reading(read.localMilliseconds)
  return wallClock.instant(new Date(read.localMilliseconds - read.offsetMilliseconds))
}
