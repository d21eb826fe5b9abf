/** A session's values as python-fixtures/vectors/described.py tells them. */
import { readPickle } from '../../../src/python/pickle/pickle-reader.ts'
import { formatPickle } from '../../../src/python/pickle/pickle-writer.ts'
import type { Serializer, SessionData } from '../../../src/serializers/serializer.ts'
import { describeNode } from './described-node.ts'

export function told(data: SessionData, serializer: Serializer): unknown {
  if (serializer.name.endsWith('PickleSerializer')) return describeNode(readPickle(serializer.dumps(data)))
  const values = Array.from(data, ([key, value]) => {
    return [key, 'decode' in value ? (value.exact?.() ?? value.decode()) : value.value] as const
  })
  return describeNode(readPickle(formatPickle(new Map(values))))
}
