/** The arguments that pickles of protocol 0 spell as text: read as Python reads them, or refused as Python refuses them. */
import { execFileSync } from 'node:child_process'
import { describe, expect, inject, test } from 'vitest'
import { parsePickle } from '../../src/python/index.ts'
import { PyFloat } from '../../src/python/values.ts'
import { seededRandom } from '../seeded-random.ts'

const PYTHON = `import json, pickle, sys, warnings
warnings.simplefilter("ignore")
def told(pickled):
    try:
        value = pickle.loads(pickled)
    except Exception:
        return None
    if isinstance(value, str):
        return "str " + value.encode("utf-16-le", "surrogatepass").hex()
    if isinstance(value, float):
        return "float " + (value.hex() if value == value else "nan")
    return type(value).__name__ + " " + (hex(value) if type(value) is int else repr(value))
print(json.dumps([told(bytes.fromhex(text)) for text in json.load(sys.stdin)]))
`

/** Opcodes, what their lines are made of, and whole lines that chance rarely makes. */
const LINES = {
  I: {
    pieces: [
      '0',
      '1',
      '7',
      '9',
      '_',
      '+',
      '-',
      ' ',
      '\t',
      '\r',
      '\0',
      '0x',
      '0b',
      '0o',
      'f',
      'L',
      '.',
      '99999999999999999999',
    ],
    whole: ['01', '00', '-0', '+1', ' 1', '0x7fffffffffffffff', '0777777777777777777777777', '-9223372036854775809'],
  },
  L: {
    pieces: ['0', '1', '7', '9', '_', '+', '-', ' ', '\r', '\0', '0x', '0B', '0o', 'f', 'L', 'l'],
    whole: ['', 'L', '5LL', `${'9'.repeat(4300)}L`, `${'9'.repeat(4301)}L`, `0x${'f'.repeat(5000)}L`],
  },
  F: {
    pieces: [
      '0',
      '1',
      '5',
      '25',
      '300',
      '7',
      '.',
      'e',
      'E',
      '+',
      '-',
      '_',
      ' ',
      '\r',
      '\0',
      'inf',
      'Infinity',
      'NaN',
      '0x',
      'x',
    ],
    whole: ['1e308', '1e309', '-1e309', '1e-400', '-0.0', '1'.repeat(400), 'infinit', '-nan', '٣'],
  },
  S: {
    pieces: ['a', 'b', 'c', "'", '"', '\\', 'x', '4', '1', '7', '8', 'n', 'u', 'N', ' ', '\r', '\x7f', '\xe9', '\0'],
    whole: ["''", "'", "'a' ", "'\\x41'", "'\\x4'", "'\\400'", "'\\777'", "'a\\'"],
  },
  V: {
    pieces: [
      '\\',
      '\\u',
      '\\U',
      'u',
      'U',
      '0041',
      '0000',
      '0001f600',
      'd83d',
      'de00',
      '4',
      'g',
      'n',
      '\xe9',
      '\r',
      ' ',
    ],
    whole: ['', '\\', '\\\\', '\\U00110000', '\\U0010ffff', '\\ud83d\\ude00'],
  },
} as const

const pythons = inject('pythons').flatMap((django) => ('python' in django ? [django] : []))

describe.each(pythons)('the Python of Django $version', ({ python }) => {
  test.each(Object.entries(LINES))('reads 3,000 lines of %s alike', (opcode, { pieces, whole }) => {
    const random = seededRandom(11)
    const piece = (): string => pieces[Math.floor(random() * pieces.length)] ?? ''
    const framed = (text: string): string => (opcode === 'S' && random() < 0.7 ? `'${text}'` : text)
    const made = Array.from({ length: 3000 }, () =>
      framed(Array.from({ length: Math.ceil(random() * 5) }, piece).join('')),
    )
    const lines = [...whole, ...made]
    const pickles = lines.map((line) => Buffer.from(`${opcode}${line}\n.`, 'latin1').toString('hex'))
    const expected = JSON.parse(
      execFileSync(python, ['-c', PYTHON], { input: JSON.stringify(pickles), encoding: 'utf8' }),
    ) as (string | null)[]
    const found = pickles.map(told)
    const differences = lines.flatMap((line, place) =>
      found[place] === expected[place] ? [] : [[line, found[place], expected[place]]],
    )
    expect(differences).toEqual([])
    expect(found.filter((one) => one === null).length).toBeGreaterThan(100)
    expect(found.filter((one) => one !== null).length).toBeGreaterThan(100)
  })

  test('takes the same numbers as places of the memo', () => {
    const lines = ['0', '01', '-0', '+0', ' 0', '0 ', '0\r', '1_0', '0\0x', '', 'a', '-1', '0x0', '0L', '1__0', '_1']
    const pickles = lines.map((line) => Buffer.from(`I7\np${line}\n0g${line}\n.`, 'latin1').toString('hex'))
    const expected = execFileSync(python, ['-c', PYTHON], { input: JSON.stringify(pickles), encoding: 'utf8' })
    expect(pickles.map(told)).toEqual(JSON.parse(expected))
  })
})

function told(pickle: string): string | null {
  let value: unknown
  try {
    value = parsePickle(Buffer.from(pickle, 'hex'))
  } catch {
    return null
  }
  if (typeof value === 'string') return `str ${Buffer.from(value, 'utf16le').toString('hex')}`
  if (typeof value === 'number' && (Object.is(value, -0) || !Number.isSafeInteger(value)))
    return `float ${hexOfFloat(value)}`
  if (value instanceof PyFloat) return `float ${hexOfFloat(value.value)}`
  if (typeof value === 'boolean') return `bool ${value ? 'True' : 'False'}`
  const int = BigInt(value as number | bigint)
  return `int ${int < 0n ? '-' : ''}0x${(int < 0n ? -int : int).toString(16)}`
}

/** As float.hex() of Python. */
function hexOfFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  if (!Number.isFinite(value)) return `${sign}inf`
  if (value === 0) return `${sign}0x0.0p+0`
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, value)
  const high = bits.getUint32(0)
  const exponent = (high >>> 20) & 0x7ff
  const mantissa = (high & 0xfffff).toString(16).padStart(5, '0') + bits.getUint32(4).toString(16).padStart(8, '0')
  const power = exponent === 0 ? -1022 : exponent - 1023
  return `${sign}0x${exponent === 0 ? 0 : 1}.${mantissa}p${power < 0 ? '-' : '+'}${Math.abs(power)}`
}
