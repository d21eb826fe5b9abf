/** What stores say of sessions that they cannot read. */
import { BadSignature, DjangoBridgeError, SettingsError } from '../errors.ts'
import type { AbsenceReason } from './store.ts'

/** Why a session cannot be read. */
export interface Unreadable {
  readonly reason: Extract<AbsenceReason, 'session_data_corrupted' | 'session_data_unreadable'>
  readonly error?: DjangoBridgeError
}

/** What it means that reading a session threw `error`; throws on what says nothing about it. */
export function unreadable(error: unknown): Unreadable {
  if (error instanceof BadSignature) return { reason: 'session_data_corrupted' }
  if (error instanceof SettingsError) throw error
  if (error instanceof DjangoBridgeError) return { reason: 'session_data_unreadable', error }
  throw error
}

/** What a store's `check` throws when it can read none of its newest sessions. */
export function noneReadable(count: number): SettingsError {
  return new SettingsError(
    `None of the ${count} newest sessions can be read: SECRET_KEY, SECRET_KEY_FALLBACKS or SESSION_SERIALIZER differ ` +
      'from the ones Django uses.',
  )
}
