/** Decimal by its text, complex by its two floats, UUID by its int. */
import { PyComplex, PyDecimal, PyUuid } from '../../numbers.ts'
import { float } from '../../values.ts'
import type { PickleCodec } from '../pickle-codec.ts'

export const decimalCodec: PickleCodec<PyDecimal> = {
  classes: [{ module: 'decimal', name: 'Decimal' }],
  isImmutable: true,
  matches: (value) => value instanceof PyDecimal,
  decode: ({ args: [text] }) => new PyDecimal(typeof text === 'string' ? text : ''),
  encode: ({ text }) => ({ args: [text] }),
}

export const complexCodec: PickleCodec<PyComplex> = {
  classes: [{ module: 'builtins', name: 'complex' }],
  isImmutable: true,
  matches: (value) => value instanceof PyComplex,
  decode({ args: [real, imag] }) {
    if (typeof real !== 'number' || typeof imag !== 'number') throw new TypeError('A complex is two floats.')
    return new PyComplex(real, imag)
  },
  encode: ({ real, imag }) => ({ args: [float(real), float(imag)] }),
}

export const uuidCodec: PickleCodec<PyUuid> = {
  classes: [{ module: 'uuid', name: 'UUID' }],
  isImmutable: true,
  matches: (value) => value instanceof PyUuid,
  decode({ state }) {
    const { int } = (state ?? {}) as { int?: unknown }
    const value = typeof int === 'number' || typeof int === 'bigint' ? BigInt(int) : -1n
    // Before it is spelled: one long int may be that of any number of UUIDs.
    if (BigInt.asUintN(128, value) !== value) throw new TypeError('A UUID is an int of 128 bits.')
    return new PyUuid(value.toString(16).padStart(32, '0'))
  },
  encode: ({ text }) => ({ made: 'newobj', state: { int: BigInt(`0x${text.replaceAll('-', '')}`) } }),
}
