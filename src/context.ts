/**
 * One request: its session, its user, its claims, and what becomes of the cookie at the end.
 *
 * `finish` holds every decision of Django's SessionMiddleware.process_response
 * (django/contrib/sessions/middleware.py) and the few where this library differs on purpose.
 */
import type { AuthState } from './auth/current-user.ts'
import { pythonUser } from './auth/field-types.ts'
import type { DjangoUser } from './auth/users.ts'
import type { Connections } from './connect/connect.ts'
import { type IncomingCookie, IncomingCookies } from './cookies/incoming-cookies.ts'
import {
  type ResponseChanges,
  withDeletedCookies,
  withoutCookie,
  withSessionCookie,
} from './cookies/response-changes.ts'
import type { Claims, CookieReason, SessionCookie } from './cookies/session-cookie.ts'
import type { DjangoBridgeError } from './errors.ts'
import type { Doubt, Evidence } from './evidence.ts'
import { Login, type LoginReason } from './login.ts'
import { SessionSaving } from './session/saving.ts'
import { Session } from './session/session.ts'
import type { Settings } from './settings/settings.ts'
import { rotatedSessionKey } from './stores/session-key.ts'
import { type AbsenceReason, isStored, type NotLoaded, type RequestInfo, type StoredSession } from './stores/store.ts'
import { heard } from './unheard.ts'
import type { BridgeWarning } from './warnings.ts'

export type { ResponseChanges, SetCookie } from './cookies/response-changes.ts'

/** Codes that `onSuspicious` is called with. */
export type SuspiciousCode = CookieReason | AbsenceReason | LoginReason

export interface SuspiciousEvent {
  readonly code: SuspiciousCode
  readonly cookieName: string
  readonly error?: DjangoBridgeError
}

/** The site's own functions, all optional. */
export interface ContextHooks {
  /** Adds claims to a JWT cookie; the hook for CALLABLE and dotted FIELDS of django-session-jwt. */
  readonly jwtClaims?: (user: DjangoUser | null) => Claims | Promise<Claims>
  /**
   * Makes a verified user anonymous for reasons of the site's own by returning true. It may read the session; calls
   * that touch the store, such as `save` and `flush`, are the handler's: a write may be waiting for this answer.
   */
  readonly veto?: (user: DjangoUser, session: Session, request: RequestInfo) => boolean | Promise<boolean>
  /**
   * Called for each cookie that was refused. Without it each code is a warning, once a minute, with how often it came:
   * see `onWarning`.
   */
  readonly onSuspicious?: (event: SuspiciousEvent) => unknown
}

/** What all requests of a bridge share. */
export interface ContextParts {
  readonly settings: Settings
  readonly cookie: SessionCookie
  readonly readCookieNames: readonly string[]
  readonly hooks: ContextHooks
  readonly now: () => Date
  readonly connect: () => Promise<Connections>
  readonly evidence: Evidence
  /** Neither of them throws. */
  readonly report: (event: SuspiciousEvent) => void
  readonly warn: (warning: BridgeWarning) => void
}

export class DjangoContext {
  readonly #request: RequestInfo
  readonly #parts: ContextParts
  #cookies: IncomingCookies | null = null
  #opening: Promise<Session> | null = null
  #saving: SessionSaving | null = null
  #login: Login | null = null
  #absent: NotLoaded['absent'] | null = null
  #doubt: Doubt | null = null
  #accessed = false
  #cookieValue: ((stored: StoredSession) => string) | null = null
  #finishing: ResponseChanges | Promise<ResponseChanges> | null = null

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
   * After `finish`, while a response streams for example, it can be read, and saved by `save()` under its own key. A
   * call that needs a cookie is then a TypeError, and no Vary header says that the response depends on the session.
   * @throws StoreUnavailable
   */
  session(): Promise<Session> {
    this.#opening ??= heard(this.#finishing === null ? this.#open() : this.#openLate())
    return this.#opening
  }

  /** The user whose login in this session is verified against the user's row, or null. @throws StoreUnavailable */
  user(): Promise<DjangoUser | null> {
    return heard(this.auth().then((state) => (state.status === 'authenticated' ? state.user : null)))
  }

  /** As `user`, with the reason why nobody is logged in. @throws StoreUnavailable */
  auth(): Promise<AuthState> {
    return heard(this.#auth())
  }

  async #auth(): Promise<AuthState> {
    await this.session()
    const verdict = await this.#opened(this.#login).check()
    const key = this.#saving?.stored?.key
    if (verdict.status === 'authenticated' && key !== undefined) this.#parts.evidence.loginVerified(key)
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
   * Saves what there is to save and returns what the response must carry: at once where nobody asked for the session,
   * unless SESSION_SAVE_EVERY_REQUEST saves it. Further calls return the first one's answer.
   * @param status the response's status; at 500 and above nothing more is saved
   * @param sent names of the cookies that the response sets itself. If the session's cookie is one of them, it wins:
   * no cookie of that name is returned, and the session is not saved. Changes that are lost by it are the warning
   * `cookie_set_elsewhere`.
   * @throws SessionInterrupted, StoreUnavailable, KeyRequired, CookieTooLarge, SerializationError; SettingsError where the
   * write would replace a cookie that may be good: send that error's status and no cookies
   */
  finish(status: number, sent: Iterable<string> = []): ResponseChanges | Promise<ResponseChanges> {
    this.#finishing ??= this.#finish(status, sent)
    return this.#finishing
  }

  #finish(status: number, sent: Iterable<string>): ResponseChanges | Promise<ResponseChanges> {
    if (this.#opening !== null) return heard(this.#finishOpened(status, new Set(sent)))
    const { SESSION_SAVE_EVERY_REQUEST, SESSION_COOKIE_NAME } = this.settings
    const incoming = this.#cookieRead()
    const isSaved = SESSION_SAVE_EVERY_REQUEST && status < 500 && incoming !== null && 'key' in incoming.reading
    if (isSaved) {
      const names = new Set(sent)
      if (!names.has(SESSION_COOKIE_NAME)) return heard(this.#saveUnopened(status, names))
    }
    const isGone = isDeleted(incoming) && !new Set(sent).has(incoming.name)
    return isGone ? this.#delete([incoming.name], NONE) : this.#nothing()
  }

  async #saveUnopened(status: number, sent: ReadonlySet<string>): Promise<ResponseChanges> {
    await this.session()
    return this.#finishOpened(status, sent)
  }

  async #finishOpened(status: number, sent: ReadonlySet<string>): Promise<ResponseChanges> {
    // Also lets the handler come to the end of what it does in one go with its answer.
    await this.#opening?.catch(() => undefined)
    const saving = this.#saving
    if (saving === null) return this.#nothing()

    if (sent.has(this.settings.SESSION_COOKIE_NAME)) return this.#giveWay(saving, sent)
    await saving.settled()
    if (status < 500 && saving.failure !== null) throw saving.failure
    const last = status < 500 ? this.#saveAtEnd(saving) : null
    saving.seal()
    try {
      await last
      // A handler that goes on may have asked for more, just before the end.
      await saving.settled()
    } finally {
      saving.end()
    }
    if (status < 500 && saving.failure !== null) throw saving.failure
    if (saving.failure !== null) return this.#nothing()
    return this.#settleCookies(saving, sent)
  }

  /** The response sets the session's cookie itself. A session that no cookie leads to is not worth an error. */
  async #giveWay(saving: SessionSaving, sent: ReadonlySet<string>): Promise<ResponseChanges> {
    await saving.settled()
    saving.end()
    const others = this.#incoming().names.filter((name) => name !== this.settings.SESSION_COOKIE_NAME)
    const isLost = saving.written !== null && saving.written.key !== this.#keyInCookie()
    if (isLost || (saving.modified && !saving.isEmpty)) {
      this.#parts.warn({ code: 'cookie_set_elsewhere', message: SET_ELSEWHERE })
    }
    return saving.flushed && others.length > 0 ? this.#delete(others, sent) : this.#nothing()
  }

  /** A flush takes away every cookie that this bridge would read: a session of an older name would be back. */
  #settleCookies(saving: SessionSaving, sent: ReadonlySet<string>): ResponseChanges {
    const { first, names } = this.#incoming()
    if (saving.written !== null) {
      const others = names.filter((name) => name !== this.settings.SESSION_COOKIE_NAME)
      return this.#issue(saving.written, saving.flushed ? others.filter((name) => !sent.has(name)) : [])
    }
    // Of one cookie whose session is gone Django says nothing while the values set since are not saved.
    const isLeft = names.length > 1 || saving.store.movesKeys === true
    if (saving.flushed && names.length > 0 && (saving.isEmpty || isLeft)) return this.#delete(names, sent)
    const isDead = isDeleted(first) || this.#absent === 'unknown' || this.#absent === 'expired'
    return first !== null && saving.isEmpty && isDead ? this.#delete([first.name], sent) : this.#nothing()
  }

  async #saveAtEnd(saving: SessionSaving): Promise<void> {
    if (saving.isEmpty) return
    if (saving.modified) return saving.save()
    if (saving.stored === null || saving.written !== null) return
    if (this.#parts.settings.SESSION_SAVE_EVERY_REQUEST) return saving.save()
    if (this.#isStale() && (await this.#mayRenew())) return saving.touch('ignore')
  }

  #nothing(): ResponseChanges {
    return withoutCookie(this.#accessed)
  }

  #delete(names: readonly string[], sent: ReadonlySet<string>): ResponseChanges {
    const left = names.filter((name) => !sent.has(name))
    return left.length > 0 ? withDeletedCookies(left, this.settings) : this.#nothing()
  }

  #issue(stored: StoredSession, ended: readonly string[]): ResponseChanges {
    const value = this.#cookieValue?.(stored) ?? stored.key
    return withSessionCookie(value, stored.expiry, this.settings, this.#parts.now(), ended)
  }

  /** The request's cookie and what it says; null when there is none. */
  #cookieRead(): IncomingCookie | null {
    return this.#incoming().first
  }

  #incoming(): IncomingCookies {
    if (this.#cookies !== null) return this.#cookies
    const { readCookieNames, cookie } = this.#parts
    this.#cookies = new IncomingCookies(this.request.headers.cookie, readCookieNames, cookie)
    const reading = this.#cookies.first?.reading
    if (reading !== undefined && 'refused' in reading) this.#report(reading.reason)
    return this.#cookies
  }

  #keyInCookie(): string | null {
    const reading = this.#cookieRead()?.reading
    return reading !== undefined && 'key' in reading ? reading.key : null
  }

  /** The response has begun: it carries no cookie any more, and takes none away. */
  async #openLate(): Promise<Session> {
    const session = await this.#open()
    this.#saving?.end()
    return session
  }

  async #open(): Promise<Session> {
    this.#accessed = true
    const reading = this.#cookieRead()?.reading
    const connections = await this.#parts.connect()
    const { store, clock } = connections
    const { evidence } = this.#parts
    let stored: StoredSession | null = null
    if (reading !== undefined && 'refused' in reading && reading.form !== undefined) {
      this.#doubt = { about: 'cookie', form: reading.form }
    }
    if (reading !== undefined && 'key' in reading) {
      const answer = await store.load(reading.key)
      if (isStored(answer)) {
        stored = answer
        evidence.sessionRead(answer.key)
      } else {
        this.#absent = answer.absent
        this.#doubt = doubtAbout(answer)
        this.#report(answer.reason, answer.error)
      }
    }
    const claims = stored !== null && reading !== undefined && 'key' in reading ? reading.claims : null
    this.#saving = new SessionSaving({
      store,
      stored,
      request: this.request,
      cookieKeys: () => this.#endedByFlush(),
      admitReplacing: async () => {
        if (this.#doubt !== null) await evidence.admitReplacing(this.#doubt, connections)
      },
      rotatedKey: (key) => rotatedSessionKey(key, this.settings.SECRET_KEY),
      onMade: (key) => evidence.made(key),
      ...(claims !== null && { overlay: new Map([['jwt', this.#parts.cookie.stated(claims)]]) }),
      ...(this.#parts.cookie.statesUser && { beforeWrite: () => this.#prepareCookie() }),
    })
    const session = new Session(this.#saving, clock)
    this.#login = new Login({
      settings: this.#parts.settings,
      saving: this.#saving,
      users: connections,
      veto: (user) => this.#parts.hooks.veto?.(user, session, this.request) ?? false,
      report: (reason) => {
        if (reason !== 'malformed_login') this.#doubt = { about: 'login', reason }
        this.#report(reason)
      },
    })
    return session
  }

  /** Does everything about the new cookie that can fail, so that nothing is stored that could not be sent. */
  async #prepareCookie(): Promise<void> {
    const { cookie, hooks } = this.#parts
    const saving = this.#opened(this.#saving)
    const login = this.#opened(this.#login)
    const user = await login.observe()
    const reading = this.#cookieRead()?.reading
    const previous = reading !== undefined && 'key' in reading ? reading.claims : null
    const makeValue = cookie.prepare({
      previous,
      user: user && pythonUser(user),
      extra: (await hooks.jwtClaims?.(user)) ?? null,
      carry: saving.stored !== null && !saving.flushed && login.isClaimed && login.isAsOpened,
      renew: !login.isClaimed || user !== null,
    })
    this.#cookieValue = (stored) => makeValue(stored.key, stored.expiry)
  }

  /** Also what could not be read, which Django may open. What has expired opens nothing, and is left to `clearsessions`. */
  #endedByFlush(): readonly string[] {
    const { keys } = this.#incoming()
    return this.#absent === 'unknown' || this.#absent === 'expired' ? keys.slice(1) : keys
  }

  #isStale(): boolean {
    const reading = this.#cookieRead()?.reading
    return reading !== undefined && 'key' in reading && reading.stale && this.#parts.cookie.canIssue
  }

  /** Only an anonymous session, or one whose user is verified now, gets a token that lives longer. */
  async #mayRenew(): Promise<boolean> {
    const login = this.#opened(this.#login)
    return !login.isClaimed || (await login.observe()) !== null
  }

  #opened<Part>(part: Part | null): Part {
    if (part === null) throw new TypeError('The session is not open.')
    return part
  }

  #report(code: SuspiciousCode, error?: DjangoBridgeError): void {
    const cookieName = this.#parts.settings.SESSION_COOKIE_NAME
    this.#parts.report({ code, cookieName, ...(error && { error }) })
  }
}

/** What could not be read may be good, unlike what is not there. */
function doubtAbout({ absent, reason, error }: NotLoaded): Doubt | null {
  if (absent !== 'unreadable') return null
  return { about: 'session', reason: reason === 'session_data_corrupted' ? reason : 'session_data_unreadable', error }
}

const NONE: ReadonlySet<string> = new Set()

const SET_ELSEWHERE =
  'A response sets the session cookie itself (a proxied page of Django for example), and changes of the session by ' +
  'its handler go with the cookie that it replaces. Change the session in another request, or do not send that cookie.'

function isDeleted(cookie: IncomingCookie | null): cookie is IncomingCookie {
  return cookie !== null && 'refused' in cookie.reading && cookie.reading.refused !== 'invalid'
}
