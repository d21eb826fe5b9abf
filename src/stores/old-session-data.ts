/**
 * The text of a session before Django 3.1, and with DEFAULT_HASHING_ALGORITHM = 'sha1' in 3.1 and 3.2. Mirrors
 * SessionBase._legacy_encode and _legacy_decode of django/contrib/sessions/backends/base.py of those.
 *
 *     ZWQ2MTc4OGQwNTBkMjZjNDJmOGRiYWMzNmU1ZjdlMDA2Zjk3NGI1YTp7ImEiOjF9
 *
 * is base64 of `ed61788d050d26c42f8dbac36e5f7e006f974b5a:{"a":1}`: HMAC-SHA1, salt "django.contrib.sessionsSessionStore".
 */
import { createHmac, type KeyObject } from 'node:crypto'
import { BadSignature, SerializationError } from '../errors.ts'
import type { Encoded, Serializer, SessionData } from '../serializers/serializer.ts'
import { decodeStandardBase64 } from '../signing/base64.ts'
import { constantTimeCompare, deriveKey } from '../signing/salted-hmac.ts'
import type { SessionCodecOptions } from './session-data.ts'

export interface OldSessionCodec {
  /** @throws SerializationError for more than `decode` would read */
  encode(data: SessionData): string
  /** @throws BadSignature for what is not of this format; SerializationError for good data that cannot be read */
  decode(text: string): ReadonlyMap<string, Encoded>
}

const OLD_SALT = 'django.contrib.sessionsSessionStore'
const COLON = 0x3a
const HASH_LENGTH = 40

export function createOldSessionCodec(options: SessionCodecOptions, serializer: Serializer): OldSessionCodec {
  // The newer salt has a point more. @see SessionBase.key_salt
  const salt = options.salt?.replace(/\.(?=[^.]*$)/, '') ?? OLD_SALT
  const longest = options.limits?.inputLength ?? 1 << 20
  // SHA-1 keys are derived when the first old session comes; most sites have none.
  let keys: readonly KeyObject[] | undefined
  const hashes = (bytes: Uint8Array): string[] => {
    keys ??= [options.SECRET_KEY, ...(options.SECRET_KEY_FALLBACKS ?? [])].map((key) => deriveKey(salt, key, 'sha1'))
    return keys.map((key) => createHmac('sha1', key).update(bytes).digest('hex'))
  }
  return {
    encode(data) {
      const bytes = serializer.dumps(data)
      const [hash = ''] = hashes(bytes)
      const text = Buffer.concat([Buffer.from(`${hash}:`), bytes]).toString('base64')
      if (text.length > longest) throw new SerializationError(`A session of ${bytes.length} bytes is over the limit.`)
      return text
    },
    decode(text) {
      if (text.length > longest) throw new BadSignature('The session data is too long.')
      const stored = standardBytes(text)
      const bytes = stored.subarray(HASH_LENGTH + 1)
      const hash = stored.toString('latin1', 0, HASH_LENGTH)
      if (stored[HASH_LENGTH] !== COLON || !hashes(bytes).some((own) => constantTimeCompare(hash, own))) {
        throw new BadSignature('The signature does not match.')
      }
      return serializer.loads(bytes)
    },
  }
}

function standardBytes(text: string): Buffer {
  try {
    return decodeStandardBase64(text)
  } catch {
    throw new BadSignature('The session data is not base64.')
  }
}
