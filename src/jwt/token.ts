/** One token: its signature, then its claims, then what they mean for a session. */
import type { KeyObject } from 'node:crypto'
import { type Claims, type ClaimsRefusal, type Field, judgeClaims } from './claims.ts'
import { type JwsRefusal, type JwtAlgorithm, openJws } from './jws.ts'

/** What a token is verified with. */
export interface TokenRules {
  readonly algorithm: JwtAlgorithm
  readonly keys: readonly KeyObject[]
  readonly fields: readonly Field[]
  readonly sessionField: string
}

/** @param now milliseconds since 1970 */
export function verifyToken(token: string, rules: TokenRules, now: number): TokenVerdict {
  if (typeof token !== 'string') return { ok: false, reason: 'malformed' }
  const opened = openJws(token, rules.algorithm, rules.keys)
  if (!opened.ok) return opened
  const judged = judgeClaims(opened.payload, rules.fields, now)
  if (!judged.ok) return judged
  const sessionKey: unknown = Object.hasOwn(judged.claims, rules.sessionField)
    ? judged.claims[rules.sessionField]
    : null
  if (sessionKey !== null && typeof sessionKey !== 'string') return { ok: false, reason: 'claims' }
  return { ok: true, claims: judged.claims, sessionKey }
}

export type TokenRefusal = JwsRefusal | ClaimsRefusal

export type TokenVerdict =
  | {
      readonly ok: true
      readonly claims: Claims
      /** Null when the token has no such claim. */
      readonly sessionKey: string | null
    }
  | { readonly ok: false; readonly reason: TokenRefusal }
