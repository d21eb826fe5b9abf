/**
 * datetime's date, time, datetime and timedelta: years, months and so on as bytes.
 *
 *     07 ea 07 01 0c 00 00 03 d0 90    2026-07-01 12:00:00.250000
 *
 * The first bit of the month, or of the hour of a time, is `fold`. @see CPython Lib/_pydatetime.py _getstate
 */
import { PyDate, PyDateTime, PyTime, PyTimeDelta } from '../../dates.ts'
import { PyTimeZone } from '../../time-zones.ts'
import type { PickleCodec } from '../pickle-codec.ts'

const FOLD = 0x80

export const dateCodec: PickleCodec<PyDate> = {
  classes: [{ module: 'datetime', name: 'date' }],
  isImmutable: true,
  matches: (value) => value instanceof PyDate,
  decode({ args }) {
    const bytes = octets(args, 4)
    return new PyDate(bytes.readUInt16BE(0), bytes.readUInt8(2), bytes.readUInt8(3))
  },
  encode: (date) => ({ args: [Uint8Array.of(...dateBytes(date))] }),
}

export const timeCodec: PickleCodec<PyTime> = {
  classes: [{ module: 'datetime', name: 'time' }],
  isImmutable: true,
  matches: (value) => value instanceof PyTime,
  decode({ args }) {
    const bytes = octets(args, 6)
    const hour = bytes.readUInt8(0)
    return timeOf(bytes, hour & ~FOLD, hour >> 7, args[1])
  },
  encode(time) {
    const [hour = 0, ...rest] = timeBytes(time)
    return { args: withZone(Uint8Array.of(hour | (time.fold << 7), ...rest), time.zone) }
  },
}

export const dateTimeCodec: PickleCodec<PyDateTime> = {
  classes: [{ module: 'datetime', name: 'datetime' }],
  isImmutable: true,
  matches: (value) => value instanceof PyDateTime,
  decode({ args }) {
    const bytes = octets(args, 10)
    const month = bytes.readUInt8(2)
    const date = new PyDate(bytes.readUInt16BE(0), month & ~FOLD, bytes.readUInt8(3))
    return new PyDateTime(date, timeOf(bytes.subarray(4), bytes.readUInt8(4), month >> 7, args[1]))
  },
  encode({ date, time }) {
    const [high = 0, low = 0, month = 0, day = 0] = dateBytes(date)
    const bytes = Uint8Array.of(high, low, month | (time.fold << 7), day, ...timeBytes(time))
    return { args: withZone(bytes, time.zone) }
  },
}

export const timeDeltaCodec: PickleCodec<PyTimeDelta> = {
  classes: [{ module: 'datetime', name: 'timedelta' }],
  isImmutable: true,
  matches: (value) => value instanceof PyTimeDelta,
  decode: ({ args: [days, seconds, microseconds] }) =>
    new PyTimeDelta(Number(days), Number(seconds), Number(microseconds)),
  encode: ({ days, seconds, microseconds }) => ({ args: [days, seconds, microseconds] }),
}

function octets([bytes]: readonly unknown[], length: number): Buffer {
  if (!(bytes instanceof Uint8Array) || bytes.length !== length)
    throw new TypeError(`A time of ${length} bytes is due.`)
  return Buffer.from(bytes)
}

function timeOf(bytes: Buffer, hour: number, fold: number, zone: unknown): PyTime {
  if (zone !== undefined && !(zone instanceof PyTimeZone)) throw new TypeError('A time has a zone of another kind.')
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
