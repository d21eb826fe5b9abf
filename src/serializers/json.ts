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
import {
  type Encoded,
  isEncoded,
  isHiddenName,
  type NewValue,
  type Serializer,
  type SessionData,
} from './serializer.ts'

export const jsonSerializer: Serializer = {
  name: 'django.contrib.sessions.serializers.JSONSerializer',
  passesOver: 'spaces',
  loads: (bytes) => membersOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')),
  // Text that came in as latin-1 goes out as the same bytes.
  dumps: (data) => Buffer.from(textOf(data), 'latin1'),
}

/** The values of a session by the text of its object. @throws SerializationError */
export function membersOf(text: string): ReadonlyMap<string, Encoded> {
  const data = new Map<string, Encoded>()
  for (const [key, member] of splitPythonObject(text)) data.set(key, new JsonText(member))
  return data
}

/**
 * The text of a session's object, without spaces where it is new.
 * @param plain makes of a value what JSON can hold
 * @throws SerializationError
 */
export function textOf(data: SessionData, plain: (value: unknown) => unknown = itself): string {
  return formatPythonMembers(Array.from(data, ([key, value]) => [nameOf(key), valueText(value, plain)] as const))
}

const itself = (value: unknown): unknown => value

function nameOf(key: string): string {
  if (isHiddenName(key)) throw new SerializationError('JSON cannot hold a key of a session that is no text.')
  return key
}

function valueText(value: Encoded | NewValue, plain: (value: unknown) => unknown): string {
  if (isEncoded(value)) {
    return value instanceof JsonText ? value.text : encodeNew(plain(value.exact?.() ?? value.decode()))
  }
  const like = value.like instanceof JsonText ? value.like : spelled(value.like, plain)
  return like === null ? encodeNew(plain(value.value)) : like.encode(plain(value.value))
}

/** What another format held, as this one spells it: its floats stay floats. Null for nothing, and what JSON cannot hold. */
function spelled(like: Encoded | undefined, plain: (value: unknown) => unknown): JsonText | null {
  if (like === undefined) return null
  try {
    return new JsonText(encodeNew(plain(like.exact?.() ?? like.decode())))
  } catch (error) {
    if (error instanceof SerializationError) return null
    throw error
  }
}
