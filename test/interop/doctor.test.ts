/** Set-ups that are wrong in one thing each: `decode` and `doctor` name it, beside sessions that Django wrote. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { decode } from '../../src/cli/decode.ts'
import { doctor } from '../../src/cli/doctor.ts'
import type { Explanation } from '../../src/cli/explanation.ts'
import { openSite, type SiteInput } from '../../src/cli/site.ts'
import type { DjangoSettings } from '../../src/settings/settings.ts'

const SECRET_KEY = 'canary of a site whose settings are compared, long enough'
const MANAGE = resolve(import.meta.dirname, '../../python-fixtures/project/manage.py')
const JWT_MIDDLEWARE = 'django_session_jwt.middleware.session.SessionMiddleware'

const pythons = inject('djangos').flatMap((django) => ('python' in django ? [django] : []))

describe.each(pythons)('sessions of Django $version', ({ version, python }) => {
  let folder: string
  let input: SiteInput
  let key: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bridge-doctor-'))
    migrate('db.sqlite3')
    key = store({ cart: ['tea'] })
    store({ lang: 'de' })
    input = inputFor({})
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function inputFor(changes: Partial<DjangoSettings>, options: SiteInput['options'] = {}): SiteInput {
    const DATABASES = { default: `sqlite:///${join(folder, 'db.sqlite3')}` }
    // The fixture has it so, and 4.2 has another default.
    const settings = { SECRET_KEY, DATABASES, DJANGO_VERSION: version, USE_TZ: true, ...changes }
    return { settings, options, source: 'a test' }
  }

  function shell(code: string, settings: object = {}, file = 'db.sqlite3'): string {
    const env = {
      ...process.env,
      DATABASE_URL: `sqlite:///${join(folder, file)}`,
      FIXTURE_SETTINGS: JSON.stringify({ SECRET_KEY, ...settings }),
    }
    return execFileSync(python, [MANAGE, 'shell', '-c', `exec(${JSON.stringify(code)}, {})`], { env, encoding: 'utf8' })
  }

  function migrate(file: string): void {
    const command = 'call_command("migrate", app, verbosity=0)'
    shell(`from django.core.management import call_command\nfor app in ("auth", "sessions"): ${command}`, {}, file)
  }

  /** A session as this Django stores it with these settings; returns its key. */
  function store(data: object, settings: object = {}, file?: string): string {
    const code = `import importlib, json
from django.conf import settings
session = importlib.import_module(settings.SESSION_ENGINE).SessionStore()
session.update(json.loads(${JSON.stringify(JSON.stringify(data))}))
session.save()
print("key=" + session.session_key)`
    return /^key=(\S+)$/m.exec(shell(code, settings, file))?.[1] ?? ''
  }

  async function explained(text: string | Uint8Array, site = input): Promise<Explanation[]> {
    const opened = await openSite(site)
    try {
      return await decode(text, opened)
    } finally {
      await opened.close()
    }
  }

  async function causeOf(text: string | Uint8Array, site = input): Promise<string | undefined> {
    const told = await explained(text, site)
    expect(JSON.stringify(told) + told.map((one) => one.toText()).join()).not.toContain('canary')
    return told.find(({ refusal }) => refusal !== null)?.refusal?.cause
  }

  async function found(site: SiteInput, options: Parameters<typeof doctor>[1] = {}): Promise<string | undefined> {
    const told = await doctor(site, options)
    expect(JSON.stringify(told) + told.toText()).not.toContain('canary')
    return told.refusal?.cause
  }

  function rowText(): string {
    const database = new DatabaseSync(join(folder, 'db.sqlite3'))
    const row = database.prepare('SELECT session_data FROM django_session WHERE session_key = ?').get(key)
    database.close()
    return String(row?.session_data)
  }

  test('right settings: the session is shown, and no difference found', async () => {
    const [plain, row] = await explained(`sessionid=${key}; csrftoken=x`)
    expect(plain?.refusal).toBeNull()
    expect(row?.refusal).toBeNull()
    expect(row).toMatchObject({ content: { cart: ['tea'] }, verified: true })
    expect(await causeOf(rowText())).toBeUndefined()
    expect(await found(input, { session: key })).toBeUndefined()
  })

  test('another key', async () => {
    const wrong = inputFor({ SECRET_KEY: 'the key of another site altogether, canary' })
    expect(await causeOf(key, wrong)).toBe('wrong_key')
    expect(await found(wrong)).toBe('wrong_key')
    expect(await causeOf(key, inputFor({ SECRET_KEY: 'a new one, canary', SECRET_KEY_FALLBACKS: [SECRET_KEY] }))).toBe(
      undefined,
    )
  })

  test('another salt', async () => {
    const wrong = inputFor({}, { sessionSalt: 'django.contrib.sessions.VisitStore' })
    expect(await causeOf(key, wrong)).toBe('wrong_salt')
    expect(await found(wrong)).toBe('wrong_salt')
  })

  test('another serializer', async () => {
    const SESSION_SERIALIZER = 'fixture.serializers.PickleSerializer'
    migrate('pickles.sqlite3')
    const pickled = store({ cart: ['tea'] }, { SESSION_SERIALIZER }, 'pickles.sqlite3')
    const DATABASES = { default: `sqlite:///${join(folder, 'pickles.sqlite3')}` }
    const wrong = inputFor({ DATABASES })
    expect(await causeOf(pickled, wrong)).toBe('wrong_serializer')
    expect(await found(wrong)).toBe('wrong_serializer')
    expect(await found(inputFor({ DATABASES, SESSION_SERIALIZER }))).toBeUndefined()
  })

  test('another key prefix, version or backend of the cache', async () => {
    const BACKEND = 'django.core.cache.backends.db.DatabaseCache'
    const SESSION_ENGINE = 'django.contrib.sessions.backends.cache'
    const cached = (changes: object) => ({
      SESSION_ENGINE,
      CACHES: { default: { BACKEND, LOCATION: 'cache_table', KEY_PREFIX: 'shop', ...changes } },
    })
    shell('from django.core.management import call_command\ncall_command("createcachetable")', cached({}))
    const session = store({ cart: ['tea'] }, cached({}))
    expect(await found(inputFor(cached({})), { session })).toBeUndefined()
    expect((await explained(session, inputFor(cached({})))).at(-1)?.content).toEqual({ cart: ['tea'] })
    for (const wrong of [{ KEY_PREFIX: '' }, { VERSION: 2 }]) {
      expect(await causeOf(session, inputFor(cached(wrong)))).toBe('wrong_prefix')
      const told = await doctor(inputFor(cached(wrong)))
      expect(told.refusal).toMatchObject({ cause: 'wrong_prefix', message: expect.stringContaining('shop:1:') })
    }
    expect(await causeOf('0123456789abcdef0123456789abcdef', inputFor(cached({})))).toBe('unknown_session')
    const elsewhere = await doctor(inputFor(cached({ LOCATION: 'no_such_table' })))
    expect(elsewhere.refusal).toMatchObject({
      cause: 'unavailable',
      message: expect.stringContaining('createcachetable'),
    })
  })

  test('another table', async () => {
    const told = await doctor(inputFor({}, { sessionTable: { name: 'shop_session' } }))
    expect(told.refusal).toMatchObject({ cause: 'wrong_table', message: expect.stringContaining('django_session') })
  })

  test('another time zone', async () => {
    const local = { USE_TZ: false, TIME_ZONE: 'America/St_Johns' }
    migrate('local.sqlite3')
    store({ cart: ['tea'] }, local, 'local.sqlite3')
    const DATABASES = { default: `sqlite:///${join(folder, 'local.sqlite3')}` }
    expect((await doctor(inputFor({ DATABASES }))).refusal).toMatchObject({
      cause: 'wrong_time_zone',
      message: expect.stringMatching(/[23]\.5 h behind/),
    })
    expect(await found(inputFor({ DATABASES, ...local }))).toBeUndefined()
  })

  test('another SESSION_COOKIE_AGE', async () => {
    expect((await doctor(inputFor({ SESSION_COOKIE_AGE: 3600 }))).refusal).toMatchObject({
      cause: 'wrong_age',
      message: expect.stringContaining('1209600 s'),
    })
  })

  test('a session that has expired, that is gone, that was changed', async () => {
    const brief = store({ _session_expiry: -5 })
    expect(await causeOf(brief)).toBe('expired')
    expect(await causeOf('0123456789abcdef0123456789abcdef')).toBe('unknown_session')
    const text = rowText()
    const changed = Buffer.from('{"cart":["gin"]}').toString('base64url') + text.slice(text.indexOf(':', 1))
    expect(await causeOf(changed)).toBe('tampered')
    expect(await causeOf(text.slice(0, -3))).toBe('tampered')
    expect(await causeOf(`${text.slice(0, 9)}${text.slice(12)}`)).toBe('tampered')
    expect(await causeOf(encodeURIComponent(text))).toBe('tampered')
  })

  test('a JWT where a plain key is expected, and the reverse', async () => {
    const DJANGO_SESSION_JWT = { KEY: 'canary secret of the tokens, long enough', FIELDS: ['username'], EXPIRES: 3600 }
    const code = `from django_session_jwt.middleware.session import create_jwt
print("token=" + str(create_jwt(None, "${key}", 3600)))`
    const token = /^token=(\S+)$/m.exec(shell(code, { DJANGO_SESSION_JWT }))?.[1] ?? ''
    expect(token).toMatch(/^ey/)
    expect(await causeOf(token)).toBe('jwt_instead_of_plain')
    const jwt = inputFor({ DJANGO_SESSION_JWT, MIDDLEWARE: [JWT_MIDDLEWARE] })
    expect(await causeOf(token, jwt)).toBeUndefined()
    expect(await causeOf(key, jwt)).toBe('plain_instead_of_jwt')
    expect(
      await causeOf(token, inputFor({ DJANGO_SESSION_JWT: { KEY: 'another canary of a secret, long enough' } })),
    ).toBe('wrong_key')
    const site = await openSite(jwt, () => new Date(Date.now() + 7_200_000))
    expect((await decode(token, site))[0]?.refusal?.cause).toBe('expired')
    await site.close()
  })

  test('another version of Django', async () => {
    expect(await found(inputFor({ DJANGO_VERSION: '2.2' }))).toBe('other_version')
  })

  test('a signed cookie where another engine is set, and one that is too old', async () => {
    const SESSION_ENGINE = 'django.contrib.sessions.backends.signed_cookies'
    const cookie = store({ cart: ['tea'] }, { SESSION_ENGINE })
    expect(await causeOf(cookie)).toBe('wrong_salt')
  })

  test('settings beside those of the project itself: the first one that differs, and no secret', async () => {
    const django = { ...inputFor({}).settings, SESSION_COOKIE_NAME: 'shop' }
    expect((await doctor(input, { django })).refusal?.message).toBe(
      'SESSION_COOKIE_NAME is "sessionid" here, and "shop" in Django',
    )
    expect((await doctor(input, { django: { ...django, SECRET_KEY: 'canary of another key' } })).refusal?.message).toBe(
      'SECRET_KEY is another in Django',
    )
    expect(await found(input, { django: input.settings })).toBeUndefined()
  })

  test('a server that is not there', async () => {
    const DATABASES = { default: 'postgres://nobody@127.0.0.1:1/none' }
    expect(await found(inputFor({ DATABASES }))).toBe('unavailable')
  })
})
