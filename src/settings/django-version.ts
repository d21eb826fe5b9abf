/** The only file that knows what differs between versions of Django. */

/**
 * The oldest Django that shares the sessions, as its `get_version()` writes it: `5.2`, `5.2.19`, `6.1rc1`. After 6.2
 * Django is numbered by year: `2028`, and `2028.1` is its first patch release.
 */
export type DjangoVersion =
  | '2.2'
  | '3.2'
  | '4.2'
  | '5.2'
  | '6.0'
  | '6.1'
  | '6.2'
  | '2028'
  | (string & Record<never, never>)

/** @see django/utils/version.py get_version */
export const DJANGO_VERSION_PATTERN: RegExp =
  /^(\d{1,2}\.\d{1,2}|20\d{2}(\.\d{1,2})?)(\.\d{1,3})?((a|b|rc)\d{1,3}|\.dev\d{0,14})?$/

/** USE_TZ's default changed in 5.0. @see docs/releases/5.0.txt */
export function usesTimeZonesByDefault(version: DjangoVersion | undefined): boolean {
  return version === undefined || isAtLeast(version, 5, 0)
}

/** `_session_expiry` may be ISO text from 4.1 on. @see django/contrib/sessions/backends/base.py set_expiry */
export function writesIsoExpiry(version: DjangoVersion): boolean {
  return isAtLeast(version, 4, 1)
}

/**
 * Sessions are signed in another format from 3.1 on, and there not with the older hash.
 * @see django/contrib/sessions/backends/base.py encode of 3.2
 */
export function writesSignedSessions(version: DjangoVersion | undefined, algorithm: 'sha256' | 'sha1'): boolean {
  return algorithm !== 'sha1' && (version === undefined || isAtLeast(version, 3, 1))
}

/** Signatures and hashes of logins by SHA-1 are taken up to 3.2. @see django/core/signing.py Signer.unsign of 3.2 */
export function readsSha1(version: DjangoVersion | undefined): boolean {
  return version !== undefined && !isAtLeast(version, 4, 0)
}

/** CSRF_TRUSTED_ORIGINS are hosts up to 3.2, and origins from 4.0 on. @see docs/releases/4.0.txt */
export function trustsHosts(version: DjangoVersion | undefined): boolean {
  return version !== undefined && !isAtLeast(version, 4, 0)
}

/**
 * The hash of a session's login, and behind it the one that is taken too.
 * @see django/contrib/auth/__init__.py get_user, and base_user.py _legacy_get_session_auth_hash of 3.2
 */
export function loginHashes(
  version: DjangoVersion | undefined,
  algorithm: 'sha256' | 'sha1',
): readonly ('sha256' | 'sha1')[] {
  if (!writesSignedSessions(version, algorithm)) return ['sha1']
  return readsSha1(version) ? ['sha256', 'sha1'] : ['sha256']
}

/** Whether two versions are of one release: `5.2` and `5.2.19`, `2028.0` and `2028.1`. */
export function isSameRelease(left: DjangoVersion, right: DjangoVersion): boolean {
  const [major, minor] = releaseOf(left)
  const [otherMajor, otherMinor] = releaseOf(right)
  return major === otherMajor && (minor === otherMinor || major >= FIRST_YEAR)
}

/** From here on the second number is that of a patch release. */
const FIRST_YEAR = 2028

function isAtLeast(version: DjangoVersion, major: number, minor: number): boolean {
  const [ownMajor, ownMinor] = releaseOf(version)
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}

/** A pre-release counts as its release: `6.1rc1` is [6, 1]. */
function releaseOf(version: DjangoVersion): [major: number, minor: number] {
  const [major = '', minor = '0'] = version.split('.')
  return [Number.parseInt(major, 10), Number.parseInt(minor, 10) || 0]
}
