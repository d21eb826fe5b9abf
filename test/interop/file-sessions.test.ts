/** Node and a live Django on the same session files. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, inject, test } from 'vitest'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import { describePickledSessions } from '../contracts/pickled-sessions.ts'
import { describeSharedSessions } from '../contracts/shared-sessions.ts'
import { type LiveSite, openWith, sitesToTest, startLiveSite } from './live-site.ts'

const FIELDS = [['id', 'id', 'user_id'], ['username', 'u', 'username'], 'email']
const TWO_WEEKS = 1209600

/** The users are in SQLite. */
const NOT_NEEDED = { missing: 'not needed' }
const sites = sitesToTest(inject('djangos'), { postgres: NOT_NEEDED, mysql: NOT_NEEDED })
const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

if (sites.length === 0) test.skip('session files (no Django)', () => {})
for (const where of sites) {
  const name = `${where.name}, session files`
  const folder = mkdtempSync(join(tmpdir(), 'session-files-'))
  folders.push(folder)
  const settings = { SESSION_ENGINE: 'django.contrib.sessions.backends.file', SESSION_FILE_PATH: folder }
  const row = { engine: 'file', backend: 'files', django: where.runtime.version } as const
  const start = (more: Partial<DjangoSettings> = {}) => startLiveSite(where, { ...settings, ...more })
  describeSharedSessions(name, { kind: 'plain', row, start, more: (live) => onFiles(live, folder) })
  describeSharedSessions(`${name}, HS256 cookie`, {
    kind: 'HS256',
    row,
    start: () => start({ DJANGO_SESSION_JWT: { FIELDS, EXPIRES: 3600 } }),
  })
  describePickledSessions(name, {
    start: () => start({ SESSION_SERIALIZER: 'fixture.serializers.PickleSerializer' }),
    stored: async (_, key) => readFileSync(join(folder, `sessionid${key}`), 'latin1'),
  })
}

function onFiles(live: () => LiveSite, folder: string): void {
  const pathOf = (key: string | null): string => join(folder, `sessionid${key}`)

  /** Moves the time of the browser's file into the past. */
  function age(seconds: number): void {
    const moment = new Date(Date.now() - seconds * 1000)
    utimesSync(pathOf(live().django.cookie), moment, moment)
  }

  test('both sides write the same file, which only its owner can read', async () => {
    const site = live()
    await site.django.session({ set: { a: 1 } })
    const path = pathOf(site.django.cookie)
    const written = readFileSync(path, 'latin1')
    const django = openWith(site.bridge, site.django.header)
    ;(await django.session()).set('b', 2)
    await django.finish(200)
    expect(readFileSync(path, 'latin1').split(':')[0]).toBe(Buffer.from('{"a":1,"b":2}').toString('base64url'))
    expect(written.split(':')[0]).toBe(Buffer.from('{"a":1}').toString('base64url'))
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder).filter((name) => name.includes('_out_'))).toEqual([])
  })

  test('S6: a session ends two weeks after its file was written, in Node and in Django, which alone deletes it', async () => {
    const site = live()
    await site.django.session({ set: { a: 1 } })
    const kept = site.django.header
    age(TWO_WEEKS - 60)
    expect((await openWith(site.bridge, kept).session()).get('a')).toBe(1)
    expect((await site.django.session()).data).toEqual({ a: 1 })
    age(TWO_WEEKS + 1)
    const path = pathOf(site.django.cookie)
    const django = openWith(site.bridge, kept)
    expect((await django.session()).size).toBe(0)
    expect((await django.finish(200)).cookies).toMatchObject([{ value: '' }])
    expect(site.reports.map(({ code }) => code)).toEqual(['expired_session'])
    expect(statSync(path).isFile()).toBe(true)
    expect((await site.django.session()).data).toEqual({})
    expect(() => statSync(path)).toThrow('ENOENT')
  })

  test('S6: seconds of its own end a session in Node; Django asks them of the cookie alone', async () => {
    const site = live()
    await site.django.session({ set: { a: 1 }, expiry: 600 })
    age(601)
    expect((await openWith(site.bridge, site.django.header).session()).size).toBe(0)
    expect(site.reports.map(({ code }) => code)).toEqual(['expired_session'])
    expect((await site.django.session()).data).toMatchObject({ a: 1 })
  })

  test('S40: a file that was tampered with is reported as often as Django logs it, and stays', async () => {
    const site = live()
    await site.django.session({ set: { a: 1 } })
    const header = site.django.header
    const path = pathOf(site.django.cookie)
    writeFileSync(path, 'e30:1wAbCd:tampered')
    const before = await site.django.suspiciousSessions()
    for (let time = 0; time < 3; time++) {
      expect((await openWith(site.bridge, header).session()).size).toBe(0)
      expect(readFileSync(path, 'latin1')).toBe('e30:1wAbCd:tampered')
      await site.django.json('/api/session', undefined, header)
    }
    expect((await site.django.suspiciousSessions()) - before).toBe(3)
    expect(site.reports.map(({ code }) => code)).toEqual(Array(3).fill('session_data_corrupted'))
  })

  test('an empty file is an empty session of both', async () => {
    const site = live()
    await site.django.session({ set: { a: 1 } })
    const header = site.django.header
    writeFileSync(pathOf(site.django.cookie), '')
    expect((await site.django.session()).data).toEqual({})
    const django = openWith(site.bridge, header)
    const session = await django.session()
    expect([session.size, session.sessionKey]).toEqual([0, header?.slice('sessionid='.length)])
    session.set('b', 2)
    await django.finish(200)
    site.django.cookie = header?.slice('sessionid='.length) ?? null
    expect((await site.django.session()).data).toEqual({ b: 2 })
  })
}
