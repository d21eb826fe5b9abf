import { describe, expect, test } from 'vitest'
import { sessionAuthHash } from '../../src/auth/session-hash.ts'
import { bytesOrText, DJANGO_VERSIONS, type VectorRecord, vectors } from '../vectors.ts'

type Key = string | { hex: string }

interface Record extends VectorRecord {
  password: string
  secret_key: Key
  fallback_keys: Key[]
  hash: string
  fallback_hashes: string[]
}

describe.each(DJANGO_VERSIONS)('vectors of Django %s', (version) => {
  test.each(vectors<Record>('auth-hash', version, 'auth_hash'))('$name', (record) => {
    expect(sessionAuthHash(record.password, bytesOrText(record.secret_key))).toBe(record.hash)
    const fallbacks = record.fallback_keys.map((key) => sessionAuthHash(record.password, bytesOrText(key)))
    expect(fallbacks).toEqual(record.fallback_hashes)
  })
})
