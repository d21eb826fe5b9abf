/** `decode`: what a cookie, row, token or cached value holds, and why it is refused. */
import { parseCookieHeader } from '../cookies/cookie-header.ts'
import type { SettingsError } from '../errors.ts'
import { explainBytes } from './cached-bytes.ts'
import { Explanation } from './explanation.ts'
import { judgeLogin } from './logins.ts'
import { contentOf, readAsOther, valuesOf } from './session-content.ts'
import { explainSigned, isOldSignedText, isSignedText } from './signed-text.ts'
import type { Site } from './site.ts'
import { keyIsProven } from './stored-rows.ts'
import { explainKey, explainStored } from './stored-session.ts'
import { explainToken, fieldsOf, headerText, isTokenText } from './token-text.ts'

/**
 * @param given text of a cookie (its value, `name=value` or a whole header), of `session_data`, or the bytes of a cache
 * @throws StoreUnavailable where the session must be looked up and the store does not answer
 */
export async function decode(given: string | Uint8Array, site: Site): Promise<Explanation[]> {
  const told = await explainGiven(given, site)
  for (const explanation of told) {
    const login = explanation.data === null ? null : await judgeLogin(explanation.data, site)
    if (login !== null) explanation.note('login', login)
  }
  return told
}

/** What can be said of a text or bytes without settings: what is in it, and that nothing was verified. Null for a key. */
export function decodeUnverified(given: string | Uint8Array, error: SettingsError): Explanation | null {
  const text = typeof given === 'string' ? given.trim() : null
  const bytes = typeof given === 'string' ? bytesIn(given.trim()) : given
  const explanation = new Explanation(text !== null && isTokenText(text) ? 'a JWT' : 'a session')
  if (text !== null && isTokenText(text)) {
    const [header, payload] = text.split('.')
    explanation.note('header', headerText(header)).show(fieldsOf(payload) ?? {}, false)
  } else if (text !== null && (isSignedText(text) || isOldSignedText(text))) {
    const found = readAsOther(contentOf(text), null)
    if (found === null) return null
    explanation.note('written by', found.name).show(valuesOf(found.data), false)
  } else if (bytes !== null) {
    const cached = explainBytes(bytes)
    if (cached.refusal !== null) return null
    return cached.refuse('other_setting', error.message)
  } else return null
  return explanation.refuse('other_setting', error.message)
}

async function explainGiven(given: string | Uint8Array, site: Site): Promise<Explanation[]> {
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
  const bytes = bytesIn(text)
  if (bytes !== null) return [explainBytes(bytes)]
  return [
    new Explanation('text').refuse(
      'unrecognised',
      'it is not a session key, a signed session, a JWT or a cached value',
    ),
  ]
}

/** What is written as base64, or as Python writes bytes: `b'\\x80\\x04…'`. */
function bytesIn(text: string): Buffer | null {
  const literal = /^b(['"])(.*)\1$/s.exec(text)?.[2]
  if (literal !== undefined) return bytesOfLiteral(literal)
  const bytes = Buffer.from(text, 'base64')
  return bytes.length > 8 && /^[A-Za-z0-9+/\s]+=*$/.test(text) ? bytes : null
}

const ESCAPES: ReadonlyMap<string, number> = new Map(Object.entries({ n: 10, r: 13, t: 9, '\\': 92, "'": 39, '"': 34 }))

function bytesOfLiteral(literal: string): Buffer {
  const units = literal.replace(/\\(?:x([0-9a-fA-F]{2})|([nrt\\'"]))/g, (_, hex?: string, name = '') =>
    String.fromCharCode(hex === undefined ? (ESCAPES.get(name) ?? 0) : Number.parseInt(hex, 16)),
  )
  return Buffer.from(units, 'latin1')
}

/** The value of the session cookie in a header; the text itself where it is none. */
function valueIn(text: string, name: string): string | null {
  const header = text.replace(/^cookie:\s*/i, '')
  if (!/^[^\s=;:]+=[^=]/.test(header)) return header
  return parseCookieHeader(header).get(name) ?? null
}
