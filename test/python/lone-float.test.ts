/** A float that is the whole value stays a float, read and written again. */
import { expect, test } from 'vitest'
import { float, formatPickle, formatPythonJson, PyFloat, parsePickle, parsePythonJson } from '../../src/python/index.ts'
import { dumps, loads, Signer } from '../../src/signing/index.ts'

const key = 'a key'

const SPELLED: [text: string, written: string][] = [
  ['1.0', '1.0'],
  [' -2.0\n', '-2.0'],
  ['0.0', '0.0'],
  ['-0.0', '-0.0'],
  ['1e2', '100.0'],
  ['1E15', '1000000000000000.0'],
  ['1e16', '1e+16'],
  ['1.5', '1.5'],
  ['1', '1'],
  ['-0', '0'],
  ['"1.0"', '"1.0"'],
]
test.each(SPELLED)('JSON %j by itself is written as %s', (text, written) => {
  expect(formatPythonJson(parsePythonJson(text))).toBe(written)
  const content = Buffer.from(text).toString('base64url')
  const signed = new Signer({ key, salt: 'django.core.signing' }).sign(`${content}:1wAbCd`)
  const again = dumps(loads(signed, { key }), { key, now: () => 0 })
  expect(Buffer.from(again.split(':')[0] ?? '', 'base64url').toString()).toBe(written)
})

test('only a number that would be written as an int becomes a PyFloat', () => {
  expect(parsePythonJson('1.0')).toStrictEqual(float(1))
  expect([parsePythonJson('1'), parsePythonJson('1.5'), parsePythonJson('1e400')]).toEqual([
    1,
    1.5,
    Number.POSITIVE_INFINITY,
  ])
  expect(parsePythonJson('[1.0]')).toEqual([1])
})

test('a pickled float by itself stays one, in every protocol', () => {
  // pickle.dumps(1.0, protocol) of Python for 0, 1 and 4.
  const pickles = ['46312e300a2e', '473ff00000000000002e', '8004950a00000000000000473ff00000000000002e']
  for (const hex of pickles) {
    const value = parsePickle(Buffer.from(hex, 'hex'))
    expect(value).toStrictEqual(new PyFloat(1))
    expect(parsePickle(formatPickle(value))).toStrictEqual(float(1))
  }
  expect(parsePickle(formatPickle(1))).toBe(1)
  expect(parsePickle(formatPickle(1.5))).toBe(1.5)
  expect(parsePickle(formatPickle(-0))).toBe(-0)
})
