/**
 * Sessions as pickles of a dict, which is what Django's cache engines hand to every backend: SESSION_SERIALIZER has no
 * part in it. Mirrors RedisSerializer of django/core/cache/backends/redis.py as far as sessions go.
 *
 *     b'\x80\x05\x95\x10…}\x94\x8c\x04cart\x94…'    what Django's own RedisCache keeps for {'cart': …}
 *     b'5'                                            an int, which stands there as text and is no session
 */
import { DjangoBridgeError, SerializationError } from '../errors.ts'
import { OverLimit } from '../over-limit.ts'
import { createPickleSerializer, type PickleSerializerOptions } from '../serializers/pickle-serializer.ts'
import { marked } from '../serializers/write-mark.ts'
import type { SigningLimits } from '../signing/signer.ts'
import type { CacheCodec } from './cache.ts'

export interface PickledItemsOptions {
  readonly pickle?: PickleSerializerOptions
  /** `inputLength`: bytes of one item, as it is stored. Default 1 MiB. */
  readonly limits?: SigningLimits
  /** Default true; without, the bytes are Python's own. */
  readonly marksWrites?: boolean
}

export function pickledItems({ pickle = {}, limits = {}, marksWrites = true }: PickledItemsOptions = {}): CacheCodec {
  const plain = createPickleSerializer(pickle)
  const serializer = marksWrites ? marked(plain) : plain
  const most = limits.inputLength ?? 1 << 20
  const isTooLong = (bytes: Uint8Array): boolean => bytes.length > most
  return {
    marksWrites,
    encode(data) {
      const bytes = serializer.dumps(data)
      // What could not be read again must not be written.
      if (isTooLong(bytes)) {
        throw new SerializationError(
          `A session of ${bytes.length} bytes is over the limit of ${most} (options.limits).`,
        )
      }
      return { bytes }
    },
    decode({ bytes }) {
      if (isTooLong(bytes)) {
        return { error: new OverLimit(`The session is over the limit of ${most} bytes (options.limits).`) }
      }
      try {
        return { data: serializer.loads(bytes) }
      } catch (error) {
        if (error instanceof DjangoBridgeError) return { error }
        throw error
      }
    },
  }
}
