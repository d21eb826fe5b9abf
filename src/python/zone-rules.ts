/** Offsets of a named zone, by the rules that Node's Intl has of it, as Python's zoneinfo reads those of the system. */

const DAY = 86_400_000

/** Made once for each name, since that takes far longer than to use them; names come from outside, so not for all. */
const known = new Map<string, ZoneRules>()
const MOST_KNOWN = 600

/** The rules of a zone; null for one that Node does not know. */
export function zoneRules(name: string): ZoneRules | null {
  try {
    const rules = known.get(name) ?? new ZoneRules(name)
    if (known.size < MOST_KNOWN) known.set(name, rules)
    return rules
  } catch {
    return null
  }
}

export class ZoneRules {
  readonly #format: Intl.DateTimeFormat

  /** @throws RangeError for a name that is not known here */
  constructor(name: string) {
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
  }

  /** @returns seconds east of UTC at a moment, which is in milliseconds since 1970 */
  at(moment: number): number {
    const text = this.#format.formatToParts(moment).find(({ type }) => type === 'timeZoneName')?.value ?? ''
    // GMT, GMT+02:00, GMT+00:53:28
    const [, sign = '+', hours = 0, minutes = 0, seconds = 0] = /([+-])(\d+):(\d+)(?::(\d+))?/.exec(text) ?? []
    const offset = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)
    return sign === '-' ? -offset : offset
  }

  /**
   * Where a clock is put back it reads the same twice, and `fold` tells which is meant; where it is put forward it
   * never reads some times, and `fold` tells whether the offset before or behind counts. @see PEP 495
   *
   * @param reading as milliseconds since 1970 if the clock read UTC
   */
  ofReading(reading: number, fold: number): number {
    const before = this.at(reading - DAY)
    const after = this.at(reading + DAY)
    const [wanted, other] = fold === 0 ? [before, after] : [after, before]
    const isRead = (offset: number): boolean => this.at(reading - offset * 1000) === offset
    return isRead(wanted) || !isRead(other) ? wanted : other
  }
}
