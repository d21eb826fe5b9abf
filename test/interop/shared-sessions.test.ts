/** Node and a live Django on the same sessions, both directions: every Django × database. */
import { expect, inject, test } from 'vitest'
import { describeSharedSessions } from '../contracts/shared-sessions.ts'
import { type LiveSite, openWith, rowOf, sitesToTest, startLiveSite } from './live-site.ts'

for (const django of inject('djangos')) {
  if ('missing' in django) test.skip(`live Django ${django.version} (${django.missing})`, () => {})
}

for (const where of sitesToTest(inject('djangos'), { postgres: inject('postgres'), mysql: inject('mysql') })) {
  describeSharedSessions(`${where.name}, plain cookie`, {
    kind: 'plain',
    row: rowOf(where),
    start: () => startLiveSite(where),
    more: tamperedRow,
  })
}

function tamperedRow(live: () => LiveSite): void {
  test('S40: a row that was tampered with is reported as often as Django logs it, and stays', async () => {
    const site = live()
    await site.django.session({ set: { a: 1 } })
    const tampered = 'e30:1wAbCd:tampered'
    await site.sql(
      'UPDATE django_session SET session_data = ? WHERE session_key = ?',
      tampered,
      site.django.cookie ?? '',
    )
    const header = site.django.header
    const before = await site.django.suspiciousSessions()
    for (let time = 0; time < 3; time++) {
      expect(await site.django.json('/api/session', undefined, header)).toMatchObject({ data: {} })
      expect((await openWith(site.bridge, header).session()).size).toBe(0)
    }
    expect((await site.django.suspiciousSessions()) - before).toBe(3)
    expect(site.reports.map(({ code }) => code)).toEqual(Array(3).fill('session_data_corrupted'))
    const [row] = await site.sql(
      'SELECT session_data FROM django_session WHERE session_key = ?',
      header?.slice(10) ?? '',
    )
    expect(row).toEqual({ session_data: tampered })
  })
}
