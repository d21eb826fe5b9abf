/** Signed sessions: by which key and salt, when, and in which format; tried, not guessed. */
import { DjangoBridgeError } from '../errors.ts'
import { MARK_DIGITS } from '../serializers/write-mark.ts'
import { decodeBase62 } from '../signing/base62.ts'
import { createSessionCodec, type DecodedSession, SESSION_SALT } from '../stores/session-data.ts'
import { SIGNED_COOKIES_SALT } from '../stores/signed-cookies.ts'
import { Explanation } from './explanation.ts'
import { judgeLogin } from './logins.ts'
import { contentOf, readAsOther, valuesOf } from './session-content.ts'
import type { Site } from './site.ts'

/** Salts that Django's other signed texts have, which are pasted by mistake. */
const OTHER_SALTS = [SESSION_SALT, SIGNED_COOKIES_SALT, 'django.contrib.messages', 'django.core.signing']

/** Who signed a text. */
interface Match {
  readonly keyName: string
  readonly salt: string
  readonly decoded: DecodedSession
}

/** The salt that the site's engine reads with. */
export function expectedSalt({ settings, options }: Site): string {
  if (settings.SESSION_ENGINE === SIGNED_COOKIES_SALT) return SIGNED_COOKIES_SALT
  return options.sessionSalt ?? SESSION_SALT
}

export function isSignedText(text: string): boolean {
  return /^[^\s:]*:[^\s:]*:[^\s:]+$/.test(text)
}

/** Base64 of 40 hexadecimal digits, a colon, and more. */
export function isOldSignedText(text: string): boolean {
  return /^[0-9a-f]{40}:/.test(Buffer.from(text, 'base64').toString('latin1', 0, 41)) && !text.includes(':')
}

function saltsFor(site: Site): string[] {
  return [expectedSalt(site), ...OTHER_SALTS]
}

/** The first key and salt of the site, then of others, that made this text. */
export function findSignature(text: string, site: Site, salts: readonly string[] = saltsFor(site)): Match | null {
  const { SECRET_KEY, SECRET_KEY_FALLBACKS } = site.settings
  const keys = [SECRET_KEY, ...SECRET_KEY_FALLBACKS]
  for (const salt of new Set(salts)) {
    for (const [place, key] of keys.entries()) {
      const decoded = createSessionCodec({ SECRET_KEY: key, salt, serializer: site.serializer }).decode(text)
      if (!('data' in decoded) && decoded.reason === 'session_data_corrupted') continue
      return { keyName: place === 0 ? 'SECRET_KEY' : `SECRET_KEY_FALLBACKS[${place - 1}]`, salt, decoded }
    }
  }
  return null
}

export interface SignedTextOptions {
  /** Whether other texts of this site are signed by its key; null where nobody knows. */
  readonly keyIsProven: () => Promise<boolean | null>
}

/** @param text of the format of Django 3.1 and newer, or of the one before */
export async function explainSigned(text: string, site: Site, options: SignedTextOptions): Promise<Explanation> {
  const isOld = isOldSignedText(text)
  const explanation = new Explanation(
    isOld ? 'a session as Django before 3.1 wrote it' : 'a signed session of Django 3.1 or newer',
  )
  const stamp = isOld ? null : signedAt(text)
  if (stamp !== null) explanation.note('signed at', stamp.toISOString())
  const match = findSignature(text, site)
  if (match === null) return refuseSignature(explanation, text, site, options)
  explanation.note('signature', `good, by ${match.keyName}, salt ${match.salt}`)
  if (match.salt !== expectedSalt(site)) {
    explanation.refuse('wrong_salt', saltAdvice(match.salt, expectedSalt(site), site.settings.SESSION_ENGINE))
  }
  explainContent(explanation, match.decoded, text, site)
  if (stamp !== null && expectedSalt(site) === SIGNED_COOKIES_SALT) explainAge(explanation, stamp, site)
  return explanation
}

function saltAdvice(found: string, expected: string, engine: string): string {
  if (found === SIGNED_COOKIES_SALT) {
    return `the engine signed_cookies wrote it, and SESSION_ENGINE is ${engine}`
  }
  if (expected === SIGNED_COOKIES_SALT) return `SESSION_ENGINE is ${engine}, and another engine wrote it`
  return `it was signed with the salt ${found}, and these settings read with ${expected}: see options.sessionSalt`
}

function explainAge(explanation: Explanation, stamp: Date, { settings, now }: Site): void {
  const age = now().getTime() / 1000 - stamp.getTime() / 1000
  if (age <= settings.SESSION_COOKIE_AGE) return
  const limit = settings.SESSION_COOKIE_AGE
  explanation.refuse('expired', `it was signed ${Math.floor(age)} s ago, and SESSION_COOKIE_AGE is ${limit} s`)
}

function explainContent(explanation: Explanation, decoded: DecodedSession, text: string, site: Site): void {
  if ('data' in decoded) {
    explanation.note('content', site.serializer.name.split('.').at(-1) ?? '').show(valuesOf(decoded.data), true)
    explanation.data = decoded.data
    return
  }
  const found = readAsOther(contentOf(text), site.serializer)
  if (found !== null) {
    explanation.refuse('wrong_serializer', `${found.name} wrote it, and SESSION_SERIALIZER is ${site.serializer.name}`)
    explanation.show(valuesOf(found.data), true)
    return
  }
  explanation.refuse('wrong_serializer', decoded.error?.message ?? 'no serializer of Django reads it')
}

/** Told apart by whether the content is whole, and by whether the key signs other texts of the site. */
async function refuseSignature(
  explanation: Explanation,
  text: string,
  site: Site,
  { keyIsProven }: SignedTextOptions,
): Promise<Explanation> {
  const found = readAsOther(contentOf(text), null)
  if (found !== null) explanation.show(valuesOf(found.data), false)
  const other = wellKnownDamage(text, isOldSignedText(text))
  if (other !== null) return explanation.refuse('tampered', other)
  if (found === null)
    return explanation.refuse('tampered', 'it was changed or cut after it was signed: nothing reads it')
  const login = await judgeLogin(found.data, site).catch(nullIfUnavailable)
  if (login === 'verified' || login === 'verified by a fallback key') {
    return explanation.refuse(
      'wrong_salt',
      'the login in it is verified by SECRET_KEY and the signature is not: a SessionStore class of the site has a ' +
        'key_salt of its own. Give it in options.sessionSalt (--salt)',
    )
  }
  if ((await keyIsProven()) === true) {
    return explanation.refuse(
      'tampered',
      'it was changed after it was signed: SECRET_KEY signs other sessions of this site',
    )
  }
  return explanation.refuse(
    'wrong_key',
    'neither SECRET_KEY nor SECRET_KEY_FALLBACKS made the signature, with any known salt; the content is whole, so ' +
      (login === 'auth_hash_mismatch'
        ? 'Django has another SECRET_KEY: the auth hash in it does not match either'
        : 'Django has another key, most likely, or a SessionStore class of its own (--salt)'),
  )
}

function nullIfUnavailable(error: unknown): null {
  if (error instanceof DjangoBridgeError) return null
  throw error
}

function wellKnownDamage(text: string, isOld: boolean): string | null {
  if (isOld) return null
  const signature = text.slice(text.lastIndexOf(':') + 1)
  if (/[^A-Za-z0-9_-]/.test(signature)) return 'its signature holds signs that no signature has'
  if (signature.length !== 43 && signature.length !== 27) return 'its signature is cut, or longer than one is'
  return null
}

/** When the text was signed; null where its time cannot be read. */
export function signedAt(text: string): Date | null {
  const stamp = text.split(':').at(-2)
  // Behind the seconds a bridge puts digits of its own.
  const seconds = stamp !== undefined && stamp.length > MARK_DIGITS ? stamp.slice(0, -MARK_DIGITS) : stamp
  if (seconds === undefined || seconds === '') return null
  try {
    const at = new Date(Number(decodeBase62(seconds)) * 1000)
    return Number.isNaN(at.getTime()) ? null : at
  } catch {
    return null
  }
}
