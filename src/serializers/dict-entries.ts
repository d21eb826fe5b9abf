/** Sessions as one dict of Python's values, whatever bytes it came from. A key that is no text is kept unseen. */
import { PickleForbidden, SerializationError } from '../errors.ts'
import { forbiddenIn, holdsOpaque, isOpaque } from '../python/pickle/opaque.ts'
import type { PickleCodecs } from '../python/pickle/pickle-codec.ts'
import { isObjectNode, type PickleNode } from '../python/pickle/pickle-node.ts'
import { PickledValue } from '../python/pickle/pickled-value.ts'
import { ValueNodes } from '../python/pickle/value-node.ts'
import { type Encoded, hiddenName, isEncoded, isHiddenName, type NewValue, type SessionData } from './serializer.ts'

/** The value of a key that is no text, with the key. */
class HiddenEntry extends PickledValue {
  readonly key: PickleNode

  constructor(key: PickleNode, node: PickleNode, codecs: PickleCodecs) {
    super(node, codecs)
    this.key = key
  }
}

/** What a login and a session's end depend on: nobody is let in, and no session outlives its end, by a guess. */
const NEEDED: ReadonlySet<string> = new Set([
  '_auth_user_id',
  '_auth_user_backend',
  '_auth_user_hash',
  '_session_expiry',
])

/**
 * Values of classes that are not known stay as they are; only `decode` of such a one throws.
 * @throws SerializationError for what is no session; PickleForbidden where a login or the expiry is of such a class
 */
export function entriesOf(root: PickleNode, codecs: PickleCodecs): ReadonlyMap<string, Encoded> {
  if (isOpaque(root) && isObjectNode(root)) throw new PickleForbidden(forbiddenIn(root))
  if (typeof root !== 'object' || root === null || root.kind !== 'dict') throw noSession('a session is a dict')
  const data = new Map<string, Encoded>()
  for (const [place, key] of root.keys.entries()) {
    const value = root.values[place] ?? null
    if (typeof key !== 'string') data.set(hiddenName(place), new HiddenEntry(key, value, codecs))
    else if (isHiddenName(key)) throw noSession('a name in it is one that this library keeps for itself')
    else {
      if (NEEDED.has(key) && isObjectNode(value) && holdsOpaque(value)) throw new PickleForbidden(forbiddenIn(value))
      data.set(key, new PickledValue(value, codecs))
    }
  }
  return data
}

/** @throws SerializationError for a value that Python has none of */
export function dictOf(data: SessionData, codecs: PickleCodecs): PickleNode {
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

function noSession(what: string): SerializationError {
  return new SerializationError(`The stored value is no session: ${what}.`)
}
