/** A write whose answer was lost, which is something else than a write that failed. */
import { StoreUnavailable } from './errors.ts'

/** A write was sent, and then the connection broke or the deadline passed: it took place, will, or never does. */
export class OutcomeUnknown extends StoreUnavailable {
  /** What hid the answer. */
  readonly fault: StoreUnavailable

  constructor(fault: StoreUnavailable) {
    super('A write was sent to the session store, and whether it took place is not known.', {
      reason: 'outcome_unknown',
      cause: fault.cause,
    })
    this.fault = fault
  }
}
