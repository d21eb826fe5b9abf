import { describe, expect, test } from 'vitest'
import { SettingsError } from '../../src/errors.ts'
import { readPickle } from '../../src/python/pickle/pickle-reader.ts'
import { createPickleSerializer } from '../../src/serializers/pickle-serializer.ts'
import { createSessionCodec } from '../../src/stores/session-data.ts'
import { describeNode } from '../python/pickle/described-node.ts'
import { makeSite } from '../site.ts'
import { DJANGO_VERSIONS, OLDER_DJANGO_VERSIONS, type VectorFile, type VectorRecord, vectorFile } from '../vectors.ts'

interface Record extends VectorRecord {
  readonly settings: { readonly SESSION_SERIALIZER: string }
  readonly now_ms: number
  readonly session: unknown
  readonly session_data: string
  readonly expire_date: string
}

describe.each([...OLDER_DJANGO_VERSIONS, ...DJANGO_VERSIONS])('Django %s', (version) => {
  const { records, secret_key: SECRET_KEY } = vectorFile<VectorFile<Record> & { secret_key: string }>(
    'engines',
    version,
  )
  const until = records.filter(({ name }) => name.startsWith('db until a moment'))

  test.each(until)('$name: the same values and the same row', async (record) => {
    const site = await makeSite(
      { ...record.settings, SECRET_KEY, DJANGO_VERSION: version, USE_TZ: true },
      { hooks: { now: () => new Date(record.now_ms) } },
    )
    const session = await site.open().session()
    session.set('a', 1)
    session.setExpiry(new Date('2023-11-15T22:13:20.250Z'))
    await session.save()
    const [row] = site.rows()
    expect(row?.expire_date).toBe(record.expire_date)
    if (record.settings.SESSION_SERIALIZER.endsWith('JSONSerializer')) {
      const [written] = row?.session_data?.split(':') ?? []
      expect(written).toBe(record.session_data.split(':')[0])
    } else {
      const serializer = createPickleSerializer()
      const read = createSessionCodec({ SECRET_KEY, serializer }).decode(row?.session_data ?? '')
      if (!('data' in read)) throw new Error('what was written is read')
      expect(describeNode(readPickle(serializer.dumps(read.data)))).toEqual(record.session)
    }
    await site.close()
  })

  test('the moment is a datetime in pickles up to 4.0, and text in all since', () => {
    expect(until.map(({ session_data, settings }) => [settings.SESSION_SERIALIZER, session_data])).toHaveLength(
      version < '4.1' ? 1 : 2,
    )
  })
})

const PICKLE = 'django.contrib.sessions.serializers.PickleSerializer'
const MOMENT = new Date('2026-07-01T12:00:00.000Z')

test.each(['2.2', '3.2', '4.0'])('with JSON and Django %s there is no moment, as there', async (version) => {
  const site = await makeSite({ DJANGO_VERSION: version })
  const session = await site.open().session()
  expect(() => session.setExpiry(MOMENT)).toThrow(SettingsError)
  expect(() => session.setExpiry({ hours: 1 })).toThrow(/4\.1 on: .*number of seconds/)
  expect(session.isEmpty).toBe(true)
  await site.close()
})

test('without DJANGO_VERSION nobody knows what to write', async () => {
  const site = await makeSite({ SESSION_SERIALIZER: PICKLE })
  const session = await site.open().session()
  expect(() => session.setExpiry(MOMENT)).toThrow(/DJANGO_VERSION/)
  await site.close()
})

test('without USE_TZ a datetime shows what the clock of the site shows, and is read again', async () => {
  const now = new Date('2026-07-01T10:00:00.000Z')
  const site = await makeSite(
    { DJANGO_VERSION: '3.2', SESSION_SERIALIZER: PICKLE, USE_TZ: false, TIME_ZONE: 'Europe/Berlin' },
    { hooks: { now: () => now } },
  )
  const session = await site.open().session()
  session.setExpiry(MOMENT)
  expect(String(session.get('_session_expiry'))).toBe('2026-07-01T14:00:00')
  await session.save()
  expect(site.rows()[0]?.expire_date).toBe('2026-07-01 14:00:00')
  const again = await site.open(`sessionid=${session.sessionKey}`).session()
  expect(again.getExpiryAge()).toBe(7200)
  expect(again.getExpiryDate()).toEqual(MOMENT)
  await site.close()
})
