import { decodeJwt } from 'jose'
import { describe, expect, test } from 'vitest'
import { createJwtCookie, type JwtCookieOptions } from '../../src/cookies/jwt-cookie.ts'
import type { CookieIssue } from '../../src/cookies/session-cookie.ts'
import { KeyRequired, SettingsError } from '../../src/errors.ts'
import { signJws } from '../../src/jwt/jws.ts'
import { readKeySetting } from '../../src/jwt/key-setting.ts'
import { PyDate } from '../../src/python/dates.ts'
import { PyFloat } from '../../src/python/values.ts'
import { checkSettings, type JwtDictionary } from '../../src/settings/settings.ts'
import type { Expiry } from '../../src/stores/session-expiry.ts'
import { judgeSessionKey } from '../../src/stores/session-key.ts'

const SECRET = 'a secret of more than thirty-two bytes'
const SESSION_KEY = 'abcdefghijklmnopqrstuvwxyz012345'
const NOW = Date.UTC(2026, 0, 15, 12)
const SECOND = NOW / 1000
const FIELDS = [['id', 'id', 'user_id'], ['username', 'u', 'username'], 'role'] as const
const { signKey } = readKeySetting(SECRET, '', false)

function cookieOf(jwt: JwtDictionary = {}, more: Partial<JwtCookieOptions> = {}, now: number = NOW) {
  const settings = checkSettings({
    SECRET_KEY: SECRET,
    DJANGO_SESSION_JWT: { KEY: SECRET, FIELDS, EXPIRES: 3600, ...jwt },
  })
  if (settings.DJANGO_SESSION_JWT === null) throw new Error('no JWT')
  return createJwtCookie({
    settings,
    jwt: settings.DJANGO_SESSION_JWT,
    judgeKey: judgeSessionKey,
    hasClaimsHook: false,
    allowWeakKeys: false,
    now: () => new Date(now),
    onWeakKey: () => {},
    ...more,
  })
}

function token(claims: object): string {
  if (signKey === null) throw new Error('no key to sign with')
  return signJws(JSON.stringify(claims), 'HS256', signKey)
}

const ISSUE: CookieIssue = { previous: null, user: null, extra: null, carry: false, renew: true }
const FAR: Expiry = {
  age: 1e6,
  at: new Date(NOW + 1e9),
  atBrowserClose: false,
  instant: { at: new Date(NOW + 1e9), wallClock: '' },
}
const issued = (issue: Partial<CookieIssue>, jwt: JwtDictionary = {}, expiry: Expiry = FAR, key = SESSION_KEY) =>
  decodeJwt(cookieOf(jwt).prepare({ ...ISSUE, ...issue })(key, expiry))

describe('a cookie that is read', () => {
  test('has the key and the claims of its token', () => {
    const claims = { sk: SESSION_KEY, iat: SECOND, exp: SECOND + 3600, id: 7, u: 'ada' }
    expect(cookieOf().read(token(claims))).toEqual({
      key: SESSION_KEY,
      claims: { ...claims, user_id: 7, username: 'ada' },
      stale: false,
    })
  })

  test.each([
    [3600, false],
    [1801, false],
    [1800, true],
    [1, true],
  ])('with %i of 3600 seconds left it is stale: %s', (left, stale) => {
    expect(cookieOf().read(token({ sk: SESSION_KEY, exp: SECOND + left }))).toMatchObject({ stale })
  })

  test('is never stale without an end, or where tokens have none', () => {
    expect(cookieOf().read(token({ sk: SESSION_KEY }))).toMatchObject({ stale: false })
    expect(cookieOf({ EXPIRES: 0 }).read(token({ sk: SESSION_KEY, exp: SECOND + 1 }))).toMatchObject({ stale: false })
  })

  test.each<[string, string, object]>([
    ['empty', '', { refused: 'short', reason: 'short_session_key' }],
    ['past its end', token({ sk: SESSION_KEY, exp: SECOND }), { refused: 'expired', reason: 'jwt_expired' }],
    ['with a short key', token({ sk: 'short' }), { refused: 'short', reason: 'short_session_key' }],
    ['with an empty key', token({ sk: '' }), { refused: 'short', reason: 'short_session_key' }],
    [
      'with a key of other characters',
      token({ sk: 'é'.repeat(32) }),
      { refused: 'invalid', reason: 'malformed_session_key' },
    ],
    ['without a key', token({ iat: SECOND }), { refused: 'short', reason: 'short_session_key' }],
    [
      'of another signature',
      `${token({ sk: SESSION_KEY }).slice(0, -4)}AAAA`,
      { refused: 'invalid', reason: 'jwt_invalid' },
    ],
    ['not a token', 'abc', { refused: 'invalid', reason: 'jwt_invalid' }],
  ])('%s, it is refused', (_, text, refusal) => {
    expect(cookieOf().read(text)).toMatchObject(refusal)
  })

  test('what it states is all but the session key', () => {
    expect(cookieOf().stated({ sk: SESSION_KEY, id: 7 })).toEqual({ id: 7 })
    expect(cookieOf({ SESSION_FIELD: 'key' }).stated({ sk: 'mine', key: SESSION_KEY })).toEqual({ sk: 'mine' })
  })
})

describe('a cookie that is issued', () => {
  test('has the key, both times and the fields of the user, in this order', () => {
    const claims = issued({ user: { id: 7, username: 'ada', role: new PyFloat(2), other: 1 } })
    expect(Object.entries(claims)).toEqual([
      ['sk', SESSION_KEY],
      ['iat', SECOND],
      ['exp', SECOND + 3600],
      ['id', 7],
      ['u', 'ada'],
      ['role', 2],
    ])
  })

  test('ends no later than the session', () => {
    const at = new Date(NOW + 60_500)
    expect(issued({}, {}, { ...FAR, at }).exp).toBe(SECOND + 60)
    expect(issued({}, {}, { ...FAR, at: new Date(NOW + 3_600_000) }).exp).toBe(SECOND + 3600)
  })

  test('that renews has a new end, and keeps the old one where it does not', () => {
    const previous = { sk: SESSION_KEY, exp: SECOND + 100 }
    expect(issued({ previous, renew: true }).exp).toBe(SECOND + 3600)
    expect(issued({ previous, renew: false }).exp).toBe(SECOND + 100)
    expect(issued({ previous: { sk: SESSION_KEY }, renew: false })).not.toHaveProperty('exp')
    expect(issued({ renew: true }, { EXPIRES: 0 })).not.toHaveProperty('exp')
    expect(issued({ renew: false }, { EXPIRES: 0 })).not.toHaveProperty('exp')
  })

  test('that renews nothing and follows no token would never end: KeyRequired', () => {
    expect(() => issued({ renew: false })).toThrow(KeyRequired)
  })

  test('takes fields from the token before only where it carries them, and the user’s first', () => {
    const previous = {
      sk: 'old',
      iat: 1,
      exp: SECOND + 9,
      id: 7,
      user_id: 7,
      u: 'eve',
      username: 'eve',
      role: 'admin',
      plan: 'gold',
    }
    const user = { id: 8, username: 'ada' }
    expect(issued({ previous, carry: true })).toMatchObject({
      sk: SESSION_KEY,
      id: 7,
      u: 'eve',
      role: 'admin',
      plan: 'gold',
    })
    expect(issued({ previous, user, carry: true })).toMatchObject({ id: 8, u: 'ada', role: 'admin', plan: 'gold' })
    const names = Object.keys(issued({ previous, carry: true }))
    expect(names).toEqual(['sk', 'iat', 'exp', 'id', 'u', 'role', 'plan'])
    expect(Object.keys(issued({ previous, user, carry: false }))).toEqual(['sk', 'iat', 'exp', 'id', 'u'])
    expect(Object.keys(issued({ previous, carry: false }))).toEqual(['sk', 'iat', 'exp'])
  })

  test('has a null of the user’s, and nothing that every object has', () => {
    expect(issued({ user: { id: null } })).toMatchObject({ id: null })
    expect(Object.keys(issued({ user: {} }, { FIELDS: ['toString'] }))).toEqual(['sk', 'iat', 'exp'])
  })

  test('refuses a value that JSON cannot hold before any store is written', () => {
    const prepare = () => cookieOf().prepare({ ...ISSUE, user: { role: new PyDate(2026, 1, 2) } })
    expect(prepare).toThrow(SettingsError)
    expect(prepare).toThrow(/FIELDS: role is a date/)
    for (const role of [[1], { a: 1 }, 'text', null, 7, true]) {
      expect(issued({ user: { role } })).toMatchObject({ role })
    }
  })

  test('is refused over 4096 bytes before any store is written, and again for a longer key', () => {
    const extra = { filler: 'x'.repeat(4000) }
    expect(() => cookieOf().prepare({ ...ISSUE, extra })).toThrow(/The JWT cookie would have.*Shorten FIELDS/)
    const make = cookieOf().prepare({ ...ISSUE, extra: { filler: 'x'.repeat(2000) } })
    expect(() => make('k'.repeat(2000), FAR)).toThrow(/The JWT cookie would have/)
  })

  test('needs a private key', () => {
    expect(cookieOf().canIssue).toBe(true)
    expect(cookieOf().statesUser).toBe(true)
  })
})

describe('settings', () => {
  test.each<[JwtDictionary, RegExp]>([
    [{ FIELDS: [['id', 'iat']] }, /the short name "iat" is a claim of JWT itself/],
    [{ FIELDS: [['id', 'nbf']] }, /"nbf"/],
    [{ FIELDS: [['id', 'aud']] }, /"aud"/],
    [{ FIELDS: [['id', 'i', 'exp']] }, /the long name "exp" is the name of another claim/],
    [{ FIELDS: [['id', 'i', 'sk']] }, /the long name "sk"/],
    [
      {
        FIELDS: [
          ['id', 'i', 'u'],
          ['username', 'u', 'name'],
        ],
      },
      /the long name "u"/,
    ],
    [{ CALLABLE: 'site.claims' }, /CALLABLE is a Python function: give hooks.jwtClaims/],
    [
      { FIELDS: [['profile.city', 'c']] },
      /profile.city is not a column of the user: give hooks.jwtClaims, which returns "c"/,
    ],
  ])('%j are refused', (jwt, message) => {
    expect(() => cookieOf(jwt)).toThrow(message)
  })

  test('with a hook for them, CALLABLE and dotted FIELDS are its affair', () => {
    expect(() => cookieOf({ CALLABLE: 'site.claims' }, { hasClaimsHook: true })).not.toThrow()
    expect(() => cookieOf({ FIELDS: ['profile.city'] }, { hasClaimsHook: true })).not.toThrow()
  })

  test('a weak secret is told once, a good one never', () => {
    const told: string[] = []
    const onWeakKey = () => told.push('weak')
    cookieOf({}, { onWeakKey })
    expect(told).toEqual([])
    cookieOf({ KEY: 'x'.repeat(31) }, { onWeakKey })
    expect(told).toEqual(['weak'])
  })
})
