/** Python's datetime module as values: nothing is rounded, and a moment without a zone stays without one. */
import { offsetText, type PyTimeZone } from './time-zones.ts'

const DAYS = 999_999_999
const DAY_MS = 86_400_000

/** @throws TypeError for a part that is out of range */
function check(parts: Readonly<Record<string, readonly [value: number, least: number, most: number]>>): void {
  for (const [name, [value, least, most]] of Object.entries(parts)) {
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new TypeError(`${name} is a whole number from ${least} to ${most}.`)
    }
  }
}

function checkDate(year: number, month: number, day: number): void {
  check({ year: [year, 1, 9999], month: [month, 1, 12], day: [day, 1, 31] })
  if (day > 28 && utc(year, month, day).getUTCDate() !== day) throw new TypeError('day is not one of that month.')
}

/** Years below 100 are those of the first century here. */
function utc(year: number, month: number, day: number): Date {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date
}

const two = (value: number): string => String(value).padStart(2, '0')

/** `datetime.date`. */
export class PyDate {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number

  constructor(year: number, month: number, day: number) {
    checkDate(year, month, day)
    this.year = year
    this.month = month
    this.day = day
    Object.freeze(this)
  }

  /** `2026-07-01` */
  toString(): string {
    return `${String(this.year).padStart(4, '0')}-${two(this.month)}-${two(this.day)}`
  }

  toJSON(): string {
    return this.toString()
  }
}

export interface PyTimeParts {
  readonly hour?: number
  readonly minute?: number
  readonly second?: number
  readonly microsecond?: number
  /** 1 for the second of two equal readings of a clock that was put back. */
  readonly fold?: number
  readonly zone?: PyTimeZone | null
}

/** `datetime.time`. */
export class PyTime {
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly microsecond: number
  readonly fold: number
  readonly zone: PyTimeZone | null

  constructor({ hour = 0, minute = 0, second = 0, microsecond = 0, fold = 0, zone = null }: PyTimeParts = {}) {
    check({
      hour: [hour, 0, 23],
      minute: [minute, 0, 59],
      second: [second, 0, 59],
      microsecond: [microsecond, 0, 999_999],
      fold: [fold, 0, 1],
    })
    this.hour = hour
    this.minute = minute
    this.second = second
    this.microsecond = microsecond
    this.fold = fold
    this.zone = zone
    Object.freeze(this)
  }

  /** `12:00:00.250000+02:00`, as Python's isoformat: without an offset where that depends on the day. */
  toString(): string {
    const fraction = this.microsecond === 0 ? '' : `.${String(this.microsecond).padStart(6, '0')}`
    return `${two(this.hour)}:${two(this.minute)}:${two(this.second)}${fraction}${this.zone?.offsetText ?? ''}`
  }

  toJSON(): string {
    return this.toString()
  }
}

/** `datetime.datetime`, naive where `zone` is null. */
export class PyDateTime {
  readonly date: PyDate
  readonly time: PyTime

  constructor(date: PyDate, time: PyTime = new PyTime()) {
    this.date = date
    this.time = time
    Object.freeze(this)
  }

  /**
   * The moment of a Date in a zone, UTC for example.
   * @throws TypeError for a zone that Node does not know
   */
  static from(moment: Date, zone: PyTimeZone): PyDateTime {
    if (Number.isNaN(moment.getTime())) throw new TypeError('PyDateTime.from takes a valid Date.')
    const offset = zone.offsetAt(moment.getTime())
    if (offset === null) throw new TypeError('The offset of this zone is not known here.')
    const local = new Date(moment.getTime() + offset * 1000)
    return new PyDateTime(
      new PyDate(local.getUTCFullYear(), local.getUTCMonth() + 1, local.getUTCDate()),
      new PyTime({
        hour: local.getUTCHours(),
        minute: local.getUTCMinutes(),
        second: local.getUTCSeconds(),
        microsecond: local.getUTCMilliseconds() * 1000,
        fold: zone.offsetOfReading(local.getTime(), 0) === offset ? 0 : 1,
        zone,
      }),
    )
  }

  get zone(): PyTimeZone | null {
    return this.time.zone
  }

  /** The reading of the clock, as milliseconds since 1970 if it were UTC; microseconds are cut off. */
  get localMilliseconds(): number {
    const { year, month, day } = this.date
    const { hour, minute, second, microsecond } = this.time
    const inDay = ((hour * 60 + minute) * 60 + second) * 1000 + Math.floor(microsecond / 1000)
    return utc(year, month, day).getTime() + inDay
  }

  /** Seconds east of UTC; null where it is naive or its zone is one that Node does not know. */
  get offsetSeconds(): number | null {
    return this.zone?.offsetOfReading(this.localMilliseconds, this.time.fold) ?? null
  }

  /** The moment to the millisecond; null where it is naive or its zone is one that Node does not know. */
  toDate(): Date | null {
    const offset = this.offsetSeconds
    return offset === null ? null : new Date(this.localMilliseconds - offset * 1000)
  }

  /** `2026-07-01T12:00:00.250000+02:00`, as Python's isoformat; without an offset where it has none. */
  toString(): string {
    const offset = this.zone === null || this.zone.offsetSeconds !== null ? null : this.offsetSeconds
    return `${this.date}T${this.time}${offset === null ? '' : offsetText(offset)}`
  }

  toJSON(): string {
    return this.toString()
  }
}

/** `datetime.timedelta`: days of either sign, seconds of a day, microseconds of a second. */
export class PyTimeDelta {
  readonly days: number
  /** 0 to 86399. */
  readonly seconds: number
  /** 0 to 999999. */
  readonly microseconds: number

  constructor(days = 0, seconds = 0, microseconds = 0) {
    check({ days: [days, -DAYS, DAYS], seconds: [seconds, 0, 86_399], microseconds: [microseconds, 0, 999_999] })
    this.days = days
    this.seconds = seconds
    this.microseconds = microseconds
    Object.freeze(this)
  }

  /** Cut to whole milliseconds. */
  get milliseconds(): number {
    return this.days * DAY_MS + this.seconds * 1000 + Math.floor(this.microseconds / 1000)
  }

  toJSON(): { days: number; seconds: number; microseconds: number } {
    return { days: this.days, seconds: this.seconds, microseconds: this.microseconds }
  }
}
