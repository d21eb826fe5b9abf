/**
 * Mirrors datetime.fromisoformat of Python 3.11 and newer: `2026-07-01T12:00:00.250000+02:00`, and every shorter or
 * more compact spelling of ISO 8601 that it takes.
 */

export interface IsoDateTime {
  /** The clock's reading, as milliseconds since 1970 if it were UTC; microseconds are cut off. */
  readonly localMilliseconds: number
  /** Milliseconds east of UTC; null for a naive datetime. */
  readonly offsetMilliseconds: number | null
}

const DATE = /^(?:(\d{4})-(\d\d)-(\d\d)|(\d{4})(\d\d)(\d\d)|(\d{4})-?W(\d\d)(?:-?([1-7]))?)/
const TIME = /^(\d\d)(?:(:?)(\d\d)(?:\2(\d\d)(?:[.,](\d+))?)?)?/
const OFFSET = /^ ?(?:(Z)|([+-])(\d\d)(?:(:?)(\d\d)(?:\4(\d\d)(?:\.\d+)?)?)?)$/

/** Null for text that Python refuses. */
export function parseIsoFormat(text: string): IsoDateTime | null {
  const date = DATE.exec(text)
  const day = date === null ? null : dayOf(date)
  if (date === null || day === null) return null
  const rest = text.slice(date[0].length)
  if (rest === '') return { localMilliseconds: day, offsetMilliseconds: null }
  // Any one character may stand between date and time.
  const time = TIME.exec(rest.slice(1))
  if (time === null) return null
  const [matched, hours = '', , minutes = '0', seconds = '0', fraction = ''] = time
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return null
  const zone = rest.slice(1 + matched.length)
  const offset = zone === '' ? null : offsetOf(zone)
  if (offset === undefined) return null
  const milliseconds = Number(fraction.padEnd(3, '0').slice(0, 3))
  const localMilliseconds = day + ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + milliseconds
  return { localMilliseconds, offsetMilliseconds: offset }
}

function dayOf([, ...parts]: readonly (string | undefined)[]): number | null {
  const [year = parts[3], month = parts[4], day = parts[5], , , , weekYear, week, weekday = '1'] = parts
  if (weekYear !== undefined) return weekDay(Number(weekYear), Number(week), Number(weekday))
  const milliseconds = utc(Number(year), Number(month) - 1, Number(day))
  const read = new Date(milliseconds)
  return read.getUTCMonth() === Number(month) - 1 && read.getUTCDate() === Number(day) ? milliseconds : null
}

/** The week with the year's first Thursday is its first. */
function weekDay(year: number, week: number, weekday: number): number | null {
  if (week < 1 || week > 53) return null
  const fourth = new Date(utc(year, 0, 4))
  return utc(year, 0, 4 - ((fourth.getUTCDay() + 6) % 7) + (week - 1) * 7 + weekday - 1)
}

/** Date.UTC, whose years below 100 are not those of the last century. */
function utc(year: number, month: number, day: number): number {
  const date = new Date(0)
  return date.setUTCFullYear(year, month, day)
}

function offsetOf(zone: string): number | undefined {
  const match = OFFSET.exec(zone)
  if (match === null) return undefined
  const [, z, sign, hours = '0', , minutes = '0', seconds = '0'] = match
  if (z !== undefined) return 0
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined
  const offset = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
  return sign === '-' ? -offset : offset
}
