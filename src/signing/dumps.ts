/**
 * Mirrors dumps and loads of django/core/signing.py: URL-safe, signed and dated JSON.
 *
 * `ImhlbGxvIg:1QaUZC:YIye-ze3TTx7gtSv422nZA4sgmk` is the shape: content, time, signature.
 */

import { formatPythonJson } from '../python/json-writer.ts'
import { parsePythonJson } from '../python/lone-float.ts'
import type { ObjectSerializer, SignerOptions } from './signer.ts'
import { type MaxAge, TimestampSigner, type TimestampSignerOptions } from './timestamp-signer.ts'

/** Python's compact JSON, ASCII only, its bytes read as latin-1. @see django/core/signing.py JSONSerializer */
export const jsonObjectSerializer: ObjectSerializer<unknown> = {
  dumps: (value) => Buffer.from(formatPythonJson(value), 'latin1'),
  loads: (bytes) => parsePythonJson(Buffer.from(bytes).toString('latin1')),
}

export interface DumpsOptions extends Omit<TimestampSignerOptions, 'sep' | 'fallbackKeys'> {
  /** Default `django.core.signing`. */
  readonly salt?: string
  readonly serializer?: ObjectSerializer<unknown>
  /** Compresses where that makes the text shorter. Default false. */
  readonly compress?: boolean
}

export interface LoadsOptions extends Omit<DumpsOptions, 'compress'> {
  readonly fallbackKeys?: NonNullable<SignerOptions['fallbackKeys']>
  readonly maxAge?: MaxAge
}

const SALT = 'django.core.signing'

/** @throws SerializationError for a value that JSON cannot hold */
export function dumps(value: unknown, options: DumpsOptions): string {
  const { serializer = jsonObjectSerializer, compress = false } = options
  return new TimestampSigner({ ...options, salt: options.salt ?? SALT }).signObject(value, { serializer, compress })
}

/**
 * The value that was signed; a whole float by itself, `1.0`, is a PyFloat.
 * @throws BadSignature, SignatureExpired, SerializationError
 */
export function loads(signed: string, options: LoadsOptions): unknown {
  const { serializer = jsonObjectSerializer, maxAge, ...signer } = options
  return new TimestampSigner({ ...signer, salt: options.salt ?? SALT }).unsignObject(signed, { serializer, maxAge })
}
