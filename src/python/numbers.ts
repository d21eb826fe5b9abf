/** Python's Decimal, complex and UUID. */

/** `decimal.Decimal`, by its text; nothing is calculated here. */
export class PyDecimal {
  /** As Python's `str()` has it: `1.50`, `1E+3`, `-0`, `NaN`, `Infinity`. */
  readonly text: string

  /** @throws TypeError for what is no decimal */
  constructor(text: string | number | bigint) {
    const spelled = typeof text === 'number' && !Number.isFinite(text) ? String(text) : String(text).replace('e', 'E')
    if (!DECIMAL.test(spelled)) throw new TypeError('PyDecimal takes the text of a decimal, such as "1.50".')
    this.text = spelled
    Object.freeze(this)
  }

  toString(): string {
    return this.text
  }

  toJSON(): string {
    return this.text
  }
}

const DECIMAL = /^-?(\d+(\.\d*)?(E[+-]?\d{1,19})?|Infinity|s?NaN\d*)$/

/** `complex`. */
export class PyComplex {
  readonly real: number
  readonly imag: number

  constructor(real: number, imag: number) {
    this.real = real
    this.imag = imag
    Object.freeze(this)
  }
}

/** `uuid.UUID`. */
export class PyUuid {
  /** Lower case with dashes, as Python's `str()` has it. */
  readonly text: string

  /** @param text 32 hexadecimal digits, with or without dashes */
  constructor(text: string) {
    const digits = text.toLowerCase().replaceAll('-', '')
    if (!/^[0-9a-f]{32}$/.test(digits)) throw new TypeError('PyUuid takes 32 hexadecimal digits.')
    this.text = digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
    Object.freeze(this)
  }

  toString(): string {
    return this.text
  }

  toJSON(): string {
    return this.text
  }
}
