import { describe, expect, test } from 'vitest'
import { judgeSessionKey, newSessionKey } from '../../src/stores/session-key.ts'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'
const KEYS = 1_000_000
const LENGTH = 32

describe('newSessionKey', () => {
  test('S1: a million keys: 32 letters and digits, none twice, every sign as often at every place', {
    timeout: 60_000,
  }, () => {
    const counts = Array.from({ length: LENGTH }, () => new Uint32Array(128))
    const keys = new Set<string>()
    for (let count = 0; count < KEYS; count++) {
      const key = newSessionKey()
      keys.add(key)
      if (key.length !== LENGTH) throw new Error('a key of another length')
      for (let place = 0; place < LENGTH; place++) {
        const at = counts[place] as Uint32Array
        const code = key.charCodeAt(place)
        at[code] = (at[code] ?? 0) + 1
      }
    }
    expect(keys.size).toBe(KEYS)
    const expected = KEYS / ALPHABET.length
    for (const at of counts) {
      const seen = Array.from(ALPHABET, (sign) => at[sign.charCodeAt(0)] ?? 0)
      expect(seen.reduce((sum, count) => sum + count)).toBe(KEYS)
      // χ² of 35 degrees of freedom passes 100 once in 10⁸ times; `byte % 36` is at 1,100 and more.
      expect(seen.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)).toBeLessThan(100)
    }
  })
})

describe('judgeSessionKey', () => {
  test.each([
    ['', 'short'],
    ['abcdefg', 'short'],
    ['abcdefgh', 'ok'],
    ['a'.repeat(255), 'ok'],
    ['a'.repeat(256), 'malformed'],
    ['abcdefg\0', 'malformed'],
    ['abcdefgh\r\n', 'malformed'],
    ['abcdefé-', 'malformed'],
  ])('%j is %s', (key, judgement) => {
    expect(judgeSessionKey(key)).toBe(judgement)
  })
})
