/** The session auth hash. Mirrors AbstractBaseUser.get_session_auth_hash of django/contrib/auth/base_user.py. */
import { needKey, saltedHmac } from '../signing/salted-hmac.ts'

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
  return saltedHmac(SALT, password, needKey(secretKey), { algorithm: options.algorithm ?? 'sha256' }).toString('hex')
}
