/**
 * Faults to check the judge with. Each is a change of one source text, made while Node loads it for
 * `faulty-server.ts` and nowhere else.
 */
import { registerHooks } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

export interface Fault {
  /** Below src/. */
  readonly file: string
  readonly from: string
  readonly to: string
  /** The suites that should notice. */
  readonly suites: readonly string[]
}

const SESSIONS = ['sessions']
const MIDDLEWARE = ['middleware']
const COOKIES = ['signed_cookies']
const SIGNING = ['signing']
const JWT = ['jwt']

export const FAULTS: Readonly<Record<string, Fault>> = {
  'another salt for rows': {
    file: 'stores/session-data.ts',
    from: "'django.contrib.sessions.SessionStore'",
    to: "'django.contrib.sessions.Session'",
    suites: SESSIONS,
  },
  'another salt for cookies': {
    file: 'signing/cookie-signer.ts',
    from: 'django.http.cookies.v2:',
    to: 'django.http.cookies.v3:',
    suites: COOKIES,
  },
  'another salt for sessions in cookies': {
    file: 'stores/signed-cookies.ts',
    from: "const SALT = 'django.contrib.sessions.backends.signed_cookies'",
    to: "const SALT = 'django.contrib.sessions.signed_cookies'",
    suites: ['cookies'],
  },
  'another prefix for sessions in a cache': {
    file: 'stores/cache.ts',
    from: "'django.contrib.sessions.cache'",
    to: "'django.contrib.sessions.kept'",
    suites: ['cache'],
  },
  'another prefix for copies': {
    file: 'stores/cached-copies.ts',
    from: "'django.contrib.sessions.cached_db'",
    to: "'django.contrib.sessions.copied_db'",
    suites: ['cached_db'],
  },
  'a logout leaves the copy': {
    file: 'stores/cached-db.ts',
    from: 'await copies.end(key, deadline, () => rows.delete(key, deadline))',
    to: 'await rows.delete(key, deadline)',
    suites: ['cached_db'],
  },
  'names of their own for session files': {
    file: 'stores/session-files.ts',
    from: 'return join(this.#options.folder, `',
    to: 'return join(this.#options.folder, `s',
    suites: ['file'],
  },
  'SECRET_KEY itself signs cookies': {
    file: 'signing/cookie-signer.ts',
    from: "Buffer.from('django.http.cookies')",
    to: "Buffer.from('')",
    suites: COOKIES,
  },
  'lower case before upper in base 62': {
    file: 'signing/base62.ts',
    from: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
    to: 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ',
    suites: SIGNING,
  },
  'local time is written as UTC': {
    file: 'databases/wall-clock.ts',
    from: 'zoned.offsetNanoseconds / 1_000_000',
    to: '0 * zoned.offsetNanoseconds',
    suites: SESSIONS,
  },
  'SHA-1 signs': {
    file: 'signing/signer.ts',
    from: "algorithm = 'sha256'",
    to: "algorithm = 'sha1'",
    suites: SIGNING,
  },
  'fallback keys are ignored': {
    file: 'signing/signer.ts',
    from: '...fallbackKeys.map((fallback) => this.#derive(fallback))',
    to: '',
    suites: SIGNING,
  },
  'a bad signature is good': {
    file: 'signing/salted-hmac.ts',
    from: 'leftBytes.length === rightBytes.length && timingSafeEqual(leftBytes, rightBytes)',
    to: 'leftBytes.length >= 0 || timingSafeEqual(leftBytes, rightBytes)',
    suites: [...SIGNING, ...COOKIES],
  },
  'the age of a signature is not checked': {
    file: 'signing/timestamp-signer.ts',
    from: '> maxAge)',
    to: '> maxAge + 1e9)',
    suites: [...SIGNING, ...COOKIES],
  },
  'an expired cookie is tried with the older salt': {
    file: 'signing/cookie-signer.ts',
    from: ' || error instanceof SignatureExpired',
    to: ' || (error instanceof SignatureExpired && false)',
    suites: COOKIES,
  },
  'the older salt is always accepted': {
    file: 'signing/cookie-signer.ts',
    from: '!legacySaltFallback',
    to: '(legacySaltFallback && false)',
    suites: COOKIES,
  },
  'no flag says that something changed': {
    file: 'session/saving.ts',
    from: 'return this.#state.touched || this.changes.any',
    to: 'return this.#state.touched',
    suites: [...SESSIONS, ...MIDDLEWARE],
  },
  'what pop takes stays': {
    file: 'session/session.ts',
    from: '    this.delete(key)\n    return value',
    to: '    return value',
    suites: SESSIONS,
  },
  'a value set again moves to the end': {
    file: 'session/changes.ts',
    from: "if (before?.kind === 'delete') this.#byKey.delete(key)",
    to: 'this.#byKey.delete(key)',
    suites: ['random'],
  },
  'an expired row opens': {
    file: 'stores/db.ts',
    from: 'if (!row.alive)',
    to: 'if (false)',
    suites: SESSIONS,
  },
  'clearExpired deletes nothing': {
    file: 'stores/db.ts',
    from: 'WHERE expire_date < ? LIMIT',
    to: 'WHERE expire_date < ? AND 1 = 0 LIMIT',
    suites: SESSIONS,
  },
  'a flush leaves the row': {
    file: 'session/saving.ts',
    from: 'of new Set([...own, ...(this.#options.cookieKeys?.() ?? [])])',
    to: 'of new Set<string>()',
    suites: SESSIONS,
  },
  'a cycled key still opens the session': {
    file: 'session/saving.ts',
    from: 'await this.store.cycle(stored, next, this.#options.request, key)',
    to: 'await this.store.create(() => next(stored.data), this.#options.request)',
    suites: SESSIONS,
  },
  'a deleted session is stored again': {
    file: 'session/saving.ts',
    from: "if (whenGone === 'interrupt') throw interrupted()",
    to: '',
    suites: [...SESSIONS, ...MIDDLEWARE],
  },
  'a short key is a key': {
    file: 'stores/session-key.ts',
    from: "if (text.length < 16 && [...text].length < 8) return 'short'",
    to: "if (/^[!-~]{1,7}$/.test(text)) return 'ok'",
    suites: SESSIONS,
  },
  '0 is not the end of the browser': {
    file: 'stores/session-expiry.ts',
    from: 'value === 0 || value === false',
    to: 'value === false',
    suites: SESSIONS,
  },
  'a set expiry is not kept': {
    file: 'stores/session-expiry.ts',
    from: 'secondsOf(value) || settings.SESSION_COOKIE_AGE',
    to: 'settings.SESSION_COOKIE_AGE',
    suites: SESSIONS,
  },
  'columns of the site stay empty': {
    file: 'stores/db.ts',
    from: 'options.columns?.(data, request) ?? {}',
    to: '{}',
    suites: SESSIONS,
  },
  'tampered rows are not told': {
    file: 'stores/session-data.ts',
    from: "if (error instanceof BadSignature) return { reason: 'session_data_corrupted' }",
    to: '',
    suites: SESSIONS,
  },
  'no Vary': {
    file: 'context.ts',
    from: "vary: ['Cookie']",
    to: 'vary: []',
    suites: MIDDLEWARE,
  },
  'a failed response saves': {
    file: 'context.ts',
    from: 'status < 500',
    to: 'status < 600',
    suites: MIDDLEWARE,
  },
  'a flush leaves the cookie': {
    file: 'context.ts',
    from: '(dead || saving.flushed)',
    to: 'false',
    suites: MIDDLEWARE,
  },
  'a cookie is deleted at another path': {
    file: 'cookies/set-cookie.ts',
    from: 'expires: new Date(0),\n    path,',
    to: "expires: new Date(0),\n    path: '/',",
    suites: MIDDLEWARE,
  },
  'SESSION_SAVE_EVERY_REQUEST is ignored': {
    file: 'context.ts',
    from: 'if (this.#parts.settings.SESSION_SAVE_EVERY_REQUEST)',
    to: 'if (false)',
    suites: MIDDLEWARE,
  },
  'cookies are open to scripts': {
    file: 'cookies/set-cookie.ts',
    from: "if (httponly) parts.push('HttpOnly')",
    to: '',
    suites: MIDDLEWARE,
  },
  'a fallback key brings no new session key': {
    file: 'login.ts',
    from: 'saving.rotate(verdict.newHash)',
    to: 'void saving',
    suites: ['random'],
  },
  'any auth hash will do': {
    file: 'auth/current-user.ts',
    from: 'if (constantTimeCompare(stored, hash)) return',
    to: 'if (hash) return',
    suites: ['random'],
  },
  'an inactive user is logged in': {
    file: 'auth/current-user.ts',
    from: 'row.is_active === false &&',
    to: 'row.is_active === null &&',
    suites: ['random'],
  },
  'a session that a request deleted is sent': {
    file: 'session/saving.ts',
    from: 'if (state.written?.key !== key) return',
    to: 'if (key !== null) return',
    suites: ['random', ...MIDDLEWARE],
  },
  'tokens have no fields': {
    file: 'cookies/jwt-cookie.ts',
    from: 'if (value !== undefined) values.set(short, value)',
    to: 'if (value === null) values.set(short, value)',
    suites: JWT,
  },
  'tokens are signed by another algorithm than their header says': {
    file: 'jwt/jws.ts',
    from: 'sha256',
    to: 'sha512',
    suites: JWT,
  },
}

/** Has `fault` stand in the source from now on. @throws Error when the text is no longer there */
export function plant(fault: Fault): void {
  const url = pathToFileURL(resolve(import.meta.dirname, '../../src', fault.file)).href
  registerHooks({
    load(loaded, context, next) {
      const result = next(loaded, context)
      if (loaded !== url) return result
      const source = String(result.source)
      if (!source.includes(fault.from)) throw new Error(`${fault.file} does not hold the text of this fault any more.`)
      return { ...result, source: source.replaceAll(fault.from, fault.to) }
    },
  })
}
