/** Decimal by its text, complex by its two floats, UUID by its int. */
import { PyComplex, PyDecimal, PyUuid } from '../../numbers.ts'
import { float } from '../../values.ts'
import type { PickleCodec } from '../pickle-codec.ts'
import { notReadHere, strictly } from './strictly.ts'

export const decimalCodec: PickleCodec<PyDecimal> = strictly(() => ({ args: [0, 2] }), {
  classes: [{ module: 'decimal', name: 'Decimal' }],
  isImmutable: true,
  matches: (value) => value instanceof PyDecimal,
  decode(instance) {
    const [text, ...more] = instance.args
    // Python takes numbers, tuples and spaces as well; it writes the plain text alone.
    return typeof text === 'string' && more.length === 0 && isPlain(text) ? new PyDecimal(text) : notReadHere(instance)
  },
  encode: ({ text }) => ({ args: [text] }),
})

export const complexCodec: PickleCodec<PyComplex> = strictly(() => ({ args: [0, 2] }), {
  classes: [{ module: 'builtins', name: 'complex' }],
  isImmutable: true,
  matches: (value) => value instanceof PyComplex,
  decode(instance) {
    const [real, imag] = instance.args
    if (typeof real !== 'number' || typeof imag !== 'number') return notReadHere(instance)
    return new PyComplex(real, imag)
  },
  encode: ({ real, imag }) => ({ args: [float(real), float(imag)] }),
})

export const uuidCodec: PickleCodec<PyUuid> = strictly(() => ({ args: [0, 6], state: true }), {
  classes: [{ module: 'uuid', name: 'UUID' }],
  isImmutable: true,
  matches: (value) => value instanceof PyUuid,
  decode(instance) {
    const { args, state } = instance
    // Called with hexadecimal digits, bytes or fields.
    if (args.length > 0 || state === undefined) return notReadHere(instance)
    const { int } = (state ?? {}) as { int?: unknown }
    const value = typeof int === 'number' || typeof int === 'bigint' ? BigInt(int) : -1n
    // Before it is spelled: one long int may be that of any number of UUIDs.
    if (BigInt.asUintN(128, value) !== value) throw new TypeError('A UUID is an int of 128 bits.')
    return new PyUuid(value.toString(16).padStart(32, '0'))
  },
  encode: ({ text }) => ({ made: 'newobj', state: { int: BigInt(`0x${text.replaceAll('-', '')}`) } }),
})

/** Not what a Decimal refuses, nor what it reads with more leniency than `PyDecimal`. */
function isPlain(text: string): boolean {
  return /^[\x21-\x7e]*$/.test(text) && !/[_+]\d|^\+/.test(text.replace(/E\+/, 'E'))
}
