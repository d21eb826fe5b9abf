/** SessionBase.encode and decode, on everything that the vectors hold. */
import { describe, expect, test } from 'vitest'
import { splitPythonObject } from '../../src/python/json-reader.ts'
import { JsonText } from '../../src/python/json-text.ts'
import type { Encoded } from '../../src/serializers/serializer.ts'
import { createSessionCodec } from '../../src/stores/session-data.ts'
import { DJANGO_VERSIONS, type VectorFile, type VectorRecord, vectorFile, vectors } from '../vectors.ts'

interface Record extends VectorRecord {
  secret_key?: string
  fallback_keys?: string[]
  now_ms: number
  json: string
  session_data: string
  compressed?: boolean
  result: { value: string } | { error: string }
  suspicious: boolean
}

function asText(data: ReadonlyMap<string, Encoded>): Map<string, string> {
  return new Map(Array.from(data, ([key, value]) => [key, (value as JsonText).text]))
}

function members(json: string): Map<string, JsonText> {
  return new Map(Array.from(splitPythonObject(json), ([key, member]) => [key, new JsonText(member.text)]))
}

describe.each(DJANGO_VERSIONS)('vectors of Django %s', (version) => {
  const { secret_key } = vectorFile<VectorFile<Record> & { secret_key: string }>('session-data', version)
  const codec = (record: Record) =>
    createSessionCodec({
      SECRET_KEY: record.secret_key ?? secret_key,
      SECRET_KEY_FALLBACKS: record.fallback_keys ?? [],
      now: () => record.now_ms,
    })

  test.each(vectors<Record>('session-data', version, 'encode'))('$name', (record) => {
    const { encode, decode } = codec(record)
    const made = encode(members(record.json))
    if (!record.compressed) expect(made).toBe(record.session_data)
    expect(made.startsWith('.')).toBe(record.session_data.startsWith('.'))
    for (const text of [made, record.session_data]) {
      const answer = decode(text)
      expect('data' in answer && asText(answer.data)).toEqual(asText(members(record.json)))
    }
  })

  test.each(vectors<Record>('session-data', version, 'decode'))('$name', (record) => {
    const answer = codec(record).decode(record.session_data)
    const value = 'value' in record.result ? record.result.value : null
    if (record.suspicious) {
      expect(answer).toEqual({ reason: 'session_data_corrupted' })
    } else if (!('data' in answer)) {
      // Where Django goes on with {} or fails at the first access, the session is unreadable to us.
      // Half a surrogate pair, which no database returns, is a bad signature here and an encoding error in Python.
      const reason = record.session_data.isWellFormed() ? 'session_data_unreadable' : 'session_data_corrupted'
      expect(answer).toMatchObject({ reason })
      expect(value === null || value === '{}' || !value.startsWith('{')).toBe(true)
    } else {
      expect(value).not.toBeNull()
      const expected = members(value ?? '')
      expect([...answer.data.keys()]).toEqual([...expected.keys()])
      for (const [key, text] of expected) expect(text.same(answer.data.get(key)?.decode())).toBe(true)
    }
  })
})

test('S16: a signature by SHA-1 is good where Django 3.1 or 3.2 shares the sessions', () => {
  const { secret_key: SECRET_KEY } = vectorFile<VectorFile<Record> & { secret_key: string }>('session-data', '3.2')
  const record = vectors<Record>('session-data', '3.2', 'decode').find(({ name }) => name.includes('sha1'))
  if (record === undefined) throw new Error('there is a record signed with sha1')
  expect(record.result).toEqual({ value: '{"a":1}' })
  const bySha1 = createSessionCodec({ SECRET_KEY, readsSha1: true })
  expect(bySha1.decode(record.session_data)).toHaveProperty('data')
  const flipped = record.session_data.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
  expect(bySha1.decode(flipped)).toEqual({ reason: 'session_data_corrupted' })
  expect(createSessionCodec({ SECRET_KEY }).decode(record.session_data)).toEqual({ reason: 'session_data_corrupted' })
  const [today] = vectors<Record>('session-data', '5.2', 'encode')
  expect(bySha1.decode(today?.session_data ?? '')).toHaveProperty('data')
})
