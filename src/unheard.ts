/** Promises that nobody may be listening to: one that rejects unheard ends the process. */

/** Marks a promise as heard, and returns it: whoever awaits it still gets its rejection. */
export function heard<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}

/** Calls a reporter of the site's. Neither an error that it throws nor a promise of it that rejects reaches anybody. */
export function callReporter(report: () => unknown): void {
  try {
    heard(Promise.resolve(report()))
  } catch {
    // A reporter must not decide what becomes of a request, or of the process.
  }
}

/** The result of a function that must be synchronous. @throws what `refusal` makes, for a promise */
export function synchronous<T>(result: T, refusal: () => Error): T {
  if (typeof (result as { then?: unknown } | null | undefined)?.then !== 'function') return result
  heard(Promise.resolve(result as PromiseLike<unknown>))
  throw refusal()
}
