/** A length of time, as the arguments of Python's `timedelta`. */
export interface Duration {
  readonly days?: number
  readonly hours?: number
  readonly minutes?: number
  readonly seconds?: number
  readonly milliseconds?: number
}

/** The whole duration in seconds; NaN when a part is no number. @see Python timedelta.total_seconds */
export function durationSeconds(duration: Duration): number {
  const { days = 0, hours = 0, minutes = 0, seconds = 0, milliseconds = 0 } = duration
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds + milliseconds / 1000
}
