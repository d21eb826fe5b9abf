/** The three kinds of session cookie that the tour walks, as settings for both halves of the site. */
import { generateKeyPairSync } from 'node:crypto'

export const COOKIE_KINDS = ['plain', 'HS256', 'RS256'] as const
export type CookieKind = (typeof COOKIE_KINDS)[number]

/** The fixture's own. */
export const SECRET_KEY = 'a key of a site that holds no secrets, and long enough for HS256'

export const FIELDS = [
  ['id', 'id', 'user_id'],
  ['username', 'u', 'username'],
  ['email', 'e', 'email'],
] as const

export interface SharedSettings {
  readonly SECRET_KEY: string
  readonly DJANGO_SESSION_JWT?: {
    readonly KEY?: [privateKey: string, publicKey: string]
    readonly FIELDS: typeof FIELDS
    readonly EXPIRES: number
  }
}

/** Settings in Django's words, to be given to Django and to the bridge alike. */
export function sharedSettings(kind: CookieKind): SharedSettings {
  if (kind === 'plain') return { SECRET_KEY }
  return {
    SECRET_KEY,
    DJANGO_SESSION_JWT: { FIELDS, EXPIRES: 3600, ...(kind === 'RS256' && { KEY: newKeyPair() }) },
  }
}

function newKeyPair(): [string, string] {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  return [privateKey, publicKey]
}
