/** Small pickles that stand for much, and large ones: each is refused, at once and within bounds. */
import { describe, expect, test } from 'vitest'
import { SerializationError } from '../../../src/errors.ts'
import type { PickleLimits } from '../../../src/python/pickle/pickle-limits.ts'
import { parsePickle } from '../../../src/python/pickle/pickle-reader.ts'
import { createPickleSerializer } from '../../../src/serializers/pickle-serializer.ts'
import { TimestampSigner } from '../../../src/signing/timestamp-signer.ts'
import { createSessionCodec, SESSION_SALT } from '../../../src/stores/session-data.ts'
import { PICKLE_BOMBS, SHARED_PARTS, ZIPPED_BOMBS } from './bombs.ts'

const bytes = (...parts: readonly (string | readonly number[] | Buffer)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))))
const SECRET_KEY = 'a secret of the site that is long enough'
const signer = new TimestampSigner({ key: SECRET_KEY, salt: SESSION_SALT })

/** What becomes of it, and the bytes that were taken on the way and may not be given back yet. */
function refusal<T>(input: T, read: (input: T) => unknown): { answer?: unknown; error?: unknown; taken: number } {
  const before = process.memoryUsage()
  const outcome: { answer?: unknown; error?: unknown } = {}
  try {
    outcome.answer = read(input)
  } catch (error) {
    outcome.error = error
  }
  const after = process.memoryUsage()
  return { ...outcome, taken: after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers }
}

describe('S26: bombs', () => {
  test.each(PICKLE_BOMBS)('$name', ({ pickle, refusedFor }) => {
    const { error, taken } = refusal(pickle(), parsePickle)
    expect(error).toBeInstanceOf(SerializationError)
    expect(String(error)).toContain(refusedFor)
    expect(taken).toBeLessThan(64 << 20)
  })

  test.each(ZIPPED_BOMBS)('%s, zipped behind a good signature', (_name, zipped) => {
    const codec = createSessionCodec({ SECRET_KEY, serializer: createPickleSerializer() })
    const signed = signer.sign(`.${zipped().toString('base64url')}`)
    const { answer, taken } = refusal(signed, codec.decode)
    expect(answer).toMatchObject({ reason: 'session_data_unreadable', error: expect.any(SerializationError) })
    expect(taken).toBeLessThan(64 << 20)
  })

  /** Their work grows with what stands in them, not with the places where it stands. */
  test.each(SHARED_PARTS)('read: %s', (_name, pickle) => {
    expect(refusal(pickle(), parsePickle).error).toBeUndefined()
  })

  test.each<readonly [string, Buffer, PickleLimits]>([
    ['bytes', bytes('N.'), { bytes: 1 }],
    ['depth', bytes(']]a.'), { depth: 1 }],
    ['elements', bytes('](NNNe.'), { elements: 4 }],
    ['memo', bytes(']\x94\x85\x94.'), { memo: 1 }],
    ['digits', bytes('\x8a\x02\xff\x00.'), { digits: 2 }],
  ])('a limit of one’s own on %s', (name, pickle, limits) => {
    parsePickle(pickle)
    expect(() => parsePickle(pickle, { limits })).toThrow(name)
  })
})

test('values are shared as in Python, and what is merely equal is not', () => {
  const [one, same, other] = parsePickle(bytes('](]\x94h\x00]e.')) as unknown[][]
  expect(one).toBe(same)
  expect(one).not.toBe(other)
})

test('a float of 8 MB in protocol 0 is read or refused in one pass', () => {
  expect(() => parsePickle(bytes(`F${'1'.repeat(8_000_000)}\n.`))).toThrow('too large')
  expect(() => parsePickle(bytes(`F${'1'.repeat(8_000_000)}x\n.`))).toThrow('not a decimal')
})
