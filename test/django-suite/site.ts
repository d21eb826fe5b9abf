/** The site that the tests describe by their settings: one bridge for each state of the settings and each store. */
import {
  type Bridge,
  type BridgeHooks,
  type BridgeOptions,
  type Claims,
  createBridge,
  type DjangoSettings,
} from '../../src/index.ts'

/** Settings that only the signing functions need. */
interface SigningSettings {
  readonly SIGNED_COOKIE_LEGACY_SALT_FALLBACK?: boolean
}

/** A line for one of Django's loggers. */
export interface LogRecord {
  readonly logger: string
  readonly level: string
  readonly message: string
}

/** Where Django logs what this library reports by code. @see SessionBase.decode, SessionStore.save of cached_db.py */
const LOGGED: Readonly<Record<string, LogRecord>> = {
  session_data_corrupted: {
    logger: 'django.security.SuspiciousSession',
    level: 'WARNING',
    message: 'Session data corrupted',
  },
  cache_unavailable: { logger: 'django.contrib.sessions', level: 'ERROR', message: 'Error saving to cache' },
}

const JWT_MIDDLEWARE = 'django_session_jwt.middleware.session.SessionMiddleware'

interface OwnStore {
  readonly settings: Partial<DjangoSettings>
  readonly options?: BridgeOptions
  readonly hooks?: BridgeHooks
}

/** What the CALLABLE of django-session-jwt's tests adds to a token. @see django_session_jwt/__init__.py */
export function jwtClaims(): Claims {
  return { foo: 'bar' }
}

/**
 * Stores of the tests' own, set up as a Node service beside such a site would do it. Django's sessions_tests have one
 * with another age and a column for the user. @see tests/sessions_tests/models.py
 */
const OWN_STORES: Readonly<Record<string, OwnStore>> = {
  [JWT_MIDDLEWARE]: { settings: { MIDDLEWARE: [JWT_MIDDLEWARE] }, hooks: { jwtClaims } },
  'sessions_tests.models.SessionStore': {
    settings: { SESSION_COOKIE_AGE: 86400 },
    options: {
      sessionTable: {
        name: 'sessions_tests_customsession',
        columns(session) {
          const id = String(session.get('_auth_user_id'))
          return { account_id: /^\d+$/.test(id) ? Number(id) : null }
        },
      },
    },
  },
}

const MOST_BRIDGES = 20

export class Site {
  #settings: DjangoSettings = { SECRET_KEY: undefined }
  #frozen: Date | null = null
  readonly #bridges = new Map<string, Bridge>()
  readonly #logs: LogRecord[] = []

  get settings(): DjangoSettings & SigningSettings {
    return this.#settings
  }

  set settings(settings: DjangoSettings & SigningSettings) {
    this.#settings = settings
  }

  /** Lets time stand still at a moment; null lets it run. */
  freeze(moment: Date | null): void {
    this.#frozen = moment
  }

  readonly now = (): Date => this.#frozen ?? new Date()

  /**
   * The bridge for the settings as they are now.
   * @param store Python's path of the store class
   * @param kept settings as they were when the store was made
   */
  bridge(store: string, kept: Partial<DjangoSettings> = {}): Bridge {
    const own = OWN_STORES[store]
    // The cookie of a store that a test opens by its key is plain, whatever the site's requests have.
    const engine = /^(django\.contrib\.sessions\.backends\.\w+)\.SessionStore$/.exec(store)?.[1]
    const settings = {
      ...this.#settings,
      ...kept,
      MIDDLEWARE: [],
      ...(own?.settings?.MIDDLEWARE === undefined && { DJANGO_SESSION_JWT: undefined }),
      ...(engine && { SESSION_ENGINE: engine }),
      ...own?.settings,
    }
    const key = JSON.stringify([store, settings])
    const known = this.#bridges.get(key)
    if (known !== undefined) {
      // The last one used stands last.
      this.#bridges.delete(key)
      this.#bridges.set(key, known)
      return known
    }
    const bridge = createBridge(settings, {
      // The suite judges what is done, not how fast: a busy machine must not decide.
      options: { deadlineMs: 60_000, ...own?.options },
      hooks: {
        ...own?.hooks,
        now: this.now,
        onSuspicious: ({ code }) => this.report(code),
        onWarning: ({ code }) => this.report(code),
      },
    })
    this.#bridges.set(key, bridge)
    this.#closeOldest()
    return bridge
  }

  /** Each bridge has connections of its own, and random tests change the settings hundreds of times. */
  #closeOldest(): void {
    const [oldest] = this.#bridges
    if (oldest === undefined || this.#bridges.size <= MOST_BRIDGES) return
    this.#bridges.delete(oldest[0])
    void oldest[1].close()
  }

  /** Writes to Python's log what Django would log where this library reports `code`. */
  report(code: string): void {
    const record = LOGGED[code]
    if (record !== undefined) this.#logs.push(record)
  }

  /** The records since the last call. */
  takeLogs(): LogRecord[] {
    return this.#logs.splice(0)
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#bridges.values(), (bridge) => bridge.close()))
  }
}
