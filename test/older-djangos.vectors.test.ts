/**
 * What Django 2.2, 3.2 and 4.2 decide otherwise than 5.2, on the same questions: every difference is one of those below.
 * What they decide alike is tested on the vectors of 5.2, topic by topic.
 */
import { describe, expect, test } from 'vitest'
import { OLDER_DJANGO_VERSIONS, type VectorRecord, vectorFile } from './vectors.ts'

interface Record extends VectorRecord {
  [field: string]: unknown
}

interface Difference {
  readonly why: string
  readonly versions: readonly string[]
  readonly topic: string
  readonly applies: (older: Record, newer: Record) => boolean
  /** What the older one would have answered without its difference. */
  readonly without: (older: Record, newer: Record) => Record
}

const DIFFERENCES: readonly Difference[] = [
  {
    why: 'no Vary where the session was saved and never looked at',
    versions: ['2.2', '3.2', '4.2'],
    topic: 'cookies',
    applies: ({ kind, vary, set_cookie }) => kind === 'middleware' && vary === null && !isDeletion(set_cookie),
    without: (older, { vary }) => ({ ...older, vary }),
  },
  {
    why: 'no Vary beside a deletion',
    versions: ['2.2'],
    topic: 'cookies',
    applies: ({ kind, vary, set_cookie }) => kind === 'middleware' && vary === null && isDeletion(set_cookie),
    without: (older, { vary }) => ({ ...older, vary }),
  },
  {
    why: 'of statuses from 500 on, 500 alone keeps a session from being saved',
    versions: ['2.2', '3.2'],
    topic: 'cookies',
    applies: ({ kind, status }) => kind === 'middleware' && status === 503,
    without: (_, newer) => newer,
  },
  {
    why: 'a session that is gone is a SuspiciousOperation',
    versions: ['2.2'],
    topic: 'cookies',
    applies: ({ kind, error }) => kind === 'middleware' && error === 'SuspiciousOperation',
    without: (older, { error }) => ({ ...older, error }),
  },
  {
    why: 'SameSite=None is refused',
    versions: ['2.2'],
    topic: 'cookies',
    applies: ({ error }, { header }) => error === 'ValueError' && /SameSite=none/i.test(String(header)),
    without: (_, newer) => newer,
  },
  {
    why: 'a fraction of a second stands in Max-Age',
    versions: ['2.2'],
    topic: 'cookies',
    applies: ({ header }) => /Max-Age=-?\d+\.\d/.test(String(header)),
    without: ({ header, ...older }) => ({ ...older, header: String(header).replace(/Max-Age=(-?\d+)\.\d+/, cut) }),
  },
  {
    why: 'text is no moment: neither a cookie nor a row comes of it',
    versions: ['2.2', '3.2'],
    topic: 'cookies',
    applies: ({ kind, session_expiry, header }) =>
      kind === 'set_cookie' && typeof session_expiry === 'string' && (header === undefined || session_expiry === ''),
    without: (_, newer) => newer,
  },
  {
    why: 'text is no moment, and empty text is none',
    versions: ['2.2', '3.2'],
    topic: 'expiry',
    applies: ({ kind, session_expiry, ...answers }) => {
      const dates = [answers.date, answers.expire_date].filter((answer) => answer !== undefined)
      const isRefused = dates.every((answer) => JSON.stringify(answer) === '{"error":"TypeError"}')
      return kind !== 'load' && String(session_expiry).startsWith('"') && (isRefused || session_expiry === '""')
    },
    without: (_, newer) => newer,
  },
  {
    why: 'set_expiry keeps a moment as it is, which JSON cannot hold',
    versions: ['2.2', '3.2'],
    topic: 'expiry',
    applies: ({ kind, value, session_expiry }) =>
      kind === 'set_expiry' && typeof value === 'object' && JSON.stringify(session_expiry) === '{"error":"TypeError"}',
    without: (_, newer) => newer,
  },
  {
    why: 'there are no fallback keys',
    versions: ['3.2'],
    topic: 'session-data',
    applies: ({ fallback_keys, suspicious }) => fallback_keys !== undefined && suspicious === true,
    without: (_, newer) => newer,
  },
  {
    why: 'a signature by SHA-1 is good',
    versions: ['3.2'],
    topic: 'session-data',
    applies: ({ name, result }) => name.includes('sha1') && JSON.stringify(result) === '{"value":"{\\"a\\":1}"}',
    without: (_, newer) => newer,
  },
  {
    why: 'what cannot be read is tried as the format before, which raises out of decode or finds no signature',
    versions: ['3.2'],
    topic: 'session-data',
    applies: ({ kind, result }, newer) =>
      kind === 'decode' &&
      (JSON.stringify(result) === '{"value":"{}"}' ||
        /binascii.Error|UnicodeEncodeError/.test(JSON.stringify(result))) &&
      JSON.stringify(newer.result) === '{"value":"{}"}',
    without: (older, { result, suspicious }) => ({ ...older, result, suspicious }),
  },
]

describe.each(OLDER_DJANGO_VERSIONS)('Django %s', (version) => {
  const own = DIFFERENCES.filter(({ versions }) => versions.includes(version))
  const topics = ['cookies', 'expiry', ...(version === '2.2' ? [] : ['session-data'])]

  test.each(topics)('%s: answers as 5.2, but for what is told above', (topic) => {
    const newer = new Map(vectorFile<{ django: string; records: Record[] }>(topic, '5.2').records.map(byName))
    const used = new Set<string>()
    const unexplained = vectorFile<{ django: string; records: Record[] }>(topic, version).records.filter((record) => {
      const expected = newer.get(record.name)
      if (expected === undefined) return true
      let seen = record
      for (const { why, topic: of, applies, without } of own) {
        if (of !== topic || isEqual(seen, expected) || !applies(seen, expected)) continue
        seen = without(seen, expected)
        used.add(why)
      }
      return !isEqual(seen, expected)
    })
    expect(unexplained.map(({ name }) => name)).toEqual([])
    expect([...used].sort()).toEqual(
      own
        .filter(({ topic: of }) => of === topic)
        .map(({ why }) => why)
        .sort(),
    )
  })
})

function byName(record: Record): [string, Record] {
  return [record.name, record]
}

function isDeletion(header: unknown): boolean {
  return String(header).includes('01 Jan 1970')
}

function cut(_: string, whole: string): string {
  return `Max-Age=${whole === '-0' ? '0' : whole}`
}

function isEqual(left: Record, right: Record): boolean {
  const told = (record: Record): string =>
    JSON.stringify(Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1)))
  return told(left) === told(right)
}
