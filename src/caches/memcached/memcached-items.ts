/**
 * Sessions as pymemcache and pylibmc keep them: pickles, with the type of the value in Memcached's flags. The two agree
 * on what a session can be, and differ on numbers, which are none.
 *
 *     flags 1          b'\x80\x05\x95\x10…}\x94\x8c\x04cart\x94…'    a pickle
 *     flags 9 (1 | 8)  b'x\x9c\x6b\x60\x99…'                         the same, compressed by zlib
 *
 * @see pymemcache/serde.py python_memcache_deserializer, CompressedSerde; _pylibmcmodule.c _PylibMC_deserialize_native
 */
import { deflateSync, inflateSync } from 'node:zlib'
import { SerializationError } from '../../errors.ts'
import { isTooLarge, OverLimit } from '../../over-limit.ts'
import type { CacheCodec } from '../cache.ts'
import { type PickledItemsOptions, pickledItems } from '../pickled-items.ts'
import type { PythonClient } from './python-client.ts'

const PICKLE = 1
const COMPRESSED = 8
/** int or bool, int, text: what stands for another type than a pickle. */
const OTHER_TYPES = 2 | 4 | 16

export interface MemcachedItemsOptions extends PickledItemsOptions {
  readonly client: Pick<PythonClient, 'compressesFrom'>
}

export function memcachedItems({
  client,
  pickle = {},
  limits = {},
  marksWrites = true,
}: MemcachedItemsOptions): CacheCodec {
  const most = limits.inflatedLength ?? 8 << 20
  const plain = pickledItems({ pickle, limits, marksWrites })
  const inflated = pickledItems({ pickle, limits: { inputLength: most } })
  return {
    marksWrites,
    encode(data) {
      const { bytes } = plain.encode(data)
      if (client.compressesFrom === null || bytes.length < client.compressesFrom) return { bytes, flags: PICKLE }
      const compressed = deflateSync(bytes)
      if (compressed.length > bytes.length) return { bytes, flags: PICKLE }
      return { bytes: compressed, flags: PICKLE | COMPRESSED }
    },
    decode({ bytes, flags = 0 }) {
      if ((flags & PICKLE) === 0 || (flags & OTHER_TYPES) !== 0) {
        return { error: new SerializationError(`An item of Memcached with the flags ${flags} is no session.`) }
      }
      if ((flags & COMPRESSED) === 0) return plain.decode({ bytes })
      try {
        return inflated.decode({ bytes: inflateSync(bytes, { maxOutputLength: most }) })
      } catch (error) {
        const what = 'An item of Memcached is'
        if (isTooLarge(error)) return { error: new OverLimit(`${what} over the limit once it is decompressed.`) }
        return { error: new SerializationError(`${what} not a zlib stream.`) }
      }
    },
  }
}
