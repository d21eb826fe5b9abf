/** JSON Web Keys, and what they say about their own use. @see RFC 7517 */
import { KeyObject } from 'node:crypto'
import { SettingsError } from '../errors.ts'
import type { JwtAlgorithm } from './jws.ts'

/** A JSON Web Key. Node's own type has moved between versions of its declarations. @see RFC 7517 */
export interface Jwk {
  readonly kty: string
  /** `sig`, where it is given. */
  readonly use?: string
  /** The algorithm that the key is for: `RS256` or `HS256`, where it is given. */
  readonly alg?: string
  /** Has `verify` in it, where it is given. */
  readonly key_ops?: readonly string[]
  readonly [member: string]: unknown
}

/** Whether key material is an object that only a JWK can be. */
export function isJwk(material: unknown): material is Jwk {
  const isObject = typeof material === 'object' && material !== null
  return isObject && !(material instanceof KeyObject) && !(material instanceof Uint8Array)
}

/**
 * Refuses a JWK whose `use`, `alg` or `key_ops` exclude an operation, which Node's own import ignores.
 * @throws SettingsError that names the member
 */
export function refuseJwkFor(operation: 'sign' | 'verify', algorithm: JwtAlgorithm, jwk: Jwk, name: string): void {
  const { use, alg, key_ops: operations } = jwk
  if (use !== undefined && use !== 'sig') {
    throw new SettingsError(`${name}: the JWK's "use" is not "sig". Give the key that signs tokens.`)
  }
  if (alg !== undefined && alg !== algorithm) {
    throw new SettingsError(`${name}: the JWK's "alg" is not "${algorithm}". Give a key for ${algorithm}.`)
  }
  if (operations !== undefined && !isListOfTexts(operations)) {
    throw new SettingsError(`${name}: the JWK's "key_ops" is not a list of texts.`)
  }
  if (operations !== undefined && !operations.includes(operation)) {
    throw new SettingsError(
      `${name}: the JWK's "key_ops" does not have "${operation}". Give a key that may ${operation}.`,
    )
  }
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

/** The bytes of an `oct` JWK. @throws SettingsError */
export function jwkSecret(jwk: Jwk, name: string): Uint8Array {
  const { kty, k } = jwk
  if (kty !== 'oct') throw new SettingsError(`${name}: the JWK's "kty" is not "oct"; HS256 needs a secret.`)
  const bytes = typeof k === 'string' ? Buffer.from(k, 'base64url') : null
  if (bytes === null || bytes.toString('base64url') !== k) {
    throw new SettingsError(`${name}: the JWK's "k" is not base64url without padding.`)
  }
  return bytes
}
