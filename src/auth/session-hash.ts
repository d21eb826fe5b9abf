/** The session auth hash. Mirrors AbstractBaseUser.get_session_auth_hash of django/contrib/auth/base_user.py. */
import type { KeyObject } from 'node:crypto'
import { hmacSha256 } from '../signing/hmac-sha256.ts'
import { deriveKey, needKey, saltedHmac } from '../signing/salted-hmac.ts'

const SALT = 'django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash'

/**
 * 64 hexadecimal digits that change with the user's password and the site's SECRET_KEY.
 * @param password the `password` column as Django stores it (`pbkdf2_sha256$…`), not the password itself
 * @param options `algorithm`: `sha1`, of 40 digits, is what Django had before 3.1
 * @throws TypeError for a key that is missing or empty
 */
export function sessionAuthHash(
  password: string,
  secretKey: string | Uint8Array,
  options: { algorithm?: 'sha256' | 'sha1' } = {},
): string {
  const { algorithm = 'sha256' } = options
  if (algorithm === 'sha256' && typeof secretKey === 'string') return hmacSha256(keyFrom(secretKey), password, 'hex')
  return saltedHmac(SALT, password, needKey(secretKey), { algorithm }).toString('hex')
}

/** Keys that hashes of this process were made with; a site has one, and a few older ones. */
const derivedKeys = new Map<string, KeyObject>()
const MAX_DERIVED_KEYS = 16

function keyFrom(secretKey: string): KeyObject {
  let key = derivedKeys.get(secretKey)
  if (key === undefined) {
    key = deriveKey(SALT, needKey(secretKey), 'sha256')
    if (derivedKeys.size === MAX_DERIVED_KEYS) derivedKeys.clear()
    derivedKeys.set(secretKey, key)
  }
  return key
}
