import { describe, expect, test } from 'vitest'
import { differenceOf } from '../../src/cli/settings-difference.ts'
import { loginHashes, readsSha1, writesIsoExpiry, writesSignedSessions } from '../../src/settings/django-version.ts'
import { checkSettings } from '../../src/settings/settings.ts'

const SECRET_KEY = 'the secret key of a site'
const NEWER = [
  '5.2.19',
  '6.1a1',
  '6.1b1',
  '6.1rc1',
  '6.2.dev20260714093000',
  '2028',
  '2028.0',
  '2028.1',
  '2028.0a1',
  '2029',
]

describe.each(NEWER)('DJANGO_VERSION %s', (version) => {
  test('writes as the newest Django does', () => {
    expect(checkSettings({ SECRET_KEY, DJANGO_VERSION: version })).toMatchObject({
      DJANGO_VERSION: version,
      USE_TZ: true,
    })
    expect(writesIsoExpiry(version)).toBe(true)
    expect(writesSignedSessions(version, 'sha256')).toBe(true)
    expect(readsSha1(version)).toBe(false)
    expect(loginHashes(version, 'sha256')).toEqual(['sha256'])
  })
})

test('a pre-release is of its release', () => {
  expect([writesIsoExpiry('4.0rc1'), writesIsoExpiry('4.1a1'), writesIsoExpiry('4.1.dev')]).toEqual([false, true, true])
})

test.each(['5', '5.x', '5.2-1', '5.2c1', '1999', '20280', '2028.', 'v5.2', '5.2.1.1', '5.2 ', '5.2\n'])(
  '%j is not a version of Django',
  (DJANGO_VERSION) => {
    expect(() => checkSettings({ SECRET_KEY, DJANGO_VERSION })).toThrow(/DJANGO_VERSION must be a version such as/)
  },
)

test.each([
  ['5.2', '5.2.19', true],
  ['6.1rc1', '6.1', true],
  ['2028', '2028.0', true],
  ['2028.1', '2028.0', true],
  ['5.1', '5.10', false],
  ['6.2', '2028.0', false],
  ['2028', '2029.0', false],
])('here %s and in Django %s: of one release is %s', (here, django, isSame) => {
  const found = differenceOf(
    { SECRET_KEY, USE_TZ: true, DJANGO_VERSION: here },
    { SECRET_KEY, USE_TZ: true, DJANGO_VERSION: django },
  )
  expect(found === null).toBe(isSame)
})
