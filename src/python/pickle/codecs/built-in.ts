/** Every class that pickles may hold without a codec of the site's own. */
import { type PickleCodec, PickleCodecs } from '../pickle-codec.ts'
import { counterCodec, defaultDictCodec, orderedDictCodec } from './collections.ts'
import { dateCodec, dateTimeCodec, timeCodec, timeDeltaCodec } from './dates.ts'
import { lazyTextCodec, safeStringCodec } from './django-text.ts'
import { complexCodec, decimalCodec, uuidCodec } from './numbers.ts'
import { timeZoneCodec } from './time-zones.ts'

const BUILT_IN: readonly PickleCodec[] = [
  dateTimeCodec,
  dateCodec,
  timeCodec,
  timeDeltaCodec,
  timeZoneCodec,
  decimalCodec,
  uuidCodec,
  complexCodec,
  orderedDictCodec,
  defaultDictCodec,
  counterCodec,
  safeStringCodec,
  lazyTextCodec,
]

export const builtInCodecs: PickleCodecs = new PickleCodecs(BUILT_IN)

/** With codecs of the site's own, which come first. */
export function codecsWith(codecs: readonly PickleCodec[]): PickleCodecs {
  return codecs.length === 0 ? builtInCodecs : new PickleCodecs([...codecs, ...BUILT_IN])
}
