/**
 * Django's SessionStore and SessionMiddleware by this library's bridge: each store that Python makes is a request with
 * that session key in its cookie. Nothing here decides anything about sessions; it says which call is which.
 *
 * What Django's tests see and this library does on purpose in another way is translated, and each case is named here:
 * - `save()` of a session that is not stored yet calls `create()`, as Django's does: `save()` here stores no empty one;
 * - `accessed = False` is ignored: an open session is what Django calls accessed, and stays so;
 * - settings are fixed when a bridge is made: under other settings the request is opened, and its values set, anew;
 * - a test that goes on with a session after the response is the browser's next request, with the cookie it was sent.
 */
import { keyRuleOf } from '../../src/connect/connect.ts'
import { plainCookie } from '../../src/cookies/session-cookie.ts'
import { type Bridge, type DjangoContext, type Duration, type Session, SessionInterrupted } from '../../src/index.ts'
import { CACHE_KEY_PREFIX } from '../../src/stores/cache.ts'
import { createSessionCodec, SESSION_SALT, sessionOf, sessionValues } from '../../src/stores/session-data.ts'
import { isFileKey } from '../../src/stores/session-files.ts'
import { newSessionKey } from '../../src/stores/session-key.ts'
import type { Site } from './site.ts'
import { Refusal } from './values.ts'

type Values = Record<string, unknown>
type Moment = { modification?: Date; expiry?: unknown }
type Operation = (session: Session, args: never, kwargs: never) => unknown

/** Django's methods, with Python's arguments as they come. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  __contains__: (session, [key]: [string]) => session.has(key),
  __getitem__: (session, [key]: [string]) => present(session.get(key), key),
  __setitem__: (session, [key, value]: [string, unknown]) => void session.set(key, value),
  __delitem__: (session, [key]: [string]) => void present(session.delete(key) || undefined, key),
  __bool__: (session) => !session.isEmpty,
  get: (session, [key, otherwise]: [string, unknown]) => (session.has(key) ? session.get(key) : otherwise),
  has_key: (session, [key]: [string]) => session.has(key),
  pop: (session, [key, ...rest]: [string, unknown?], kwargs: Values) => {
    const [otherwise] = 'default' in kwargs ? [kwargs.default] : rest
    return present(session.pop(key, otherwise), key)
  },
  setdefault: (session, [key, value]: [string, unknown]) => session.setDefault(key, value),
  update: (session, [values]: [Values]) => session.update(values),
  keys: (session) => [...session.keys()],
  values: (session) => [...session.values()],
  items: (session) => [...session.entries()],
  clear: (session) => session.clear(),
  is_empty: (session) => session.isEmpty,
  set_test_cookie: (session) => session.setTestCookie(),
  test_cookie_worked: (session) => session.testCookieWorked(),
  delete_test_cookie: (session) => session.deleteTestCookie(),
  set_expiry: (session, [value]: [number | Date | Duration | null]) => session.setExpiry(value),
  get_expiry_age: (session, _, moment: Moment) => session.getExpiryAge(moment),
  get_expiry_date: (session, _, moment: Moment) => session.getExpiryDate(moment),
  get_expire_at_browser_close: (session) => session.getExpireAtBrowserClose(),
  exists: (session, [key]: [string]) => session.exists(key),
  load: (session) => session.load(),
  save: (session) => (session.sessionKey === null ? session.create() : session.save()),
  create: (session) => session.create(),
  delete: (session, [key]: [string | null | undefined]) => session.deleteStored(key ?? undefined),
  flush: (session) => session.flush(),
  cycle_key: (session) => session.cycleKey(),
}

/** The part of a file's name that is the key. */
function fileOf(key: string): string {
  if (!isFileKey(key)) throw new Refusal('InvalidSessionKey', key)
  return key
}

/** Django's KeyError where this library answers undefined. */
function present<T>(value: T | undefined, key: string): T {
  if (value === undefined) throw new Refusal('KeyError', key)
  return value
}

/** One SessionStore of Python's: a cookie, and the request that it is the cookie of. */
export class StoreHandle {
  readonly #site: Site
  readonly #store: string
  /** Django's store of files keeps the folder that it began with. */
  readonly #folder: string | null
  #key: string | null
  #request: { bridge: Bridge; django: DjangoContext; session: Session | null } | null = null

  constructor(site: Site, store: string, key: string | null) {
    this.#site = site
    this.#store = store
    this.#folder = site.settings.SESSION_FILE_PATH ?? null
    this.#key = key
    // It looks at once whether that is there.
    this.#bridge()
  }

  async call(operation: string, args: unknown[], kwargs: Values): Promise<unknown> {
    if (operation === 'encode') return this.#codec().encode(sessionOf(Object.entries(args[0] as Values)))
    if (operation === 'decode') return this.#decode(String(args[0]))
    if (operation === '_get_new_session_key') return newSessionKey()
    if (operation === 'cache_key') return this.get(operation)
    if (operation === '_key_to_file') return fileOf(String(args[0]))
    if (operation === 'user') return (await this.#open().django.user())?.pk ?? null
    const run = OPERATIONS[operation]
    if (run === undefined) throw new Refusal('NotImplementedError', `SessionStore.${operation}`)
    try {
      return await run(await this.#session(), args as never, kwargs as never)
    } catch (error) {
      if (error instanceof SessionInterrupted) throw new Refusal('UpdateError', error.message)
      throw error
    }
  }

  get(attribute: string): unknown {
    const session = this.#request?.session ?? null
    switch (attribute) {
      case 'session_key':
      case '_session_key':
        return session === null ? this.#cookieKey() : session.sessionKey
      case 'accessed':
        return session?.accessed ?? false
      case 'modified':
        return session?.modified ?? false
      case 'cache_key':
        return CACHE_KEY_PREFIX + (session?.sessionKey ?? this.#cookieKey() ?? '')
      case 'key_salt':
        return SESSION_SALT
      default:
        if (attribute === '_session_cache' && session !== null) return new Map(session)
        throw new Refusal('AttributeError', attribute)
    }
  }

  async set(attribute: string, value: unknown): Promise<void> {
    if (attribute === '_session_key') return this.#reopen(value as string | null)
    const session = await this.#session()
    try {
      Reflect.apply(setters[attribute] ?? unknown, session, [value])
    } catch (error) {
      if (error instanceof TypeError) throw new Refusal('AttributeError', error.message)
      throw error
    }
  }

  /** Django forgets what it read; here a request reads once, so another one takes over. */
  forget(): void {
    this.#reopen(this.#request?.session?.sessionKey ?? this.#key)
  }

  /** Ends the request as an adapter would. */
  async finish(status: number): Promise<unknown> {
    const { django } = this.#open()
    try {
      const { cookies, vary } = await django.finish(status)
      this.#reopen(cookies.reduce<string | null>((_, { value }) => value || null, this.#key))
      return { cookies: cookies.map(({ header }) => header), vary }
    } catch (error) {
      if (error instanceof SessionInterrupted) throw new Refusal('SessionInterrupted', error.message)
      throw error
    }
  }

  #bridge(): Bridge {
    return this.#site.bridge(this.#store, { SESSION_FILE_PATH: this.#folder })
  }

  #reopen(key: string | null): void {
    this.#key = key
    this.#request = null
  }

  #cookieKey(): string | null {
    if (this.#key === null) return null
    const reading = plainCookie(keyRuleOf(this.#bridge().settings)).read(this.#key)
    return 'key' in reading ? reading.key : null
  }

  #open() {
    const bridge = this.#bridge()
    this.#request ??= { bridge, django: this.#requestWith(bridge, this.#key), session: null }
    return this.#request
  }

  async #session(): Promise<Session> {
    const request = this.#open()
    const bridge = this.#bridge()
    const before = request.session
    if (before !== null && request.bridge !== bridge) {
      if (before.sessionKey !== null && before.modified) throw new Error('Settings changed under unsaved changes.')
      const django = this.#requestWith(bridge, before.sessionKey)
      const session = await django.session()
      if (before.modified) session.update(Object.fromEntries(before))
      this.#request = { bridge, django, session }
      return session
    }
    request.session = await request.django.session()
    return request.session
  }

  #requestWith(bridge: Bridge, key: string | null): DjangoContext {
    const name = bridge.settings.SESSION_COOKIE_NAME
    const headers = key === null ? {} : { cookie: `${name}=${key}` }
    return bridge.open({ method: 'GET', url: '/', headers, secure: false })
  }

  #codec() {
    const { SECRET_KEY, SECRET_KEY_FALLBACKS } = this.#bridge().settings
    return createSessionCodec({ SECRET_KEY, SECRET_KEY_FALLBACKS, now: () => this.#site.now().getTime() })
  }

  #decode(text: string): Map<string, unknown> {
    const decoded = this.#codec().decode(text)
    if ('data' in decoded) return sessionValues(decoded.data)
    this.#site.report(decoded.reason)
    return new Map()
  }
}

/** What Python may assign to; `accessed` is true once a session is open, and stays so. */
const setters: Readonly<Record<string, (this: Session, value: never) => void>> = {
  modified(value: boolean) {
    this.modified = value
  },
  accessed() {},
  session_key(value: string) {
    // @ts-expect-error The tests see to it that this is refused.
    this.sessionKey = value
  },
}

function unknown(): never {
  throw new TypeError('No such attribute.')
}
