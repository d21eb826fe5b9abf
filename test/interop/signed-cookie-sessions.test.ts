/** Node and a live Django on the same sessions in cookies. */
import { randomBytes } from 'node:crypto'
import { expect, inject, test } from 'vitest'
import { tuple } from '../../src/python/collections.ts'
import { parsePickle } from '../../src/python/pickle/pickle-reader.ts'
import { formatPickle } from '../../src/python/pickle/pickle-writer.ts'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import { describeSharedSessions } from '../contracts/shared-sessions.ts'
import { type LiveSite, openWith, sitesToTest, startLiveSite } from './live-site.ts'

const FIELDS = [['id', 'id', 'user_id'], ['username', 'u', 'username'], 'email']

/** The users are in SQLite. */
const NOT_NEEDED = { missing: 'not needed' }
const sites = sitesToTest(inject('djangos'), { postgres: NOT_NEEDED, mysql: NOT_NEEDED })

if (sites.length === 0) test.skip('sessions in cookies (no Django)', () => {})
for (const where of sites) {
  const name = `${where.name}, signed_cookies`
  const settings = { SESSION_ENGINE: 'django.contrib.sessions.backends.signed_cookies' }
  const row = { engine: 'signed_cookies', backend: 'the cookie', django: where.runtime.version } as const
  const start = (more: Partial<DjangoSettings> = {}) => startLiveSite(where, { ...settings, ...more })
  describeSharedSessions(name, { kind: 'plain', row, start, replays: true, more: inCookies })
  describeSharedSessions(`${name}, HS256 cookie`, {
    kind: 'HS256',
    row,
    start: () => start({ DJANGO_SESSION_JWT: { FIELDS, EXPIRES: 3600 } }),
    replays: true,
  })
  describeSharedSessions(`${name}, pickled`, {
    kind: 'plain',
    row,
    start: () => start({ SESSION_SERIALIZER: 'fixture.serializers.PickleSerializer' }),
    replays: true,
    more: pickled,
  })
}

function inCookies(live: () => LiveSite): void {
  test('S11: what is over 4096 bytes is an error before anything is sent, and the cookie stays', async () => {
    const site = live()
    await site.django.session({ set: { a: 1 } })
    const django = openWith(site.bridge, site.django.header)
    ;(await django.session()).set('noise', randomBytes(4000).toString('hex'))
    await expect(django.finish(200)).rejects.toMatchObject({ code: 'cookie_too_large' })
    expect((await site.django.session()).data).toEqual({ a: 1 })
  })

  test('S40: a cookie that was tampered with is reported and kept, where Django puts an empty session in its place', async () => {
    const site = live()
    await site.django.session({ set: { a: 1 } })
    site.django.cookie = `${site.django.cookie}x`
    const django = openWith(site.bridge, site.django.header)
    expect((await django.session()).size).toBe(0)
    expect((await django.finish(200)).cookies).toEqual([])
    expect(site.reports.map(({ code }) => code)).toEqual(['session_data_corrupted'])
    expect((await site.django.session()).data).toEqual({})
    expect(site.django.cookie).toMatch(/^e30:/)
  })

  test('S6: a cookie whose time is up is deleted', async () => {
    const site = live()
    await site.django.session({ set: { a: 1 } })
    const later = site.bridgeWith({}, { hooks: { now: () => new Date(Date.now() + 1209601_000) } })
    const django = openWith(later, site.django.header)
    expect((await django.session()).size).toBe(0)
    expect((await django.finish(200)).cookies).toMatchObject([{ value: '' }])
    expect(site.reports.map(({ code }) => code)).toEqual(['expired_session'])
  })
}

function pickled(live: () => LiveSite): void {
  test('types that JSON has not go both ways', async () => {
    const site = live()
    const inDjango = async (values?: object) => {
      const body = values === undefined ? undefined : { set: formatPickle(values).toString('hex') }
      const { pickle } = await site.django.json<{ pickle: string }>('/api/pickled-session', body)
      return parsePickle(Buffer.from(pickle, 'hex'))
    }
    await inDjango({ theirs: tuple<unknown>(1, 'é') })
    const django = openWith(site.bridge, site.django.header)
    const session = await django.session()
    expect(session.get('theirs')).toEqual(tuple<unknown>(1, 'é'))
    session.set('ours', new Set(['a']))
    site.django.accept(await django.finish(200))
    expect(await inDjango()).toEqual({ theirs: tuple<unknown>(1, 'é'), ours: new Set(['a']) })
  })
}
