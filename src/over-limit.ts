/** Data that may be good and is larger than the limits let in: whoever wrote it can read it. */
import { SerializationError } from './errors.ts'

export class OverLimit extends SerializationError {}

/** Whether zlib stopped at `maxOutputLength`. */
export function isTooLarge(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_BUFFER_TOO_LARGE'
}
