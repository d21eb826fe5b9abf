/**
 * Sessions as JSON. Mirrors JSONSerializer of django/core/signing.py, which reads a session's bytes as latin-1 and
 * writes ASCII only.
 *
 *     {"cart":["pear"],"total":1.0}
 */
import { SerializationError } from '../errors.ts'
import { encodeNew } from '../python/encode-like.ts'
import { splitPythonObject } from '../python/json-reader.ts'
import { JsonText } from '../python/json-text.ts'
import { formatPythonMembers } from '../python/json-writer.ts'
import { type Encoded, isEncoded, isHiddenName, type NewValue, type Serializer } from './serializer.ts'

export const jsonSerializer: Serializer = {
  name: 'django.contrib.sessions.serializers.JSONSerializer',

  loads(bytes) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
    const data = new Map<string, Encoded>()
    for (const [key, member] of splitPythonObject(text)) data.set(key, new JsonText(member))
    return data
  },

  dumps(data) {
    const members = Array.from(data, ([key, value]) => [nameOf(key), valueText(value)] as const)
    // Text that came in as latin-1 goes out as the same bytes.
    return Buffer.from(formatPythonMembers(members), 'latin1')
  },
}

function nameOf(key: string): string {
  if (isHiddenName(key)) throw new SerializationError('JSON cannot hold a key of a session that is no text.')
  return key
}

function valueText(value: Encoded | NewValue): string {
  if (isEncoded(value)) return value instanceof JsonText ? value.text : encodeNew(value.exact?.() ?? value.decode())
  return value.like instanceof JsonText ? value.like.encode(value.value) : encodeNew(value.value)
}
