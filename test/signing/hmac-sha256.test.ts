import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { hmacSha256 } from '../../src/signing/hmac-sha256.ts'

const KEY_LENGTHS = [1, 20, 32, 63, 64, 65, 200]
const MESSAGE_LENGTHS = [0, 1, 55, 56, 64, 119, 120, 1365, 1366, 4096, 4097, 100_000]

test.each(KEY_LENGTHS)('with a key of %i bytes every message has the HMAC of createHmac', (length) => {
  const secret = randomBytes(length)
  const key = createSecretKey(secret)
  for (const size of MESSAGE_LENGTHS) {
    const bytes = randomBytes(size)
    for (const message of [bytes, bytes.toString('latin1'), 'a'.repeat(size), '€'.repeat(size), '😀'.repeat(size)]) {
      for (const encoding of ['base64url', 'hex'] as const) {
        const expected = createHmac('sha256', secret).update(message).digest(encoding)
        expect(hmacSha256(key, message, encoding)).toBe(expected)
      }
    }
  }
})

test('a short message after a longer one has nothing of it', () => {
  const key = createSecretKey(Buffer.from('a key of some length'))
  const expected = createHmac('sha256', 'a key of some length').update('short').digest('hex')
  hmacSha256(key, 'x'.repeat(1000), 'hex')
  expect(hmacSha256(key, 'short', 'hex')).toBe(expected)
})

test('text with half a surrogate pair counts as U+FFFD, as in createHmac', () => {
  const key = createSecretKey(Buffer.from('a key of some length'))
  const expected = createHmac('sha256', 'a key of some length').update('a\ud800b').digest('hex')
  expect(hmacSha256(key, 'a\ud800b', 'hex')).toBe(expected)
})
