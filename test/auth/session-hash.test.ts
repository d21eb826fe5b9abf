import { describe, expect, test } from 'vitest'
import { sessionAuthHash } from '../../src/auth/session-hash.ts'
import { loginHashes } from '../../src/settings/django-version.ts'
import { loginValues, makeSite, PASSWORD, SECRET_KEY } from '../site.ts'
import { bytesOrText, DJANGO_VERSIONS, OLDER_DJANGO_VERSIONS, type VectorRecord, vectors } from '../vectors.ts'

type Key = string | { hex: string }

interface Record extends VectorRecord {
  password: string
  secret_key: Key
  fallback_keys: Key[]
  hash: string
  /** From 4.1 on. */
  fallback_hashes?: string[]
  /** The one that 3.1 and 3.2 take too. */
  legacy_hash?: string
}

describe.each([...OLDER_DJANGO_VERSIONS, ...DJANGO_VERSIONS])('vectors of Django %s', (version) => {
  test.each(vectors<Record>('auth-hash', version, 'auth_hash'))('$name', (record) => {
    const hashes = loginHashes(version, 'sha256').map((algorithm) =>
      sessionAuthHash(record.password, bytesOrText(record.secret_key), { algorithm }),
    )
    expect(hashes).toEqual([record.hash, ...(record.legacy_hash === undefined ? [] : [record.legacy_hash])])
    if (record.fallback_hashes === undefined) return
    const fallbacks = record.fallback_keys.map((key) => sessionAuthHash(record.password, bytesOrText(key)))
    expect(fallbacks).toEqual(record.fallback_hashes)
  })
})

describe('a login of Django 2.2 and of today', () => {
  const bySha1 = sessionAuthHash(PASSWORD, SECRET_KEY, { algorithm: 'sha1' })

  test.each([
    ['2.2', 'sha256', 'sha1', true],
    ['2.2', 'sha256', 'sha256', false],
    ['3.0', 'sha256', 'sha1', true],
    ['3.1', 'sha256', 'sha1', true],
    ['3.2', 'sha256', 'sha256', true],
    ['3.2', 'sha1', 'sha1', true],
    ['3.2', 'sha1', 'sha256', false],
    ['4.0', 'sha256', 'sha1', false],
    ['5.2', 'sha256', 'sha256', true],
    [undefined, 'sha256', 'sha1', false],
  ] as const)(
    'DJANGO_VERSION %s and DEFAULT_HASHING_ALGORITHM %s: a hash by %s is good: %s',
    async (version, algorithm, hash, isGood) => {
      const site = await makeSite({ DJANGO_VERSION: version, DEFAULT_HASHING_ALGORITHM: algorithm })
      const key = await site.store({ ...loginValues(), ...(hash === 'sha1' && { _auth_user_hash: bySha1 }) })
      const auth = await site.open(`sessionid=${key}`).auth()
      expect(auth).toMatchObject(
        isGood ? { status: 'authenticated' } : { status: 'anonymous', reason: 'auth_hash_mismatch' },
      )
      await site.close()
    },
  )

  test('S5: a fallback key that matches by SHA-1 leaves the hash that this Django writes', async () => {
    const settings = { DJANGO_VERSION: '3.2', SECRET_KEY_FALLBACKS: [SECRET_KEY] }
    const site = await makeSite({ ...settings, SECRET_KEY: 'the next secret key of the site' })
    const key = await site.store({ ...loginValues(), _auth_user_hash: bySha1 })
    const django = site.open(`sessionid=${key}`)
    expect(await django.auth()).toMatchObject({ status: 'authenticated' })
    expect((await django.session()).get('_auth_user_hash')).toBe(
      sessionAuthHash(PASSWORD, 'the next secret key of the site'),
    )
    await site.close()
  })
})
