/** What becomes of a login that a handler changes before it was judged: two things at once, in one request. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { type BridgeHooks, createBridge } from '../src/bridge.ts'
import { loginValues, makeSite, PASSWORD, SECRET_KEY, sentCookie } from './site.ts'

describe('a login that changes while it is judged', () => {
  /** The site, and a way to go on with what its first request waits for: the user's row, or the site's own veto. */
  async function slowSite(waits: 'loadUser' | 'veto', settings: Parameters<typeof makeSite>[0] = {}) {
    const first = Promise.withResolvers<void>()
    let asked = 0
    const wait = async (hook: string): Promise<void> => {
      if (hook === waits && asked++ === 0) await first.promise
    }
    const hooks: BridgeHooks = {
      async loadUser(pk) {
        await wait('loadUser')
        return { id: Number(pk), password: PASSWORD, is_active: true }
      },
      async veto() {
        await wait('veto')
        return false
      },
    }
    const slow = await makeSite(settings, { hooks })
    return { slow, goOn: first.resolve, isAsked: () => vi.waitFor(() => expect(asked).toBe(1)) }
  }

  test('S4: a logout meanwhile stays one: no hash comes into the empty session', async () => {
    const fallback = { SECRET_KEY: 'the new secret of the site, long enough', SECRET_KEY_FALLBACKS: [SECRET_KEY] }
    const { slow, goOn, isAsked } = await slowSite('veto', fallback)
    const django = slow.open(`sessionid=${await slow.store(loginValues())}`)
    const session = await django.session()
    const asking = django.user()
    await isAsked()
    await session.flush()
    goOn()
    expect(await asking).toBeNull()
    expect(sentCookie(await django.finish(200))).toBe('')
    expect(slow.rows()).toEqual([])
    await slow.close()
  })

  test('a login of somebody else meanwhile is the one that is answered, and not undone', async () => {
    const { slow, goOn, isAsked } = await slowSite('loadUser')
    const django = slow.open(`sessionid=${await slow.store({ ...loginValues(), _auth_user_hash: 'another' })}`)
    const session = await django.session()
    const asking = django.user()
    await isAsked()
    await session.flush()
    session.update(loginValues('8'))
    goOn()
    expect(await asking).toMatchObject({ pk: '8' })
    expect(slow.reports).toEqual([])
    const sent = sentCookie(await django.finish(200))
    expect(await slow.open(`sessionid=${sent}`).user()).toMatchObject({ pk: '8' })
    await slow.close()
  })

  test('a token names the user that is stored with it', async () => {
    const DJANGO_SESSION_JWT = { KEY: 'a secret of the JWT cookie, long enough', FIELDS: ['id'], EXPIRES: 3600 }
    const { slow, goOn, isAsked } = await slowSite('loadUser', { DJANGO_SESSION_JWT })
    const django = slow.open()
    const session = await django.session()
    session.update(loginValues())
    const saving = session.save()
    await isAsked()
    session.update(loginValues('8'))
    goOn()
    await saving
    const sent = sentCookie(await django.finish(200)) ?? ''
    const next = slow.open(`sessionid=${sent}`)
    expect(next.claims).toMatchObject({ id: 8 })
    expect(await next.user()).toMatchObject({ pk: '8' })
    await slow.close()
  })

  test('S28: values that no int() takes, whatever they are, are nobody’s', async () => {
    const site = await makeSite()
    for (const _auth_user_id of [{ toString: 1, valueOf: 1 }, ['7'], true, '7.0', '', 'x', Number.POSITIVE_INFINITY]) {
      const key = await site.store({ ...loginValues(), _auth_user_id })
      expect(await site.open(`sessionid=${key}`).user()).toBeNull()
    }
    await site.close()
  })
})

test.each(['flush', 'save'] as const)(
  'a veto that waits for %s while a write waits for the veto is told so',
  async (call) => {
    const DJANGO_SESSION_JWT = { FIELDS: ['email'], EXPIRES: 600 }
    const veto: BridgeHooks['veto'] = async (_, session) => {
      await session[call]()
      return true
    }
    const site = await makeSite({ DJANGO_SESSION_JWT }, { hooks: { veto } })
    const django = site.open()
    const session = await django.session()
    session.update(loginValues())
    await expect(django.finish(200)).rejects.toThrow(/veto, jwtClaims/)
    await site.close()
  },
)

test('S5: a session without an auth hash is emptied for the request, reported, and stays', async () => {
  const site = await makeSite()
  const { _auth_user_hash: _, ...withoutHash } = loginValues()
  const key = await site.store({ ...withoutHash, secret: 1 })
  const before = site.rows()
  const django = site.open(`sessionid=${key}`)
  expect(await django.user()).toBeNull()
  expect([...(await django.session()).keys()]).toEqual([])
  expect((await django.finish(200)).cookies).toEqual([])
  expect([site.rows(), site.reports.map(({ code }) => code)]).toEqual([before, ['auth_hash_missing']])
  await site.close()
})

test('a login that a fallback key verified is judged once', async () => {
  let loads = 0
  const loadUser = async () => {
    loads++
    return { password: PASSWORD, is_active: true }
  }
  const settings = { SECRET_KEY: 'the new secret of the site, long enough', SECRET_KEY_FALLBACKS: [SECRET_KEY] }
  const site = await makeSite(settings, { hooks: { loadUser } })
  const django = site.open(`sessionid=${await site.store(loginValues())}`)
  for (let times = 0; times < 3; times++) expect(await django.user()).toMatchObject({ pk: '7' })
  expect(loads).toBe(1)
  await site.close()
})

test('a token for a visitor is issued where this side has no users', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'no-users-'))
  const bridge = createBridge({
    SECRET_KEY,
    DEBUG: true,
    SESSION_ENGINE: 'django.contrib.sessions.backends.file',
    SESSION_FILE_PATH: folder,
    DJANGO_SESSION_JWT: { FIELDS: [], EXPIRES: 3600 },
  })
  const django = bridge.open({ method: 'GET', url: '/', headers: {}, secure: false })
  ;(await django.session()).set('cart', ['pear'])
  expect(sentCookie(await django.finish(200))).toMatch(/^eyJ/)
  await bridge.close()
  rmSync(folder, { recursive: true })
})
