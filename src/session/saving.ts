/**
 * One session of one request against its store: calls run one after another, every write merges what this request
 * changed into what is stored now, and what must become of the cookie is remembered for the end of the request.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { pauseBeforeRetry, startDeadline } from '../deadline.ts'
import { type DjangoBridgeError, SessionInterrupted, StoreUnavailable } from '../errors.ts'
import { plain, type SessionData } from '../serializers/serializer.ts'
import { isStored, type NextState, type RequestInfo, type SessionStore, type StoredSession } from '../stores/store.ts'
import { heard } from '../unheard.ts'
import { Changes } from './changes.ts'
import { AUTH_KEYS, applyChanges, type FrozenChanges, ownChanges } from './frozen-changes.ts'

export interface SavingOptions {
  readonly store: SessionStore
  readonly stored: StoredSession | null
  readonly request?: RequestInfo
  /** The session keys in the visitor's cookies: `flush` ends what is stored under them, readable or not. */
  readonly cookieKeys?: () => readonly string[]
  /** Values that `get` shows though nothing stored them; they go along with the next write. */
  readonly overlay?: ReadonlyMap<string, unknown>
  /** The key to which the session of this one moves when a fallback key verified its login. Default a random one. */
  readonly rotatedKey?: (key: string) => string
  /** Runs before a session is made where a cookie may open another one; throws where that must not be replaced. */
  readonly admitReplacing?: () => Promise<void>
  /** Told of a key under which this request made a session, or wrote a login. */
  readonly onMade?: (key: string) => void
  /** Runs before anything is stored; a write whose cookie could not be sent fails here. */
  readonly beforeWrite?: () => Promise<void>
}

/** What to do when the session to write is gone from the store. */
export type WhenGone = 'interrupt' | 'create' | 'ignore'

/** Everything that belongs to one session key; `flush` and `detach` put a fresh one in its place. */
interface State {
  stored: StoredSession | null
  readonly changes: Changes
  readonly overlay: Map<string, unknown>
  touched: boolean
  /** A fallback key verified the login: the next write gets a new key and the new hash. */
  rotating: boolean
  /** What this request wrote last, whose key and expiry the cookie gets. */
  written: StoredSession | null
}

/** The session whose write waits for the hooks that run before it. */
const preparing = new AsyncLocalStorage<SessionSaving>()
const IN_HOOK =
  'A hook that runs before a session is written (veto, jwtClaims) cannot read, write or end it in the store.'

const NOTHING: SessionData = new Map()

export class SessionSaving {
  readonly store: SessionStore
  readonly #options: SavingOptions
  #state: State
  /** What `detach` left; a key that this request gave it is still the browser's. */
  #left: State | null = null
  #tail: Promise<unknown> = Promise.resolve()
  #flushed = false
  #isSealed = false
  #isOver = false
  #failure: StoreUnavailable | null = null

  constructor(options: SavingOptions) {
    this.store = options.store
    this.#options = options
    this.#state = newState(options.stored, options.overlay)
  }

  get changes(): Changes {
    return this.#state.changes
  }

  get overlay(): Map<string, unknown> {
    return this.#state.overlay
  }

  get data(): SessionData {
    return this.#state.stored?.data ?? NOTHING
  }

  get stored(): StoredSession | null {
    return this.#state.stored
  }

  get written(): StoredSession | null {
    return this.#state.written ?? this.#left?.written ?? null
  }

  /** Whether the session was flushed in this request, so that its cookie goes even if nothing was stored under it. */
  get flushed(): boolean {
    return this.#flushed
  }

  /** The first failure of the store in a call that the handler made itself. */
  get failure(): StoreUnavailable | null {
    return this.#failure
  }

  get isEmpty(): boolean {
    return this.#state.stored === null && this.changes.keys(NOTHING).length === 0
  }

  get modified(): boolean {
    return this.#state.touched || this.changes.any
  }

  set modified(modified: boolean) {
    this.#state.touched = modified
    if (!modified) this.changes.hush()
  }

  /** Ends in the store what the visitor's cookies open, and what this request made of it; starts an empty session. */
  flush(): Promise<void> {
    if (this.#isOver && this.store.movesKeys) return heard(Promise.reject(tooLateToEnd()))
    const ended = [this.#state, this.#left]
    this.#state = { ...newState(null), touched: true }
    this.#left = null
    this.#flushed = true
    return this.#enqueue(async () => {
      // An earlier call may have renewed the key meanwhile.
      const own = ended.flatMap((state) => (state?.stored ? [state.stored.key] : []))
      for (const key of new Set([...own, ...(this.#options.cookieKeys?.() ?? [])])) await this.store.delete(key)
    })
  }

  /** Starts an empty session and leaves the stored one, and its cookie, to Django. */
  detach(): void {
    this.#left ??= this.#state
    this.#state = newState(null)
  }

  /** Has the next write renew the key and store this auth hash. */
  rotate(hash: string): void {
    this.changes.set('_auth_user_hash', hash)
    this.#state.rotating = true
  }

  /** The response's cookie is settled: what would give the session another key is a TypeError from here on. */
  seal(): void {
    this.#isSealed = true
  }

  /** What the response carries is settled: it can take no cookie away from here on either. */
  end(): void {
    this.#isSealed = true
    this.#isOver = true
  }

  save(whenGone: WhenGone = 'interrupt'): Promise<void> {
    const isLate = this.#isSealed
    return this.#write((state) => {
      if (state.stored === null && state.changes.keys(NOTHING).length === 0) return
      if (isLate && (state.stored === null || state.rotating || this.store.movesKeys)) throw tooLate()
      if (state.stored === null) return this.#create(state)
      if (state.rotating) return this.#rotate(state, state.stored, whenGone)
      return state.changes.pending
        ? this.#save(state, state.stored, whenGone)
        : this.#touch(state, state.stored, whenGone)
    })
  }

  create(): Promise<void> {
    const isLate = this.#isSealed
    return this.#write(async (state) => {
      if (isLate) throw tooLate()
      // The key that a fallback key verified ends, whatever the session goes on under.
      if (state.rotating && state.stored !== null) await this.#cycle(state, state.stored, 'ignore')
      await this.#create(state)
    })
  }

  cycleKey(whenGone: WhenGone = 'interrupt'): Promise<void> {
    const isLate = this.#isSealed
    return this.#write((state) => {
      if (isLate) throw tooLate()
      return state.stored === null ? this.#create(state) : this.#cycle(state, state.stored, whenGone)
    })
  }

  /** Renews the expiry alone. */
  touch(whenGone: WhenGone = 'interrupt'): Promise<void> {
    return this.#write((state) => (state.stored === null ? undefined : this.#touch(state, state.stored, whenGone)))
  }

  /** Deletes what is stored under a key. That a session written in this request is gone shows at its end. */
  delete(key: string): Promise<void> {
    const state = this.#state
    // Only its cookie holds it. @see django/contrib/sessions/backends/signed_cookies.py delete
    if (this.store.movesKeys && key === state.stored?.key) return this.flush()
    return this.#enqueue(async () => {
      await this.store.delete(key)
      if (state.written?.key !== key) return
      state.written = null
      state.touched = true
    })
  }

  /** Any call of the store that belongs between the writes of this session. */
  ask<T>(question: (store: SessionStore) => Promise<T>): Promise<T> {
    return this.#enqueue(() => question(this.store))
  }

  /** Waits for the calls made so far, whatever became of them. */
  async settled(): Promise<void> {
    await this.#tail
  }

  #write(write: (state: State) => Promise<void> | undefined): Promise<void> {
    const state = this.#state
    return this.#enqueue(async () => {
      const { beforeWrite } = this.#options
      if (beforeWrite !== undefined) await preparing.run(this, beforeWrite)
      await write(state)
    })
  }

  #enqueue<T>(operation: () => Promise<T>): Promise<T> {
    // It would wait for the write that waits for it.
    if (preparing.getStore() === this) return heard(Promise.reject(new TypeError(IN_HOOK)))
    const result = this.#tail.then(operation)
    this.#tail = result.catch((error: unknown) => {
      if (error instanceof StoreUnavailable) this.#failure ??= error
    })
    return result
  }

  async #create(state: State): Promise<void> {
    if (!this.#flushed) await this.#options.admitReplacing?.()
    const { frozen, next } = this.#freeze(state)
    // Data of a row that stays where it is goes along, as Django's create() copies it.
    const seen = state.stored?.data ?? NOTHING
    this.#settle(state, frozen, await this.store.create(() => next(seen), this.#options.request))
  }

  async #save(state: State, stored: StoredSession, whenGone: WhenGone): Promise<void> {
    const { frozen, next } = this.#freeze(state)
    const saved = await this.store.save(stored, next, this.#options.request)
    if (saved !== null) this.#settle(state, frozen, saved)
    else await this.#gone(state, frozen, whenGone)
  }

  async #cycle(state: State, stored: StoredSession, whenGone: WhenGone): Promise<void> {
    const { frozen, next } = this.#freeze(state)
    const rotated = state.rotating && !this.store.movesKeys ? this.#options.rotatedKey?.(stored.key) : undefined
    // Where a session of that key is there already, this one was brought back after it had moved.
    const key = rotated !== undefined && (await this.store.exists(rotated)) ? undefined : rotated
    const saved =
      (await this.store.cycle(stored, next, this.#options.request, key)) ??
      (rotated === undefined ? null : await this.#follow(state, rotated, frozen, next))
    if (saved !== null) this.#settle(state, frozen, saved)
    else await this.#gone(state, frozen, whenGone)
  }

  /** Saves to the session that another request, whose login was verified at the same time, made of this one. */
  async #follow(state: State, rotated: string, frozen: FrozenChanges, next: NextState): Promise<StoredSession | null> {
    const moved = await loadSoon(this.store, rotated)
    const isSameLogin = AUTH_KEYS.every((key) => plain(moved?.data.get(key)) === state.changes.get(key, this.data))
    if (moved === null || !isSameLogin) return null
    return isRotationAlone(frozen) ? moved : this.store.save(moved, next, this.#options.request)
  }

  /** A session that is gone is no error when its rotation was all there was to save. */
  #rotate(state: State, stored: StoredSession, whenGone: WhenGone): Promise<void> {
    const { frozen } = this.#freeze(state)
    return this.#cycle(state, stored, isRotationAlone(frozen) ? 'ignore' : whenGone)
  }

  async #touch(state: State, stored: StoredSession, whenGone: WhenGone): Promise<void> {
    const saved = await this.store.touch(stored)
    if (saved !== null) this.#settle(state, { cleared: null, byKey: new Map() }, saved)
    else if (whenGone !== 'ignore') throw interrupted()
  }

  async #gone(state: State, frozen: FrozenChanges, whenGone: WhenGone): Promise<void> {
    if (whenGone === 'interrupt') throw interrupted()
    if (whenGone === 'ignore') return
    const own = ownChanges(frozen)
    state.stored = null
    state.rotating = false
    state.overlay.clear()
    state.changes.outlive(frozen, own)
    // Once more, since a cookie that states the user would state whoever was logged in to the session that is gone.
    await this.#options.beforeWrite?.()
    const next: NextState = () => applyChanges(own, NOTHING)
    this.#settle(state, own, await this.store.create(next, this.#options.request))
  }

  #freeze(state: State): { frozen: FrozenChanges; next: NextState } {
    const frozen = state.changes.freeze(state.stored?.data ?? NOTHING)
    // What is set, deleted or cleared has left it.
    const shown = [...state.overlay]
    const next: NextState = (current) => {
      const data = applyChanges(frozen, current)
      for (const [key, value] of shown) data.set(key, { value })
      return data
    }
    return { frozen, next }
  }

  #settle(state: State, frozen: FrozenChanges, saved: StoredSession): void {
    if (saved.key !== state.stored?.key || frozen.byKey.has('_auth_user_hash')) this.#options.onMade?.(saved.key)
    state.stored = saved
    state.written = saved
    state.touched = false
    if (frozen.byKey.has('_auth_user_hash')) state.rotating = false
    if (frozen.cleared !== null || frozen.byKey.size > 0) state.changes.settle(frozen, () => saved.data)
  }
}

/** Whether nothing but the login is to be saved. */
function isRotationAlone({ cleared, byKey }: FrozenChanges): boolean {
  return cleared === null && [...byKey.keys()].every((key) => AUTH_KEYS.some((part) => part === key))
}

/** A session that may be between two keys, as in a cache or a folder. */
async function loadSoon(store: SessionStore, key: string): Promise<StoredSession | null> {
  for (const deadline = startDeadline(BETWEEN_KEYS_MS); ; await pauseBeforeRetry(deadline, 50)) {
    const answer = await store.load(key)
    if (isStored(answer)) return answer
    if (deadline.remaining() === 0) return null
  }
}

const BETWEEN_KEYS_MS = 500

function newState(stored: StoredSession | null, overlay?: ReadonlyMap<string, unknown>): State {
  return {
    stored,
    changes: new Changes(),
    overlay: new Map(overlay),
    touched: false,
    rotating: false,
    written: null,
  }
}

function tooLate(): TypeError {
  return new TypeError('A session gets a new key before finish(), while the response can still carry it.')
}

function tooLateToEnd(): TypeError {
  return new TypeError(
    'A session that is in its cookie ends before finish(), while the response can still take the cookie away.',
  )
}

function interrupted(): DjangoBridgeError {
  return new SessionInterrupted('The session was deleted before the request ended, by a logout elsewhere for example.')
}
