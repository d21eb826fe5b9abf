/**
 * datetime's date, time, datetime and timedelta: years, months and so on as bytes.
 *
 *     07 ea 07 01 0c 00 00 03 d0 90    2026-07-01 12:00:00.250000
 *
 * The first bit of the month, or of the hour of a time, is `fold`. @see CPython Lib/_pydatetime.py _getstate
 */
import { PyDate, PyDateTime, PyTime, PyTimeDelta } from '../../dates.ts'
import { PyTimeZone } from '../../time-zones.ts'
import type { PickleCodec, PickledInstance } from '../pickle-codec.ts'
import { notReadHere, strictly } from './strictly.ts'

const FOLD = 0x80

export const dateCodec: PickleCodec<PyDate> = strictly(() => ({ args: [1, 3] }), {
  classes: [{ module: 'datetime', name: 'date' }],
  isImmutable: true,
  matches: (value) => value instanceof PyDate,
  decode(instance) {
    const bytes = octets(instance, 4, 1)
    return new PyDate(bytes.readUInt16BE(0), bytes.readUInt8(2), bytes.readUInt8(3))
  },
  encode: (date) => ({ args: [Uint8Array.of(...dateBytes(date))] }),
})

export const timeCodec: PickleCodec<PyTime> = strictly(() => ({ args: [0, 5] }), {
  classes: [{ module: 'datetime', name: 'time' }],
  isImmutable: true,
  matches: (value) => value instanceof PyTime,
  decode(instance) {
    const bytes = octets(instance, 6, 2)
    const hour = bytes.readUInt8(0)
    return timeOf(bytes, hour & ~FOLD, hour >> 7, instance.args[1])
  },
  encode(time) {
    const [hour = 0, ...rest] = timeBytes(time)
    return { args: withZone(Uint8Array.of(hour | (time.fold << 7), ...rest), time.zone) }
  },
})

export const dateTimeCodec: PickleCodec<PyDateTime> = strictly(() => ({ args: [1, 8] }), {
  classes: [{ module: 'datetime', name: 'datetime' }],
  isImmutable: true,
  matches: (value) => value instanceof PyDateTime,
  decode(instance) {
    const bytes = octets(instance, 10, 2)
    const month = bytes.readUInt8(2)
    const date = new PyDate(bytes.readUInt16BE(0), month & ~FOLD, bytes.readUInt8(3))
    return new PyDateTime(date, timeOf(bytes.subarray(4), bytes.readUInt8(4), month >> 7, instance.args[1]))
  },
  encode({ date, time }) {
    const [high = 0, low = 0, month = 0, day = 0] = dateBytes(date)
    const bytes = Uint8Array.of(high, low, month | (time.fold << 7), day, ...timeBytes(time))
    return { args: withZone(bytes, time.zone) }
  },
})

export const timeDeltaCodec: PickleCodec<PyTimeDelta> = strictly(() => ({ args: [0, 7] }), {
  classes: [{ module: 'datetime', name: 'timedelta' }],
  isImmutable: true,
  matches: (value) => value instanceof PyTimeDelta,
  decode(instance) {
    const { args } = instance
    if (!args.every((part) => typeof part === 'number')) throw new TypeError('A timedelta is made of numbers.')
    if (args.length > 3 || !args.every(Number.isSafeInteger)) return notReadHere(instance)
    const [days = 0, seconds = 0, microseconds = 0] = args
    return new PyTimeDelta(days, seconds, microseconds)
  },
  encode: ({ days, seconds, microseconds }) => ({ args: [days, seconds, microseconds] }),
})

/** The bytes of the first argument, or the latin-1 of a text, as Python 2 pickles them. */
function octets(instance: PickledInstance, length: number, most: number): Buffer {
  const [given, ...more] = instance.args
  // Called with years, months and so on.
  if (given === undefined || typeof given === 'number') return notReadHere(instance)
  const bytes = typeof given === 'string' && !/[^\0-\xff]/.test(given) ? Buffer.from(given, 'latin1') : given
  if (!(bytes instanceof Uint8Array) || bytes.length !== length || more.length >= most) {
    throw new TypeError(`A time of ${length} bytes is due.`)
  }
  return Buffer.from(bytes)
}

function timeOf(bytes: Buffer, hour: number, fold: number, zone: unknown): PyTime {
  if (zone !== undefined && zone !== null && !(zone instanceof PyTimeZone))
    throw new TypeError('A time has a zone of another kind.')
  return new PyTime({
    hour,
    minute: bytes.readUInt8(1),
    second: bytes.readUInt8(2),
    microsecond: bytes.readUIntBE(3, 3),
    fold,
    zone: zone ?? null,
  })
}

function dateBytes({ year, month, day }: PyDate): number[] {
  return [year >> 8, year & 0xff, month, day]
}

function timeBytes({ hour, minute, second, microsecond }: PyTime): number[] {
  return [hour, minute, second, microsecond >> 16, (microsecond >> 8) & 0xff, microsecond & 0xff]
}

function withZone(bytes: Uint8Array, zone: PyTimeZone | null): unknown[] {
  return zone === null ? [bytes] : [bytes, zone]
}
