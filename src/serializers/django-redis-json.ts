/**
 * Sessions as JSON in a cache. Mirrors JSONSerializer of django_redis/serializers/json.py: UTF-8 is read, ASCII written,
 * with spaces behind `,` and `:`, and by Django's encoder, which knows dates and decimals.
 *
 *     {"cart": ["pear"], "total": 1.0, "since": "2026-07-01T12:00:00.250Z"}
 */
import { SerializationError } from '../errors.ts'
import { plainForDjangoJson } from '../python/django-json.ts'
import { withSpaces } from '../python/json-spaces.ts'
import { membersOf, textOf } from './json.ts'
import type { Serializer } from './serializer.ts'

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export const djangoRedisJsonSerializer: Serializer = {
  name: 'django_redis.serializers.json.JSONSerializer',
  passesOver: 'spaces',
  loads: (bytes) => membersOf(asciiOf(bytes)),
  dumps: (data) => Buffer.from(withSpaces(textOf(data, plainForDjangoJson))),
}

/** Text that is ASCII whoever wrote it: what is not can only stand inside a string, where an escape means the same. */
function asciiOf(bytes: Uint8Array): string {
  return decoded(bytes).replace(/\\[\s\S]|[\u0080-\uffff]/g, (part) => {
    if (part.length === 1) return `\\u${part.charCodeAt(0).toString(16).padStart(4, '0')}`
    // A backslash before é would become an escaped backslash, and text.
    if (part.charCodeAt(1) >= 0x80) throw new SerializationError('The JSON has an invalid escape.')
    return part
  })
}

function decoded(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes)
  } catch {
    throw new SerializationError('The JSON is not UTF-8.')
  }
}
