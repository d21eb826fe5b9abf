/**
 * What the people behind a site are told: warnings through `hooks.onWarning`, else `process.emitWarning`; reports about
 * visitors through `hooks.onSuspicious`, else as one warning a minute for each code, with how often it came.
 */
import type { SuspiciousCode, SuspiciousEvent } from './context.ts'
import { escapeControls } from './errors.ts'
import type { CacheWarning } from './stores/cache-outage.ts'
import { callReporter } from './unheard.ts'

export interface BridgeWarning {
  readonly code: WarningCode | CacheWarning | SuspiciousCode
  readonly message: string
}

export type WarningCode =
  /** SESSION_COOKIE_SECURE is off, and DEBUG as well. */
  | 'cookie_not_secure'
  /** The HMAC secret of the JWT cookie has fewer than 32 bytes. */
  | 'weak_hmac_key'
  /** DJANGO_SESSION_JWT has no EXPIRES, without which django-session-jwt answers 500 to every request. */
  | 'jwt_without_expires'
  /** A Redis client in `clients.caches` sends commands late, or twice: its queue or its resending is on. */
  | 'redis_client_resends'
  /** A response set the session cookie itself, and what its handler had changed in the session was not saved. */
  | 'cookie_set_elsewhere'

export interface WarningHooks {
  readonly onWarning?: (warning: BridgeWarning) => unknown
  readonly onSuspicious?: (event: SuspiciousEvent) => unknown
}

/** Nothing here throws, rejects, or keeps the process alive. */
export interface Warnings {
  warn(warning: BridgeWarning): void
  /** For what a visitor's cookie brought to light. */
  report(event: SuspiciousEvent): void
  /** Tells what was counted and not told yet. */
  close(): void
}

const MINUTE_MS = 60_000

export function createWarnings({ onWarning, onSuspicious }: WarningHooks): Warnings {
  const counted = new Map<SuspiciousCode, { count: number; readonly timer: NodeJS.Timeout }>()

  function warn({ code, message: text }: BridgeWarning): void {
    const warning = { code, message: escapeControls(text) }
    callReporter(() =>
      onWarning === undefined
        ? process.emitWarning(warning.message, { type: 'DjangoSessionBridgeWarning', code: warning.code })
        : onWarning(warning),
    )
  }

  function count(code: SuspiciousCode): void {
    const known = counted.get(code)
    if (known !== undefined) known.count++
    else {
      warn({ code, message: messageOf(code, 'once') })
      startMinute(code)
    }
  }

  function startMinute(code: SuspiciousCode): void {
    const timer = setTimeout(() => endMinute(code), MINUTE_MS)
    timer.unref?.()
    counted.set(code, { count: 0, timer })
  }

  function endMinute(code: SuspiciousCode): void {
    if (tellCount(code)) startMinute(code)
  }

  /** False where nothing came since the last time. */
  function tellCount(code: SuspiciousCode): boolean {
    const { count = 0, timer } = counted.get(code) ?? {}
    clearTimeout(timer)
    counted.delete(code)
    if (count > 0) warn({ code, message: messageOf(code, count === 1 ? 'once more' : `${count} times more`) })
    return count > 0
  }

  return {
    warn,
    report(event) {
      if (onSuspicious === undefined) count(event.code)
      else callReporter(() => onSuspicious(event))
    },
    close() {
      for (const code of Array.from(counted.keys())) tellCount(code)
    },
  }
}

function messageOf(code: SuspiciousCode, often: string): string {
  const [what, command = DOCTOR] = MEANING[code]
  return `${code}, ${often}: ${what} Run \`${command}\` if Django accepts these visitors. hooks.onSuspicious replaces this warning.`
}

const DOCTOR = 'npx django-session-bridge doctor'
const DOCTOR_FOR_KEY = `${DOCTOR} --session <a key that Django has just written>`
const DECODE = 'npx django-session-bridge decode <the cookie>'

/** What a code says about a visitor, and the command that finds out why; `doctor` by default. */
const MEANING: Readonly<Record<SuspiciousCode, readonly [what: string, command?: string]>> = {
  short_session_key: ['a session cookie is empty or too short, and is deleted.', DECODE],
  malformed_session_key: ['a session cookie holds no session key of Django.', DECODE],
  jwt_expired: ['the JWT of a session cookie has expired, and the cookie is deleted.', DECODE],
  jwt_invalid: ['a session cookie is not a JWT that DJANGO_SESSION_JWT accepts.', DECODE],
  unknown_session: ["no session is stored under a cookie's key, and the cookie is deleted.", DOCTOR_FOR_KEY],
  expired_session: ['a stored session has expired, and its cookie is deleted.', DOCTOR_FOR_KEY],
  session_data_corrupted: ['the signature of a stored session does not match SECRET_KEY or its fallbacks.'],
  session_data_unreadable: ['SESSION_SERIALIZER cannot read a stored session, or it is over options.limits.'],
  malformed_login: ['the `_auth_user_id` of a session is no value that the key of AUTH_USER_MODEL takes.'],
  auth_hash_missing: ['a session names a user and has no auth hash, so that nobody is logged in.'],
  auth_hash_mismatch: ["the auth hash of a session is not the one of the user's password and SECRET_KEY."],
}
