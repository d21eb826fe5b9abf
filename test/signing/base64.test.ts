import { expect, test } from 'vitest'
import { SerializationError } from '../../src/errors.ts'
import { decodeBase64, encodeBase64 } from '../../src/signing/base64.ts'

test('bytes of every length come back', () => {
  for (let length = 0; length < 50; length++) {
    const bytes = Buffer.from(Array.from({ length }, (_, index) => (index * 89 + length) % 256))
    expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes)
  }
})

test('a letter outside ASCII is skipped like any other sign, also one whose last byte is that of an A', () => {
  for (const sign of ['\u0141', '\u0141\u0141\u0141\u0141', '\u00e9', '\n', ' ', '\ud83d\ude00']) {
    for (let place = 0; place <= 8; place++) {
      const text = `${'QUJDREVG'.slice(0, place)}${sign}${'QUJDREVG'.slice(place)}`
      expect(decodeBase64(text).toString(), JSON.stringify(text)).toBe('ABCDEF')
    }
  }
})

test('both alphabets are read, and a length that no bytes have is refused', () => {
  expect(decodeBase64('-_+/')).toEqual(Buffer.from([0xfb, 0xff, 0xbf]))
  for (const text of ['A', 'QUJDA', 'QUJD\u0141A']) expect(() => decodeBase64(text)).toThrow(SerializationError)
})
