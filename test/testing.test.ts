/** The entry for a site's own tests: what its handlers see is what a login through Django would have left. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import type { Bridge } from '../src/bridge.ts'
import type { ResponseChanges } from '../src/context.ts'
import { openMemoryDatabase } from '../src/databases/memory-database.ts'
import { KeyRequired, SerializationError, SettingsError, StoreUnavailable } from '../src/errors.ts'
import { createJwtVerifier } from '../src/jwt/verifier.ts'
import { createSessionCodec, sessionValues } from '../src/stores/session-data.ts'
import { type TestSiteOptions, testSession } from '../src/testing.ts'

const ROOT = resolve(import.meta.dirname, '..')
const ALL = { user: { username: 'ada' }, data: { cart: ['tea'] } }

/** Runs `use` on a site, which is then closed as `await using` closes it. */
async function withSite(options: TestSiteOptions, use: (site: Awaited<ReturnType<typeof testSession>>) => unknown) {
  const site = await testSession(options)
  try {
    await use(site)
  } finally {
    await site[Symbol.asyncDispose]()
  }
}

function open(bridge: Bridge, cookie: string) {
  return bridge.open({ method: 'GET', url: '/', headers: cookie === '' ? {} : { cookie }, secure: false })
}

const lines = (changes: ResponseChanges): string[] => changes.cookies.map(({ header }) => header)

test('a handler finds the user and the values, and what it stores can be read', () =>
  withSite(ALL, async ({ bridge, cookie, user, stored }) => {
    expect(cookie).toMatch(/^sessionid=[a-z0-9]{32}$/)
    const django = open(bridge, cookie)
    expect(await django.user()).toEqual(user)
    expect(user).toMatchObject({ pk: '1', id: 1, username: 'ada', is_active: true, is_staff: false, email: '' })
    expect(user).not.toHaveProperty('password')
    const session = await django.session()
    session.transform('cart', (cart) => [...(cart as string[]), 'nails'])
    await django.finish(200)
    expect(await stored()).toEqual({
      _auth_user_id: '1',
      _auth_user_backend: 'django.contrib.auth.backends.ModelBackend',
      _auth_user_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      cart: ['tea', 'nails'],
    })
  }))

test('after a logout nothing is stored, under a new key it is where the new cookie says', () =>
  withSite(ALL, async ({ bridge, cookie, stored, session }) => {
    const renewing = open(bridge, cookie)
    await (await renewing.session()).cycleKey()
    const changes = await renewing.finish(200)
    expect(await stored()).toBeNull()
    expect(await stored(lines(changes))).toMatchObject({ cart: ['tea'] })

    const other = await session({ user: { pk: 1 }, data: { a: 1 } })
    const leaving = open(bridge, other.cookie)
    await (await leaving.session()).flush()
    const ended = await leaving.finish(200)
    expect(await other.stored()).toBeNull()
    expect(await stored(lines(ended))).toBeNull()
  }))

test('a visitor without user and values has no cookie, and a session that begins is read from its answer', () =>
  withSite({}, async ({ bridge, cookie, user, stored }) => {
    expect([cookie, user, await stored()]).toEqual(['', null, null])
    const django = open(bridge, cookie)
    expect(await django.user()).toBeNull()
    const session = await django.session()
    session.set('visits', 1)
    expect(await stored(lines(await django.finish(200)))).toEqual({ visits: 1 })
  }))

test('several users and several sessions of one live on one site, each with values of its own', () =>
  withSite(ALL, async ({ bridge, cookie, session, stored }) => {
    const bob = await session({ user: { username: 'bob', is_staff: true, phone: '0049' }, data: { cart: [] } })
    const again = await session({ user: { pk: 1, email: 'ada@example.com' } })
    const anonymous = await session({ data: { cart: ['salt'] } })
    const users = [cookie, bob.cookie, again.cookie, anonymous.cookie].map((each) => open(bridge, each).user())
    expect(await Promise.all(users)).toMatchObject([
      { pk: '1', username: 'ada', email: 'ada@example.com' },
      { pk: '2', username: 'bob', is_staff: true, phone: '0049' },
      { pk: '1', username: 'ada' },
      null,
    ])
    expect(await bob.stored()).toMatchObject({ _auth_user_id: '2', cart: [] })
    expect(await anonymous.stored()).toEqual({ cart: ['salt'] })
    expect(await stored(anonymous.cookie)).toEqual({ cart: ['salt'] })
    expect(await bridge.clearExpired()).toBe(0)
    await bridge.check()
  }))

test('the cookie is a JWT where the settings have it, with the fields of the user', () => {
  const secret = 'a secret of the site that is long enough'
  const FIELDS = [['id', 'id', 'user_id'], ['username', 'u', 'username'], 'phone']
  const jwtClaims = async () => ({ plan: 'gold' })
  const settings = { DJANGO_SESSION_JWT: { KEY: secret, FIELDS, EXPIRES: 600 }, SESSION_COOKIE_NAME: 'sid' }
  const options = { ...ALL, user: { username: 'ada', phone: '0049' }, settings, hooks: { jwtClaims } }
  return withSite(options, async ({ bridge, cookie, session }) => {
    const verifier = createJwtVerifier({ secret, FIELDS, SESSION_COOKIE_NAME: 'sid' })
    const verdict = verifier.verifyCookie(cookie)
    expect(verdict).toMatchObject({ ok: true, claims: { user_id: 1, username: 'ada', phone: '0049', plan: 'gold' } })
    expect(open(bridge, cookie).claims).toMatchObject({ user_id: 1 })
    expect(await open(bridge, cookie).user()).toMatchObject({ username: 'ada' })
    expect(verifier.verifyCookie((await session({ data: { a: 1 } })).cookie)).toMatchObject({ ok: true })
  })
})

test('a user who was blocked since the login has a session and a token, and is nobody', async () => {
  const blocked = { user: { username: 'ada', is_active: false }, data: { cart: ['tea'] } }
  for (const settings of [{}, { DJANGO_SESSION_JWT: { FIELDS: ['username'], EXPIRES: 600 } }]) {
    await withSite({ ...blocked, settings }, async ({ bridge, cookie, user }) => {
      expect(user).toMatchObject({ username: 'ada', is_active: false })
      const django = open(bridge, cookie)
      expect(await django.auth()).toEqual({ status: 'anonymous', reason: 'inactive_user' })
      expect((await django.session()).get('cart')).toEqual(['tea'])
    })
  }
})

test('hooks and options of the site count for its bridge; its clock is the one of the rows too', async () => {
  let now = new Date('2026-01-01T00:00:00Z')
  const reports: string[] = []
  const hooks = {
    now: () => now,
    veto: () => true,
    sessionAuthHash: () => 'of the site',
    onSuspicious: ({ code }: { code: string }) => reports.push(code),
    loadUser: async () => null,
  }
  await withSite({ ...ALL, hooks, settings: { SESSION_COOKIE_AGE: 60 } }, async ({ bridge, cookie, user, stored }) => {
    expect(user?.date_joined).toEqual(now)
    expect(await stored()).toMatchObject({ _auth_user_hash: 'of the site' })
    expect(await open(bridge, cookie).auth()).toEqual({ status: 'anonymous', reason: 'vetoed' })
    now = new Date('2026-01-01T00:01:01Z')
    expect((await open(bridge, cookie).session()).isEmpty).toBe(true)
    expect(reports).toEqual(['expired_session'])
    expect(await stored()).toBeNull()
    expect(await bridge.clearExpired()).toBe(1)
  })
})

test.each([
  ['a UUID', '0190f1f0-5cf0-7c3e-8a3b-3f0a6f5d2c11'],
  ['text', 'ada@example.com'],
  ['digits', '900719925474'],
])('a user model of the site with %s as its key', (_, pk) => {
  const options = { userTable: { primaryKey: 'code', columns: ['username', 'phone'] } }
  const settings = { AUTH_USER_MODEL: 'people.Person', USE_TZ: false, TIME_ZONE: 'Europe/Berlin' }
  return withSite({ user: { pk, username: 'ada' }, settings, options }, async ({ bridge, cookie, stored, session }) => {
    expect(await open(bridge, cookie).user()).toEqual({
      pk,
      code: expect.anything(),
      username: 'ada',
      phone: null,
      is_active: true,
    })
    expect(await stored()).toMatchObject({ _auth_user_id: pk })
    const another = await session({ user: {} })
    expect(await open(bridge, another.cookie).user()).toMatchObject({ pk: another.user?.pk })
    expect(another.user?.pk).not.toBe(pk)
  })
})

describe('the values of a user', () => {
  test('are those that a live site has, by their own types where the model’s fields are not known', async () => {
    const seen = new Date('2026-07-01T00:30:00Z')
    await using site = await testSession({ user: { is_vip: true, seen, points: 2n ** 60n, birthday: '2026-07-01' } })
    const user = await open(site.bridge, site.cookie).user()
    expect(user).toEqual(site.user)
    expect(user).toMatchObject({ pk: '1', id: 1, is_vip: true, seen, points: 2n ** 60n, birthday: '2026-07-01' })
  })

  test('are those of the model’s fields where settingsFromDjango told them', async () => {
    const column = 'of another name'
    const fields = {
      number: { column: 'no', type: 'BigAutoField' },
      password: { column: 'pass.word', type: 'CharField' },
      username: { column, type: 'CharField' },
      is_active: { column: 'enabled', type: 'BooleanField', table: 'base' },
      is_vip: { column, type: 'BooleanField', table: 'base' },
      price: { column, type: 'DecimalField', decimalPlaces: 2 },
      birthday: { column, type: 'DateField' },
      seen: { column, type: 'DateTimeField' },
      length: { column, type: 'DurationField' },
      settings: { column, type: 'JSONField' },
      tags: { column, type: 'ArrayField' },
      token: { column, type: 'UUIDField' },
      picture: { column, type: 'BinaryField' },
      company_id: { column, type: 'ForeignKey', target: 'UUIDField' },
      empty: { column, type: 'JSONField' },
    }
    const values = {
      username: 'ada',
      is_vip: true,
      price: '12.50',
      birthday: '2026-07-01',
      seen: new Date('2026-07-01T00:30:00Z'),
      length: 'P1DT02H00M04.500000S',
      settings: { a: [1, null] },
      tags: ['a', 'b'],
      token: '0f1e2d3c-4b5a-4697-8877-665544332211',
      picture: new Uint8Array([0, 255]),
      company_id: '0f1e2d3c-4b5a-4697-8877-665544332211',
    }
    const parents = [{ table: 'base', primaryKey: 'id', link: 'no' }]
    const options = { userTable: { name: 'main.members', primaryKey: 'no', fields, parents } }
    await using site = await testSession({ user: values, options })
    expect(await open(site.bridge, site.cookie).user()).toEqual({
      pk: '1',
      number: 1,
      is_active: true,
      empty: null,
      ...values,
    })
    const blocked = await site.session({ user: { pk: 2, is_active: false } })
    expect(await open(site.bridge, blocked.cookie).user()).toBeNull()
  })
})

test('what cannot be meant is refused', async () => {
  const refusal = (options: object) =>
    testSession(options).then(
      (site) => site.close(),
      (error: unknown) => error,
    )
  expect(await refusal({ user: { phone: { area: '0049' } } })).toEqual(
    new TypeError('The column phone of a user is text, a number, a boolean, a Date, bytes or null.'),
  )
  expect(await refusal({ user: { pk: '007' } })).toBeInstanceOf(TypeError)
  expect(await refusal({ user: { 'a"b': 1 } })).toBeInstanceOf(SettingsError)
  expect(await refusal({ data: { cart: undefined } })).toBeInstanceOf(TypeError)
  expect(await refusal({ data: { cart: new (class Cart {})() } })).toBeInstanceOf(SerializationError)
  expect(await refusal({ settings: { SESSION_COOKIE_AGE: -1 } })).toBeInstanceOf(SettingsError)
  const publicKey = { path: join(ROOT, 'test/vectors/keys/rs256-public.pem') }
  expect(await refusal({ ...ALL, settings: { DJANGO_SESSION_JWT: { KEY: [null, publicKey] } } })).toBeInstanceOf(
    KeyRequired,
  )
  await withSite(ALL, async ({ session }) => {
    await expect(session({ user: { pk: 'ada' } })).rejects.toThrow('of one kind; the first was integer')
    await expect(session({ user: { username: 'ada' } })).rejects.toThrow('UNIQUE')
  })
})

test('a closed site answers no more', async () => {
  const site = await testSession(ALL)
  await site.close()
  await expect(site.stored()).rejects.toBeInstanceOf(StoreUnavailable)
  await site[Symbol.asyncDispose]()
})

test('a login leaves the values that one of Django left in the sample site', async () => {
  const made = new DatabaseSync(join(ROOT, 'tour/sample-site/site.sqlite3'), { readOnly: true })
  const { plain } = JSON.parse(readFileSync(join(ROOT, 'tour/sample-site/cookies.json'), 'utf8'))
  const { SECRET_KEY } = plain.settings
  const { session_data: text } =
    made.prepare('SELECT * FROM django_session WHERE session_key = ?').get(plain.cookie) ?? {}
  const decoded = createSessionCodec({ SECRET_KEY }).decode(String(text))
  const stored = [...sessionValues('data' in decoded ? decoded.data : new Map())]
  const id = Number(new Map(stored).get('_auth_user_id'))
  const { id: pk, ...columns } = made.prepare('SELECT * FROM auth_user WHERE id = ?').get(id) ?? {}
  made.close()
  const others = stored.filter(([name]) => !name.startsWith('_auth_user_'))
  const options = { user: { ...columns, pk: Number(pk) }, data: Object.fromEntries(others), settings: { SECRET_KEY } }
  await withSite(options, async (site) => {
    expect(Object.entries((await site.stored()) ?? {}).sort()).toEqual(stored.sort())
    expect(site.user).toMatchObject({ username: columns.username, date_joined: expect.any(Date) })
  })
})

test('the tables are those that Django made in the sample site', () => {
  const made = new DatabaseSync(join(ROOT, 'tour/sample-site/site.sqlite3'), { readOnly: true })
  const ours = openMemoryDatabase()
  const shape = (database: DatabaseSync): unknown[] =>
    ['django_session', 'auth_user'].map((table) => ({
      columns: database.prepare(`PRAGMA table_xinfo(${table})`).all(),
      indexes: database.prepare(`PRAGMA index_list(${table})`).all(),
    }))
  expect(shape(ours)).toEqual(shape(made))
  made.close()
  ours.close()
})
