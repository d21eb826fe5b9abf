/**
 * One request: its session, its user, its claims, and what becomes of the cookie at the end.
 *
 * `finish` holds every decision of Django's SessionMiddleware.process_response
 * (django/contrib/sessions/middleware.py) and the few where this library differs on purpose.
 */
import { type AuthState, checkUser, type UserVerdict } from './auth/current-user.ts'
import type { DjangoUser } from './auth/users.ts'
import type { Connections } from './connect.ts'
import { parseCookieHeader } from './cookies/cookie-header.ts'
import type { Claims, CookieReading, CookieReason, SessionCookie } from './cookies/session-cookie.ts'
import { formatDeleteCookie, formatSetCookie } from './cookies/set-cookie.ts'
import { type DjangoBridgeError, SettingsError } from './errors.ts'
import { AUTH_KEYS } from './session/changes.ts'
import { SessionSaving } from './session/saving.ts'
import { Session } from './session/session.ts'
import type { Settings } from './settings/settings.ts'
import { type AbsenceReason, isStored, type NotLoaded, type RequestInfo, type StoredSession } from './stores/store.ts'

/** A cookie to send. `header` is the whole value of a Set-Cookie line, Django's to the byte. */
export interface SetCookie {
  readonly name: string
  readonly value: string
  readonly header: string
}

/** What a response must carry. */
export interface ResponseChanges {
  readonly cookies: readonly SetCookie[]
  /** Names for the Vary header. */
  readonly vary: readonly string[]
  /** Present beside a cookie: the response must not be stored by shared caches. */
  readonly cacheControl?: 'private'
}

/** Codes that `onSuspicious` is called with. */
export type SuspiciousCode = CookieReason | AbsenceReason | LoginReason

export type LoginReason =
  /** The session names a user and has no auth hash. It opens as a new, empty one; row and cookie stay. */
  | 'auth_hash_missing'
  /** The auth hash is not the one of the user's password: it was changed, or SECRET_KEY differs. As above. */
  | 'auth_hash_mismatch'

export interface SuspiciousEvent {
  readonly code: SuspiciousCode
  readonly cookieName: string
  readonly error?: DjangoBridgeError
}

/** The site's own functions, all optional. */
export interface ContextHooks {
  /** Adds claims to a JWT cookie; the hook for CALLABLE and dotted FIELDS of django-session-jwt. */
  readonly jwtClaims?: (user: DjangoUser | null) => Claims | Promise<Claims>
  /** Makes a verified user anonymous for reasons of the site's own by returning true. */
  readonly veto?: (user: DjangoUser, session: Session, request: RequestInfo) => boolean | Promise<boolean>
  readonly onSuspicious?: (event: SuspiciousEvent) => void
}

/** What all requests of a bridge share. */
export interface ContextParts {
  readonly settings: Settings
  readonly cookie: SessionCookie
  readonly readCookieNames: readonly string[]
  readonly hooks: ContextHooks
  readonly now: () => Date
  readonly connect: () => Promise<Connections>
}

export class DjangoContext {
  readonly #request: RequestInfo
  readonly #parts: ContextParts
  #incoming: { text: string; reading: CookieReading } | null | undefined
  #opening: Promise<Session> | null = null
  #saving: SessionSaving | null = null
  #absent: NotLoaded['absent'] | null = null
  #loadedUserId: unknown
  #accessed = false
  #verdict: { login: string; answer: Promise<UserVerdict> } | null = null
  #cookieValue: ((stored: StoredSession) => string) | null = null
  #finishing: Promise<ResponseChanges> | null = null

  constructor(parts: ContextParts, request: RequestInfo) {
    this.#parts = parts
    this.#request = request
  }

  /** What `open` was given. Not a field, so that printing a context shows no cookie. */
  get request(): RequestInfo {
    return this.#request
  }

  get settings(): Settings {
    return this.#parts.settings
  }

  /**
   * The request's session, read on the first call. A missing, refused or unknown cookie gives an empty one.
   * @throws StoreUnavailable
   */
  session(): Promise<Session> {
    if (this.#opening === null && this.#finishing !== null) {
      throw new TypeError('The session must be opened before finish().')
    }
    this.#opening ??= this.#open()
    return this.#opening
  }

  /** The user whose login in this session is verified against the user's row, or null. @throws StoreUnavailable */
  async user(): Promise<DjangoUser | null> {
    const state = await this.auth()
    return state.status === 'authenticated' ? state.user : null
  }

  /** As `user`, with the reason why nobody is logged in. @throws StoreUnavailable */
  async auth(): Promise<AuthState> {
    await this.session()
    const verdict = await this.#checkedUser()
    return verdict.status === 'authenticated' ? { status: verdict.status, user: verdict.user } : verdict
  }

  /**
   * The verified claims of the JWT cookie, or null; without any I/O. They tell who was known when the token was
   * issued (`iat`) – also for visitors who have logged out since. A login is what `user` answers.
   */
  get claims(): Claims | null {
    this.#accessed = true
    const reading = this.#cookieRead()?.reading
    return reading !== undefined && 'key' in reading ? reading.claims : null
  }

  /**
   * Saves what there is to save and tells what the response must carry. Further calls return the first one's promise.
   * @param status the response's status; at 500 and above nothing more is saved
   * @throws SessionInterrupted, StoreUnavailable, KeyRequired, CookieTooLarge, SerializationError: send that error's
   * status and no cookies
   */
  finish(status: number): Promise<ResponseChanges> {
    this.#finishing ??= this.#finish(status)
    return this.#finishing
  }

  async #finish(status: number): Promise<ResponseChanges> {
    const { settings } = this.#parts
    const incoming = this.#cookieRead()
    if (this.#opening === null) {
      const untouched = settings.SESSION_SAVE_EVERY_REQUEST && incoming !== null && 'key' in incoming.reading
      if (!untouched) return isDeleted(incoming?.reading) ? this.#deletion() : this.#nothing()
      this.#opening = this.#open()
      await this.#opening
    }
    await this.#opening.catch(() => undefined)
    const saving = this.#saving
    if (saving === null) return this.#nothing()

    await saving.settled()
    if (status < 500) {
      if (saving.failure !== null) throw saving.failure
      await this.#saveAtEnd(saving)
    }
    if (saving.failure !== null) return this.#nothing()
    if (saving.written !== null) return this.#issue(saving.written)
    const dead = isDeleted(incoming?.reading) || this.#absent === 'unknown' || this.#absent === 'expired'
    return incoming !== null && saving.isEmpty && (dead || saving.flushed) ? this.#deletion() : this.#nothing()
  }

  async #saveAtEnd(saving: SessionSaving): Promise<void> {
    if (saving.modified) return saving.save()
    if (saving.stored === null || saving.written !== null) return
    if (this.#parts.settings.SESSION_SAVE_EVERY_REQUEST) return saving.touch()
    if (this.#isStale() && (await this.#mayRenew())) return saving.touch('ignore')
  }

  #nothing(): ResponseChanges {
    return { cookies: [], vary: this.#accessed ? ['Cookie'] : [] }
  }

  #issue(stored: StoredSession): ResponseChanges {
    const { settings, now } = this.#parts
    const { age, atBrowserClose } = stored.expiry
    const value = this.#cookieValue?.(stored) ?? stored.key
    const header = formatSetCookie(settings.SESSION_COOKIE_NAME, value, {
      maxAge: atBrowserClose ? null : age,
      expires: atBrowserClose ? null : new Date(now().getTime() + age * 1000),
      domain: settings.SESSION_COOKIE_DOMAIN,
      path: settings.SESSION_COOKIE_PATH,
      secure: settings.SESSION_COOKIE_SECURE,
      httponly: settings.SESSION_COOKIE_HTTPONLY,
      samesite: settings.SESSION_COOKIE_SAMESITE,
    })
    return this.#withCookie(value, header)
  }

  #deletion(): ResponseChanges {
    const { settings } = this.#parts
    const header = formatDeleteCookie(settings.SESSION_COOKIE_NAME, {
      path: settings.SESSION_COOKIE_PATH,
      domain: settings.SESSION_COOKIE_DOMAIN,
      samesite: settings.SESSION_COOKIE_SAMESITE,
    })
    return this.#withCookie('', header)
  }

  #withCookie(value: string, header: string): ResponseChanges {
    const name = this.#parts.settings.SESSION_COOKIE_NAME
    return { cookies: [{ name, value, header }], vary: ['Cookie'], cacheControl: 'private' }
  }

  /** The request's cookie and what it says; null when there is none. */
  #cookieRead(): { text: string; reading: CookieReading } | null {
    if (this.#incoming !== undefined) return this.#incoming
    const header = this.request.headers.cookie
    const cookies = parseCookieHeader(
      typeof header === 'string' ? header : Array.isArray(header) ? header.join('; ') : '',
    )
    const name = this.#parts.readCookieNames.find((candidate) => cookies.has(candidate))
    const text = name === undefined ? undefined : cookies.get(name)
    if (text === undefined) {
      this.#incoming = null
      return null
    }
    const reading = this.#parts.cookie.read(text)
    this.#incoming = { text, reading }
    if ('refused' in reading) this.#report(reading.reason)
    return this.#incoming
  }

  async #open(): Promise<Session> {
    this.#accessed = true
    const reading = this.#cookieRead()?.reading
    const { store, clock } = await this.#parts.connect()
    let stored: StoredSession | null = null
    if (reading !== undefined && 'key' in reading) {
      const answer = await store.load(reading.key)
      if (isStored(answer)) {
        stored = answer
      } else {
        this.#absent = answer.absent
        this.#report(answer.reason)
      }
    }
    const claims = stored !== null && reading !== undefined && 'key' in reading ? reading.claims : null
    this.#saving = new SessionSaving({
      store,
      stored,
      request: this.request,
      ...(claims !== null && { overlay: new Map([['jwt', this.#parts.cookie.stated(claims)]]) }),
      beforeWrite: () => this.#prepareCookie(),
    })
    const session = new Session(this.#saving, clock)
    this.#loadedUserId = session.get('_auth_user_id')
    return session
  }

  /** Does everything about the new cookie that can fail, so that nothing is stored that could not be sent. */
  async #prepareCookie(): Promise<void> {
    const { cookie, hooks } = this.#parts
    if (!cookie.statesUser) return
    const saving = this.#openSaving()
    const user = await this.#statedUser()
    const reading = this.#cookieRead()?.reading
    const previous = reading !== undefined && 'key' in reading ? reading.claims : null
    const userId = saving.changes.get('_auth_user_id', saving.data)
    const makeValue = cookie.prepare({
      previous,
      user,
      extra: (await hooks.jwtClaims?.(user)) ?? null,
      carry: saving.stored !== null && !saving.flushed && userId === this.#loadedUserId,
      renew: userId === undefined || user !== null,
    })
    this.#cookieValue = (stored) => makeValue(stored.key, stored.expiry)
  }

  #isStale(): boolean {
    const reading = this.#cookieRead()?.reading
    return reading !== undefined && 'key' in reading && reading.stale && this.#parts.cookie.canIssue
  }

  /** Only an anonymous session, or one whose user is verified now, gets a token that lives longer. */
  async #mayRenew(): Promise<boolean> {
    const saving = this.#openSaving()
    if (saving.changes.get('_auth_user_id', saving.data) === undefined) return true
    return (await this.#statedUser()) !== null
  }

  /** The verified user for a token; null also when this side has no way to load users. */
  async #statedUser(): Promise<DjangoUser | null> {
    const { loadUser } = await this.#parts.connect()
    if (loadUser === null) return null
    const verdict = await this.#checkedUser('observe')
    return verdict.status === 'authenticated' ? verdict.user : null
  }

  /** Judges the login once for each set of login values; `observe` leaves a session as it is, whatever comes out. */
  async #checkedUser(mode: 'act' | 'observe' = 'act'): Promise<UserVerdict> {
    const saving = this.#openSaving()
    const get = (key: string): unknown => saving.changes.get(key, saving.data)
    const login = JSON.stringify(AUTH_KEYS.map((key) => String(get(key))))
    if (this.#verdict?.login !== login) this.#verdict = { login, answer: this.#judge(get) }
    const verdict = await this.#verdict.answer
    if (mode === 'observe') return verdict
    if (verdict.status === 'authenticated') {
      if (verdict.newHash !== undefined && get('_auth_user_hash') !== verdict.newHash) {
        saving.rotate(verdict.newHash)
        const rotated = JSON.stringify(AUTH_KEYS.map((key) => String(get(key))))
        this.#verdict = { login: rotated, answer: Promise.resolve(verdict) }
      }
    } else if (verdict.reason === 'auth_hash_missing' || verdict.reason === 'auth_hash_mismatch') {
      // Django flushes here. We leave row and cookie: one wrong setting must not log a whole site out.
      saving.detach()
      this.#report(verdict.reason)
      this.#verdict = null
    }
    return verdict
  }

  async #judge(get: (key: string) => unknown): Promise<UserVerdict> {
    const { settings, hooks } = this.#parts
    const { loadUser, sessionAuthHash } = await this.#parts.connect()
    if (loadUser === null) {
      throw new SettingsError('To know users, give DATABASES with the user table, or hooks.loadUser.')
    }
    const verdict = await checkUser(get, {
      SECRET_KEY: settings.SECRET_KEY,
      SECRET_KEY_FALLBACKS: settings.SECRET_KEY_FALLBACKS,
      AUTHENTICATION_BACKENDS: settings.AUTHENTICATION_BACKENDS,
      loadUser,
      ...(sessionAuthHash && { sessionAuthHash }),
    })
    if (verdict.status === 'anonymous' || hooks.veto === undefined) return verdict
    const session = await this.session()
    return (await hooks.veto(verdict.user, session, this.request)) ? { status: 'anonymous', reason: 'vetoed' } : verdict
  }

  #openSaving(): SessionSaving {
    if (this.#saving === null) throw new TypeError('The session is not open.')
    return this.#saving
  }

  #report(code: SuspiciousCode): void {
    try {
      this.#parts.hooks.onSuspicious?.({ code, cookieName: this.#parts.settings.SESSION_COOKIE_NAME })
    } catch {
      // A reporter must not decide what becomes of a request.
    }
  }
}

function isDeleted(reading: CookieReading | undefined): boolean {
  return reading !== undefined && 'refused' in reading && reading.refused !== 'invalid'
}
