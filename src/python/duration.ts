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

/**
 * As DjangoJSONEncoder writes a timedelta of so many microseconds: `P1DT02H03M04.500000S`.
 * @see django/utils/duration.py duration_iso_string
 */
export function durationText(microseconds: bigint): string {
  const size = microseconds < 0n ? -microseconds : microseconds
  const two = (value: bigint): string => String(value).padStart(2, '0')
  const whole = size / 1_000_000n
  const micro = size % 1_000_000n
  const fraction = micro === 0n ? '' : `.${String(micro).padStart(6, '0')}`
  const time = `${two((whole / 3600n) % 24n)}H${two((whole / 60n) % 60n)}M${two(whole % 60n)}${fraction}S`
  return `${microseconds < 0n ? '-' : ''}P${whole / 86_400n}DT${time}`
}
