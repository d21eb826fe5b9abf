import { describe, expect, test } from 'vitest'
import { SettingsError } from '../../src/errors.ts'
import { databaseSettings } from '../../src/settings/database-url.ts'
import { settingsFromEnv } from '../../src/settings/from-env.ts'

describe('settingsFromEnv', () => {
  test('reads text, numbers, switches, lists and JSON', () => {
    expect(
      settingsFromEnv({
        SECRET_KEY: 'k',
        SECRET_KEY_FALLBACKS: 'a, b,',
        DATABASE_URL: 'sqlite:///x',
        SESSION_COOKIE_AGE: '60',
        SESSION_COOKIE_SECURE: 'on',
        DEBUG: 'False',
        SESSION_COOKIE_SAMESITE: 'false',
        SECURE_PROXY_SSL_HEADER: 'HTTP_X_FORWARDED_PROTO, https',
        DJANGO_SESSION_JWT: '{"FIELDS":["id"]}',
        LOGIN_URL: '',
      }),
    ).toEqual({
      SECRET_KEY: 'k',
      SECRET_KEY_FALLBACKS: ['a', 'b'],
      DATABASES: { default: 'sqlite:///x' },
      SESSION_COOKIE_AGE: 60,
      SESSION_COOKIE_SECURE: true,
      DEBUG: false,
      SESSION_COOKIE_SAMESITE: false,
      SECURE_PROXY_SSL_HEADER: ['HTTP_X_FORWARDED_PROTO', 'https'],
      DJANGO_SESSION_JWT: { FIELDS: ['id'] },
    })
  })

  test('names may have a prefix; DJANGO_SECRET_KEY serves where SECRET_KEY is absent', () => {
    expect(settingsFromEnv({ SHOP_SECRET_KEY: 'k', SECRET_KEY: 'other' }, { prefix: 'SHOP_' }).SECRET_KEY).toBe('k')
    expect(settingsFromEnv({ DJANGO_SECRET_KEY: 'k' }).SECRET_KEY).toBe('k')
    expect(settingsFromEnv({}).SECRET_KEY).toBeUndefined()
  })

  test.each([
    [{ SESSION_COOKIE_AGE: 'long' }, /SESSION_COOKIE_AGE is not a number/],
    [{ DEBUG: 'maybe' }, /DEBUG is neither true nor false/],
    [{ DJANGO_SESSION_JWT: '{canary' }, /DJANGO_SESSION_JWT is not JSON/],
  ])('refuses %j by name', (env, message) => {
    expect(() => settingsFromEnv(env)).toThrow(SettingsError)
    expect(() => settingsFromEnv(env)).toThrow(message)
  })
})

describe('databaseSettings', () => {
  test.each([
    [
      'postgres://ada:p%40ss@db.example:5433/site?sslmode=require',
      {
        vendor: 'postgresql',
        name: 'site',
        user: 'ada',
        host: 'db.example',
        port: 5433,
        options: { sslmode: 'require' },
      },
    ],
    ['postgresql://[::1]/site', { vendor: 'postgresql', name: 'site', host: '::1', port: null }],
    ['pgsql://ada@%2Fvar%2Frun/site', { vendor: 'postgresql', host: '/var/run', user: 'ada' }],
    ['postgis://db/site', { vendor: 'postgresql', name: 'site' }],
    [
      'mysql://ada:p%40ss@db.example:3307/site?charset=utf8mb4',
      { vendor: 'mysql', name: 'site', user: 'ada', host: 'db.example', port: 3307, options: { charset: 'utf8mb4' } },
    ],
    ['mysql2://ada@%2Frun%2Fmysqld%2Fmysqld.sock/site', { vendor: 'mysql', host: '/run/mysqld/mysqld.sock' }],
    ['mysql-connector://db/site', { vendor: 'mysql', name: 'site' }],
    ['mysqlgis://db/site', { vendor: 'mysql' }],
    ['mariadb://db/site', { vendor: 'mysql' }],
    ['sqlite:////srv/site/db.sqlite3', { vendor: 'sqlite', name: '/srv/site/db.sqlite3' }],
    ['sqlite:///db.sqlite3', { vendor: 'sqlite', name: 'db.sqlite3' }],
    ['sqlite://:memory:', { vendor: 'sqlite', name: ':memory:' }],
    ['sqlite://', { vendor: 'sqlite', name: ':memory:' }],
  ])('%s', (url, expected) => {
    expect(databaseSettings('default', url)).toMatchObject(expected)
  })

  test('a password is read and not printed', () => {
    const settings = databaseSettings('default', 'postgres://ada:p%40ss@db/site')
    expect(settings.password).toBe('p@ss')
    expect(JSON.stringify(settings)).not.toContain('p@ss')
  })

  test('Django’s dictionary', () => {
    const dictionary = {
      ENGINE: 'django.db.backends.postgresql',
      NAME: 'site',
      PORT: '5433',
      OPTIONS: { sslmode: 'disable' },
    }
    expect(databaseSettings('default', dictionary)).toMatchObject({ vendor: 'postgresql', name: 'site', port: 5433 })
    expect(() => databaseSettings('default', { ...dictionary, NAME: '' })).toThrow(/NAME is empty/)
    expect(() => databaseSettings('default', { ...dictionary, PORT: 'x' })).toThrow(/PORT is not a number/)
    expect(() => databaseSettings('default', 'postgres://h')).toThrow(/names no database/)
    expect(databaseSettings('default', 'postgres://%zz@h/x').user).toBe('%zz')
  })
})
