import { describe, expect, test } from 'vitest'
import { exptimeOf } from '../../../src/caches/memcached/memcached.ts'
import { memcachedKey } from '../../../src/caches/memcached/memcached-key.ts'
import { type Answer, AnswerReader, NoAnswer } from '../../../src/caches/memcached/text-protocol.ts'

const VALUE = 'VALUE k 1 11 1742\r\nab\r\nEND\r\ncd\r\nEND\r\n'

function read(pieces: readonly string[], key: string | null = 'k'): (Answer | null)[] {
  const reader = new AnswerReader(key)
  return pieces.map((piece) => reader.take(Buffer.from(piece, 'latin1')))
}

describe('an answer of Memcached', () => {
  test('is whole when its last byte is there, wherever it was cut', () => {
    for (let cut = 1; cut < VALUE.length; cut++) {
      const answers = read([VALUE.slice(0, cut), VALUE.slice(cut)])
      expect(answers[0]).toBeNull()
      expect(answers[1]).toEqual({ flags: 1, token: '1742', bytes: Buffer.from('ab\r\nEND\r\ncd') })
    }
    expect(read([...VALUE]).at(-1)).toMatchObject({ token: '1742' })
    expect(read(['ST', 'ORED\r', '\n'])).toEqual([null, null, 'STORED'])
    expect(read(['END\r\n'])).toEqual(['END'])
  })

  test.each([
    ['a value under another key', 'VALUE other 1 2 5\r\nab\r\nEND\r\n'],
    ['a value nobody asked for', VALUE, null],
    ['a value without a token', 'VALUE k 1 2\r\nab\r\nEND\r\n'],
    ['a length that is no number', 'VALUE k 1 -2 5\r\nab\r\nEND\r\n'],
    ['a length beyond all reason', 'VALUE k 1 9999999999 5\r\n'],
    ['a value longer than it says', 'VALUE k 1 2 5\r\nabc\r\nEND\r\n'],
    ['two values', 'VALUE k 1 2 5\r\nab\r\nVALUE k 1 2 5\r\n'],
    ['another answer behind the first', 'STORED\r\nSTORED\r\n'],
    ['a value and an answer behind it', `${VALUE}END\r\n`],
    ['a line that never ends', 'x'.repeat(3000)],
  ] as [string, string, (string | null)?][])('S41: %s is none', (_name, text, key = 'k') => {
    expect(() => read([text], key)).toThrow(NoAnswer)
  })
})

describe('a time-out', () => {
  const now = new Date('2026-07-01T12:00:00.900Z')
  const seconds = Math.floor(now.getTime() / 1000)

  test.each([
    [1209600, 1209600],
    [1.9, 1],
    [0, -1],
    [0.5, -1],
    [-1, -1],
    [-90000, -1],
    [2592000, 2592000],
    [2592001, seconds + 2592001],
    [2592000.5, seconds + 2592000],
    [31536000, seconds + 31536000],
    [10_000_000_000, 2 ** 31 - 1],
  ])('of %d seconds is sent as %d', (timeout, sent) => {
    expect(exptimeOf(timeout, now)).toBe(sent)
  })
})

describe('a key of Memcached', () => {
  const keyOf = memcachedKey((key) => `:1:${key}`, 'shop.')

  test.each(['a b', 'a\r\nflush_all', 'a\nb', 'a\0', 'a\tb', 'a\x7f', '\ud800', 'a'.repeat(243), 'é'.repeat(122)])(
    'S41: is nothing that would be another command, or longer than 250 bytes: %j',
    (key) => {
      expect(keyOf(key)).toBeNull()
    },
  )

  test('is all else', () => {
    expect(keyOf('a'.repeat(242))).toHaveLength(245)
    expect(keyOf('é€😀\u0085\u00a0')).toBe(':1:é€😀\u0085\u00a0')
    expect(memcachedKey(() => null, '')('a')).toBeNull()
  })
})
