/**
 * DJANGO_SESSION_JWT's KEY: a secret, the path of a file, or a pair. Mirrors _parse_key of
 * django_session_jwt/middleware/session.py, with keys of a fixed kind and no guess that widens what is accepted.
 */
import type { KeyObject } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats, statSync } from 'node:fs'
import { SettingsError } from '../errors.ts'
import type { JwtKeyText } from '../settings/session-jwt.ts'
import type { JwtAlgorithm } from './jws.ts'
import { ADVISED_SECRET_BYTES, hmacKey, isPair, rsaPrivateKey, rsaPublicKey } from './keys.ts'

export interface JwtKeys {
  readonly algorithm: JwtAlgorithm
  /** Null: tokens can be read and not issued. */
  readonly signKey: KeyObject | null
  readonly verifyKey: KeyObject
  /** An HMAC secret below the 32 bytes that RFC 7518 asks for. */
  readonly isWeak: boolean
}

type KeySetting = JwtKeyText | readonly [JwtKeyText | null, JwtKeyText] | Uint8Array | undefined

const NAME = 'DJANGO_SESSION_JWT KEY'

/**
 * @param secretKey SECRET_KEY, the default
 * @throws SettingsError
 */
export function readKeySetting(setting: KeySetting, secretKey: string | Uint8Array, allowWeakKeys: boolean): JwtKeys {
  if (isPairSetting(setting)) return readPair(setting, allowWeakKeys)
  const name = setting === undefined ? 'SECRET_KEY, as the default of DJANGO_SESSION_JWT KEY,' : NAME
  const key = hmacKey(setting === undefined ? secretKey : keyMaterial(setting, NAME), { name, allowWeakKeys })
  const isWeak = (key.symmetricKeySize ?? 0) < ADVISED_SECRET_BYTES
  return { algorithm: 'HS256', signKey: key, verifyKey: key, isWeak }
}

function isPairSetting(setting: KeySetting): setting is readonly [JwtKeyText | null, JwtKeyText] {
  return Array.isArray(setting)
}

function readPair(setting: readonly unknown[], allowWeakKeys: boolean): JwtKeys {
  const [first, second] = setting
  if (setting.length !== 2 || second === null || second === undefined) {
    throw new SettingsError(`${NAME}: a pair is [private key or null, public key].`)
  }
  const publicName = `${NAME}[1], the public key,`
  const verifyKey = rsaPublicKey(keyMaterial(second, publicName), { name: publicName, allowWeakKeys })
  if (first === null) return { algorithm: 'RS256', signKey: null, verifyKey, isWeak: false }
  const privateName = `${NAME}[0], the private key,`
  const signKey = rsaPrivateKey(keyMaterial(first, privateName), { name: privateName, allowWeakKeys })
  if (!isPair(signKey, verifyKey))
    throw new SettingsError(`${NAME}: the private and the public key do not belong together.`)
  return { algorithm: 'RS256', signKey, verifyKey, isWeak: false }
}

/** The key itself: an existing file's bytes as they are, with a newline at their end, or the text. */
function keyMaterial(key: unknown, name: string): string | Uint8Array {
  if (key instanceof Uint8Array) return key
  if (typeof key === 'object' && key !== null) {
    if ('path' in key && typeof key.path === 'string') return readFile(key.path, name)
    if ('secret' in key && (typeof key.secret === 'string' || key.secret instanceof Uint8Array)) return key.secret
  }
  if (typeof key !== 'string') throw new SettingsError(`${name} must be text, { secret } or { path }.`)
  if (namesFile(key)) return readFile(key, name)
  // Half of all base64 secrets hold a slash: only what can hardly be one is taken for a path that is wrong.
  if (/\.(pem|key|pub)$/i.test(key) || /^(\.\.?|~)\//.test(key)) {
    throw new SettingsError(
      `${name} looks like a path, and no such file exists. For a secret that looks so, give { secret }.`,
    )
  }
  return key
}

/** Whether something other than a folder has this path. */
function namesFile(path: string): boolean {
  if (path.length >= 4096 || path.includes('\0') || path.includes('\n')) return false
  return statsOf(path)?.isDirectory() === false
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}

/** No key is so long. */
const MOST_BYTES = 1 << 20
/** A FIFO's writer is not waited for. */
const AT_ONCE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

function readFile(path: string, name: string): Uint8Array {
  const bytes = bytesOf(path)
  if (bytes !== null) return bytes
  throw new SettingsError(`${name} is a path whose file cannot be read, is no regular file, or is larger than any key.`)
}

function bytesOf(path: string): Uint8Array | null {
  try {
    const file = openSync(path, AT_ONCE)
    try {
      const found = fstatSync(file)
      return found.isFile() && found.size <= MOST_BYTES ? readFileSync(file) : null
    } finally {
      closeSync(file)
    }
  } catch {
    return null
  }
}
