/** Python's pickle.loads, for the values on a fixed list and those that codecs add. */
import { PickleForbidden } from '../../errors.ts'
import { loneFloat } from '../lone-float.ts'
import { builtInCodecs, codecsWith } from './codecs/built-in.ts'
import { checkGraph } from './graph-check.ts'
import { nodeReader, nodeToValue } from './node-value.ts'
import type { PickleCodec, PickleCodecs } from './pickle-codec.ts'
import { DEFAULT_PICKLE_LIMITS, type PickleLimits } from './pickle-limits.ts'
import type { PickleNode } from './pickle-node.ts'
import { unpickle } from './unpickler.ts'

export interface PickleOptions {
  /** Classes of the site's own. Default none. */
  readonly codecs?: readonly PickleCodec[]
  readonly limits?: PickleLimits
}

/**
 * Plain JavaScript where it has the value: None is null, an int beyond 2**53 a bigint, bytes a Uint8Array, a dict with
 * other keys than text a Map. What it has not is a small class: `PyTuple`, `PyDateTime`, `PyDecimal` …
 * A whole float by itself, `1.0`, is a PyFloat.
 * @throws PickleForbidden for a class or function that is not allowed; SerializationError for bytes that Python would
 * not read either, for a value that contains itself, and beyond the limits
 */
export function parsePickle(bytes: Uint8Array, { codecs = [], limits }: PickleOptions = {}): unknown {
  const known = codecsWith(codecs)
  const root = readPickle(bytes, known, limits)
  const isFloat = typeof root === 'object' && root !== null && root.kind === 'float'
  return isFloat ? loneFloat(root.value) : nodeToValue(root, known)
}

/** As `parsePickle`, but the nodes: all that is in them can be read, but for what is made by a class that is not known. */
export function readPickle(bytes: Uint8Array, codecs: PickleCodecs = builtInCodecs, given?: PickleLimits): PickleNode {
  const limits = given === undefined ? DEFAULT_PICKLE_LIMITS : { ...DEFAULT_PICKLE_LIMITS, ...given }
  const root = unpickle(bytes, codecs, limits)
  const doubtful = checkGraph(root, limits)
  if (doubtful.length > 0) checkReadable(doubtful, codecs)
  return root
}

function checkReadable(nodes: readonly PickleNode[], codecs: PickleCodecs): void {
  const read = nodeReader(codecs)
  for (const node of nodes) {
    try {
      read(node)
    } catch (error) {
      // Whoever asks for that value is told.
      if (!(error instanceof PickleForbidden)) throw error
    }
  }
}
