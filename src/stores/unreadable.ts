/** What stores say of sessions that they cannot read. */
import { BadSignature, DjangoBridgeError, SerializationError, SettingsError } from '../errors.ts'
import { OverLimit } from '../over-limit.ts'
import type { AbsenceReason, RecentSession } from './store.ts'

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

/** Of text that is too long for its signature to be checked. */
export function tooLong(): Unreadable {
  return { reason: 'session_data_corrupted', error: new OverLimit('The stored session is over options.limits.') }
}

/** Of what stands in the place of a session's file and is none. */
export function notRegular(): Unreadable {
  const error = new SerializationError(
    'A link, a FIFO, a socket or a device stands in the place of a session file (SESSION_FILE_PATH): only regular files are read.',
  )
  return { reason: 'session_data_unreadable', error }
}

/** @throws SettingsError when there are sessions, and none of them can be read */
export function refuseUnreadable(sessions: readonly RecentSession[]): void {
  if (sessions.length === 0 || sessions.some(({ data }) => data !== null)) return
  throw new SettingsError(
    `None of the ${sessions.length} newest sessions can be read: SECRET_KEY, SECRET_KEY_FALLBACKS or SESSION_SERIALIZER differ ` +
      'from the ones Django uses.',
  )
}
