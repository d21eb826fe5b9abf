/** Who a session's values name, where the site loads its users itself. */
import { expect, test } from 'vitest'
import { checkUser, type UserCheckOptions } from '../../src/auth/current-user.ts'
import { sessionAuthHash } from '../../src/auth/session-hash.ts'
import type { UserRow } from '../../src/auth/users.ts'

const SECRET_KEY = 'a secret of the site that is long enough'
const BACKEND = 'django.contrib.auth.backends.ModelBackend'
const ROW: UserRow = { password: 'secret', is_active: true }

async function judge(id: unknown, row: UserRow = ROW, more: Partial<UserCheckOptions> = {}) {
  const asked: string[] = []
  const values: Readonly<Record<string, unknown>> = {
    _auth_user_id: id,
    _auth_user_backend: more.AUTHENTICATION_BACKENDS?.[0] ?? BACKEND,
    _auth_user_hash:
      more.sessionAuthHash === undefined ? sessionAuthHash('secret', SECRET_KEY) : 'the hash of the site',
  }
  const verdict = await checkUser((key) => values[key], {
    SECRET_KEY,
    SECRET_KEY_FALLBACKS: [],
    AUTHENTICATION_BACKENDS: [BACKEND],
    loginHashes: ['sha256'],
    loadUser: async (key) => {
      asked.push(key)
      return row
    },
    ...more,
  })
  return { asked, verdict }
}

test.each([
  ['7', '7'],
  [' 7', ' 7'],
  [7, '7'],
  [-7, '-7'],
  [2n ** 64n, '18446744073709551616'],
])('an id %o is asked for as %s', async (id, key) => {
  const { asked, verdict } = await judge(id)
  expect(asked).toEqual([key])
  expect(verdict).toMatchObject({ status: 'authenticated', user: { pk: key } })
})

test.each([[''], [7.5], [1e300], [Number.NaN], [true], [[]], [{}], [['7']]])(
  'S28: an id %o is malformed',
  async (id) => {
    expect(await judge(id)).toEqual({ asked: [], verdict: { status: 'anonymous', reason: 'malformed_login' } })
  },
)

test('S5: a user who is not known to be active is nobody, except with the backends that let them in', async () => {
  for (const is_active of [false, 0, null]) {
    expect((await judge('7', { ...ROW, is_active })).verdict).toEqual({ status: 'anonymous', reason: 'inactive_user' })
    for (const backend of ['AllowAllUsersModelBackend', 'AllowAllUsersRemoteUserBackend']) {
      const AUTHENTICATION_BACKENDS = [`django.contrib.auth.backends.${backend}`]
      const { verdict } = await judge('7', { ...ROW, is_active }, { AUTHENTICATION_BACKENDS })
      expect(verdict).toMatchObject({ status: 'authenticated', user: { is_active: false } })
    }
  }
  expect((await judge('7', { password: 'secret' })).verdict).toMatchObject({ user: { is_active: true } })
})

test('the site’s own auth hash is compared, and that of the password is none', async () => {
  const own = () => 'the hash of the site'
  expect((await judge('7', ROW, { sessionAuthHash: own })).verdict).toMatchObject({ status: 'authenticated' })
  const other = await judge('7', ROW, { sessionAuthHash: () => 'another' })
  expect(other.verdict).toEqual({ status: 'anonymous', reason: 'auth_hash_mismatch' })
  const asynchronous = (async () => 'the hash of the site') as unknown as () => string
  await expect(judge('7', ROW, { sessionAuthHash: asynchronous })).rejects.toThrow(
    /sessionAuthHash returns text, not a promise/,
  )
})
