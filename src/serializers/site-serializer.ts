/** A serializer of the site's own, which knows whole sessions as plain objects. */
import { isDeepStrictEqual } from 'node:util'
import { SerializationError, SettingsError } from '../errors.ts'
import { setOwn } from '../python/json-tree.ts'
import { synchronous } from '../unheard.ts'
import { type Encoded, isEncoded, type Serializer } from './serializer.ts'

export interface SiteSerializer {
  /** @param session all its values, by their names */
  dumps(session: Record<string, unknown>): Uint8Array
  /** The session, made anew on every call. What it throws makes the session unreadable. */
  loads(bytes: Uint8Array): Readonly<Record<string, unknown>>
}

export function serializerOfSite(name: string, site: SiteSerializer): Serializer {
  return {
    name,
    loads(bytes) {
      const session = read(site, bytes)
      const valueAt = (key: string): unknown => read(site, bytes)[key]
      return new Map(Object.keys(session).map((key): [string, Encoded] => [key, new SiteValue(() => valueAt(key))]))
    },
    dumps(data) {
      const session: Record<string, unknown> = {}
      for (const [key, value] of data) setOwn(session, key, isEncoded(value) ? value.decode() : value.value)
      return synchronous(site.dumps(session), asyncSerializer)
    },
  }
}

class SiteValue implements Encoded {
  readonly decode: () => unknown

  constructor(decode: () => unknown) {
    this.decode = decode
  }

  same(value: unknown): boolean {
    return isDeepStrictEqual(value, this.decode())
  }
}

function read(site: SiteSerializer, bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let session: unknown
  try {
    session = site.loads(bytes)
  } catch {
    // Its message may hold what it could not read.
    throw new SerializationError('The serializer of the site cannot read a session.')
  }
  synchronous(session, asyncSerializer)
  if (typeof session !== 'object' || session === null || Array.isArray(session)) {
    throw new SerializationError('The serializer of the site read a session that is no object.')
  }
  return session as Readonly<Record<string, unknown>>
}

function asyncSerializer(): SettingsError {
  return new SettingsError('options.serializer is synchronous: dumps returns bytes and loads an object, not promises.')
}
