/** What a bridge must have proved of its settings before a write of its ends somebody's cookie. */
import { createHash } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { BridgeParts } from '../src/bridge.ts'
import type { DjangoContext } from '../src/context.ts'
import { SettingsError } from '../src/errors.ts'
import type { DjangoSettings } from '../src/settings/settings.ts'
import type { StoreCall } from '../src/stores/observed-store.ts'
import { loginValues, makeSite, PASSWORD, SECRET_KEY, type Site, sentCookie } from './site.ts'

const WRONG_KEY = `not ${SECRET_KEY}`

let sites: Site[]
beforeEach(() => {
  sites = []
})
afterEach(async () => {
  vi.useRealTimers()
  for (const site of sites) await site.close()
})

async function make(settings: Partial<DjangoSettings> = {}, parts: BridgeParts = {}): Promise<Site> {
  const site = await makeSite(settings, parts)
  sites.push(site)
  return site
}

/** A site, and another bridge on the same database whose settings differ from Django's. */
async function misconfigured(settings: Partial<DjangoSettings>, parts: BridgeParts = {}) {
  const django = await make()
  const node = await make(settings, parts)
  const share = (): void => {
    node.client.exec('DELETE FROM django_session')
    const insert = node.client.prepare('INSERT INTO django_session VALUES (?, ?, ?)')
    for (const { session_key, session_data, expire_date } of django.rows()) {
      insert.run(session_key, session_data, expire_date)
    }
  }
  return { django, node, share }
}

async function setAfterUser(django: DjangoContext): Promise<string | null> {
  await django.user()
  ;(await django.session()).set('cart', ['pear'])
  return sentCookie(await django.finish(200))
}

const failingHash = { hooks: { sessionAuthHash: () => 'f'.repeat(64) } } satisfies BridgeParts

describe('a write beside what could not be read', () => {
  test.each<[string, Partial<DjangoSettings>, BridgeParts, RegExp]>([
    ['another SECRET_KEY', { SECRET_KEY: WRONG_KEY }, {}, /SECRET_KEY/],
    ['another salt', {}, { options: { sessionSalt: 'shop.sessions.SessionStore' } }, /sessionSalt/],
    ['another serializer', { SESSION_SERIALIZER: 'shop.serializers.PickleSerializer' }, {}, /SESSION_SERIALIZER/],
    ['another auth hash', {}, failingHash, /sessionAuthHash/],
    ['limits that are too small', {}, { options: { limits: { inputLength: 50 } } }, /options\.limits/],
    ['a limit of decompressed bytes', {}, { options: { limits: { inflatedLength: 50 } } }, /options\.limits/],
  ])('with %s is a SettingsError; row and cookie stay', async (_, settings, parts, cause) => {
    const { django, node, share } = await misconfigured(settings, parts)
    const key = await django.store({ ...loginValues(), essay: 'x'.repeat(300) })
    share()
    const before = node.rows()
    for (let visits = 0; visits < 3; visits++) {
      const request = node.open(`sessionid=${key}`)
      const error: unknown = await setAfterUser(request).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(SettingsError)
      expect((error as Error).message).toMatch(cause)
      expect((error as Error).message).toMatch(/cookie stays/)
    }
    expect(node.rows()).toEqual(before)
  })

  test('is one too for save, create and cycleKey of the handler’s own', async () => {
    const { django, node, share } = await misconfigured({ SECRET_KEY: WRONG_KEY })
    const key = await django.store(loginValues())
    share()
    for (const act of ['save', 'create', 'cycleKey'] as const) {
      const session = await node.open(`sessionid=${key}`).session()
      session.set('a', 1)
      await expect(session[act]()).rejects.toThrow(SettingsError)
    }
    expect(node.rows()).toHaveLength(1)
  })

  test('leaves readers alone', async () => {
    const { django, node, share } = await misconfigured({ SECRET_KEY: WRONG_KEY })
    const key = await django.store(loginValues())
    share()
    const request = node.open(`sessionid=${key}`)
    expect(await request.user()).toBeNull()
    expect((await request.finish(200)).cookies).toEqual([])
  })

  test('is no error behind a flush: the visitor’s session was to end', async () => {
    const { django, node, share } = await misconfigured({ SECRET_KEY: WRONG_KEY })
    const key = await django.store(loginValues())
    share()
    const request = node.open(`sessionid=${key}`)
    const session = await request.session()
    await session.flush()
    session.set('a', 1)
    const sent = sentCookie(await request.finish(200))
    expect(node.rows().map((row) => row.session_key)).toEqual([sent])
  })

  test('S33: its error holds no key, cookie or value', async () => {
    const { django, node, share } = await misconfigured({ SECRET_KEY: WRONG_KEY })
    const key = await django.store({ ...loginValues(), note: 'pear' })
    share()
    const error: unknown = await setAfterUser(node.open(`sessionid=${key}`)).catch((thrown: unknown) => thrown)
    expect(String(error)).not.toMatch(new RegExp([key, WRONG_KEY, SECRET_KEY, 'pear'].join('|')))
  })
})

describe('evidence is', () => {
  const corrupted = async (site: Site): Promise<string> => {
    const key = await site.store({ a: 1 })
    site.client.prepare("UPDATE django_session SET session_data = session_data || 'x' WHERE session_key = ?").run(key)
    return key
  }
  const dead = (site: Site): Promise<string> => site.store({ ...loginValues(), _auth_user_hash: 'f'.repeat(64) })

  test('a session that this process has read, though it is gone by then', async () => {
    const site = await make()
    const good = await site.store({ a: 1 })
    await site.open(`sessionid=${good}`).session()
    site.client.exec('DELETE FROM django_session')
    expect(await setAfterUser(site.open(`sessionid=${await corrupted(site)}`))).not.toBeNull()
  })

  test('a login that this process has verified, though it is gone by then', async () => {
    const site = await make()
    const good = await site.store(loginValues())
    await site.open(`sessionid=${good}`).user()
    site.client.exec('DELETE FROM django_session')
    expect(await setAfterUser(site.open(`sessionid=${await dead(site)}`))).not.toBeNull()
    expect(await setAfterUser(site.open(`sessionid=${await corrupted(site)}`))).not.toBeNull()
  })

  test('what check() has found', async () => {
    const site = await make()
    await site.store(loginValues())
    await site.bridge.check()
    site.client.exec('DELETE FROM django_session')
    expect(await setAfterUser(site.open(`sessionid=${await dead(site)}`))).not.toBeNull()
  })

  test('nothing that check() needs', async () => {
    const site = await make({}, { hooks: { jwtClaims: () => ({}) } })
    await site.store(loginValues())
    site.client.exec('ALTER TABLE auth_user RENAME TO elsewhere')
    await site.bridge.check()
  })

  test('found among the newest sessions for the first visitor whose login is really dead', async () => {
    const site = await make()
    await site.store(loginValues('99'))
    await site.store(loginValues())
    expect(await setAfterUser(site.open(`sessionid=${await dead(site)}`))).not.toBeNull()
    const other = await make()
    await other.store({ a: 1 })
    expect(await setAfterUser(other.open(`sessionid=${await corrupted(other)}`))).not.toBeNull()
  })

  test('not a session read where a login is asked for', async () => {
    const site = await make()
    await site.open(`sessionid=${await site.store({ a: 1 })}`).session()
    await expect(setAfterUser(site.open(`sessionid=${await dead(site)}`))).rejects.toThrow(SettingsError)
  })

  test('not a session that this bridge made: with a wrong key it reads its own all the same', async () => {
    const { django, node, share } = await misconfigured({ SECRET_KEY: WRONG_KEY })
    const key = await django.store(loginValues())
    share()
    let own = sentCookie(
      await (async () => {
        const visitor = node.open()
        ;(await visitor.session()).set('cart', ['nails'])
        return visitor.finish(200)
      })(),
    )
    for (let visits = 0; visits < 2; visits++) {
      const again = node.open(`sessionid=${own}`)
      const session = await again.session()
      expect(session.get('cart')).toEqual(['nails'])
      if (visits === 0) await session.cycleKey()
      own = sentCookie(await again.finish(200)) ?? own
    }
    await expect(setAfterUser(node.open(`sessionid=${key}`))).rejects.toThrow(SettingsError)
  })

  test('not a login that this bridge wrote', async () => {
    const { django, node, share } = await misconfigured({}, { hooks: { sessionAuthHash: () => 'e'.repeat(64) } })
    const [theirs, mine] = [await django.store(loginValues()), await django.store({ a: 1 })]
    share()
    const login = node.open(`sessionid=${mine}`)
    ;(await login.session()).update({ ...loginValues(), _auth_user_hash: 'e'.repeat(64) })
    await login.finish(200)
    expect(await node.open(`sessionid=${mine}`).user()).toMatchObject({ pk: '7' })
    await expect(setAfterUser(node.open(`sessionid=${theirs}`))).rejects.toThrow(SettingsError)
  })

  test('never enough for a session that is only too large', async () => {
    const site = await make({}, { options: { limits: { inputLength: 200 } } })
    await site.open(`sessionid=${await site.store({ a: 1 })}`).session()
    const large = await make()
    const key = await large.store({
      noise: Array.from({ length: 200 }, (_, index) => createHash('md5').update(`${index}`).digest('hex')),
    })
    const [row] = large.rows()
    site.client
      .prepare('INSERT INTO django_session VALUES (?, ?, ?)')
      .run(key, row?.session_data ?? '', row?.expire_date ?? '')
    await expect(setAfterUser(site.open(`sessionid=${key}`))).rejects.toThrow(/options\.limits/)
  })
})

describe('looking for evidence', () => {
  let looks: number
  const count = (call: unknown): void => {
    if ((call as StoreCall).operation === 'recent') looks++
  }
  beforeEach(() => {
    looks = 0
    subscribe('django-session-bridge:store', count)
  })
  afterEach(() => unsubscribe('django-session-bridge:store', count))

  test('S26: happens once for many bad requests, and again after a while', async () => {
    const site = await make({ SECRET_KEY: WRONG_KEY })
    const key = 'abcdefghijklmnopqrstuvwxyz012345'
    site.client
      .prepare('INSERT INTO django_session VALUES (?, ?, ?)')
      .run(key, 'e30:1wAbCd:tampered', '2026-02-01 00:00:00')
    vi.useFakeTimers({ toFake: ['performance'] })
    const write = () => setAfterUser(site.open(`sessionid=${key}`)).catch((error: unknown) => error)
    await Promise.all(Array.from({ length: 5 }, write))
    for (let visits = 0; visits < 20; visits++) expect(await write()).toBeInstanceOf(SettingsError)
    expect(looks).toBe(1)
    vi.advanceTimersByTime(10_001)
    await write()
    await write()
    expect(looks).toBe(2)
  })

  test('S26: loads a few users at most', async () => {
    let loaded = 0
    const loadUser = async () => {
      loaded++
      return { password: PASSWORD }
    }
    const site = await make({}, { hooks: { ...failingHash.hooks, loadUser } })
    for (let logins = 0; logins < 30; logins++) await site.store({ ...loginValues(), _auth_user_hash: 'e'.repeat(64) })
    const [{ session_key: key } = { session_key: '' }] = site.rows()
    await expect(setAfterUser(site.open(`sessionid=${key}`))).rejects.toThrow(SettingsError)
    expect(loaded).toBe(11)
  })

  test('S35: while the database is down fails as every call does, and is not taken for a look', async () => {
    const site = await make()
    const key = await site.store({ ...loginValues(), _auth_user_hash: 'f'.repeat(64) })
    await site.store(loginValues())
    const request = site.open(`sessionid=${key}`)
    await request.user()
    ;(await request.session()).set('a', 1)
    site.client.exec('ALTER TABLE django_session RENAME TO elsewhere')
    await expect(request.finish(200)).rejects.toMatchObject({ code: 'store_unavailable' })
    site.client.exec('ALTER TABLE elsewhere RENAME TO django_session')
    expect(await setAfterUser(site.open(`sessionid=${key}`))).not.toBeNull()
  })
})

describe('a cookie of other settings', () => {
  const jwt = { DJANGO_SESSION_JWT: { FIELDS: [], EXPIRES: 3600, KEY: 'a secret of the JWT cookie, long enough' } }
  const signed = { SESSION_ENGINE: 'django.contrib.sessions.backends.signed_cookies' }

  async function cookieOf(site: Site, values: Record<string, unknown> = { a: 1 }): Promise<string> {
    const django = site.open()
    ;(await django.session()).update(values)
    return `sessionid=${sentCookie(await django.finish(200))}`
  }

  const wrongJwt = { DJANGO_SESSION_JWT: { ...jwt.DJANGO_SESSION_JWT, KEY: 'another secret of the JWT, long enough' } }

  test.each<[string, Partial<DjangoSettings>, Partial<DjangoSettings>, string]>([
    ['a JWT of another KEY', jwt, wrongJwt, 'jwt_invalid'],
    ['a JWT where a plain key is expected', jwt, {}, 'malformed_session_key'],
    ['a plain key where a JWT is expected', {}, jwt, 'jwt_invalid'],
    ['a signed session where a plain key is expected', signed, {}, 'malformed_session_key'],
    ['a signed session where a JWT is expected', signed, jwt, 'jwt_invalid'],
    ['a plain key where a signed session is expected', {}, signed, 'session_data_corrupted'],
    ['a JWT where a signed session is expected', jwt, signed, 'session_data_corrupted'],
    ['a signed session of another key', { ...signed, SECRET_KEY: WRONG_KEY }, signed, 'session_data_corrupted'],
    ['a signed session in a JWT where a plain key is in it', { ...signed, ...jwt }, jwt, 'malformed_session_key'],
  ])('%s is kept, and no write replaces it before a good one was seen', async (_, theirs, ours, code) => {
    const [django, node, peer] = [await make(theirs), await make(ours), await make(ours)]
    const cookie = await cookieOf(django, loginValues())
    const reading = node.open(cookie)
    await reading.session()
    expect((await reading.finish(200)).cookies).toEqual([])
    expect(node.reports.map((report) => report.code)).toEqual([code])
    await expect(setAfterUser(node.open(cookie))).rejects.toThrow(SettingsError)
    // Its own cookies prove nothing.
    await node.open(await cookieOf(node)).session()
    await expect(setAfterUser(node.open(cookie))).rejects.toThrow(SettingsError)
    // One that somebody else made does.
    const good = await cookieOf(peer, { c: 3 })
    for (const { session_key, session_data, expire_date } of peer.rows()) {
      node.client.prepare('INSERT INTO django_session VALUES (?, ?, ?)').run(session_key, session_data, expire_date)
    }
    await node.open(good).session()
    expect(await setAfterUser(node.open(cookie))).not.toBeNull()
  })

  test.each<[string, Partial<DjangoSettings>]>([
    ['a plain key', {}],
    ['a JWT', jwt],
  ])('what no Django writes is replaced at once where %s is expected', async (_, settings) => {
    const site = await make(settings)
    for (const text of ['not a key', 'x'.repeat(300), 'eyJ.eyJ.', 'a.b.c d', 's:express.sig nature']) {
      expect(await setAfterUser(site.open(`sessionid=${text}`))).not.toBeNull()
    }
  })
})

describe('with the engine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'evidence-'))
  const CACHE = 'django.contrib.sessions.backends.cache'
  const engines: [string, Partial<DjangoSettings>][] = [
    ['file', { SESSION_ENGINE: 'django.contrib.sessions.backends.file', SESSION_FILE_PATH: folder }],
    [
      'cache in files',
      {
        SESSION_ENGINE: CACHE,
        CACHES: { default: { BACKEND: 'django.core.cache.backends.filebased.FileBasedCache', LOCATION: folder } },
      },
    ],
  ]
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test.each(engines)('%s a dead login needs another that is good, which is looked for', async (_, settings) => {
    mkdirSync(folder, { recursive: true })
    const site = await make(settings)
    const key = await site.store({ ...loginValues(), _auth_user_hash: 'f'.repeat(64) })
    await expect(setAfterUser(site.open(`sessionid=${key}`))).rejects.toThrow(SettingsError)
    const fresh = await make(settings)
    await fresh.store(loginValues())
    expect(await setAfterUser(fresh.open(`sessionid=${key}`))).not.toBeNull()
  })
})

test('loadUser of the site’s own is asked for the logins that are looked at, and may fail for some', async () => {
  const loadUser = async (id: string) => {
    if (id === '99') throw new Error('a user of another shop')
    return { password: PASSWORD }
  }
  const site = await make({}, { hooks: { loadUser } })
  for (const id of ['99', '7']) await site.store(loginValues(id))
  const key = await site.store({ ...loginValues(), _auth_user_hash: 'f'.repeat(64) })
  expect(await setAfterUser(site.open(`sessionid=${key}`))).not.toBeNull()
})
