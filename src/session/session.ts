/**
 * What a handler holds: the values of one session, read and changed like a Map, and the calls that touch the store.
 * Mirrors SessionBase of django/contrib/sessions/backends/base.py.
 */
import type { DjangoSessionData } from '../augmentations.ts'
import type { Instant } from '../databases/database.ts'
import type { WallClock } from '../databases/wall-clock.ts'
import { type Duration, durationSeconds } from '../python/duration.ts'
import { isHiddenName, plain } from '../serializers/serializer.ts'
import type { MomentRule } from '../stores/expiry-moment.ts'
import { EXPIRY_KEY, type Expiry } from '../stores/session-expiry.ts'
import { isStored } from '../stores/store.ts'
import { heard, synchronous } from '../unheard.ts'
import type { SessionSaving, WhenGone } from './saving.ts'

type Known = DjangoSessionData
/** Any text; the declared ones first, so that an editor completes them. */
type SessionKey = (keyof Known & string) | (string & {})
type Value<K extends string> = K extends keyof Known ? Known[K] : unknown

/** What a session needs to know of expiry. */
export interface SessionClock {
  readonly now: () => Date
  readonly wallClock: WallClock
  readonly expiryOf: (value: unknown, modification: Date) => Expiry
  /** What a moment is stored as. */
  readonly storedMoment: MomentRule
}

/** The calendar of Python's datetime, in milliseconds since 1970. */
const FIRST_MOMENT = Date.parse('0001-01-01T00:00:00Z')
const END_OF_TIME = Date.parse('9999-12-31T23:59:59.999Z') + 1
const TEST_COOKIE_NAME = 'testcookie'
const TEST_COOKIE_VALUE = 'worked'

export class Session {
  readonly #saving: SessionSaving
  readonly #clock: SessionClock

  /** Sessions are opened by `await django.session()`, never made by hand. */
  constructor(saving: SessionSaving, clock: SessionClock) {
    this.#saving = saving
    this.#clock = clock
  }

  /** The key under which the session is stored; null when it is not stored (yet). */
  get sessionKey(): string | null {
    return this.#saving.stored?.key ?? null
  }

  /** Always true: opening a session is what Django calls accessing it. */
  get accessed(): boolean {
    return true
  }

  /**
   * Whether the end of the request will save: true after any change, also one made inside a value that `get` returned,
   * and after `flush`. Setting it to true renews expiry and cookie without a change. With false this request's changes
   * so far stay visible and are no reason to save; another change, or `save`, saves them all.
   */
  get modified(): boolean {
    return this.#saving.modified
  }

  set modified(modified: boolean) {
    this.#saving.modified = modified
  }

  /** Whether there is neither a stored session nor a value. @see SessionBase.is_empty */
  get isEmpty(): boolean {
    return this.#saving.isEmpty
  }

  /**
   * The value of `key`, or undefined. The same object is returned each time and may be changed in place. Its declared
   * type is a claim: what another program stored there is not validated.
   */
  get<K extends SessionKey>(key: K): Value<K> | undefined {
    const { overlay, changes, data } = this.#saving
    if (overlay.has(key)) return overlay.get(key) as Value<K>
    return changes.get(key, data) as Value<K> | undefined
  }

  /** @throws TypeError for undefined: a value is removed with `delete`. */
  set<K extends SessionKey>(key: K, value: Value<K>): this {
    if (typeof key !== 'string') throw new TypeError('A session key name is a string.')
    if (value === undefined) throw new TypeError('A session value cannot be undefined; use delete().')
    this.#saving.overlay.delete(key)
    this.#saving.changes.set(key, value)
    return this
  }

  /** Whether the session holds a value under `key`. */
  has(key: SessionKey): boolean {
    return this.#saving.overlay.has(key) || this.#saving.changes.has(key, this.#saving.data)
  }

  /** Removes a value; returns whether it was there. */
  delete(key: SessionKey): boolean {
    if (!this.has(key)) return false
    this.#saving.overlay.delete(key)
    this.#saving.changes.delete(key)
    return true
  }

  /** Removes a value and returns it, or `fallback` when it is not there. */
  pop<K extends SessionKey>(key: K, fallback?: Value<K>): Value<K> | undefined {
    const value = this.has(key) ? this.get(key) : fallback
    this.delete(key)
    return value
  }

  /** The value of `key`; when it is not there, `value` is set and returned. */
  setDefault<K extends SessionKey>(key: K, value: Value<K>): Value<K> {
    if (this.has(key)) return this.get(key) as Value<K>
    this.set(key, value)
    return value
  }

  /** Sets each value of an object, as `set` does. @throws TypeError for undefined */
  update(values: Partial<Known> & Readonly<Record<string, unknown>>): void {
    for (const [key, value] of Object.entries(values)) this.set(key, value as Value<string>)
  }

  /**
   * Changes a value by a pure function of it, for example `(cart = []) => [...cart, sku]`. When another request has
   * saved meanwhile, the function is run again on the newer value, so neither change is lost.
   */
  transform<K extends SessionKey>(key: K, step: (value: Value<K> | undefined) => Value<K> | undefined): void {
    this.#saving.overlay.delete(key)
    const next = (value: unknown): unknown => synchronous(step(value as Value<K> | undefined), asyncStep)
    this.#saving.changes.transform(key, next, this.#saving.data)
  }

  /** Removes every value, also those that others add before it is saved. The session and its key stay. */
  clear(): void {
    this.#saving.overlay.clear()
    this.#saving.changes.clear()
  }

  /** The number of values. */
  get size(): number {
    return this.#names().length
  }

  /** The keys of all values, in their order. */
  keys(): IterableIterator<string> {
    return this.#names().values()
  }

  /** All values, in the order of their keys. */
  *values(): IterableIterator<unknown> {
    for (const key of this.#names()) yield this.get(key)
  }

  /** Pairs of key and value, as a Map gives them. */
  *entries(): IterableIterator<[string, unknown]> {
    for (const key of this.#names()) yield [key, this.get(key)]
  }

  /** The same as `entries`. */
  [Symbol.iterator](): IterableIterator<[string, unknown]> {
    return this.entries()
  }

  /**
   * Sets when this session expires: seconds after each save (`0`: when the browser closes), a moment, a duration from
   * now, or null for the site's setting.
   * @throws SettingsError for a moment or duration without DJANGO_VERSION, and with JSON before Django 4.1
   * @see SessionBase.set_expiry
   */
  setExpiry(value: number | Date | Duration | null): void {
    if (value === null) {
      this.delete(EXPIRY_KEY)
      return
    }
    if (typeof value === 'number') {
      if (!Number.isFinite(value)) throw new TypeError('setExpiry takes a finite number of seconds.')
      this.#saving.changes.set(EXPIRY_KEY, value)
      return
    }
    this.#saving.changes.set(EXPIRY_KEY, this.#clock.storedMoment(this.#moment(value)))
  }

  /** Seconds until the session expires, if it were saved now. @see SessionBase.get_expiry_age */
  getExpiryAge(options: { modification?: Date; expiry?: unknown } = {}): number {
    return this.#expiry(options).age
  }

  /** The moment at which the session expires, if it were saved now. @see SessionBase.get_expiry_date */
  getExpiryDate(options: { modification?: Date; expiry?: unknown } = {}): Date {
    return this.#expiry(options).at
  }

  /** @see SessionBase.get_expire_at_browser_close */
  getExpireAtBrowserClose(): boolean {
    return this.#expiry({}).atBrowserClose
  }

  /** Sets a value that the next request finds only if the browser keeps cookies. @see SessionBase.set_test_cookie */
  setTestCookie(): void {
    this.#saving.changes.set(TEST_COOKIE_NAME, TEST_COOKIE_VALUE)
  }

  /** Whether the value that `setTestCookie` set has come back. @see SessionBase.test_cookie_worked */
  testCookieWorked(): boolean {
    return this.get(TEST_COOKIE_NAME) === TEST_COOKIE_VALUE
  }

  /** Removes the value that `setTestCookie` set. @see SessionBase.delete_test_cookie */
  deleteTestCookie(): void {
    this.delete(TEST_COOKIE_NAME)
  }

  /**
   * Ends this session: its values, its row and its cookie. What is set afterwards starts a new one under a new key.
   * @throws StoreUnavailable; TypeError for a session of `signed_cookies` when the response is on its way
   * @see SessionBase.flush
   */
  flush(): Promise<void> {
    return this.#saving.flush()
  }

  /**
   * Moves this session, with this request's changes, to a new key at once; the old key opens nothing any more.
   * @param options `whenGone: 'create'` starts a new session from this request's changes when the old one is gone.
   * @throws SessionInterrupted when the session is gone, StoreUnavailable; TypeError after the response was begun
   * @see SessionBase.cycle_key
   */
  cycleKey(options: { whenGone?: Exclude<WhenGone, 'ignore'> } = {}): Promise<void> {
    return this.#saving.cycleKey(options.whenGone)
  }

  /**
   * Saves now instead of at the end of the request; its cookie is then sent whatever the status of the response.
   * After the response was begun it saves a session that has its key already, as in a handler that sends a stream.
   * @throws SessionInterrupted when the session is gone, SerializationError, StoreUnavailable; SettingsError where it
   * would replace a cookie that may be good; TypeError where the session would need a cookie, and the response was begun
   * without
   */
  save(): Promise<void> {
    return this.#saving.save()
  }

  /**
   * Stores the values under a new key, leaving a stored session where it is.
   * @throws SerializationError, StoreUnavailable; TypeError after the response was begun
   * @see SessionBase.create
   */
  create(): Promise<void> {
    return this.#saving.create()
  }

  /** The values that are stored now, read anew; what this request holds and changed is not touched. */
  load(): Promise<Map<string, unknown>> {
    return heard(this.#load())
  }

  async #load(): Promise<Map<string, unknown>> {
    const key = this.sessionKey
    const answer = key === null ? undefined : await this.#saving.ask((store) => store.load(key))
    if (answer === undefined || !isStored(answer)) return new Map()
    const named = Array.from(answer.data).filter(([name]) => !isHiddenName(name))
    return new Map(named.map(([name, value]) => [name, plain(value)]))
  }

  /** Whether any session is stored under this key. */
  exists(sessionKey: string): Promise<boolean> {
    return this.#saving.ask((store) => store.exists(sessionKey))
  }

  /** Deletes what is stored under a key, this session's own by default. @see SessionBase.delete */
  deleteStored(sessionKey: string | null = this.sessionKey): Promise<void> {
    return sessionKey === null ? Promise.resolve() : this.#saving.delete(sessionKey)
  }

  /** A Date is an instant; a duration is added on the site's clock, as Python adds a timedelta. */
  #moment(value: Date | Duration): Instant {
    const { now, wallClock } = this.#clock
    const at = value instanceof Date ? value.getTime() : now().getTime() + durationSeconds(value) * 1000
    if (!(at >= FIRST_MOMENT && at < END_OF_TIME)) {
      throw new TypeError('setExpiry takes a valid Date, or a duration, that ends in the years 1 to 9999.')
    }
    return value instanceof Date ? wallClock.instant(value) : wallClock.later(now(), durationSeconds(value))
  }

  #names(): string[] {
    const names = this.#saving.changes.keys(this.#saving.data).filter((name) => !isHiddenName(name))
    for (const shown of this.#saving.overlay.keys()) if (!names.includes(shown)) names.push(shown)
    return names
  }

  #expiry(options: { modification?: Date; expiry?: unknown }): Expiry {
    const value = 'expiry' in options ? options.expiry : this.get(EXPIRY_KEY)
    return this.#clock.expiryOf(value, options.modification ?? this.#clock.now())
  }
}

function asyncStep(): TypeError {
  return new TypeError(
    'The function of transform() returns a value, not a promise: it may run again while a save waits.',
  )
}
