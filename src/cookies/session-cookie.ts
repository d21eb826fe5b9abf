/** The port of the session cookie, and the plain one: Django's own, whose text is the session key. */

import { type CookieForm, cookieForm } from '../stores/cookie-form.ts'
import type { Expiry } from '../stores/session-expiry.ts'
import type { SessionKeyRule } from '../stores/session-key.ts'

/** Signed statements of a JWT cookie, or nothing. */
export type Claims = Readonly<Record<string, unknown>>

export type CookieReading =
  | {
      readonly key: string
      readonly claims: Claims | null
      /** Past half of its life: to be issued again when the request may. */
      readonly stale: boolean
    }
  | {
      /** The cookie of `short` and `expired` is deleted, that of `invalid` is kept. */
      readonly refused: 'short' | 'expired' | 'invalid'
      readonly reason: CookieReason
      /** Present where other settings would take the cookie, which may then be good. */
      readonly form?: CookieForm
    }

export type CookieReason =
  /** The cookie is empty, or its key shorter than eight characters. It is deleted. */
  | 'short_session_key'
  /** The key has signs, or a length, that no key of Django's has. The cookie is kept. */
  | 'malformed_session_key'
  /** The JWT was good and is past its `exp`. The cookie is deleted. */
  | 'jwt_expired'
  /** No JWT, or one with another signature, algorithm or claims than the settings ask for. The cookie is kept. */
  | 'jwt_invalid'

/** What goes into a new cookie beside the key and its expiry. */
export interface CookieIssue {
  /** The verified claims of the request's cookie. */
  readonly previous: Claims | null
  /**
   * The user whose row was read and whose hash was verified in this request, with values as Python has them; null for an
   * anonymous session.
   */
  readonly user: Readonly<Record<string, unknown>> | null
  /** What the site's `jwtClaims` hook adds. */
  readonly extra: Claims | null
  /** Takes the fields from `previous`, when nothing better is known of the same session and user. */
  readonly carry: boolean
  /** A new end of life; else the old one stays, so that a token never outlives a privilege its user lost. */
  readonly renew: boolean
}

export interface SessionCookie {
  /** Never throws. */
  read(text: string): CookieReading
  /** Whether this side can make cookies at all. */
  readonly canIssue: boolean
  /** The claims as Django's side stores them in the session under `jwt`. */
  stated(claims: Claims): Claims
  /** Whether new cookies hold statements about the user, who must then be loaded first. */
  readonly statesUser: boolean
  /** Does all that can fail before the store is written; the function it returns makes the cookie's value. */
  prepare(issue: CookieIssue): (key: string, expiry: Expiry) => string
}

/** @see django/contrib/sessions/middleware.py SessionMiddleware */
export function plainCookie(judgeKey: SessionKeyRule): SessionCookie {
  return {
    canIssue: true,
    statesUser: false,
    stated: (claims) => claims,
    read(text) {
      const judgement = judgeKey(text)
      if (judgement === 'short') return { refused: 'short', reason: 'short_session_key' }
      if (judgement === 'malformed') return refusedAs('malformed_session_key', text)
      return { key: text, claims: null, stale: false }
    },
    prepare: () => (key) => key,
  }
}

/** A cookie that is kept, and may be good where other settings are. @param text that of its session key */
export function refusedAs(reason: 'malformed_session_key' | 'jwt_invalid', text: string): CookieReading {
  const form = cookieForm(text)
  return { refused: 'invalid', reason, ...(form !== null && { form }) }
}
