/** Sessions that Django 2.2 and 3.2 wrote in the format of before 3.1, and texts that they took for none. */
import { describe, expect, test } from 'vitest'
import { readPickle } from '../../src/python/pickle/pickle-reader.ts'
import { formatPickle } from '../../src/python/pickle/pickle-writer.ts'
import { chooseSerializer } from '../../src/serializers/choose-serializer.ts'
import type { Encoded } from '../../src/serializers/serializer.ts'
import { createSessionCodec } from '../../src/stores/session-data.ts'
import { describeNode } from '../python/pickle/described-node.ts'
import { type VectorFile, type VectorRecord, vectorFile } from '../vectors.ts'

type Old = VectorRecord & { serializer: string; session_data: string; result: { value?: unknown; error?: string } }
type File = VectorFile<Old> & { secret_key: string }

describe.each(['2.2', '3.2'])('Django %s', (version) => {
  const { records, secret_key: SECRET_KEY } = vectorFile<File>('old-sessions', version)
  const codecFor = ({ serializer }: Old, more: object = {}) =>
    createSessionCodec({ SECRET_KEY, serializer: chooseSerializer(serializer, {}), writes: 'old', ...more })
  /** What Django took for no session of its own is told there as an empty one. */
  const isEmpty = ({ result: { value } }: Old): boolean => JSON.stringify(value) === '{"id":1,"dict":[]}'

  test.each(records)('$name', (record) => {
    const answer = codecFor(record).decode(record.session_data)
    if (isEmpty(record) && !record.name.startsWith('empty')) {
      expect(answer).toEqual({ reason: 'session_data_corrupted' })
      return
    }
    if (!('data' in answer)) throw new Error(`${record.name} opens in Django`)
    expect(told(answer.data)).toEqual(record.result.value)
    // Pickles differ: Django's are of protocol 5 and in frames.
    if (record.serializer.endsWith('JSONSerializer') && !record.name.startsWith('with ')) {
      expect(codecFor(record).encode(answer.data)).toBe(record.session_data)
    }
    const again = codecFor(record).decode(codecFor(record).encode(answer.data))
    if (!('data' in again)) throw new Error('what was written is read')
    expect(told(again.data)).toEqual(record.result.value)
  })

  test('S16: another key opens none, a fallback key does', () => {
    const [record] = records.filter(({ name }) => name.startsWith('small'))
    if (record === undefined) throw new Error('there is a small session')
    const other = codecFor(record, { SECRET_KEY: 'another key' })
    expect(other.decode(record.session_data)).toEqual({ reason: 'session_data_corrupted' })
    const rotated = codecFor(record, { SECRET_KEY: 'another key', SECRET_KEY_FALLBACKS: [SECRET_KEY] })
    expect(rotated.decode(record.session_data)).toHaveProperty('data')
    const named = codecFor(record, { salt: 'django.contrib.sessions.MySessionStore' })
    expect(named.decode(record.session_data)).toEqual({ reason: 'session_data_corrupted' })
  })
})

/** As python-fixtures/vectors/described.py. */
function told(data: ReadonlyMap<string, Encoded>): unknown {
  const values = Object.fromEntries(Array.from(data, ([key, value]) => [key, value.exact?.() ?? value.decode()]))
  return describeNode(readPickle(formatPickle(values)))
}
