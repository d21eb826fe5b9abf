/**
 * Session keys: 32 characters of `a-z0-9` from the system's random source, 165 bits.
 * @see django/contrib/sessions/backends/base.py VALID_KEY_CHARS, _get_new_session_key, _validate_session_key
 */
import { hkdfSync, randomBytes } from 'node:crypto'
import { cookieForm } from './cookie-form.ts'

const CHARACTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'
const LENGTH = 32
/** The largest multiple of 36 that a byte can count to: bytes above it would make some characters likelier. */
const UNBIASED = 252

export function newSessionKey(random: (size: number) => Uint8Array = randomBytes): string {
  let key = ''
  while (key.length < LENGTH) {
    for (const byte of random(LENGTH + 8)) {
      if (byte < UNBIASED && key.length < LENGTH) key += CHARACTERS.charAt(byte % CHARACTERS.length)
    }
  }
  return key
}

/**
 * The key to which a session moves when a fallback key verified its login. Any process that has SECRET_KEY finds it from
 * the old one: a second request that was verified at the same time goes on there.
 */
export function rotatedSessionKey(key: string, secretKey: string | Uint8Array): string {
  let count = 0
  return newSessionKey((size) => Buffer.from(hkdfSync('sha256', secretKey, key, `${ROTATION}${count++}`, size)))
}

const ROTATION = 'django-session-bridge: the key of a session whose login a fallback key verified '

/**
 * What a cookie's text may be as a session key: `short` as Django has it (its cookie is deleted), `malformed` when no
 * store could hold it (Django would ask the store, which refuses some of it with an error).
 */
export type SessionKeyRule = (text: string) => 'ok' | 'short' | 'malformed'

/** The rule of a store that takes keys of so many characters. */
export function sessionKeyRule(mostCharacters: number): SessionKeyRule {
  return (text) => {
    if (text.length < 16 && [...text].length < 8) return 'short'
    return text.length <= mostCharacters && /^[\x21-\x7e]{8,}$/.test(text) ? 'ok' : 'malformed'
  }
}

/** For keys under which something is stored; Django's own have 32 characters. A cookie of other settings is none. */
export const judgeSessionKey: SessionKeyRule = (text) => {
  const form = cookieForm(text)
  return form === null || form === 'session key' ? judgeStored(text) : 'malformed'
}

const judgeStored = sessionKeyRule(255)
