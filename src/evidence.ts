/**
 * What a bridge has proved of its settings: that it reads the site's sessions, and verifies its logins. Until then it
 * writes nothing that would end somebody's cookie: what it cannot read may be a good session, and the settings wrong.
 *
 * Sessions that this bridge made prove nothing: with a wrong key it would read its own all the same.
 */
import { hash } from 'node:crypto'
import { checkUser, type UserCheckOptions } from './auth/current-user.ts'
import type { Connections } from './connect/connect.ts'
import {
  type DjangoBridgeError,
  PickleForbidden,
  SettingsError,
  type StoreFailure,
  StoreUnavailable,
} from './errors.ts'
import { type LoginReason, userCheckOptions } from './login.ts'
import { OverLimit } from './over-limit.ts'
import { plain, type SessionData } from './serializers/serializer.ts'
import type { Settings } from './settings/settings.ts'
import type { CookieForm } from './stores/cookie-form.ts'
import type { RecentSession } from './stores/store.ts'

/** Why the cookie of a request may be good though it opened nothing. */
export type Doubt =
  | { readonly about: 'cookie'; readonly form: CookieForm }
  | {
      readonly about: 'session'
      readonly reason: 'session_data_corrupted' | 'session_data_unreadable'
      readonly error: DjangoBridgeError | undefined
    }
  | { readonly about: 'login'; readonly reason: Exclude<LoginReason, 'malformed_login'> }

/** What can be looked for: a session that can be read, a login that can be verified. */
type Proof = 'session' | 'login'

const MOST_SESSIONS = 20
const MOST_LOGINS = 10
/** Between two looks that found nothing. */
const PAUSE_MS = 10_000
const MOST_REMEMBERED = 10_000

export class Evidence {
  readonly #settings: Settings
  readonly #proved = new Set<Doubt['about']>()
  /** Digests of session keys, the oldest first. */
  readonly #made = new Set<string>()
  readonly #looks = new Map<Proof, { readonly until: number; readonly looking: Promise<void> }>()

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /** A visitor's cookie opened the session of this key. */
  sessionRead(key: string): void {
    if (this.#proved.has('cookie') || this.#isOwn(key)) return
    this.#proved.add('cookie').add('session')
  }

  /** The login in the session of this key was verified. */
  loginVerified(key: string): void {
    if (this.#proved.has('login') || this.#isOwn(key)) return
    this.#proved.add('login').add('session')
    this.#made.clear()
  }

  /** This bridge made the session of this key, or wrote the login in it. */
  made(key: string): void {
    if (this.#proved.has('login')) return
    this.#made.add(digest(key))
    const [oldest] = this.#made
    if (this.#made.size > MOST_REMEMBERED && oldest !== undefined) this.#made.delete(oldest)
  }

  /** Looks for both proofs, as far as the store shows what it holds and the users can be loaded. */
  async gather(connections: Connections): Promise<void> {
    try {
      await this.#lookFor('login', connections)
    } catch (error) {
      // A service that only reads sessions needs no user table.
      if (!(error instanceof StoreUnavailable)) throw error
    }
  }

  /**
   * Returns where another session may take the place of the one that the cookie may open.
   * @throws SettingsError where it must not; StoreUnavailable
   */
  async admitReplacing(doubt: Doubt, connections: Connections): Promise<void> {
    // Whoever wrote so much can read it.
    const isGood = doubt.about === 'session' && doubt.error instanceof OverLimit
    if (!isGood && !this.#proved.has(doubt.about) && doubt.about !== 'cookie') {
      await this.#lookOnce(doubt.about, connections)
    }
    if (isGood || !this.#proved.has(doubt.about)) throw new SettingsError(refusalOf(doubt))
  }

  /** For all requests that wait for it, and not again for a while. */
  #lookOnce(proof: Proof, connections: Connections): Promise<void> {
    const last = this.#looks.get(proof)
    if (last !== undefined && performance.now() < last.until) return last.looking
    const looking = this.#lookFor(proof, connections)
    this.#looks.set(proof, { until: performance.now() + PAUSE_MS, looking })
    // What failed has looked at nothing.
    looking.catch(() => this.#looks.delete(proof))
    return looking
  }

  async #lookFor(proof: Proof, connections: Connections): Promise<void> {
    const readable = (await recentSessions(connections)).filter(({ key }) => key === null || !this.#isOwn(key))
    if (readable.length > 0) this.#proved.add('session')
    const options = userCheckOptions(this.#settings, connections)
    if (proof === 'session' || options === null) return
    const withLogin = readable.filter(({ data }) => data?.has('_auth_user_id'))
    for (const { data } of withLogin.slice(0, MOST_LOGINS)) {
      if (!(await isVerified(data, options))) continue
      this.#proved.add('login')
      this.#made.clear()
      return
    }
  }

  #isOwn(key: string): boolean {
    return this.#made.size > 0 && this.#made.has(digest(key))
  }
}

/** Those that can be read; none where the store does not show, or not to this user, what it holds. */
async function recentSessions({ store }: Connections): Promise<readonly RecentSession[]> {
  try {
    const found = (await store.recent?.(MOST_SESSIONS)) ?? []
    return found.filter(({ data }) => data !== null)
  } catch (error) {
    if (error instanceof StoreUnavailable && NOT_SHOWN.includes(error.reason)) return []
    throw error
  }
}

/** @throws StoreUnavailable */
async function isVerified(data: SessionData | null, options: UserCheckOptions): Promise<boolean> {
  try {
    return (await checkUser((name) => plain(data?.get(name)), options)).status === 'authenticated'
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error
    // What a hook of the site's has against another visitor's login is no matter of this one's.
    return false
  }
}

/** What a server says to a user who may not list what it holds. */
const NOT_SHOWN: readonly StoreFailure[] = ['denied', 'refused']

/** A key of `signed_cookies` is a whole session. */
function digest(key: string): string {
  return hash('sha256', key, 'base64').slice(0, 22)
}

function refusalOf(doubt: Doubt): string {
  const [what, advice] = causeOf(doubt)
  return `Nothing was written, and the visitor's cookie stays: ${what}, so that Django may accept it. ${advice}`
}

const DOCTOR = 'Run `npx django-session-bridge doctor`.'
const DECODE = 'Run `npx django-session-bridge decode` with the cookie.'

function causeOf(doubt: Doubt): readonly [what: string, advice: string] {
  switch (doubt.about) {
    case 'cookie':
      return [
        `it is not a cookie of these settings but a ${doubt.form}, and no other cookie has opened a session yet`,
        `Compare DJANGO_SESSION_JWT (its KEY, or SECRET_KEY) and SESSION_ENGINE with Django's. ${DECODE}`,
      ]
    case 'session':
      if (doubt.error instanceof OverLimit) {
        return ['the session is larger than the limits', 'Raise options.limits, or options.pickle.limits.']
      }
      if (doubt.error instanceof PickleForbidden) {
        return [
          `the session holds ${doubt.error.forbidden}, and no other session that Django wrote could be read yet`,
          `Give a codec for it in options.pickle. ${DOCTOR}`,
        ]
      }
      return doubt.reason === 'session_data_corrupted'
        ? [
            'the signature of the session does not match, and no session that Django wrote could be read yet',
            `Compare SECRET_KEY, SECRET_KEY_FALLBACKS and options.sessionSalt with Django's. ${DOCTOR}`,
          ]
        : [
            'the session could not be read, and no other session that Django wrote could be read yet',
            `Compare SESSION_SERIALIZER, or the serializer in CACHES, with Django's. ${DOCTOR}`,
          ]
    case 'login':
      return [
        doubt.reason === 'auth_hash_missing'
          ? 'the login in the session has no auth hash, and no other login could be verified yet'
          : 'the auth hash of the session does not match, and no other login could be verified yet',
        'Compare SECRET_KEY, AUTH_USER_MODEL, the database of the users and get_session_auth_hash ' +
          `(hooks.sessionAuthHash) with Django's. ${DOCTOR}`,
      ]
  }
}
