/** From SESSION_SERIALIZER to the serializer. */
import { named, SettingsError } from '../errors.ts'
import { jsonSerializer } from './json.ts'
import { createPickleSerializer, type PickleSerializerOptions } from './pickle-serializer.ts'
import type { Serializer } from './serializer.ts'
import { type SiteSerializer, serializerOfSite } from './site-serializer.ts'

export interface SerializerOptions {
  readonly serializer?: SiteSerializer
  readonly pickle?: PickleSerializerOptions
}

/**
 * @param name Django's dotted path. Sites on Django 5 and newer keep a PickleSerializer of their own: any path that
 * ends so is read as one
 * @throws SettingsError for a class that only Python has
 */
export function chooseSerializer(name: string, { serializer, pickle }: SerializerOptions): Serializer {
  if (serializer !== undefined) return serializerOfSite(name, serializer)
  if (name === jsonSerializer.name) return jsonSerializer
  if (/(^|\.)PickleSerializer$/.test(name)) return createPickleSerializer(pickle)
  throw new SettingsError(
    `SESSION_SERIALIZER ${named(name)} is not supported; supported: ${jsonSerializer.name}, any class named ` +
      'PickleSerializer, and any other with options.serializer, which does the same in JavaScript.',
  )
}
