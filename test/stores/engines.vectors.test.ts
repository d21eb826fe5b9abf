/** The rows and files of every Django, read and written. */
import { describe, expect, test } from 'vitest'
import { chooseSerializer } from '../../src/serializers/choose-serializer.ts'
import { writesSignedSessions } from '../../src/settings/django-version.ts'
import { createSessionCodec } from '../../src/stores/session-data.ts'
import { told } from '../python/pickle/told-session.ts'
import { DJANGO_VERSIONS, OLDER_DJANGO_VERSIONS, type VectorFile, type VectorRecord, vectorFile } from '../vectors.ts'

interface Record extends VectorRecord {
  readonly settings: { readonly SESSION_SERIALIZER: string; readonly DEFAULT_HASHING_ALGORITHM?: 'sha1' }
  readonly now_ms: number
  readonly session: unknown
  readonly session_data: string
  readonly session_store?: string
  readonly compressed?: true
}

describe.each([...OLDER_DJANGO_VERSIONS, ...DJANGO_VERSIONS])('Django %s', (version) => {
  const { records, secret_key } = vectorFile<VectorFile<Record> & { secret_key: string }>('engines', version)

  test.each(records.filter(({ kind }) => kind === 'db' || kind === 'file'))('$name', (record) => {
    const serializer = chooseSerializer(record.settings.SESSION_SERIALIZER, {})
    const { encode, decode } = createSessionCodec({
      SECRET_KEY: secret_key,
      serializer,
      writes: writesSignedSessions(version, record.settings.DEFAULT_HASHING_ALGORITHM ?? 'sha256') ? 'signed' : 'old',
      now: () => record.now_ms,
      ...(record.session_store !== undefined && { salt: `django.contrib.sessions.${record.session_store}` }),
    })
    const answer = decode(record.session_data)
    if (!('data' in answer)) throw new Error(`${record.name}: ${answer.reason}`)
    expect(told(answer.data, serializer)).toEqual(record.session)
    const written = encode(answer.data)
    const again = decode(written)
    if (!('data' in again)) throw new Error('what was written is read')
    expect(told(again.data, serializer)).toEqual(record.session)
    // Django's pickles are of another protocol, and its zlib is of another build.
    if (serializer.name.endsWith('PickleSerializer')) return
    expect(written.startsWith('.')).toBe(record.session_data.startsWith('.'))
    if (!record.compressed) expect(written).toBe(record.session_data)
  })
})
