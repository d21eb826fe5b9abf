/** Sessions as MessagePack. Mirrors MSGPackSerializer of django_redis/serializers/msgpack.py. */
import { readMsgpack } from '../python/msgpack-reader.ts'
import { writeMsgpack } from '../python/msgpack-writer.ts'
import { codecsWith } from '../python/pickle/codecs/built-in.ts'
import { dictOf, entriesOf } from './dict-entries.ts'
import type { PickleSerializerOptions } from './pickle-serializer.ts'
import type { Serializer } from './serializer.ts'

/** @param options what is known of Python's classes, for sessions that come from a pickle */
export function createMsgpackSerializer({ codecs = [], limits = {} }: PickleSerializerOptions = {}): Serializer {
  const known = codecsWith(codecs)
  return {
    name: 'django_redis.serializers.msgpack.MSGPackSerializer',
    loads: (bytes) => entriesOf(readMsgpack(bytes, limits), known),
    dumps: (data) => writeMsgpack(dictOf(data, known), known),
  }
}
