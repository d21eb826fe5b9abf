/** One JSON value as it was stored. */
import { encodeInPlaceOf, isUnchanged } from './encode-like.ts'
import { parsePythonJson, type SplitMember } from './json-reader.ts'
import { exactNodeValue } from './json-tree.ts'
import { rememberOrigins, SpelledText } from './origins.ts'

export class JsonText {
  readonly #source: SpelledText
  /** Whose `parsed` is handed out once, if it can be changed. */
  #member: SplitMember | undefined

  /** @param value its text, or a member of an object that was split */
  constructor(value: string | SplitMember) {
    this.#member = typeof value === 'string' ? undefined : value
    this.#source = new SpelledText(this.#member ?? { text: String(value) })
  }

  /** The value's own text, letter by letter. */
  get text(): string {
    return this.#source.text
  }

  /** The value, made anew on every call. What it holds keeps its spelling wherever it is moved. */
  decode(): unknown {
    const known = this.#member?.parsed
    const value = known === undefined ? parsePythonJson(this.text) : known
    if (typeof value !== 'object' || value === null) return value
    this.#member = undefined
    rememberOrigins(value, this.#source)
    return value
  }

  /** As `decode`, but with floats as PyFloat, for another format to write. */
  exact(): unknown {
    return exactNodeValue(this.#source.root.node)
  }

  /** Whether writing `value` here would store the same again. */
  same(value: unknown): boolean {
    return isUnchanged(this.#source, value)
  }

  /**
   * `value` in the spelling of this one, wherever they are equal.
   * @throws SerializationError for a value that JSON cannot hold
   */
  encode(value: unknown): string {
    return encodeInPlaceOf(this.#source, value)
  }
}
