/**
 * Sessions as pickles. Mirrors PickleSerializer of django/contrib/sessions/serializers.py, which Django had up to 4.2
 * and sites on newer versions keep a copy of.
 *
 * A session is one pickle: what two of its values share stays shared. A key that is no text is kept with its value, and
 * shows under no name.
 */
import { codecsWith } from '../python/pickle/codecs/built-in.ts'
import type { PickleCodec } from '../python/pickle/pickle-codec.ts'
import type { PickleLimits } from '../python/pickle/pickle-limits.ts'
import { readPickle } from '../python/pickle/pickle-reader.ts'
import { type PickleProtocol, pickle } from '../python/pickle/pickler.ts'
import { dictOf, entriesOf } from './dict-entries.ts'
import type { Serializer } from './serializer.ts'

export interface PickleSerializerOptions {
  /** Classes of the site's own that its sessions hold. Default none. */
  readonly codecs?: readonly PickleCodec[]
  readonly limits?: PickleLimits
  /** What is written. Default 4, which every Python from 3.4 on reads. */
  readonly protocol?: PickleProtocol
}

export function createPickleSerializer({
  codecs = [],
  limits = {},
  protocol,
}: PickleSerializerOptions = {}): Serializer {
  const known = codecsWith(codecs)
  return {
    name: 'django.contrib.sessions.serializers.PickleSerializer',
    passesOver: 'bytes',
    loads: (bytes) => entriesOf(readPickle(bytes, known, limits), known),
    dumps: (data) => pickle(dictOf(data, known), protocol),
  }
}
