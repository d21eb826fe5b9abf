/** datetime.timezone, zoneinfo.ZoneInfo and pytz. Which class is written follows from the zone's kind. */
import { PyTimeDelta } from '../../dates.ts'
import { PyTimeZone } from '../../time-zones.ts'
import type { ClassName, PickleCodec, PickledInstance } from '../pickle-codec.ts'
import { pathOf } from '../pickle-node.ts'
import { strictly, type Takes } from './strictly.ts'

const FIXED: ClassName = { module: 'datetime', name: 'timezone' }
/** Called with a name and 1, or 0 for a zone that was made past the cache. @see CPython Lib/zoneinfo/_zoneinfo.py */
const ZONE_INFO: ClassName = { module: 'zoneinfo', name: 'ZoneInfo._unpickle' }
const PYTZ: ClassName = { module: 'pytz', name: '_p' }
const PYTZ_UTC: ClassName = { module: 'pytz', name: '_UTC' }
const PYTZ_FIXED: ClassName = { module: 'pytz', name: 'FixedOffset' }

/** Arguments of each; CPython takes so many. */
const TAKES: Readonly<Record<string, Takes>> = {
  [pathOf(FIXED)]: { args: [1, 2] },
  [pathOf(ZONE_INFO)]: { args: [2, 2] },
  [pathOf(PYTZ)]: { args: [1, 4] },
  [pathOf(PYTZ_UTC)]: { args: [0, 0] },
  [pathOf(PYTZ_FIXED)]: { args: [1, 1] },
}

export const timeZoneCodec: PickleCodec<PyTimeZone> = strictly((path) => TAKES[path] ?? { args: [0, 0] }, {
  classes: [FIXED, ZONE_INFO, PYTZ, PYTZ_UTC, PYTZ_FIXED],
  // The method is named by way of its class.
  arguments: ['zoneinfo.ZoneInfo'],
  isImmutable: true,
  matches: (value) => value instanceof PyTimeZone,
  decode: (instance) => READ[pathOf(instance.of)]?.(instance.args) ?? refuse(),
  encode: (zone) => WRITE[zone.kind](zone),
})

const READ: Readonly<Record<string, (args: readonly unknown[]) => PyTimeZone>> = {
  [pathOf(FIXED)]([offset, name]) {
    if (!(offset instanceof PyTimeDelta)) return refuse()
    return PyTimeZone.fixed(offset, name === undefined ? null : text(name))
  },
  [pathOf(ZONE_INFO)]([name, fromCache]) {
    if (typeof fromCache !== 'boolean' && !Number.isInteger(fromCache)) return refuse()
    return PyTimeZone.zoneInfo(text(name))
  },
  [pathOf(PYTZ)]([name, offset, dst, abbreviation]) {
    if (offset === undefined) return PyTimeZone.pytz(text(name))
    if (typeof offset !== 'number' || typeof dst !== 'number') return refuse()
    return PyTimeZone.pytz(text(name), offset, { dstSeconds: dst, abbreviation: text(abbreviation) })
  },
  [pathOf(PYTZ_UTC)]: () => PyTimeZone.pytz('UTC', 0),
  [pathOf(PYTZ_FIXED)]: ([minutes]) => (typeof minutes === 'number' ? PyTimeZone.pytz('', minutes * 60) : refuse()),
}

const WRITE: Readonly<Record<PyTimeZone['kind'], (zone: PyTimeZone) => Partial<PickledInstance>>> = {
  fixed({ name, offsetSeconds }) {
    const micro = Math.round((offsetSeconds ?? 0) * 1e6)
    const days = Math.floor(micro / 86_400e6)
    const inDay = micro - days * 86_400e6
    const offset = new PyTimeDelta(days, Math.floor(inDay / 1e6), inDay % 1e6)
    return { of: FIXED, args: name === null ? [offset] : [offset, name] }
  },
  zoneinfo: ({ name }) => ({ of: ZONE_INFO, args: [name, 1] }),
  pytz({ name, offsetSeconds, period }) {
    if (name === 'UTC') return { of: PYTZ_UTC, args: [] }
    if (name === '') return { of: PYTZ_FIXED, args: [(offsetSeconds ?? 0) / 60] }
    if (period === null) return { of: PYTZ, args: [name] }
    return { of: PYTZ, args: [name, offsetSeconds, period.dstSeconds, period.abbreviation] }
  },
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : refuse()
}

function refuse(): never {
  throw new TypeError('The zone is not spelled as Python spells it.')
}
