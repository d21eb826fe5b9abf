/** Values that Python tells apart and plain JavaScript does not. */

/** A number that is a float in Python even when it is whole: `float(2)` is written as `2.0`. */
export class PyFloat {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }

  valueOf(): number {
    return this.value
  }
}

/** @throws TypeError for what is not a number */
export function float(value: number): PyFloat {
  if (typeof value !== 'number') throw new TypeError('float() takes a number.')
  return new PyFloat(value)
}
