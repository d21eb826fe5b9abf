/** Sites with logins, whatever their engine: `doctor` judges each login by name, and never accepts what it has not judged. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { decode } from '../../src/cli/decode.ts'
import { openSite, type SiteInput } from '../../src/cli/site.ts'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import { type PrivateRedis, startPrivateRedis } from '../private-redis.ts'
import { SECRET_KEY, siteShell, siteWithLogins, told } from './doctor-site.ts'

const ENGINES = 'django.contrib.sessions.backends'
const REDIS_BACKEND = 'django.core.cache.backends.redis.RedisCache'

const pythons = inject('djangos').flatMap((django) => ('python' in django ? [django] : []))
const redisServer = inject('redis')

describe.each(pythons)('logins of Django $version', ({ version, python }) => {
  let folder: string
  let redis: PrivateRedis | null = null
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bridge-doctor-logins-'))
    for (const name of ['sessions', 'cache', 'empty']) mkdirSync(join(folder, name))
    if (!('missing' in redisServer)) redis = await startPrivateRedis('--databases', '16')
  })
  afterAll(async () => {
    await redis?.drop()
    rmSync(folder, { recursive: true, force: true })
  })

  const url = (file: string): string => `sqlite:///${join(folder, file)}`
  const shell = (code: string, settings: object, file: string): string =>
    siteShell(code, { python, databaseUrl: url(file), settings })
  const site = (file: string, settings: Partial<DjangoSettings>, withOthers = false) =>
    siteWithLogins({ python, version, databaseUrl: url(file), settings }, withOthers)

  test('a healthy site: its logins are counted by name, and one that fails is none of the settings', async () => {
    const { input, made } = site('db.sqlite3', {}, true)
    const found = await told(input(), { session: made.verified ?? '' })
    expect(found).toMatchObject({ verdict: 'accepted', refusal: null })
    const text = found.toText()
    for (const name of [
      '1 verified',
      ...Object.keys(made)
        .slice(1)
        .map((reason) => `1 ${reason}`),
    ]) {
      expect(text).toContain(name)
    }
    expect(text).toContain('6 logins')
    expect(text).toMatch(/django_session in DATABASES\.default \(sqlite, /)
  })

  test('each setting that is another: the first difference is named', async () => {
    const { input } = site('mutants.sqlite3', {})
    for (const [changes, cause, message] of [
      [{ SECRET_KEY: 'canary of another' }, 'wrong_key', /SECRET_KEY/],
      [{ AUTHENTICATION_BACKENDS: ['shop.Backend'] }, 'wrong_users', /AUTHENTICATION_BACKENDS does not list .*ModelB/],
      [{ AUTH_USER_MODEL: 'shop.Member' }, 'unavailable', /DATABASES\.default \(sqlite, /],
      [{ SESSION_COOKIE_AGE: 60 }, 'wrong_age', /SESSION_COOKIE_AGE is 60 s/],
      [{ SESSION_ENGINE: 'shop.engine' }, 'other_setting', /SESSION_ENGINE shop\.engine/],
    ] as const) {
      expect((await told(input(changes))).refusal).toMatchObject({ cause, message: expect.stringMatching(message) })
    }
    const database = new DatabaseSync(join(folder, 'mutants.sqlite3'))
    database.exec("UPDATE auth_user SET password = 'changed'")
    database.close()
    expect((await told(input())).refusal).toMatchObject({
      cause: 'wrong_users',
      message: expect.stringContaining('1 auth_hash_mismatch'),
    })
  })

  test('a fallback key that is missing here', async () => {
    const before = site('rotated.sqlite3', { SECRET_KEY: 'canary of older days, long enough' })
    const { input } = site('rotated.sqlite3', { SECRET_KEY })
    expect(before.made.verified).toBeTruthy()
    const SECRET_KEY_FALLBACKS = ['canary of older days, long enough']
    const healthy = await told(input({ SECRET_KEY_FALLBACKS }))
    expect(healthy.verdict).toBe('accepted')
    expect(healthy.toText()).toContain('1 verified by a fallback key')
    expect((await told(input())).refusal).toMatchObject({
      cause: 'wrong_key',
      message: expect.stringMatching(/1 of the 2 newest sessions .*SECRET_KEY_FALLBACKS/),
    })
  })

  test('where no session is stored nothing is accepted, whatever the key', async () => {
    const { input, made } = site('none.sqlite3', {})
    const database = new DatabaseSync(join(folder, 'none.sqlite3'))
    database.exec('DELETE FROM django_session')
    database.close()
    for (const changes of [{}, { SECRET_KEY: 'canary of somebody else' }]) {
      const found = await told(input(changes))
      expect(found).toMatchObject({ refusal: null, verdict: 'nothing to judge' })
      expect(found.toText()).toMatch(/verdict +nothing to judge: no session is stored/)
      expect(found.toText()).not.toContain('accepted')
      expect(found.toJSON()).toMatchObject({ accepted: false })
    }
    expect((await told(input(), { session: made.verified ?? '' })).refusal?.cause).toBe('unknown_session')
  })

  const folderOf = (name: string): string => join(folder, name)
  const engines: readonly [string, () => Partial<DjangoSettings>][] = [
    ['file', () => ({ SESSION_ENGINE: `${ENGINES}.file`, SESSION_FILE_PATH: folderOf('sessions') })],
    [
      'cache in files',
      () => ({
        SESSION_ENGINE: `${ENGINES}.cache`,
        CACHES: {
          default: { BACKEND: 'django.core.cache.backends.filebased.FileBasedCache', LOCATION: folderOf('cache') },
        },
      }),
    ],
    [
      'cache in a table',
      () => ({
        SESSION_ENGINE: `${ENGINES}.cache`,
        CACHES: { default: { BACKEND: 'django.core.cache.backends.db.DatabaseCache', LOCATION: 'cache_table' } },
      }),
    ],
    [
      'cached_db over a table',
      () => ({
        SESSION_ENGINE: `${ENGINES}.cached_db`,
        CACHES: { default: { BACKEND: 'django.core.cache.backends.db.DatabaseCache', LOCATION: 'cache_table' } },
      }),
    ],
  ]
  test.each(engines)('%s: each login is judged, and an empty store is not', async (name, settings) => {
    const { input } = site(`${name}.sqlite3`, settings(), true)
    const found = await told(input())
    expect(found.toText()).toMatch(/logins +ok +6 logins: .*1 verified/)
    expect(found.verdict).toBe('accepted')
    const wrong = await told(input({ SECRET_KEY: 'canary of another site, also long enough' }))
    expect(wrong.refusal?.cause).toBe(
      /file|cached_db/.test(name) && !/in files/.test(name) ? 'wrong_key' : 'wrong_users',
    )
    const isFile = settings().SESSION_ENGINE?.endsWith('.file')
    if (isFile) {
      expect((await told(input({ SESSION_FILE_PATH: folderOf('empty') }))).verdict).toBe('nothing to judge')
      expect((await told(input({ SESSION_COOKIE_NAME: 'shop' }))).refusal).toMatchObject({
        message: expect.stringContaining('SESSION_COOKIE_NAME'),
      })
    }
  })

  test.skipIf('missing' in redisServer || Number.parseFloat(version) < 4)(
    'Redis: a wrong prefix, version and number are told from the keys of another project',
    async () => {
      const url = redis?.url ?? ''
      const caches = (LOCATION: string, changes: object = {}) => ({
        SESSION_ENGINE: `${ENGINES}.cache`,
        CACHES: { default: { BACKEND: REDIS_BACKEND, LOCATION, KEY_PREFIX: 'shop', ...changes } },
      })
      const { input } = site('redis.sqlite3', caches(`${url}/2`), true)
      const here = await told(input())
      expect(here.verdict).toBe('accepted')
      expect(here.toText()).toMatch(/127\.0\.0\.1:\d+\/2.*6 sessions under shop:1:/)
      for (const [changes, cause, message] of [
        [caches(`${url}/2`, { KEY_PREFIX: 'other' }), 'wrong_prefix', /see KEY_PREFIX$/],
        [caches(`${url}/2`, { VERSION: 4 }), 'wrong_prefix', /see VERSION$/],
        [caches(`${url}/3`), 'wrong_database', /database 2 of the same Redis has 6 sessions/],
      ] as const) {
        expect((await told(input(changes))).refusal).toMatchObject({ cause, message: expect.stringMatching(message) })
      }
      const stranger = site('stranger.sqlite3', caches(`${url}/2`, { KEY_PREFIX: 'stranger' }))
      const database = new DatabaseSync(join(folder, 'stranger.sqlite3'))
      database.exec("UPDATE auth_user SET password = 'of the other project'")
      database.close()
      const alone = await told(stranger.input(caches(`${url}/2`, { KEY_PREFIX: 'new' })))
      expect(alone).toMatchObject({ refusal: null, verdict: 'nothing to judge' })
      expect(alone.toText()).toContain('of another project')
      const down = await told(input(caches('redis://:canary@127.0.0.1:1/0')))
      expect(down.refusal).toMatchObject({ cause: 'unavailable', message: expect.stringContaining('127.0.0.1:1') })
    },
  )

  test('signed_cookies and JWT: nothing is stored, and a cookie that is given is judged', async () => {
    const signed = site('cookies.sqlite3', { SESSION_ENGINE: `${ENGINES}.signed_cookies` }, true)
    const found = await told(signed.input())
    expect(found.toText()).toMatch(/verdict +nothing to judge: no session is stored/)
    const judged = await told(signed.input(), { cookie: `sessionid=${signed.made.verified}` })
    expect(judged.verdict).toBe('accepted')
    expect(judged.toText()).toMatch(/logins +ok +1 login: 1 verified/)
    const failed = await told(signed.input(), { cookie: signed.made.auth_hash_mismatch ?? '' })
    expect(failed.refusal).toMatchObject({
      cause: 'wrong_users',
      message: expect.stringContaining('auth_hash_mismatch'),
    })
    const other = signed.input({ SECRET_KEY: 'canary of another' })
    expect((await told(other, { cookie: signed.made.verified ?? '' })).refusal?.cause).toBe('wrong_key')
    const jwt = site('jwt.sqlite3', {
      DJANGO_SESSION_JWT: { KEY: { secret: 'canary of the tokens, long enough' } } as never,
    })
    expect((await told(jwt.input())).toText()).toMatch(/cookies +- +nothing to judge: no token is stored/)
  })

  test('decode tells a wrong salt from a wrong key by the login in a session', async () => {
    const { input, made } = site('salts.sqlite3', {})
    const database = new DatabaseSync(join(folder, 'salts.sqlite3'))
    const code = `from django.core import signing
from django.contrib.sessions.models import Session
data = Session.objects.get(session_key="${made.verified}").get_decoded()
print("text=" + signing.dumps(data, salt="django.contrib.sessions.VisitStore", compress=True))`
    database.close()
    const text = /^text=(\S+)$/m.exec(shell(code, {}, 'salts.sqlite3'))?.[1] ?? ''
    const causeOf = async (given: SiteInput) => {
      const opened = await openSite(given)
      const [one] = await decode(text, opened)
      await opened.close()
      return one?.refusal?.cause
    }
    expect(await causeOf(input())).toBe('wrong_salt')
    expect(await causeOf(input({ SECRET_KEY: 'canary of another' }))).toBe('wrong_key')
    expect(await causeOf(input({}, { sessionSalt: 'django.contrib.sessions.VisitStore' }))).toBeUndefined()
  })
})
