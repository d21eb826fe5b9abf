/** What Django's SessionMiddleware decides, on everything that the vectors hold: cookie × view × settings × status. */
import { describe, expect, test } from 'vitest'
import type { Session } from '../src/session/session.ts'
import type { DjangoSettings } from '../src/settings/settings.ts'
import { createSessionCodec, sessionOf, sessionValues } from '../src/stores/session-data.ts'
import { makeSite, SECRET_KEY, type Site } from './site.ts'
import { DJANGO_VERSIONS, type VectorRecord, vectors } from './vectors.ts'

interface Row {
  key: string
  data: string
  expire_date: string
}

interface Record extends VectorRecord {
  settings: Partial<DjangoSettings>
  now_ms: number
  cookie: string | null
  row: string
  view: string
  status: number
  rows_before: Row[]
  set_cookie?: string | null | undefined
  vary?: string | null | undefined
  error?: string
  rows_after: Row[]
}

/** The views of python-fixtures/vectors/session_middleware.py. */
const VIEWS: { [name: string]: (session: Session, site: Site) => unknown } = {
  untouched: () => undefined,
  read: (session) => session.get('a'),
  set: (session) => session.set('b', 2),
  'set to the same': (session) => session.set('a', 1),
  'delete every key': (session) => [...session.keys()].map((key) => session.delete(key)),
  'pop a missing key': (session) => session.pop('missing'),
  'setdefault of a present key': (session) => session.setDefault('a', 5),
  'update with nothing': (session) => session.update({}),
  clear: (session) => session.clear(),
  flush: (session) => session.flush(),
  'flush, then set': async (session) => {
    await session.flush()
    session.set('b', 2)
  },
  'cycle key': (session) => session.cycleKey(),
  'nested change': (session) => {
    const nested = session.setDefault('n', {}) as { x: number }
    nested.x = 2
  },
  'modified by hand': (session) => {
    session.modified = true
  },
  'set_expiry 0': (session) => session.setExpiry(0),
  'set_expiry 100': (session) => session.setExpiry(100),
  'set_expiry None': (session) => session.setExpiry(null),
  'save by hand': (session) => session.save(),
  'row deleted meanwhile, then set': (session, site) => {
    session.get('a')
    site.client.exec('DELETE FROM django_session')
    session.set('b', 2)
  },
}

const codec = createSessionCodec({ SECRET_KEY, now: () => 0 })

function storedDate(iso: string): string {
  return iso.replace('T', ' ').replace('+00:00', '')
}

type Outcome = Pick<Record, 'set_cookie' | 'vary' | 'error' | 'rows_after'>

const DELETION = 'sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax'

function isAlive({ row, rows_before }: Record): boolean {
  return rows_before.length > 0 && row !== 'expired'
}

/** Where this library differs from Django on purpose: in which cases, and what comes of them. The first that applies. */
const DIFFERENCES: readonly {
  why: string
  applies: (record: Record) => boolean
  outcome: (record: Record, django: (view: string) => Record) => Outcome
}[] = [
  {
    why: 'a value changed in place is saved',
    applies: (record) =>
      record.view === 'nested change' && isAlive(record) && record.row !== 'row without data' && record.status < 500,
    outcome: ({ rows_before }, django) => {
      const { set_cookie, vary, rows_after } = django('set')
      const before = JSON.parse(rows_before[0]?.data ?? '')
      const data = JSON.stringify({ ...before, n: { x: 2 } })
      return { set_cookie, vary, rows_after: rows_after.map((row) => ({ ...row, data })) }
    },
  },
  {
    why: 'nothing changed: nothing is written',
    applies: (record) =>
      record.view === 'update with nothing' && isAlive(record) && !record.settings.SESSION_SAVE_EVERY_REQUEST,
    outcome: ({ rows_before }) => ({ set_cookie: null, vary: 'Cookie', rows_after: rows_before }),
  },
  {
    why: 'the cookie follows what a handler stored itself, whatever the status: a new key unknown to its browser is a session lost',
    applies: (record) =>
      (record.view === 'save by hand' && isAlive(record)) || (record.view === 'cycle key' && record.status >= 500),
    outcome: ({ view, rows_after }, django) => {
      const { set_cookie, vary } = django(view === 'cycle key' ? view : 'set')
      return { set_cookie, vary, rows_after }
    },
  },
  {
    why: 'an empty session is never stored, and an unknown key makes none',
    applies: (record) =>
      !isAlive(record) &&
      (['clear', 'modified by hand', 'save by hand'].includes(record.view) ||
        (record.view === 'untouched' && record.settings.SESSION_SAVE_EVERY_REQUEST === true)),
    outcome: ({ cookie, rows_before, view, vary }) => ({
      set_cookie: cookie === null ? null : DELETION,
      vary: cookie === null && view === 'untouched' ? vary : 'Cookie',
      rows_after: rows_before,
    }),
  },
  {
    why: 'only a row that could be read is deleted; clearsessions has the expired ones',
    applies: (record) => record.view.startsWith('flush') && record.row === 'expired',
    outcome: ({ set_cookie, vary, rows_before, rows_after }) => ({
      set_cookie,
      vary,
      rows_after: [...rows_before, ...rows_after],
    }),
  },
]

describe.each(DJANGO_VERSIONS)('vectors of Django %s', (version) => {
  const records = vectors<Record>('cookies', version, 'middleware')
  const used = new Set<string>()

  test.each(records)('$name', async (record) => {
    const site = await makeSite(record.settings, { hooks: { now: () => new Date(record.now_ms) } })
    const insert = site.client.prepare('INSERT INTO django_session VALUES (?, ?, ?)')
    for (const { key, data, expire_date } of record.rows_before) {
      insert.run(key, codec.encode(sessionOf(Object.entries(JSON.parse(data)))), storedDate(expire_date))
    }
    const django = site.open(record.cookie === null ? undefined : `sessionid=${record.cookie}`)
    const answer = await respond(record, django, site)
    const known = new Set([...record.rows_before.map(({ key }) => key)])
    const rows = site.rows().map(({ session_key, session_data, expire_date }) => {
      const read = codec.decode(session_data)
      const values = 'data' in read ? Object.fromEntries(sessionValues(read.data)) : null
      return { key: known.has(session_key) ? session_key : '<newkey>', data: values, expire_date }
    })
    const difference = DIFFERENCES.find(({ applies }) => applies(record))
    if (difference !== undefined) used.add(difference.why)
    const inDjango = (view: string): Record => {
      const found = records.find(
        (other) =>
          other.view === view &&
          other.row === record.row &&
          other.status === 200 &&
          JSON.stringify(other.settings) === JSON.stringify(record.settings),
      )
      if (found === undefined) throw new Error('no such record')
      return found
    }
    const expected: Outcome = difference?.outcome(record, inDjango) ?? record
    expect({ ...answer, rows: rows.sort(newestFirst) }).toEqual({
      ...(expected.error === undefined
        ? { set_cookie: expected.set_cookie, vary: expected.vary }
        : { error: expected.error }),
      rows: expected.rows_after
        .map(({ key, data, expire_date }) => ({ key, data: JSON.parse(data), expire_date: storedDate(expire_date) }))
        .sort(newestFirst),
    })
    await site.close()
  })

  test('every difference that is described is there', () => {
    expect([...used].sort()).toEqual(DIFFERENCES.map(({ why }) => why).sort())
  })
})

function newestFirst(left: { key: string }, right: { key: string }): number {
  return left.key < right.key ? 1 : -1
}

async function respond(record: Record, django: ReturnType<Site['open']>, site: Site) {
  try {
    if (record.view !== 'untouched') await VIEWS[record.view]?.(await django.session(), site)
    const { cookies, vary } = await django.finish(record.status)
    const key = cookies[0]?.value || '\0'
    const header = cookies[0]?.header.replace(
      record.rows_before.some((row) => row.key === key) ? '\0' : key,
      '<newkey>',
    )
    return { set_cookie: header ?? null, vary: vary[0] ?? null }
  } catch (error) {
    return { error: (error as Error).name }
  }
}
