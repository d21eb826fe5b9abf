/** What stands inside a session's text or bytes, whoever wrote it, and by which serializer. */
import * as zlib from 'node:zlib'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { DjangoBridgeError } from '../errors.ts'
import { jsonSerializer } from '../serializers/json.ts'
import { createPickleSerializer } from '../serializers/pickle-serializer.ts'
import type { Encoded, Serializer } from '../serializers/serializer.ts'
import { sessionValues } from '../stores/session-data.ts'

export interface ReadContent {
  readonly name: string
  readonly data: ReadonlyMap<string, Encoded>
}

const MOST_BYTES = 8 << 20

/** The bytes inside a signed text, its signature unlooked at; null where they are no whole zlib stream. */
export function contentOf(text: string): Buffer | null {
  if (!text.includes(':')) return Buffer.from(text, 'base64').subarray(41)
  const [content = ''] = text.split(':')
  const bytes = Buffer.from(content.replace(/^\./, ''), 'base64url')
  return content.startsWith('.') ? decompress('zlib', bytes) : bytes
}

/** The first of Django's serializers, other than `except`, that reads these bytes. */
export function readAsOther(bytes: Uint8Array | null, except: Serializer | null): ReadContent | null {
  if (bytes === null) return null
  for (const serializer of [jsonSerializer, createPickleSerializer()]) {
    if (serializer.name === except?.name) continue
    try {
      return { name: serializer.name, data: serializer.loads(bytes) }
    } catch (error) {
      if (!(error instanceof DjangoBridgeError)) throw error
    }
  }
  return null
}

/** Values for people; one that only Python can hold is told by its error. */
export function valuesOf(data: ReadonlyMap<string, Encoded>): Record<string, unknown> {
  const told: Record<string, unknown> = {}
  for (const [name, value] of data) {
    Object.defineProperty(told, name, { value: shownValue(name, value), enumerable: true })
  }
  return told
}

function shownValue(name: string, value: Encoded): unknown {
  try {
    return sessionValues(new Map([[name, value]])).get(name)
  } catch (error) {
    if (error instanceof DjangoBridgeError) return `(not shown: ${error.message})`
    throw error
  }
}

type Compressor = 'zlib' | 'gzip' | 'zstd' | 'brotli'

const DECOMPRESSORS: Readonly<Record<Compressor, (bytes: Uint8Array, limit: { maxOutputLength: number }) => Buffer>> = {
  zlib: inflateSync,
  gzip: gunzipSync,
  zstd: zlib.zstdDecompressSync,
  brotli: brotliDecompressSync,
}

/** Null for bytes that are no whole stream of this kind, or more than 8 MiB. */
export function decompress(kind: Compressor, bytes: Uint8Array): Buffer | null {
  try {
    return DECOMPRESSORS[kind](bytes, { maxOutputLength: MOST_BYTES })
  } catch {
    return null
  }
}
