/**
 * Sessions as pickles. Mirrors PickleSerializer of django/contrib/sessions/serializers.py, which Django had up to 4.2
 * and sites on newer versions keep a copy of.
 *
 * A session is one pickle: what two of its values share stays shared. A key that is no text is kept with its value, and
 * shows under no name.
 */
import { SerializationError } from '../errors.ts'
import { codecsWith } from '../python/pickle/codecs/built-in.ts'
import type { PickleCodec, PickleCodecs } from '../python/pickle/pickle-codec.ts'
import { malformed, type PickleLimits } from '../python/pickle/pickle-limits.ts'
import type { PickleNode } from '../python/pickle/pickle-node.ts'
import { readPickle } from '../python/pickle/pickle-reader.ts'
import { PickledValue } from '../python/pickle/pickled-value.ts'
import { type PickleProtocol, pickle } from '../python/pickle/pickler.ts'
import { ValueNodes } from '../python/pickle/value-node.ts'
import {
  type Encoded,
  hiddenName,
  isEncoded,
  isHiddenName,
  type NewValue,
  type Serializer,
  type SessionData,
} from './serializer.ts'

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
    loads: (bytes) => entriesOf(readPickle(bytes, known, limits), known),
    dumps: (data) => pickle(dictOf(data, known), protocol),
  }
}

/** The value of a key that is no text, with the key. */
class HiddenEntry extends PickledValue {
  readonly key: PickleNode

  constructor(key: PickleNode, node: PickleNode, codecs: PickleCodecs) {
    super(node, codecs)
    this.key = key
  }
}

function entriesOf(root: PickleNode, codecs: PickleCodecs): ReadonlyMap<string, Encoded> {
  if (typeof root !== 'object' || root === null || root.kind !== 'dict') throw malformed('a session is a dict')
  const data = new Map<string, Encoded>()
  for (const [place, key] of root.keys.entries()) {
    const value = root.values[place] ?? null
    if (typeof key !== 'string') data.set(hiddenName(place), new HiddenEntry(key, value, codecs))
    else if (isHiddenName(key)) throw malformed('a name of a session is one that this library keeps for itself')
    else data.set(key, new PickledValue(value, codecs))
  }
  return data
}

function dictOf(data: SessionData, codecs: PickleCodecs): PickleNode {
  const nodes = new ValueNodes(codecs)
  const keys: PickleNode[] = []
  const values: PickleNode[] = []
  for (const [name, value] of data) {
    keys.push(keyOf(name, value))
    values.push(nodeOf(value, nodes, name))
  }
  return { kind: 'dict', keys, values }
}

function keyOf(name: string, value: Encoded | NewValue): PickleNode {
  if (!isHiddenName(name)) return name
  if (value instanceof HiddenEntry) return value.key
  throw new SerializationError('A session cannot have a name that this library keeps for itself.')
}

function nodeOf(value: Encoded | NewValue, nodes: ValueNodes, name: string): PickleNode {
  if (value instanceof PickledValue) return value.node
  if (isEncoded(value)) return nodes.nodeAt(name, value.exact?.() ?? value.decode())
  return nodes.nodeAt(name, value.value, value.like instanceof PickledValue ? value.like.node : undefined)
}
