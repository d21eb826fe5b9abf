/** One JSON value as it was stored. */
import { encodeLike } from './encode-like.ts'
import { parsePythonJson } from './json-reader.ts'

export class JsonText {
  /** The value's own text, letter by letter. */
  readonly text: string
  #parsed: unknown

  /** @param parsed what the text reads as, when it is known already; it is handed out once */
  constructor(text: string, parsed?: unknown) {
    this.text = text
    this.#parsed = parsed
  }

  /** The value, made anew on every call. */
  decode(): unknown {
    const parsed = this.#parsed
    if (parsed === undefined) return parsePythonJson(this.text)
    if (typeof parsed === 'object' && parsed !== null) this.#parsed = undefined
    return parsed
  }

  /** Whether writing `value` here would store the same again. */
  same(value: unknown): boolean {
    return encodeLike(this.text, value) === this.text
  }
}
