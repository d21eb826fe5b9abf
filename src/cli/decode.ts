/** `decode`: what a cookie, row, token or cached value holds, and why it is refused. */
import { parseCookieHeader } from '../cookies/cookie-header.ts'
import { explainBytes } from './cached-bytes.ts'
import { Explanation } from './explanation.ts'
import { explainSigned, isOldSignedText, isSignedText } from './signed-text.ts'
import type { Site } from './site.ts'
import { keyIsProven } from './stored-rows.ts'
import { explainKey, explainStored } from './stored-session.ts'
import { explainToken, isTokenText } from './token-text.ts'

/**
 * @param given text of a cookie (its value, `name=value` or a whole header), of `session_data`, or the bytes of a cache
 * @throws StoreUnavailable where the session must be looked up and the store does not answer
 */
export async function decode(given: string | Uint8Array, site: Site): Promise<Explanation[]> {
  if (typeof given !== 'string') return [explainBytes(given)]
  const text = valueIn(given.trim(), site.settings.SESSION_COOKIE_NAME)
  if (text === null) {
    const message = `there is no cookie ${site.settings.SESSION_COOKIE_NAME} in it (SESSION_COOKIE_NAME)`
    return [new Explanation('a Cookie header').refuse('unrecognised', message)]
  }
  if (isTokenText(text)) {
    const { explanation, sessionKey } = explainToken(text, site)
    return [explanation, ...(sessionKey === null ? [] : await explainStored(sessionKey, site))]
  }
  if (isSignedText(text) || isOldSignedText(text)) {
    return [await explainSigned(text, site, { keyIsProven: () => keyIsProven(site) })]
  }
  if (/%3A/i.test(text)) {
    return [new Explanation('text').refuse('tampered', 'it is percent-encoded; Django writes and reads it as it is')]
  }
  if (/^[\x21-\x7e]{8,255}$/.test(text) && !/[+/=]/.test(text)) return explainKey(text, site)
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length > 8 && /^[A-Za-z0-9+/\s]+=*$/.test(text)) return [explainBytes(bytes)]
  return [new Explanation('text').refuse('unrecognised', 'it is no session key, signed session, JWT or cached value')]
}

/** The value of the session cookie in a header; the text itself where it is none. */
function valueIn(text: string, name: string): string | null {
  const header = text.replace(/^cookie:\s*/i, '')
  if (!/^[^\s=;:]+=[^=]/.test(header)) return header
  return parseCookieHeader(header).get(name) ?? null
}
