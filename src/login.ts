/** The login of one request: judged once for each set of login values, and what a verdict does to the session. */
import { checkUser, type UserCheckOptions, type UserVerdict } from './auth/current-user.ts'
import type { DjangoUser } from './auth/users.ts'
import type { Connections } from './connect/connect.ts'
import { SettingsError } from './errors.ts'
import { AUTH_KEYS } from './session/frozen-changes.ts'
import type { SessionSaving } from './session/saving.ts'
import type { Settings } from './settings/settings.ts'

/** Reasons that are reported, since a site's own settings or code may be the cause. */
export type LoginReason =
  /**
   * `_auth_user_id` is nothing that the key's field takes, or the backend is no text: Django answers 500. The visitor is
   * anonymous; the session stays.
   */
  | 'malformed_login'
  /** The session names a user and has no auth hash. It opens as a new, empty one; row and cookie stay. */
  | 'auth_hash_missing'
  /** The auth hash is not the one of the user's password: it was changed, or SECRET_KEY differs. As above. */
  | 'auth_hash_mismatch'

export interface LoginParts {
  readonly settings: Settings
  readonly saving: SessionSaving
  readonly users: Pick<
    Connections,
    'loadUser' | 'keyText' | 'loginHashes' | 'sessionAuthHash' | 'backendsAllowingInactive'
  >
  /** Whether the site makes this verified user anonymous. */
  veto(user: DjangoUser): boolean | Promise<boolean>
  report(reason: LoginReason): void
}

export class Login {
  readonly #parts: LoginParts
  readonly #idAsOpened: unknown
  #judged: { readonly values: string; readonly verdict: Promise<UserVerdict> } | null = null

  constructor(parts: LoginParts) {
    this.#parts = parts
    this.#idAsOpened = this.#get('_auth_user_id')
  }

  /** Whether the session names a user, verified or not. */
  get isClaimed(): boolean {
    return this.#get('_auth_user_id') !== undefined
  }

  /** Whether the session names the same user, or none, as when it was opened. */
  get isAsOpened(): boolean {
    return this.#get('_auth_user_id') === this.#idAsOpened
  }

  /** Judges the login and acts on the verdict: a new hash and key, or an empty session. @throws StoreUnavailable */
  async check(): Promise<UserVerdict> {
    const { saving } = this.#parts
    const values = this.#values()
    const verdict = await this.#verdict()
    // The handler did not wait, and has logged out meanwhile or somebody else in: that is another login.
    if (this.#values() !== values) return this.check()
    if (verdict.status === 'authenticated') {
      if (verdict.newHash !== undefined && this.#get('_auth_user_hash') !== verdict.newHash) {
        saving.rotate(verdict.newHash)
        this.#judged = { values: this.#values(), verdict: Promise.resolve(verdict) }
      }
    } else if (verdict.reason === 'auth_hash_missing' || verdict.reason === 'auth_hash_mismatch') {
      // Django flushes here. We leave row and cookie: one wrong setting must not log a whole site out.
      saving.detach()
      this.#parts.report(verdict.reason)
    }
    return verdict
  }

  /** The verified user, the session left as it is; null also when this side has no way to load users. */
  async observe(): Promise<DjangoUser | null> {
    if (this.#parts.users.loadUser === null) return null
    const values = this.#values()
    const verdict = await this.#verdict()
    if (this.#values() !== values) return this.observe()
    return verdict.status === 'authenticated' ? verdict.user : null
  }

  #verdict(): Promise<UserVerdict> {
    const values = this.#values()
    if (this.#judged?.values !== values) this.#judged = { values, verdict: this.#judge() }
    return this.#judged.verdict
  }

  async #judge(): Promise<UserVerdict> {
    const { settings, users, veto } = this.#parts
    const options = userCheckOptions(settings, users)
    if (options === null) {
      throw new SettingsError('To know users, give DATABASES with the user table, or hooks.loadUser.')
    }
    const verdict = await checkUser((key) => this.#get(key), options)
    if (verdict.status === 'anonymous') {
      if (verdict.reason === 'malformed_login') this.#parts.report(verdict.reason)
      return verdict
    }
    return (await veto(verdict.user)) ? { status: 'anonymous', reason: 'vetoed' } : verdict
  }

  #get(key: string): unknown {
    const { changes, data } = this.#parts.saving
    return changes.get(key, data)
  }

  #values(): string {
    const values = AUTH_KEYS.map((key) => this.#get(key))
    return JSON.stringify(values.map((value) => (typeof value === 'string' ? [value] : typeof value)))
  }
}

/** Null where this side has no way to load users. */
export function userCheckOptions(settings: Settings, users: LoginParts['users']): UserCheckOptions | null {
  if (users.loadUser === null) return null
  return {
    SECRET_KEY: settings.SECRET_KEY,
    SECRET_KEY_FALLBACKS: settings.SECRET_KEY_FALLBACKS,
    AUTHENTICATION_BACKENDS: settings.AUTHENTICATION_BACKENDS,
    loadUser: users.loadUser,
    loginHashes: users.loginHashes,
    ...(users.keyText && { keyText: users.keyText }),
    ...(users.sessionAuthHash && { sessionAuthHash: users.sessionAuthHash }),
    ...(users.backendsAllowingInactive && { backendsAllowingInactive: users.backendsAllowingInactive }),
  }
}
