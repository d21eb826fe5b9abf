/** Django's signing functions, signers and signed cookies by this library's. */
import { formatSetCookie } from '../../src/cookies/set-cookie.ts'
import { type Duration, durationSeconds } from '../../src/python/index.ts'
import {
  BadSignature,
  type Bytes,
  cookieSigner,
  decodeBase62,
  dumps,
  encodeBase62,
  jsonObjectSerializer,
  loads,
  type MaxAge,
  SignatureExpired,
  Signer,
  type SignerOptions,
  saltedHmac,
  signCookie,
  TimestampSigner,
  unsignCookie,
} from '../../src/signing/index.ts'
import type { Site } from './site.ts'
import { Refusal } from './values.ts'

type Values = Record<string, unknown>

/** The functions of django.core.signing, and set_signed_cookie and get_signed_cookie of response and request. */
export const FUNCTIONS: Readonly<Record<string, (site: Site, args: never, kwargs: never) => unknown>> = {
  b62_encode: (_, [number]: [number | bigint]) => encodeBase62(number),
  b62_decode: (_, [text]: [string]) => fromBigInt(decodeBase62(text)),
  salted_hmac: (_, [salt, value, key]: [Bytes, Bytes, Bytes], { algorithm }: { algorithm: string }) =>
    saltedHmac(salt, value, key, { algorithm }),
  dumps: (site, [value]: [unknown], kwargs: Values) => dumps(value, { ...keys(site), ...clock(site), ...kwargs }),
  loads: (site, [signed]: [string], kwargs: Values) => loads(signed, { ...keys(site), ...clock(site), ...kwargs }),
  'cookie_signer.sign': (site, [value]: [string], { salt }: { salt: string }) =>
    cookieSigner({ ...keys(site), ...clock(site), salt }).sign(value),
  'cookie_signer.unsign': (site, [signed]: [string], { salt, max_age: maxAge }: Values) =>
    cookieSigner({ ...keys(site), ...clock(site), salt: String(salt) }).unsign(signed, {
      maxAge: (maxAge ?? undefined) as MaxAge | undefined,
    }),

  set_signed_cookie(site, [name, value]: [string, string], { salt, max_age: maxAge, ...rest }: Values) {
    const signed = signCookie(name, value, { ...keys(site), ...clock(site), salt: String(salt) })
    const attributes = maxAge === undefined ? {} : lifeOf(maxAge as MaxAge, site.now())
    return formatSetCookie(name, signed, { path: '/', ...rest, ...attributes })
  },

  get_signed_cookie: (site, [name, signed]: [string, string], { salt, max_age: maxAge }: Values) =>
    unsignCookie(name, signed, {
      ...keys(site),
      ...clock(site),
      salt: String(salt),
      legacySaltFallback: site.settings.SIGNED_COOKIE_LEGACY_SALT_FALLBACK === true,
      ...(maxAge !== null && { maxAge: maxAge as MaxAge }),
    }),
}

/** One signer of Python's. */
export class SignerHandle {
  readonly #kind: 'Signer' | 'TimestampSigner'
  readonly #options: SignerOptions & { now: () => number }
  #signer: Signer | null = null

  /** Python refuses a separator at once and an algorithm when it is first used; this library both at once. */
  constructor(site: Site, kind: 'Signer' | 'TimestampSigner', options: Values) {
    this.#kind = kind
    const { fallback_keys: fallbackKeys, ...rest } = Object.fromEntries(
      Object.entries(options).filter(([, value]) => value !== null),
    )
    const defaults = keys(site)
    this.#options = {
      ...defaults,
      ...rest,
      fallbackKeys: (fallbackKeys as Bytes[]) ?? defaults.fallbackKeys,
      ...clock(site),
    }
    const { sep } = this.#options
    try {
      new Signer({ key: 'any', ...(sep !== undefined && { sep }) })
    } catch (error) {
      if (error instanceof TypeError) throw new Refusal('UnsafeSeparator', error.message, sep)
      throw error
    }
  }

  get(attribute: string): unknown {
    const { salt, algorithm, sep } = this.#open()
    if (attribute === 'salt') return salt
    if (attribute === 'algorithm') return algorithm
    if (attribute === 'sep') return sep
    throw new Refusal('AttributeError', attribute)
  }

  call(operation: string, args: unknown[], kwargs: Values): unknown {
    const signer = this.#open()
    const serializer = jsonObjectSerializer
    switch (operation) {
      case 'signature':
        return signer.signature(args[0] as Bytes, (args[1] as Bytes | null) ?? undefined)
      case 'sign':
        return signer.sign(String(args[0]))
      case 'unsign':
        return this.#unsign(signer, String(args[0]), kwargs)
      case 'timestamp':
        return signer instanceof TimestampSigner ? signer.timestamp() : null
      case 'sign_object':
        return signer.signObject(args[0], { serializer, compress: kwargs.compress === true })
      case 'unsign_object':
        return signer.unsignObject(String(args[0]), { serializer })
      default:
        throw new Refusal('NotImplementedError', `Signer.${operation}`)
    }
  }

  #unsign(signer: Signer, signed: string, { max_age: maxAge }: Values): string {
    return signer instanceof TimestampSigner
      ? signer.unsign(signed, { maxAge: maxAge as MaxAge | undefined })
      : signer.unsign(signed)
  }

  #open(): Signer {
    try {
      this.#signer ??= this.#kind === 'Signer' ? new Signer(this.#options) : new TimestampSigner(this.#options)
      return this.#signer
    } catch (error) {
      if (error instanceof TypeError) throw new Refusal('InvalidAlgorithm', error.message, this.#options.algorithm)
      throw error
    }
  }
}

/** Django's exception for an error of these functions. */
export function refusalOf(error: unknown): Refusal | null {
  if (error instanceof SignatureExpired) return new Refusal('SignatureExpired', error.message)
  return error instanceof BadSignature ? new Refusal('BadSignature', error.message) : null
}

function keys(site: Site): { key: Bytes; fallbackKeys: readonly Bytes[] } {
  const { SECRET_KEY, SECRET_KEY_FALLBACKS } = site.settings
  return { key: SECRET_KEY ?? '', fallbackKeys: SECRET_KEY_FALLBACKS ?? [] }
}

function clock(site: Site): { now: () => number } {
  return { now: () => site.now().getTime() }
}

function lifeOf(age: number | Duration, now: Date): { maxAge: number; expires: Date } {
  const maxAge = typeof age === 'number' ? age : durationSeconds(age)
  return { maxAge, expires: new Date(now.getTime() + maxAge * 1000) }
}

/** Python has one kind of integer. */
function fromBigInt(number: bigint): number | bigint {
  return Number.isSafeInteger(Number(number)) ? Number(number) : number
}
