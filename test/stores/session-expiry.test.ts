/** Expiry as SessionBase computes it and SQLite stores it, on everything that the vectors hold. */
import { describe, expect, test } from 'vitest'
import { loadZoneClock, utcClock, type WallClock } from '../../src/databases/wall-clock.ts'
import { parsePythonJson } from '../../src/python/json-reader.ts'
import type { Session } from '../../src/session/session.ts'
import { expiryOf } from '../../src/stores/session-expiry.ts'
import { makeSite } from '../site.ts'
import { DJANGO_VERSIONS, type VectorRecord, vectors } from '../vectors.ts'

interface Settings {
  USE_TZ?: boolean
  TIME_ZONE?: string
  SESSION_COOKIE_AGE?: number
  SESSION_EXPIRE_AT_BROWSER_CLOSE?: boolean
}

type Result<T> = { value: T } | { error: string }

interface Record extends VectorRecord {
  settings: Settings
  now_ms: number
  session_expiry?: string
  age: Result<string>
  date: Result<string>
  at_browser_close: Result<boolean>
  expire_date: Result<string> | string
  opens: Result<boolean>
}

function clockOf({ USE_TZ = true, TIME_ZONE = 'UTC' }: Settings): Promise<WallClock> {
  return USE_TZ ? Promise.resolve(utcClock) : loadZoneClock(TIME_ZONE)
}

async function expiry({ settings, now_ms, session_expiry }: Record) {
  const value = session_expiry === undefined ? undefined : parsePythonJson(session_expiry)
  const { SESSION_COOKIE_AGE = 1209600, SESSION_EXPIRE_AT_BROWSER_CLOSE = false } = settings
  const clock = await clockOf(settings)
  return expiryOf(
    value,
    { SESSION_COOKIE_AGE: Number(SESSION_COOKIE_AGE), SESSION_EXPIRE_AT_BROWSER_CLOSE },
    clock,
    new Date(now_ms),
  )
}

/** Without an offset but with USE_TZ, Django fails in every response: there is nothing to agree on. */
function isNaiveUnderUseTz({ settings, session_expiry }: Record): boolean {
  const text = session_expiry?.startsWith('"') ? String(JSON.parse(session_expiry)) : ''
  return settings.USE_TZ !== false && /^\d{4}/.test(text) && !/(Z|[+-]\d\d(:?\d\d){0,2})$/.test(text.slice(10))
}

describe.each(DJANGO_VERSIONS)('vectors of Django %s', (version) => {
  test.each(vectors<Record>('expiry', version, 'get_expiry').filter((record) => !isNaiveUnderUseTz(record)))(
    '$name',
    async (record) => {
      const { age, at, instant, atBrowserClose } = await expiry(record)
      if ('value' in record.at_browser_close) expect(atBrowserClose).toBe(record.at_browser_close.value)
      if (!('value' in record.date)) {
        // Django cannot save it either; here the site's own age counts.
        expect(age).toBe(record.settings.SESSION_COOKIE_AGE ?? 1209600)
        return
      }
      // Without USE_TZ Django knows the date but fails at the age of text with an offset.
      if ('value' in record.age) expect(age).toBe(record.age.value === 'true' ? 1 : Number(record.age.value))
      const offset = /[+-]\d\d:\d\d(:\d\d)?$/.exec(record.date.value)?.[0]
      if (offset === undefined) expect(instant.wallClock).toBe(toMilliseconds(record.date.value.replace('T', ' ')))
      else if (offset.length === 6)
        expect(at.getTime()).toBe(Date.parse(record.date.value.replace(/(\.\d{3})\d+/, '$1')))
    },
  )

  test.each(vectors<Record>('expiry', version, 'save').filter((record) => !isNaiveUnderUseTz(record)))(
    '$name',
    async (record) => {
      const { wallClock } = (await expiry(record)).instant
      if (typeof record.expire_date === 'object' && 'value' in record.expire_date) {
        expect(toMilliseconds(wallClock)).toBe(toMilliseconds(record.expire_date.value))
      } else {
        // Django refuses to save; nothing we compute may fail.
        expect(wallClock).toMatch(/^\d{4}-/)
      }
    },
  )

  test.each(vectors<Record>('expiry', version, 'load'))(
    'S6: $name',
    async ({ settings, now_ms, expire_date, opens }) => {
      const site = await siteOf(settings, now_ms)
      const key = await site.store({ a: 1 })
      site.client.prepare('UPDATE django_session SET expire_date = ?').run(String(expire_date))
      const session = await site.open(`sessionid=${key}`).session()
      expect({ value: session.has('a') }).toEqual(opens)
      await site.close()
    },
  )

  const set = vectors<SetRecord>('expiry', version, 'set_expiry')
  test.each(set)('$name', async ({ settings, now_ms, value, session_expiry }) => {
    const site = await siteOf(settings, now_ms)
    const session = await site.open().session()
    const given = argument(value, await clockOf(settings))
    if (given === undefined) {
      // Text, booleans and moments of another clock than the site's are no arguments here.
      expect(typeof value === 'object' || typeof value === 'boolean' || typeof value === 'string').toBe(true)
    } else if ('error' in session_expiry) {
      expect(() => session.setExpiry(given)).toThrow(TypeError)
    } else {
      session.setExpiry(given)
      const expected = session_expiry.value === null ? undefined : parsePythonJson(session_expiry.value)
      expect(session.get('_session_expiry')).toEqual(typeof expected === 'string' ? toMilliseconds(expected) : expected)
    }
    await site.close()
  })
})

interface SetRecord extends VectorRecord {
  settings: Settings
  now_ms: number
  value: unknown
  session_expiry: { value: string | null } | { error: string }
}

function siteOf({ USE_TZ = true, TIME_ZONE = 'UTC' }: Settings, nowMs: number): ReturnType<typeof makeSite> {
  return makeSite({ USE_TZ, TIME_ZONE, DJANGO_VERSION: '5.2' }, { hooks: { now: () => new Date(nowMs) } })
}

/** What a vector gave to set_expiry, as setExpiry takes it; undefined for what has no counterpart here. */
function argument(value: unknown, clock: WallClock): Parameters<Session['setExpiry']>[0] | undefined {
  if (value === null || typeof value === 'number') return value
  if (typeof value !== 'object') return undefined
  if ('timedelta' in value) return value.timedelta as object
  if ('datetime' in value) {
    const text = String(value.datetime)
    if (/[+-]\d\d:\d\d$/.test(text)) return text.endsWith('+00:00') && clock.aware ? new Date(text) : undefined
    return clock.aware ? undefined : clock.reading(Date.parse(`${text}Z`)).at
  }
  return undefined
}

/** A Date holds milliseconds: the last three digits of Python's microseconds are zeros, and no fraction when all are. */
function toMilliseconds(text: string): string {
  return text.replace(/(\.\d{3})\d{3}/, '$1000').replace('.000000', '')
}
