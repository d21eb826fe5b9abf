/** One JSON value as it was stored. */
import { encodeInPlaceOf, isUnchanged } from './encode-like.ts'
import { parsePythonJson } from './json-reader.ts'
import { rememberOrigins, SpelledText } from './origins.ts'

export class JsonText {
  readonly #source: SpelledText
  #parsed: unknown

  /** @param parsed what the text reads as, when it is known already; it is handed out once */
  constructor(text: string, parsed?: unknown) {
    this.#source = new SpelledText(text)
    this.#parsed = parsed
  }

  /** The value's own text, letter by letter. */
  get text(): string {
    return this.#source.text
  }

  /** The value, made anew on every call. What it holds keeps its spelling wherever it is moved. */
  decode(): unknown {
    const value = this.#parsed ?? parsePythonJson(this.text)
    if (typeof value !== 'object' || value === null) return value
    this.#parsed = undefined
    rememberOrigins(value, this.#source)
    return value
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
