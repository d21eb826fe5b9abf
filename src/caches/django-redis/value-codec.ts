/**
 * Sessions as django-redis keeps them: an int as its digits, anything else by the serializer and then the compressor.
 *
 *     80 04 95 12 00 … 2e                                      PickleSerializer, the default
 *     {"_auth_user_id": "7"}                                   JSONSerializer
 *     78 9c ab 56 8a 4f 2c 2d … 75                             the same behind ZlibCompressor
 *
 * @see django_redis/client/default.py DefaultClient.encode, decode
 */
import { DjangoBridgeError, SerializationError } from '../../errors.ts'
import { OverLimit } from '../../over-limit.ts'
import { djangoRedisJsonSerializer } from '../../serializers/django-redis-json.ts'
import { createMsgpackSerializer } from '../../serializers/msgpack-serializer.ts'
import { createPickleSerializer, type PickleSerializerOptions } from '../../serializers/pickle-serializer.ts'
import type { Serializer } from '../../serializers/serializer.ts'
import type { CacheCodec } from '../cache.ts'
import type { Compressor } from './compressors.ts'
import { createHerdSerializer } from './herd.ts'

export interface FormatOptions {
  readonly pickle: PickleSerializerOptions
  readonly now: () => Date
  /** Whether HerdClient writes the values. */
  readonly isHerd: boolean
}

/** Serializers by Django's dotted path. */
export const SERIALIZERS: ReadonlyMap<string, (options: FormatOptions) => Serializer> = new Map(
  Object.entries<(options: FormatOptions) => Serializer>({
    'django_redis.serializers.pickle.PickleSerializer': ({ pickle, now, isHerd }) =>
      isHerd ? createHerdSerializer(pickle, now) : createPickleSerializer(pickle),
    'django_redis.serializers.json.JSONSerializer': () => djangoRedisJsonSerializer,
    'django_redis.serializers.msgpack.MSGPackSerializer': ({ pickle }) => createMsgpackSerializer(pickle),
  }),
)

export const DEFAULT_SERIALIZER = 'django_redis.serializers.pickle.PickleSerializer'

export interface ValueLimits {
  /** Bytes of one value, as it is stored. */
  readonly stored: number
  /** Bytes of one value, once it is decompressed. */
  readonly content: number
}

/** @param writer the serializer, with a mark or without */
export function djangoRedisCodec(
  serializer: Serializer,
  writer: Serializer,
  compressor: Compressor,
  limits: ValueLimits,
): CacheCodec {
  function loads(bytes: Uint8Array): ReturnType<Serializer['loads']> {
    checkLength(bytes, limits.stored)
    if (isInt(bytes)) throw new SerializationError('The stored value is an int, which is no session.')
    return serializer.loads(compressor.decompress(bytes))
  }

  return {
    marksWrites: writer !== serializer,
    encode(data) {
      const content = writer.dumps(data)
      const bytes = compressor.compress(content)
      // What could not be read again must not be written.
      checkLength(content, limits.content)
      checkLength(bytes, limits.stored)
      return { bytes }
    },
    decode({ bytes }) {
      try {
        return { data: loads(bytes) }
      } catch (error) {
        if (error instanceof DjangoBridgeError) return { error }
        throw error
      }
    },
  }
}

function checkLength(bytes: Uint8Array, limit: number): void {
  if (bytes.length <= limit) return
  throw new OverLimit(`A session of ${bytes.length} bytes is over the limit of ${limit} (options.limits).`)
}

/** Whether Python's int() takes the bytes, spaces and underscores included: tried before all else. */
function isInt(bytes: Uint8Array): boolean {
  const [first = 0] = bytes
  // No pickle, MessagePack map, JSON object or compressed value begins so.
  if (first > 0x39) return false
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  return INT.test(text) && text.replace(/\D/g, '').length <= MOST_DIGITS
}

const INT = /^[ \t\n\v\f\r]*[+-]?\d+(?:_\d+)*[ \t\n\v\f\r]*$/
/** @see CPython sys.int_info.default_max_str_digits */
const MOST_DIGITS = 4300
