/**
 * What `set_expiry` leaves in a session for a moment: ISO text from Django 4.1 on, before that the datetime itself,
 * which pickles keep and JSON cannot.
 * @see django/contrib/sessions/backends/base.py SessionBase.set_expiry
 */
import type { Instant } from '../databases/database.ts'
import type { WallClock } from '../databases/wall-clock.ts'
import { SettingsError } from '../errors.ts'
import { PyDateTime, PyTime } from '../python/dates.ts'
import { PyTimeZone } from '../python/time-zones.ts'
import { type DjangoVersion, writesIsoExpiry } from '../settings/django-version.ts'

/** The value of `_session_expiry`. @throws SettingsError where no Django of the fleet would read one */
export type MomentRule = (moment: Instant) => string | PyDateTime

/** @param keepsTypes whether sessions are pickled, so that a datetime comes back as one */
export function momentRule(
  version: DjangoVersion | undefined,
  { keepsTypes, wallClock }: { keepsTypes: boolean; wallClock: WallClock },
): MomentRule {
  if (version === undefined) return () => refuse('set DJANGO_VERSION to the oldest Django that shares these sessions')
  if (writesIsoExpiry(version)) return (moment) => isoFormat(moment, wallClock)
  if (keepsTypes) return (moment) => dateTime(moment, wallClock)
  return () => refuse(`Django ${version} cannot keep one in JSON either`)
}

/** `2026-07-01T12:00:00+00:00`; without the offset where the site has no time zones. */
export function isoFormat(moment: Instant, wallClock: WallClock): string {
  const text = moment.wallClock.replace(' ', 'T')
  return wallClock.aware ? `${text}+00:00` : text
}

function dateTime({ at, wallClock: text }: Instant, wallClock: WallClock): PyDateTime {
  if (wallClock.aware) return PyDateTime.from(at, PyTimeZone.utc)
  const { date, time } = PyDateTime.from(new Date(`${text.replace(' ', 'T').slice(0, 23)}Z`), PyTimeZone.utc)
  const { hour, minute, second, microsecond } = time
  return new PyDateTime(date, new PyTime({ hour, minute, second, microsecond }))
}

function refuse(what: string): never {
  throw new SettingsError(
    `setExpiry with a moment writes what Django reads from 4.1 on: ${what}, or give a number of seconds.`,
  )
}
