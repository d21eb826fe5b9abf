/** Every keyword of libpq, of 15 to 18, is followed, has no bearing, or is refused by its name and never its value. */
import { expect, test } from 'vitest'
import { checkPostgres } from '../../src/connect/postgres.ts'
import { SettingsError } from '../../src/errors.ts'
import { databaseSettings } from '../../src/settings/database-url.ts'
import { HARMLESS, ONE_VALUE, REFUSED } from './libpq-keywords.ts'

function check(OPTIONS: Record<string, unknown>, env: Record<string, string> = {}): void {
  const ENGINE = 'django.db.backends.postgresql'
  checkPostgres(databaseSettings('default', { ENGINE, NAME: 'x', USER: 'u', OPTIONS: { host: 'db', ...OPTIONS } }), env)
}

test.each(HARMLESS)('%s has no bearing', (keyword) => {
  expect(() => check({ [keyword]: '1' })).not.toThrow()
})

test.each(REFUSED)('%s is refused by its name', (keyword) => {
  const options = Object.fromEntries([[keyword, 'canary']])
  expect(() => check(options)).toThrow(SettingsError)
  expect(() => check(options)).toThrow(`OPTIONS.${keyword} is not supported`)
  expect(() => check(options)).not.toThrow(/canary/)
})

test.each(Object.entries(ONE_VALUE))(
  '%s as %j: the first is taken, the second refused',
  (keyword, [taken, refused]) => {
    expect(() => check({ [keyword]: taken })).not.toThrow()
    expect(() => check({ [keyword]: refused })).toThrow(SettingsError)
    expect(() => check({ [keyword]: refused })).not.toThrow(/canary/)
  },
)

test.each([
  ['PGHOSTADDR', '127.0.0.1'],
  ['PGTARGETSESSIONATTRS', 'read-write'],
  ['PGREQUIREAUTH', 'scram-sha-256'],
  ['PGCHANNELBINDING', 'require'],
])('the environment variable %s is refused by its name', (name, value) => {
  expect(() => check({}, { [name]: value })).toThrow(`The environment variable ${name} is`)
})

test('what is not text is refused, and None is absent', () => {
  expect(() => check({ sslmode: {} })).toThrow('OPTIONS.sslmode must be text')
  expect(() => check({ hostaddr: null, sslmode: null })).not.toThrow()
})

test('sslrootcert=system is for verify-full alone, and its default', () => {
  expect(() => check({ sslrootcert: 'system' })).not.toThrow()
  expect(() => check({ sslrootcert: 'system', sslmode: 'require' })).toThrow('needs sslmode verify-full')
})

test('sslnegotiation=direct is for sslmode require and above', () => {
  expect(() => check({ sslnegotiation: 'direct' })).toThrow('needs sslmode require')
  expect(() => check({ sslnegotiation: 'direct', sslmode: 'require' })).not.toThrow()
})
