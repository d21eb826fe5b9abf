/**
 * The changes of a session at one moment, and how they apply to data that somebody else may have changed since: by key
 * a value is set, deleted or transformed; one `keep` holds what was read.
 */
import { type Encoded, isEncoded, type NewValue, plain, type SessionData } from '../serializers/serializer.ts'

/** A function from a value to the next; it is run again when the value was changed elsewhere in the meantime. */
export type Transform = (value: unknown) => unknown

export type Change =
  | { readonly kind: 'set'; readonly value: unknown; readonly like?: Encoded; readonly moved?: boolean }
  | { readonly kind: 'keep'; readonly encoded: Encoded }
  | { readonly kind: 'delete' }
  | { readonly kind: 'transform'; readonly steps: readonly Transform[] }

/** Changes at one moment, ready to be applied to any data. */
export interface FrozenChanges {
  readonly cleared: Clearing | null
  readonly byKey: ReadonlyMap<string, Change>
}

/** One call of `clear`: another one is another object. */
export type Clearing = object

/** A login is one fact in three values: they are taken from one side, never mixed. @see django/contrib/auth login() */
export const AUTH_KEYS = ['_auth_user_id', '_auth_user_backend', '_auth_user_hash'] as const

/** The next state of `current` under frozen changes. */
export function applyChanges(frozen: FrozenChanges, current: SessionData): Map<string, Encoded | NewValue> {
  const next = new Map(frozen.cleared === null ? current : NOTHING)
  for (const [key, change] of frozen.byKey) {
    const present = next.get(key)
    if (change.kind === 'delete') next.delete(key)
    if (change.kind === 'keep') next.set(key, change.encoded)
    if (change.kind === 'set') {
      if (change.moved) next.delete(key)
      next.set(key, newValue(change.value, change.like ?? present))
    }
    if (change.kind === 'transform') {
      const value = change.steps.reduce((so, step) => step(so), plain(present))
      if (value === undefined) next.delete(key)
      else next.set(key, newValue(value, present))
    }
  }
  return next
}

/** The changes that this request made itself, without what `freeze` kept of a login that was stored. */
export function ownChanges({ cleared, byKey }: FrozenChanges): FrozenChanges {
  const isWholeLogin = AUTH_KEYS.every((key) => byKey.has(key) && byKey.get(key)?.kind !== 'keep')
  const isOwn = (key: string): boolean => isWholeLogin || !AUTH_KEYS.some((part) => part === key)
  return { cleared, byKey: new Map([...byKey].filter(([key]) => isOwn(key))) }
}

const NOTHING: SessionData = new Map()

function newValue(value: unknown, like: Encoded | NewValue | undefined): NewValue {
  return like !== undefined && isEncoded(like) ? { value, like } : { value }
}
