/** Python's pickle.dumps, for the values that the reader takes. */
import { codecsWith } from './codecs/built-in.ts'
import type { PickleCodec } from './pickle-codec.ts'
import { type PickleProtocol, pickle } from './pickler.ts'
import { ValueNodes } from './value-node.ts'

export interface FormatPickleOptions {
  /** Classes of the site's own. Default none. */
  readonly codecs?: readonly PickleCodec[]
  /** Default 4, which every Python from 3.4 on reads. */
  readonly protocol?: PickleProtocol
}

/**
 * A number that is a safe integer is an int, any other a float; `float(2)` is 2.0, a bigint an int, a plain object a
 * dict, a Uint8Array bytes. What `parsePickle` read keeps its types wherever it is unchanged.
 * @throws SerializationError naming the place and type of what cannot be pickled
 */
export function formatPickle(value: unknown, { codecs = [], protocol }: FormatPickleOptions = {}): Buffer {
  return pickle(new ValueNodes(codecsWith(codecs)).nodeOf(value), protocol)
}
