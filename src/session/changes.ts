/**
 * What one request did to a session's values. A value that was handed out and then changed in place counts as set; that
 * is found out when it is asked for, by comparing with what was stored.
 */
import { isDeepStrictEqual } from 'node:util'
import { PyTuple } from '../python/collections.ts'
import { setOwn } from '../python/json-tree.ts'
import { isPlainObject } from '../python/json-writer.ts'
import { type Encoded, isEncoded, type NewValue, plain, type SessionData } from '../serializers/serializer.ts'
import { AUTH_KEYS, type Change, type Clearing, type FrozenChanges, type Transform } from './frozen-changes.ts'

/** Changes that are no reason to save. */
interface Quiet {
  readonly cleared: Clearing | null
  readonly byKey: ReadonlyMap<string, Change>
}

const NOT_QUIET: Quiet = { cleared: null, byKey: new Map() }

interface HandedOut {
  readonly value: unknown
  /** What it was decoded from; none for the result of a transform, of which `pristine` is a copy. */
  readonly source?: () => Encoded | undefined
  readonly pristine?: unknown
}

export class Changes {
  #cleared: Clearing | null = null
  #quiet = NOT_QUIET
  readonly #byKey = new Map<string, Change>()
  readonly #handedOut = new Map<string, HandedOut>()

  /** The value as this request sees it, over `stored`; the same object each time. */
  get(key: string, stored: SessionData): unknown {
    const change = this.#byKey.get(key)
    if (change?.kind === 'set') return change.value
    if (change?.kind === 'delete') return undefined
    const handed = this.#handedOut.get(key)
    if (handed !== undefined) return handed.value
    if (change?.kind === 'transform') {
      const value = this.#transformed(change.steps, this.#base(stored).get(key))
      this.#handedOut.set(key, { value, pristine: copyOf(value) })
      return value
    }
    const source = change?.kind === 'keep' ? change.encoded : this.#base(stored).get(key)
    if (source === undefined) return undefined
    if (!isEncoded(source)) return source.value
    const value = source.decode()
    this.#handedOut.set(key, { value, source: () => source })
    return value
  }

  has(key: string, stored: SessionData): boolean {
    const change = this.#byKey.get(key)
    if (change === undefined) return this.#base(stored).has(key)
    return change.kind === 'transform' ? this.get(key, stored) !== undefined : change.kind !== 'delete'
  }

  /** The keys as this request sees them, in the order in which Python's dict would have them. */
  keys(stored: SessionData): string[] {
    const keys = new Set(this.#base(stored).keys())
    for (const [key, change] of this.#byKey) {
      const isThere = this.has(key, stored)
      if (!isThere || (change.kind === 'set' && change.moved)) keys.delete(key)
      if (isThere) keys.add(key)
    }
    return [...keys]
  }

  set(key: string, value: unknown): void {
    const before = this.#byKey.get(key)
    const moved = before?.kind === 'delete' || (before?.kind === 'set' && before.moved)
    // A value that is there keeps its place, as in Python's dict.
    if (before?.kind === 'delete') this.#byKey.delete(key)
    this.#byKey.set(key, moved ? { kind: 'set', value, moved } : { kind: 'set', value })
    this.#handedOut.delete(key)
  }

  delete(key: string): void {
    this.#byKey.delete(key)
    this.#byKey.set(key, { kind: 'delete' })
    this.#handedOut.delete(key)
  }

  transform(key: string, step: Transform, stored: SessionData): void {
    const change = this.#byKey.get(key)
    if (change?.kind === 'set' || change?.kind === 'delete' || this.#isChangedInPlace(key)) {
      const value = step(this.get(key, stored))
      if (value === undefined) this.delete(key)
      else this.set(key, value)
      return
    }
    const steps = change?.kind === 'transform' ? [...change.steps, step] : [step]
    this.#byKey.set(key, { kind: 'transform', steps })
    this.#handedOut.delete(key)
  }

  clear(): void {
    this.#cleared = {}
    this.#quiet = NOT_QUIET
    this.#byKey.clear()
    this.#handedOut.clear()
  }

  /** Has the changes so far be no reason to save, until another one is made; a save takes them all. */
  hush(): void {
    for (const [key, handed] of this.#handedOut) {
      if (this.#isChangedInPlace(key)) this.#byKey.set(key, setInPlace(handed))
    }
    for (const [key, change] of this.#byKey) {
      if (change.kind !== 'set') continue
      this.#handedOut.set(key, { value: change.value, pristine: copyOf(change.value) })
    }
    this.#quiet = { cleared: this.#cleared, byKey: new Map(this.#byKey) }
  }

  /** Whether there is a reason to save. */
  get any(): boolean {
    if (this.#cleared !== this.#quiet.cleared && this.#cleared !== null) return true
    for (const [key, change] of this.#byKey) if (this.#quiet.byKey.get(key) !== change) return true
    for (const key of this.#handedOut.keys()) if (this.#isChangedInPlace(key)) return true
    return false
  }

  /** Whether a save would write anything. */
  get pending(): boolean {
    return this.#cleared !== null || this.#byKey.size > 0 || this.any
  }

  /** The changes so far, over what this request had read. Later changes are not part of it. */
  freeze(stored: SessionData): FrozenChanges {
    const byKey = new Map(this.#byKey)
    for (const [key, handed] of this.#handedOut) {
      if (byKey.get(key)?.kind !== 'set' && this.#isChangedInPlace(key)) byKey.set(key, setInPlace(handed))
    }
    if (AUTH_KEYS.some((key) => byKey.has(key))) {
      for (const key of AUTH_KEYS) if (!byKey.has(key)) byKey.set(key, keptFrom(this.#base(stored).get(key)))
    }
    return { cleared: this.#cleared, byKey }
  }

  /** Drops the changes that were saved; values that the handler still holds are compared with `saved`, once somebody asks. */
  settle(frozen: FrozenChanges, saved: () => SessionData): void {
    // Cleared since: nothing that was saved is to be seen any more.
    if (this.#cleared !== null && this.#cleared !== frozen.cleared) return
    this.#cleared = null
    for (const [key, change] of frozen.byKey) {
      const inPlace = !this.#byKey.has(key)
      if (!inPlace && this.#byKey.get(key) !== change) continue
      this.#byKey.delete(key)
      if (change.kind === 'set') {
        this.#handedOut.set(key, { value: change.value, source: () => encodedIn(saved(), key) })
      } else if (change.kind !== 'transform') {
        this.#handedOut.delete(key)
      }
    }
  }

  /** The stored session is gone: from here on only `own`, of what was `frozen`, is to be seen, over nothing. */
  outlive(frozen: FrozenChanges, own: FrozenChanges): void {
    for (const [key, change] of frozen.byKey) {
      const present = this.#byKey.get(key)
      if (present !== undefined && present !== change) continue
      if (own.byKey.has(key)) this.#byKey.set(key, change)
      else this.#byKey.delete(key)
    }
    this.#handedOut.clear()
  }

  #base(stored: SessionData): SessionData {
    return this.#cleared === null ? stored : NOTHING
  }

  #isChangedInPlace(key: string): boolean {
    const handed = this.#handedOut.get(key)
    if (handed === undefined || typeof handed.value !== 'object' || handed.value === null) return false
    if (handed.source !== undefined) return handed.source()?.same(handed.value) !== true
    return !isDeepStrictEqual(handed.value, handed.pristine)
  }

  #transformed(steps: readonly Transform[], source: Encoded | NewValue | undefined): unknown {
    return steps.reduce((value, step) => step(value), plain(source))
  }
}

const NOTHING: SessionData = new Map()

/** What can be changed in place and saved, anew, all the way down; anything else stays what it is. */
function copyOf(value: unknown, within: readonly object[] = []): unknown {
  if (typeof value !== 'object' || value === null) return value
  // What contains itself cannot be saved, which its save will say.
  if (within.includes(value)) return value
  const path = [...within, value]
  if (Array.isArray(value)) return value.map((item) => copyOf(item, path))
  // Buffer's own slice is no copy.
  if (value instanceof Uint8Array) return Uint8Array.prototype.slice.call(value)
  if (value instanceof PyTuple) return new PyTuple(value.items.map((item) => copyOf(item, path)))
  if (value instanceof Map) {
    return likeIn(value, new Map(Array.from(value, ([key, item]) => [key, copyOf(item, path)])))
  }
  if (value instanceof Set) return likeIn(value, new Set(value))
  if (!isPlainObject(value)) return value
  const copy = Object.create(Object.getPrototypeOf(value)) as object
  for (const [key, item] of Object.entries(value)) setOwn(copy, key, copyOf(item, path))
  return copy
}

/** With the class and the fields of the original: of a defaultdict, for example. */
function likeIn(original: object, copy: object): object {
  return Object.assign(Object.setPrototypeOf(copy, Object.getPrototypeOf(original)) as object, original)
}

function encodedIn(data: SessionData, key: string): Encoded | undefined {
  const found = data.get(key)
  return found !== undefined && isEncoded(found) ? found : undefined
}

function setInPlace({ value, source }: HandedOut): Change {
  const like = source?.()
  return { kind: 'set', value, ...(like && { like }) }
}

function keptFrom(stored: Encoded | NewValue | undefined): Change {
  if (stored === undefined) return { kind: 'delete' }
  return isEncoded(stored) ? { kind: 'keep', encoded: stored } : { kind: 'set', value: stored.value }
}
