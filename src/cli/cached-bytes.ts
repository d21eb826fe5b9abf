/** A value of a cache: how it is compressed and serialized, and what is in it. */
import type { CacheCodec, CacheItem } from '../caches/cache.ts'
import { Explanation } from './explanation.ts'
import { decompress, type ReadContent, readAsOther, valuesOf } from './session-content.ts'

/** @param codec how the site's backend reads values */
export function explainItem(item: CacheItem, codec: CacheCodec): Explanation {
  const explanation = new Explanation('a session in a cache').note('bytes', String(item.bytes.length))
  const decoded = codec.decode(item)
  if ('data' in decoded) {
    explanation.data = decoded.data
    return explanation.show(valuesOf(decoded.data), true)
  }
  const found = readCached(item.bytes)
  if (found === null) return explanation.refuse('wrong_serializer', decoded.error.message)
  explanation.note('written as', found.how).show(valuesOf(found.data), true)
  return explanation.refuse(
    'wrong_serializer',
    `it was written as ${found.how}; the BACKEND or its OPTIONS differ from Django's (${decoded.error.message})`,
  )
}

/** @param bytes as a file or another program has them */
export function explainBytes(bytes: Uint8Array): Explanation {
  const explanation = new Explanation('bytes of a cache').note('bytes', String(bytes.length))
  const found = readCached(bytes)
  if (found === null)
    return explanation.refuse('unrecognised', 'no serializer and no compressor that is known wrote them')
  explanation.note('written as', found.how).show(valuesOf(found.data), false)
  return explanation.nothing('signature', 'the values of a cache have none, and nothing says that Django wrote them')
}

/** The ways in which a session may be wrapped, each tried by what it begins with. */
const WRAPPINGS: readonly { readonly how: string; unwrap(bytes: Buffer): Buffer | null }[] = [
  { how: '', unwrap: (bytes) => bytes },
  { how: 'zlib', unwrap: (bytes) => decompress('zlib', bytes) },
  { how: 'gzip', unwrap: (bytes) => decompress('gzip', bytes) },
  { how: 'zstd', unwrap: (bytes) => decompress('zstd', bytes) },
  { how: 'base64', unwrap: fromBase64 },
  { how: 'a file of FileBasedCache, zlib', unwrap: fromFile },
]

function readCached(given: Uint8Array): (ReadContent & { readonly how: string }) | null {
  const bytes = Buffer.from(given)
  for (const { how, unwrap } of WRAPPINGS) {
    const found = readAsOther(unwrap(bytes), null)
    if (found === null) continue
    const serializer = /pickle/i.test(found.name) ? 'pickle' : 'JSON'
    return { ...found, how: how === '' ? serializer : `${serializer} in ${how}` }
  }
  return null
}

function fromBase64(bytes: Buffer): Buffer | null {
  const text = bytes.toString('latin1').trim()
  return /^[A-Za-z0-9+/\s]+=*$/.test(text) ? Buffer.from(text, 'base64') : null
}

/** A pickle of a float or None, then a zlib stream. */
function fromFile(bytes: Buffer): Buffer | null {
  const end = bytes.indexOf('.', bytes.length > 12 && bytes[0] === 0x80 ? 11 : 0)
  for (const start of [end + 1, bytes.indexOf(0x78)]) {
    const inside = start > 0 ? decompress('zlib', bytes.subarray(start)) : null
    if (inside !== null) return inside
  }
  return null
}
