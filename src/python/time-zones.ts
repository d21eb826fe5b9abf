/** The zones of Python's times: fixed offsets, and those of zoneinfo and pytz by their names. */
import type { PyTimeDelta } from './dates.ts'
import { type ZoneRules, zoneRules } from './zone-rules.ts'

export class PyTimeZone {
  /** `fixed`: datetime.timezone; `zoneinfo` and `pytz`: a zone with rules, named. */
  readonly kind: 'fixed' | 'zoneinfo' | 'pytz'
  /** `Europe/Berlin`; the name that a fixed offset was given, else null. */
  readonly name: string | null
  /** Seconds east of UTC, always; null where that depends on the moment. */
  readonly offsetSeconds: number | null
  /** What pytz holds of the zone at that moment. */
  readonly period: { readonly dstSeconds: number; readonly abbreviation: string } | null

  private constructor(
    kind: PyTimeZone['kind'],
    name: string | null,
    offsetSeconds: number | null,
    period: PyTimeZone['period'] = null,
  ) {
    this.kind = kind
    this.name = name
    this.offsetSeconds = offsetSeconds
    this.period = period
    Object.freeze(this)
  }

  /** `datetime.timezone.utc` */
  static readonly utc: PyTimeZone = new PyTimeZone('fixed', null, 0)

  /** `datetime.timezone(timedelta(seconds=…), name)`; less than a day. */
  static fixed(offset: number | PyTimeDelta, name: string | null = null): PyTimeZone {
    const seconds = typeof offset === 'number' ? offset : secondsOf(offset)
    if (!(Math.abs(seconds) < 86_400)) throw new TypeError('An offset is less than a day.')
    return new PyTimeZone('fixed', name, seconds)
  }

  /** `zoneinfo.ZoneInfo(name)` */
  static zoneInfo(name: string): PyTimeZone {
    return new PyTimeZone('zoneinfo', name, null)
  }

  /** `pytz.timezone(name)`, with what pytz pickles of the period that a time is in. */
  static pytz(
    name: string,
    offsetSeconds: number | null = null,
    period: { readonly dstSeconds: number; readonly abbreviation: string } | null = null,
  ): PyTimeZone {
    return new PyTimeZone('pytz', name, offsetSeconds, period)
  }

  /**
   * Seconds east of UTC at a moment, which is in milliseconds since 1970; null for a zone that Node does not know. The
   * rules are those of Node's own time zone data, which may be of another year than Python's.
   */
  offsetAt(moment: number): number | null {
    return this.offsetSeconds ?? this.#rules?.at(moment) ?? null
  }

  /**
   * Seconds east of UTC when a clock of the zone reads so; null for a zone that Node does not know.
   * @param reading as milliseconds since 1970 if it were UTC
   * @param fold 1 for the second of two equal readings
   */
  offsetOfReading(reading: number, fold: number): number | null {
    return this.offsetSeconds ?? this.#rules?.ofReading(reading, fold) ?? null
  }

  get #rules(): ZoneRules | null {
    return this.name === null ? null : zoneRules(this.name)
  }

  /** `+02:00`, as isoformat ends with it; empty where the offset depends on the moment. */
  get offsetText(): string {
    return this.offsetSeconds === null ? '' : offsetText(this.offsetSeconds)
  }

  toString(): string {
    return this.name ?? `UTC${this.offsetSeconds === 0 ? '' : this.offsetText}`
  }
}

/** `+02:00` */
export function offsetText(offset: number): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const seconds = Math.abs(offset)
  const whole = Math.floor(seconds)
  const micro = Math.round((seconds - whole) * 1e6)
  const small = whole % 60 === 0 && micro === 0 ? '' : `:${two(whole % 60)}`
  const fraction = micro === 0 ? '' : `.${String(micro).padStart(6, '0')}`
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}${small}${fraction}`
}

/** To the microsecond, as near as a number is. */
function secondsOf({ days, seconds, microseconds }: PyTimeDelta): number {
  return ((days * 86_400 + seconds) * 1e6 + microseconds) / 1e6
}
