/** Django's own kinds of text. */

/** `SafeString`: text that templates do not escape. @see django/utils/safestring.py */
export class PySafeString {
  readonly value: string

  constructor(value: string) {
    this.value = value
    Object.freeze(this)
  }

  toString(): string {
    return this.value
  }

  toJSON(): string {
    return this.value
  }
}

/**
 * A lazy text: a call that Django makes when the text is shown, for example `gettext` of a message. It is not made
 * here. @see django/utils/functional.py lazy
 */
export class PyLazyText {
  /** `django.utils.translation.gettext`, `django.urls.base.reverse` … */
  readonly call: string
  /** Of `ngettext` and its kin the number, or the name of the one that is given when the text is shown. */
  readonly args: readonly unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>

  constructor(call: string, args: readonly unknown[], kwargs: Readonly<Record<string, unknown>> = {}) {
    this.call = call
    this.args = Object.freeze([...args])
    this.kwargs = kwargs
    Object.freeze(this)
  }
}
