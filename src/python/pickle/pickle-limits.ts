/** How much of a pickle is read; beyond it, it is refused. */
import { SerializationError } from '../../errors.ts'
import { OverLimit } from '../../over-limit.ts'

export interface PickleLimits {
  /** Bytes of the pickle. Default 8 MiB. */
  readonly bytes?: number
  /** How deep values may be nested. Default 500. */
  readonly depth?: number
  /** Entries of the memo, through which a pickle names what it holds already. Default 250,000. */
  readonly memo?: number
  /**
   * Values made on the way, and values in all when each is counted wherever it stands: what is shared counts at every
   * place. Default 250,000.
   */
  readonly elements?: number
  /** Decimal digits of an int. Default 100,000; an int spelled in decimal ends at Python's own 4300. */
  readonly digits?: number
}

export const DEFAULT_PICKLE_LIMITS: Required<PickleLimits> = {
  bytes: 8 << 20,
  depth: 500,
  memo: 250_000,
  elements: 250_000,
  digits: 100_000,
}

export function overLimit(what: string): SerializationError {
  return new OverLimit(`The pickle is over the limit of ${what}.`)
}

export function malformed(what: string): SerializationError {
  return new SerializationError(`The pickle is malformed: ${what}.`)
}
