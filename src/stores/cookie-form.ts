/** What a cookie's text looks like, whatever the settings are: a good cookie of other settings is known by its form. */

export type CookieForm = 'session key' | 'JWT' | 'signed session'

/** Null for what no Django writes into a session cookie. */
export function cookieForm(text: string): CookieForm | null {
  if (/^[a-z0-9]{32}$/.test(text)) return 'session key'
  // A JOSE header and claims are JSON objects: `{"` is `eyJ` in base64url.
  if (/^eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+$/.test(text)) return 'JWT'
  // Content, timestamp, and 27 characters of SHA-1 or 43 of SHA-256. @see django/core/signing.py dumps
  if (/^\.?[\w-]+:[0-9A-Za-z]{6}:[\w-]{27}(?:[\w-]{16})?$/.test(text)) return 'signed session'
  return null
}
