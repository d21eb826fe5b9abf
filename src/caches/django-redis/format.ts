/** From the OPTIONS of a django-redis cache to the format of its values. */
import { named, SettingsError } from '../../errors.ts'
import type { PickleProtocol } from '../../python/pickle/pickler.ts'
import type { PickleSerializerOptions } from '../../serializers/pickle-serializer.ts'
import { marked } from '../../serializers/write-mark.ts'
import type { SigningLimits } from '../../signing/signer.ts'
import type { CacheCodec } from '../cache.ts'
import { COMPRESSORS, type CompressorKind, compressorKind, IDENTITY } from './compressors.ts'
import { DEFAULT_SERIALIZER, djangoRedisCodec, type FormatOptions, SERIALIZERS } from './value-codec.ts'

export interface DjangoRedisFormat {
  /** The optional package that the compressor needs, and what asks for it. */
  readonly packageName: string | undefined
  readonly packageReason: string
  /** Loads the package. @throws DriverMissingError */
  open(): Promise<CacheCodec>
}

export interface DjangoRedisFormatOptions extends Omit<FormatOptions, 'pickle'> {
  readonly pickle?: PickleSerializerOptions
  /** `inputLength`: bytes of one value, as it is stored; `inflatedLength`: once it is decompressed. Default 1 and 8 MiB. */
  readonly limits?: SigningLimits
  /** Default true; without, the bytes are Python's own. */
  readonly marksWrites?: boolean
}

/** @throws SettingsError naming the cache and the option */
export function djangoRedisFormat(
  alias: string,
  options: Readonly<Record<string, unknown>>,
  { pickle = {}, limits = {}, now, isHerd, marksWrites = true }: DjangoRedisFormatOptions,
): DjangoRedisFormat {
  const serializerPath = pathIn(options, 'SERIALIZER', DEFAULT_SERIALIZER)
  const serializer = SERIALIZERS.get(serializerPath)
  if (serializer === undefined) throw unknown(alias, 'SERIALIZER', serializerPath, [...SERIALIZERS.keys()])
  if (isHerd && serializerPath !== DEFAULT_SERIALIZER) {
    throw new SettingsError(`CACHES.${named(alias)}: HerdClient packs values as pickles; it works with no SERIALIZER.`)
  }
  const compressorPath = pathIn(options, 'COMPRESSOR', IDENTITY)
  const compressor: CompressorKind | undefined = compressorKind(compressorPath)
  if (compressor === undefined) throw unknown(alias, 'COMPRESSOR', compressorPath, COMPRESSORS)
  const protocol = pickleProtocol(alias, options.PICKLE_VERSION)
  const format: FormatOptions = { pickle: { ...pickle, ...(protocol && { protocol }) }, now, isHerd }
  const most = { stored: limits.inputLength ?? 1 << 20, content: limits.inflatedLength ?? 8 << 20 }
  return {
    packageName: compressor.packageName,
    packageReason: `OPTIONS.COMPRESSOR ${compressorPath}`,
    async open() {
      const plain = serializer(format)
      return djangoRedisCodec(plain, marksWrites ? marked(plain) : plain, await compressor.open(most.content), most)
    },
  }
}

function pathIn(options: Readonly<Record<string, unknown>>, name: string, otherwise: string): string {
  const path = options[name]
  return path === undefined ? otherwise : String(path)
}

/**
 * What is written: every protocol is read. Those below 2 are written as 2, and the highest that Python has, which
 * differs between versions of it, as 4.
 * @see django_redis/serializers/pickle.py PickleSerializer.setup_pickle_version
 */
function pickleProtocol(alias: string, version: unknown): PickleProtocol | undefined {
  if (version === undefined) return undefined
  const protocol = typeof version === 'string' && version.trim() !== '' ? Number(version) : version
  if (typeof protocol !== 'number' || !Number.isInteger(protocol) || protocol > 5) {
    throw new SettingsError(`CACHES.${named(alias)}: OPTIONS.PICKLE_VERSION must be a whole number up to 5.`)
  }
  return protocol < 0 ? undefined : (Math.max(protocol, 2) as PickleProtocol)
}

function unknown(alias: string, option: string, path: string, known: readonly string[]): SettingsError {
  return new SettingsError(
    `CACHES.${named(alias)}: OPTIONS.${option} ${named(path)} is not supported; supported: ${known.join(', ')}.`,
  )
}
