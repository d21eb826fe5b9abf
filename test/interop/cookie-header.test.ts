/** One Cookie header, two readers: whom Django sees is whom Node sees, and nobody's row moves. */
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { type LiveSite, openWith, sitesToTest, startLiveSite, type WhoAmI } from './live-site.ts'

describe.each(
  sitesToTest(inject('djangos'), { postgres: inject('postgres'), mysql: inject('mysql') }).filter(
    ({ database }) => database === 'SQLite',
  ),
)('$name', (where) => {
  let site: LiveSite
  const keys: { [user: string]: string } = {}
  let rows: unknown
  const sessionRows = () => site.sql('SELECT * FROM django_session ORDER BY session_key')

  beforeAll(async () => {
    site = await startLiveSite(where)
    for (const user of ['ada', 'grace']) {
      site.django.cookie = null
      await site.django.login(user)
      keys[user] = site.django.cookie ?? ''
    }
    await site.sql("INSERT INTO django_session VALUES ('cyrillicxcyrillicxcyrillicxcyril', 'unreadable', '2099-01-01')")
    rows = await sessionRows()
  })
  afterAll(() => site?.stop())
  beforeEach(() => {
    site.reports.length = 0
  })

  /** `A` and `G` stand for the two session keys. */
  const headers: { [what: string]: string } = {
    'one cookie': 'sessionid=A',
    'two of them': 'sessionid=A; sessionid=G',
    'two, the second unknown': 'sessionid=A; sessionid=unknownunknownunknown',
    'two, the second empty': 'sessionid=A; sessionid=',
    'two, the first empty': 'sessionid=; sessionid=G',
    quoted: 'sessionid="A"',
    'quoted, the second plain': 'sessionid="A"; sessionid=G',
    'plain, the second quoted': 'sessionid=A; sessionid="G"',
    'octal escapes inside quotes': 'sessionid="\\141bc"; a=b',
    'spaces around': '  sessionid  =  A  ;',
    'no space after the semicolon': 'a=b;sessionid=A;c=d',
    'a comma instead of a semicolon': 'a=b, sessionid=A',
    'another case of letters': 'SESSIONID=A',
    'another name at the end': 'xsessionid=A',
    nameless: 'A',
    'a semicolon in quotes': 'x="; sessionid=G; "; sessionid=A',
    'an unbalanced quote': 'x="; sessionid=A',
    'percent signs': 'sessionid=%41; y=1',
    '__proto__ beside it': '__proto__=x; sessionid=A; constructor=y',
    'something after it': 'sessionid=A x',
    'upper-case key': 'sessionid=UPPER',
    'a tab': 'sessionid=A\t; b=c',
  }
  test.each(Object.entries(headers))('S13: %s', async (_, template) => {
    const header = template.replace(/\bUPPER\b/, (keys.ada ?? '').toUpperCase()).replace(/\b[AG]\b/g, keyOf)
    const inDjango = await site.django.json<WhoAmI>('/api/whoami', undefined, header)
    const context = openWith(site.bridge, header)
    const inNode = await context.user()
    expect(inNode?.pk ?? null).toBe(inDjango.pk)
    await context.finish(200)
    expect(await sessionRows()).toEqual(rows)
  })

  const anonymous: [what: string, header: string | undefined, code: string | null][] = [
    ['no cookie', undefined, null],
    ['an empty one', 'sessionid=', 'short_session_key'],
    ['a short one', 'sessionid=abcdefg', 'short_session_key'],
    ['100 kB', `sessionid=${'a'.repeat(100_000)}`, 'malformed_session_key'],
    ['bytes outside ASCII', `sessionid=${'\xc3\xa9'.repeat(10)}`, 'malformed_session_key'],
    ['an unknown key', 'sessionid=abcdefghijklmnopqrstuvwxyz012345', 'unknown_session'],
    ['a key whose row cannot be read', 'sessionid=cyrillicxcyrillicxcyrillicxcyril', 'session_data_corrupted'],
    ['NUL', 'sessionid=abcdefgh\0ijk', 'malformed_session_key'],
  ]
  test.each(anonymous)(
    'S40: %s: anonymous, reported once, and no row is made or destroyed',
    async (_, header, code) => {
      const context = openWith(site.bridge, header)
      expect(await context.user()).toBeNull()
      expect((await context.session()).size).toBe(0)
      await context.finish(200)
      expect(site.reports.map((report) => report.code)).toEqual(code === null ? [] : [code])
      expect(await sessionRows()).toEqual(rows)
    },
  )

  test('S15: a key in the query, the path, another header or the body is no cookie', async () => {
    const key = keys.ada ?? ''
    const context = site.bridge.open({
      method: 'GET',
      url: `/${key}?sessionid=${key}`,
      headers: {
        authorization: `Bearer ${key}`,
        sessionid: key,
        'x-session-key': key,
        'set-cookie': `sessionid=${key}`,
      },
      secure: true,
    })
    expect(await context.user()).toBeNull()
    expect(site.reports).toEqual([])
  })

  function keyOf(letter: string): string {
    return (letter === 'A' ? keys.ada : keys.grace) ?? ''
  }
})
