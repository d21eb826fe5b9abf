/**
 * Mirrors django_redis/compressors: what COMPRESSOR names. Each writes what is long enough, and takes whatever it cannot
 * decompress for a value that was never compressed.
 */
import * as zlib from 'node:zlib'
import { constants, deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib'
import { isNotFound, missingPackage, type SerializationError } from '../../errors.ts'
import { isTooLarge, OverLimit } from '../../over-limit.ts'
import { lz4Frame } from './lz4-frame.ts'
import { xzStream } from './xz-stream.ts'

export interface Compressor {
  compress(bytes: Uint8Array): Uint8Array
  /** @throws SerializationError for more than `limit` bytes */
  decompress(bytes: Uint8Array): Uint8Array
}

/** A compressor, ready once its package is loaded. */
export interface CompressorKind {
  /** The optional package that it needs. */
  readonly packageName?: string
  open(limit: number): Promise<Compressor>
}

/** Shorter values are written as they are; in every release and every compressor but lzma's, which is read only. */
const MIN_LENGTH = 15

const KINDS: Readonly<Record<string, CompressorKind>> = {
  'identity.IdentityCompressor': { open: async () => ({ compress: unchanged, decompress: unchanged }) },
  'zlib.ZlibCompressor': built((bytes) => deflateSync(bytes), inflateSync),
  'gzip.GzipCompressor': built((bytes) => gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }), gunzipSync),
  'zstd.ZStdCompressor': built((bytes) => zlib.zstdCompressSync(bytes), zlib.zstdDecompressSync),
  // What these two would write is stored uncompressed, which they read as well.
  'lz4.Lz4Compressor': {
    packageName: 'lz4-napi',
    async open(limit) {
      const { decompressFrameSync } = await importLz4()
      return { compress: unchanged, decompress: bounded(limit, lz4Frame, decompressFrameSync) }
    },
  },
  'lzma.LzmaCompressor': {
    packageName: '@napi-rs/lzma',
    async open(limit) {
      const { xz } = await importLzma()
      return { compress: unchanged, decompress: bounded(limit, xzStream, xz.decompressSync) }
    },
  },
}

const PATH = 'django_redis.compressors.'
export const IDENTITY: string = `${PATH}identity.IdentityCompressor`
export const COMPRESSORS: readonly string[] = Object.keys(KINDS).map((name) => PATH + name)

/** @param name Django's dotted path; undefined for one that is not known */
export function compressorKind(name: string): CompressorKind | undefined {
  return name.startsWith(PATH) && Object.hasOwn(KINDS, name.slice(PATH.length))
    ? KINDS[name.slice(PATH.length)]
    : undefined
}

function built(
  compress: (bytes: Uint8Array) => Buffer,
  decompress: (bytes: Uint8Array, options: { maxOutputLength: number }) => Buffer,
): CompressorKind {
  return {
    open: async (limit) => ({
      compress: (bytes) => (bytes.length > MIN_LENGTH ? compress(bytes) : bytes),
      decompress(bytes) {
        try {
          return decompress(bytes, { maxOutputLength: limit })
        } catch (error) {
          if (isTooLarge(error)) throw overLimit()
          return bytes
        }
      },
    }),
  }
}

function unchanged(bytes: Uint8Array): Uint8Array {
  return bytes
}

/** For a package that knows no limit: what its output can be at most is found out before. */
function bounded(
  limit: number,
  measure: (bytes: Buffer) => { readonly length: number; readonly bound: number } | null,
  decompress: (bytes: Buffer) => Buffer,
): Compressor['decompress'] {
  return (given) => {
    const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength)
    const measured = measure(bytes)
    if (measured === null) return given
    if (measured.bound > limit) throw overLimit()
    const content = decompressed(bytes.subarray(0, measured.length), decompress) ?? given
    if (content.length > limit) throw overLimit()
    return content
  }
}

function decompressed(bytes: Buffer, decompress: (bytes: Buffer) => Buffer): Buffer | null {
  try {
    return decompress(bytes)
  } catch {
    return null
  }
}

function overLimit(): SerializationError {
  return new OverLimit('The stored value is over the limit once it is decompressed.')
}

// Literal names, each in a `try`: bundlers then take the package in where it is installed, and go without where it is not.
async function importLz4(): Promise<typeof import('lz4-napi')> {
  try {
    return await import('lz4-napi')
  } catch (error) {
    throw isNotFound(error) ? missingPackage('lz4-napi', `OPTIONS.COMPRESSOR ${PATH}lz4.Lz4Compressor`) : error
  }
}

async function importLzma(): Promise<typeof import('@napi-rs/lzma')> {
  try {
    return await import('@napi-rs/lzma')
  } catch (error) {
    throw isNotFound(error) ? missingPackage('@napi-rs/lzma', `OPTIONS.COMPRESSOR ${PATH}lzma.LzmaCompressor`) : error
  }
}
