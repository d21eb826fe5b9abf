/**
 * Secrets inside settings. Printing shows their names only. A copy either keeps them (`{ ...settings }`, Object.assign)
 * or is refused by name when it is used (structuredClone, JSON): no copy goes on without its keys in silence.
 */
import { named, SettingsError } from '../errors.ts'

/** Carries hidden values from a spread object to its copy. */
export class HiddenValues {
  /** What is hidden; shown when printed. */
  readonly names: readonly string[]
  readonly #values: ReadonlyMap<string, unknown>

  constructor(values: ReadonlyMap<string, unknown>) {
    this.names = Array.from(values.keys())
    this.#values = values
  }

  get(name: string): unknown {
    return this.#values.get(name)
  }
}

/** Makes getters of `names`, which neither printing nor a copy reads, and adds `hidden`, which copies take along. */
export function hideValues<T extends object>(object: T, names: readonly (keyof T & string)[]): T {
  const values = new Map<string, unknown>(names.map((name) => [name, object[name]]))
  for (const [name, value] of values) {
    // A getter: with showHidden, util.inspect prints the values of hidden properties.
    Object.defineProperty(object, name, { enumerable: false, configurable: true, get: () => value })
  }
  return Object.assign(object, { hidden: new HiddenValues(values) })
}

/**
 * The properties of an object, its hidden ones too where it is a copy of one that has some. What the copy itself was
 * given goes first, also where that is undefined.
 * @param where the setting, for the message
 * @throws SettingsError for a copy that lost them
 */
export function withHiddenValues(input: object, where: string): Readonly<Record<string, unknown>> {
  const { hidden, ...given } = input as Record<string, unknown>
  if (hidden instanceof HiddenValues) {
    for (const name of hidden.names) {
      const value = hidden.get(name)
      if (!Object.hasOwn(given, name) && value !== undefined) given[name] = value
    }
    return given
  }
  const lost = namesLost(hidden).filter((name) => !Object.hasOwn(given, name))
  if (lost.length === 0) return given
  throw new SettingsError(
    `${where}: this is a copy of checked settings without ${lost.join(', ')}, which structuredClone and JSON do not ` +
      'copy. Copy with { ...settings }, or give the settings that createBridge was given.',
  )
}

function namesLost(hidden: unknown): string[] {
  if (typeof hidden !== 'object' || hidden === null || !('names' in hidden) || !Array.isArray(hidden.names)) return []
  return hidden.names.map((name) => named(String(name)))
}
