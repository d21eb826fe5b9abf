/**
 * Sessions in the packing of django-redis's HerdClient, which keeps a value for CACHE_HERD_TIMEOUT seconds longer than
 * it is good. What is written is not packed, which HerdClient reads as well.
 *
 *     (django_redis.client.herd.Marker(), {"_auth_user_id": "7"}, 1796083200)
 *
 * @see django_redis/client/herd.py HerdClient._pack, _unpack
 */
import { SerializationError } from '../../errors.ts'
import { codecsWith } from '../../python/pickle/codecs/built-in.ts'
import type { PickleCodec } from '../../python/pickle/pickle-codec.ts'
import { isObjectNode, type PickleNode } from '../../python/pickle/pickle-node.ts'
import { readPickle } from '../../python/pickle/pickle-reader.ts'
import { entriesOf } from '../../serializers/dict-entries.ts'
import { createPickleSerializer, type PickleSerializerOptions } from '../../serializers/pickle-serializer.ts'
import type { Serializer } from '../../serializers/serializer.ts'

const MARKER = { module: 'django_redis.client.herd', name: 'Marker' } as const
const markerCodec: PickleCodec<object> = { classes: [MARKER], decode: () => Object.freeze({}) }

export function createHerdSerializer(options: PickleSerializerOptions, now: () => Date): Serializer {
  const known = codecsWith([markerCodec, ...(options.codecs ?? [])])
  return {
    ...createPickleSerializer(options),
    loads: (bytes) => entriesOf(unpacked(readPickle(bytes, known, options.limits), now), known),
  }
}

function unpacked(root: PickleNode, now: () => Date): PickleNode {
  if (!isObjectNode(root) || root.kind !== 'tuple') return root
  const [marker, value = null, end] = root.items
  const isMarked = isObjectNode(marker) && marker.kind === 'instance' && marker.of.name === MARKER.name
  if (!isMarked || root.items.length !== 3 || typeof end !== 'number') return root
  // Django gives such a value to some and nothing to others, so that one of them makes it anew.
  if (end < Math.floor(now().getTime() / 1000)) throw new SerializationError('The herded value has ended.')
  return value
}
