import { describe, expect, test } from 'vitest'
import { createBridge } from '../src/bridge.ts'
import { SerializationError, SettingsError } from '../src/errors.ts'
import { loginValues, makeSite, SECRET_KEY } from './site.ts'

describe('check', () => {
  test('names a field of the JWT that the user table has no column for', async () => {
    const DJANGO_SESSION_JWT = { FIELDS: ['email', ['get_full_name', 'n', 'name']], EXPIRES: 600 }
    const site = await makeSite({ DJANGO_SESSION_JWT })
    await expect(site.bridge.check()).rejects.toThrow(SettingsError)
    await expect(site.bridge.check()).rejects.toThrow(/no column get_full_name.*jwtClaims.*"n"/)
    await site.close()
    const withHook = await makeSite({ DJANGO_SESSION_JWT }, { hooks: { jwtClaims: () => ({ n: 'Ada Lovelace' }) } })
    await withHook.bridge.check()
    await withHook.close()
    const known = await makeSite({ DJANGO_SESSION_JWT: { FIELDS: ['pk', 'email'], EXPIRES: 600 } })
    await known.bridge.check()
    await known.close()
  })

  test('fails when none of the newest sessions can be read with the keys given', async () => {
    const site = await makeSite()
    await site.store({ cart: ['pear'] })
    await site.bridge.check()
    const settings = { SECRET_KEY: `not ${SECRET_KEY}`, DEBUG: true }
    const other = createBridge(settings, { clients: { databases: { default: site.client } } })
    await expect(other.check()).rejects.toThrow(SettingsError)
    await site.close()
  })
})

describe('options.limits', () => {
  test('S26: a session over them is not written, and nothing that was stored is lost', async () => {
    const site = await makeSite({}, { options: { limits: { inflatedLength: 500 } } })
    const cookie = `sessionid=${await site.store({ ...loginValues(), cart: ['pear'] })}`
    const before = site.rows()
    const django = site.open(cookie)
    const session = await django.session()
    session.set('essay', 'x'.repeat(500))
    await expect(django.finish(200)).rejects.toThrow(SerializationError)
    expect(site.rows()).toEqual(before)
    await site.close()
  })

  test('S26: a session over them, written by others, opens as a new one and stays', async () => {
    const site = await makeSite({}, { options: { limits: { inputLength: 100 } } })
    const large = await makeSite()
    const key = await large.store({ essay: Array.from({ length: 200 }, (_, index) => `${index}`).join() })
    const [row] = large.rows()
    if (row === undefined) throw new Error('nothing was stored')
    site.client.prepare('INSERT INTO django_session VALUES (?, ?, ?)').run(key, row.session_data, row.expire_date)
    const session = await site.open(`sessionid=${key}`).session()
    expect([session.isEmpty, site.reports.map(({ code }) => code), site.rows().length]).toEqual([
      true,
      ['session_data_corrupted'],
      1,
    ])
    await site.close()
    await large.close()
  })
})

describe('createBridge', () => {
  const settings = { SECRET_KEY, DEBUG: true, DATABASES: { default: 'sqlite:////nowhere/db.sqlite3' } }
  const name = 'no"table'

  test.each([
    ['options.sessionTable', {}, { options: { sessionTable: { name } } }],
    ['options.userTable', {}, { options: { userTable: { name } } }],
    ['a column of options.userTable', {}, { options: { userTable: { columns: [name] } } }],
    [
      'LOCATION of DatabaseCache',
      {
        SESSION_ENGINE: 'django.contrib.sessions.backends.cache',
        CACHES: { default: { BACKEND: 'django.core.cache.backends.db.DatabaseCache', LOCATION: name } },
      },
      {},
    ],
  ])('refuses a name that nothing can have without a connection: %s', (_name, more, parts) => {
    expect(() => createBridge({ ...settings, ...more }, parts)).toThrow(/table or column name/)
    expect(() => createBridge({ ...settings, ...more }, parts)).toThrow(SettingsError)
  })

  test('a failure while it connects is that of one request, not of all that follow', async () => {
    const site = await makeSite()
    const cookie = `sessionid=${await site.store({ a: 1 })}`
    let isBroken = false
    const databases = {
      get default() {
        if (isBroken) throw new Error('for now')
        return site.client
      },
    }
    const bridge = createBridge(
      { SECRET_KEY, DEBUG: true },
      { clients: { databases }, hooks: { now: () => new Date(0) } },
    )
    const read = async (): Promise<unknown> =>
      (await bridge.open({ method: 'GET', url: '/', headers: { cookie }, secure: false }).session()).get('a')
    isBroken = true
    await expect(read()).rejects.toThrow('for now')
    isBroken = false
    expect(await read()).toBe(1)
    await bridge.close()
    await site.close()
  })
})

describe('options.readCookieNames', () => {
  test('are looked for in their order where there is no SESSION_COOKIE_NAME, which alone is written', async () => {
    const settings = { SESSION_COOKIE_NAME: 'new' }
    const site = await makeSite(settings, { options: { readCookieNames: ['old', 'oldest'] } })
    const [first, second] = [await site.store({ a: 1 }), await site.store({ a: 2 })]
    const seen = async (cookie: string): Promise<unknown> => (await site.open(cookie).session()).get('a')
    expect(await seen(`oldest=${first}`)).toBe(1)
    expect(await seen(`oldest=${first}; old=${second}`)).toBe(2)
    expect(await seen(`old=${first}; new=${second}`)).toBe(2)

    const django = site.open(`old=${first}`)
    ;(await django.session()).set('b', 1)
    expect((await django.finish(200)).cookies).toMatchObject([{ name: 'new', value: first }])
    await site.close()
  })

  test('a dead cookie of another name keeps nobody out of a new session', async () => {
    const site = await makeSite({ SESSION_COOKIE_NAME: 'new' }, { options: { readCookieNames: ['old'] } })
    const dead = 'abcdefghijklmnopqrstuvwxyz012345'
    const django = site.open(`old=${dead}`)
    ;(await django.session()).update(loginValues())
    const [cookie] = (await django.finish(200)).cookies
    expect(await site.open(`old=${dead}; new=${cookie?.value}`).user()).toMatchObject({ username: 'ada' })
    await site.close()
  })
})
