import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { chooseSerializer } from '../../src/serializers/choose-serializer.ts'
import { createPickleSerializer } from '../../src/serializers/pickle-serializer.ts'
import { readsSha1, writesSignedSessions } from '../../src/settings/django-version.ts'
import { TimestampSigner } from '../../src/signing/timestamp-signer.ts'
import type { SignedCookiesOptions } from '../../src/stores/signed-cookies.ts'
import { isStored, type StoredSession } from '../../src/stores/store.ts'
import { SITE_SECRET } from '../contracts/db-store.ts'
import { describeSessionStore, plainValues, setting } from '../contracts/session-store.ts'
import { signedCookiesUnderTest } from '../contracts/signed-cookies-store.ts'
import { told } from '../python/pickle/told-session.ts'
import { DJANGO_VERSIONS, OLDER_DJANGO_VERSIONS, type VectorFile, type VectorRecord, vectorFile } from '../vectors.ts'

describeSessionStore('signed_cookies', async () => signedCookiesUnderTest(), { keeps: 'nothing' })

const SALT = 'django.contrib.sessions.backends.signed_cookies'
const TWO_WEEKS = 1209600
/** As Python's zlib and Node's make them alike: too short to be compressed. */
const GOOD = sign('{"a":1}')

function sign(
  content: string | Buffer,
  { key = SITE_SECRET, at = Date.UTC(2026, 0, 15, 12), algorithm = 'sha256' } = {},
) {
  const signer = new TimestampSigner({ key, salt: SALT, algorithm, now: () => at })
  return signer.sign(Buffer.from(content).toString('base64url'))
}

function under(options: Partial<SignedCookiesOptions> = {}) {
  const { store, advance } = signedCookiesUnderTest(options)
  const loaded = async (key: string): Promise<StoredSession> => {
    const answer = await store.load(key)
    if (!isStored(answer)) throw new Error(`expected a session, got ${answer.absent}: ${answer.reason}`)
    return answer
  }
  return { store, advance, loaded }
}

describe('a session in the cookie', () => {
  test('is its own key, signed as Django signs it', async () => {
    const { store, loaded } = under()
    const { key } = await store.create(setting({ a: 1 }))
    expect(key).toBe(GOOD)
    expect(plainValues(await loaded(GOOD))).toEqual({ a: 1 })
  })

  test('S4: gets another key with each write, and the keys before open what they held: a replay works', async () => {
    const { store, advance, loaded } = under()
    const created = await store.create(setting({ a: 1 }))
    advance(1)
    const saved = await store.save(created, setting({ b: 2 }))
    advance(1)
    const cycled = saved && (await store.cycle(saved, setting({ c: 3 })))
    await store.delete(created.key)
    expect(new Set([created.key, saved?.key, cycled?.key]).size).toBe(3)
    expect(plainValues(await loaded(created.key))).toEqual({ a: 1 })
    expect(plainValues(await loaded(cycled?.key ?? ''))).toEqual({ a: 1, b: 2, c: 3 })
    expect(await store.exists(created.key)).toBe(false)
    expect(await store.clearExpired()).toBe(0)
  })

  test('S6: ends SESSION_COOKIE_AGE after it was signed, to the fraction of a second, whatever its own expiry', async () => {
    for (const values of [{}, { _session_expiry: 10 }, { _session_expiry: TWO_WEEKS * 10 }]) {
      const { store, advance } = under()
      const { key } = await store.create(setting(values))
      advance(TWO_WEEKS)
      expect(isStored(await store.load(key))).toBe(true)
      advance(0.5)
      expect(await store.load(key)).toEqual({ absent: 'expired', reason: 'expired_session' })
    }
  })

  test('S6: signed in the future opens, as in Django', async () => {
    const { loaded } = under()
    const signed = sign('{"a":1}', { at: Date.UTC(2030, 0, 1) })
    expect(plainValues(await loaded(signed))).toEqual({ a: 1 })
  })

  test('S38: has no expiry behind that, for a token that is bound to it', async () => {
    const { store, loaded, advance } = under()
    const end = Date.UTC(2026, 0, 15, 12) + TWO_WEEKS * 1000
    const long = await store.create(setting({ _session_expiry: TWO_WEEKS * 10 }))
    expect([long.expiry.at.getTime(), long.expiry.age]).toEqual([end, TWO_WEEKS * 10])
    advance(100)
    expect((await loaded(long.key)).expiry.at.getTime()).toBe(end)
  })

  test('is verified by a fallback key, and signed by the present one', async () => {
    const { store, loaded } = under({ SECRET_KEY: 'the present key', SECRET_KEY_FALLBACKS: [SITE_SECRET] })
    const saved = await store.save(await loaded(GOOD), setting({ a: 1 }))
    expect(saved?.key).toBe(sign('{"a":1}', { key: 'the present key' }))
  })

  test('may be signed by SHA-1 beside a Django that takes that, and is so written for those before 3.1', async () => {
    const old = sign('{"a":1}', { algorithm: 'sha1' })
    expect(await under().store.load(old)).toMatchObject({ absent: 'unreadable', reason: 'session_data_corrupted' })
    expect(plainValues(await under({ readsSha1: true }).loaded(old))).toEqual({ a: 1 })
    const writing = under({ hash: 'sha1' })
    expect((await writing.store.create(setting({ a: 1 }))).key).toBe(old)
    expect(plainValues(await writing.loaded(old))).toEqual({ a: 1 })
  })

  test.each([4095, 4096, 4097])(
    'S11: of %i bytes with its name: over 4096 is an error before anything is sent',
    async (bytes) => {
      const name = 'sessionid'
      const rest = bytes - name.length - ':1vgMgW:'.length - 43
      // Content that no compression makes shorter, and a number of characters that base64 can have.
      const serializer = { ...chooseSerializer(JSON_SERIALIZER, {}), dumps: () => noise(Math.floor((rest * 3) / 4)) }
      const { store } = under({
        serializer,
        SESSION_COOKIE_NAME: name.padEnd(name.length + (rest % 4 === 1 ? 1 : 0), 'x'),
      })
      const made = store.create(setting({}))
      if (bytes > 4096) return expect(made).rejects.toMatchObject({ code: 'cookie_too_large', message: /4097 bytes/ })
      const { key } = await made
      expect(key.length + name.length + (rest % 4 === 1 ? 1 : 0)).toBe(bytes)
    },
  )
})

const JSON_SERIALIZER = 'django.contrib.sessions.serializers.JSONSerializer'

function noise(length: number): Buffer {
  return createHash('shake256', { outputLength: length }).update('noise').digest()
}

describe('what cannot be read', () => {
  const signer = new TimestampSigner({ key: SITE_SECRET, salt: SALT })
  const withoutTime = `e30:${signer.signature('e30')}`
  const badTime = `e30:!:${signer.signature('e30:!')}`
  const pickled = Buffer.from('80049508000000000000007d948c0161944b01732e', 'hex')

  test.each([
    ['cut short', GOOD.slice(0, -3), 'session_data_corrupted'],
    ['with another letter', `f${GOOD.slice(1)}`, 'session_data_corrupted'],
    ['signed with another key', sign('{"a":1}', { key: 'another key' }), 'session_data_corrupted'],
    [
      'signed with the salt of rows',
      new TimestampSigner({ key: SITE_SECRET, salt: 'django.contrib.sessions.SessionStore' }).sign('e30'),
      'session_data_corrupted',
    ],
    ['a key of another engine', 'abcdefghijklmnopqrstuvwxyz012345', 'session_data_corrupted'],
    ['a pickle where JSON is read', sign(pickled), 'session_data_unreadable'],
    ['no dictionary', sign('[1]'), 'session_data_unreadable'],
    ['null', sign('null'), 'session_data_unreadable'],
    ['no JSON', sign('{'), 'session_data_unreadable'],
    ['a good signature without a time', withoutTime, 'session_data_unreadable'],
    ['a good signature behind a time that is none', badTime, 'session_data_unreadable'],
    ['compressed content that is no zlib stream', signer.sign('.AAAA'), 'session_data_unreadable'],
  ])('S25, S26, S40: %s: it opens nothing and is reported', async (_, key, reason) => {
    expect(await under().store.load(key)).toMatchObject({ absent: 'unreadable', reason })
  })

  test('S16: any other bit opens nothing', async () => {
    const { store } = under()
    for (let place = 0; place < GOOD.length; place++) {
      const code = GOOD.charCodeAt(place)
      for (const other of [code ^ 1, code ^ 2, code ^ 32]) {
        const flipped = GOOD.slice(0, place) + String.fromCharCode(other) + GOOD.slice(place + 1)
        expect(await store.load(flipped)).toMatchObject({ absent: 'unreadable' })
      }
    }
  })

  test('a pickle is read where the setting says so', async () => {
    const { loaded } = under({ serializer: createPickleSerializer() })
    expect(plainValues(await loaded(sign(pickled)))).toEqual({ a: 1 })
  })
})

interface Record extends VectorRecord {
  readonly settings: { readonly SESSION_SERIALIZER: string; readonly DEFAULT_HASHING_ALGORITHM?: 'sha1' }
  readonly now_ms: number
  readonly session: unknown
  readonly signed: string
  readonly compressed?: true
}

describe.each([...OLDER_DJANGO_VERSIONS, ...DJANGO_VERSIONS])('cookies of Django %s', (version) => {
  const { records, secret_key } = vectorFile<VectorFile<Record> & { secret_key: string }>('engines', version)

  test.each(records.filter(({ kind }) => kind === 'signed_cookies'))('$name', async (record) => {
    const serializer = chooseSerializer(record.settings.SESSION_SERIALIZER, {})
    const algorithm = record.settings.DEFAULT_HASHING_ALGORITHM ?? 'sha256'
    const { store, loaded } = under({
      SECRET_KEY: secret_key,
      serializer,
      hash: writesSignedSessions(version, algorithm) ? 'sha256' : 'sha1',
      readsSha1: readsSha1(version),
      now: () => new Date(record.now_ms),
    })
    const seen = await loaded(record.signed)
    expect(told(seen.data, serializer)).toEqual(record.session)
    const touched = await store.touch(seen)
    const again = await loaded(touched?.key ?? '')
    expect(told(again.data, serializer)).toEqual(record.session)
    // Django's pickles are of another protocol, and its zlib is of another build.
    if (serializer.name.endsWith('PickleSerializer')) return
    expect(again.key.startsWith('.')).toBe(record.signed.startsWith('.'))
    if (!record.compressed) expect(again.key).toBe(record.signed)
  })
})
