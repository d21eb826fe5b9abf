/**
 * A dict on its way from one format to another whose keys stand in an order that a JavaScript object does not keep:
 * there `"2"` and `"10"`, like all that could be an index, go before other names.
 */
export class OrderedObject {
  readonly entries: readonly (readonly [key: string, value: unknown])[]

  constructor(entries: readonly (readonly [key: string, value: unknown])[]) {
    this.entries = entries
    Object.freeze(this)
  }

  /** The same keys with other values. */
  map(change: (value: unknown) => unknown): OrderedObject {
    return new OrderedObject(this.entries.map(([key, value]) => [key, change(value)]))
  }
}

/** Whether a JavaScript object might change the order of these keys. */
export function needsOrder(keys: Iterable<string>): boolean {
  for (const key of keys) if (INDEX.test(key)) return true
  return false
}

const INDEX = /^(0|[1-9]\d{0,9})$/
