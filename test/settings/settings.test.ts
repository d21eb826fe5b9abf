import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createBridge } from '../../src/bridge.ts'
import { DjangoBridgeError, SettingsError } from '../../src/errors.ts'
import { loginHashes } from '../../src/settings/django-version.ts'
import { checkSettings, type DjangoSettings, type JwtDictionary } from '../../src/settings/settings.ts'
import { keyFile } from '../vectors.ts'

const SECRET_KEY = 'the secret key of a site, long enough for HS256'
const DATABASES = { default: 'sqlite://:memory:' }
const JWT = { FIELDS: ['id'], EXPIRES: 3600 }

function refusal(settings: object): DjangoBridgeError {
  try {
    createBridge({ DEBUG: true, DATABASES, ...settings } as unknown as DjangoSettings)
  } catch (error) {
    if (error instanceof DjangoBridgeError) return error
    throw error
  }
  throw new Error('was not refused')
}

describe('createBridge refuses, and says what to do', () => {
  const wrong: [what: string, settings: object, message: RegExp][] = [
    ['no SECRET_KEY', {}, /SECRET_KEY is missing: give the SECRET_KEY of the Django site/],
    ['a SECRET_KEY that the environment does not have', { SECRET_KEY: undefined }, /SECRET_KEY is missing/],
    ['an empty SECRET_KEY', { SECRET_KEY: '' }, /SECRET_KEY must be text or bytes, and not empty/],
    ['a number for SECRET_KEY', { SECRET_KEY: 5 }, /SECRET_KEY must be text or bytes/],
    ['an empty fallback key', { SECRET_KEY, SECRET_KEY_FALLBACKS: [''] }, /SECRET_KEY_FALLBACKS/],
    [
      'a misspelt setting',
      { SECRET_KEY, SESSION_COOKIE_NAM: 'x' },
      /SESSION_COOKIE_NAM is not a setting; SESSION_COOKIE_NAME is/,
    ],
    ['lower-case names', { SECRET_KEY, session_engine: 'x' }, /session_engine is not a setting; SESSION_ENGINE is/],
    [
      'an unknown engine',
      { SECRET_KEY, SESSION_ENGINE: 'my.engine' },
      /SESSION_ENGINE my\.engine is not supported; supported: django\.contrib/,
    ],
    [
      'an unknown serializer',
      { SECRET_KEY, SESSION_SERIALIZER: 'my.Msgpack' },
      /SESSION_SERIALIZER my\.Msgpack is not supported; .* options\.serializer/,
    ],
    [
      'no database',
      { SECRET_KEY, DATABASES: undefined },
      /needs DATABASES\.default \(Django's dictionary or a URL; settingsFromEnv\(\) takes it from DATABASE_URL\)/,
    ],
    [
      'a database URL that the environment does not have',
      { SECRET_KEY, DATABASES: { default: undefined } },
      /DATABASES\.default is undefined/,
    ],
    [
      'a URL of SQLite with a slash too few',
      { SECRET_KEY, DATABASES: { default: 'sqlite://db.sqlite3' } },
      /DATABASES\.default: the URL has a host and no file: sqlite:\/\/\/name is relative/,
    ],
    [
      'a URL of something else',
      { SECRET_KEY, DATABASES: { default: 'https://example.com' } },
      /DATABASES\.default: not a database URL; its scheme must be one of/,
    ],
    [
      'a database engine of another kind',
      { SECRET_KEY, DATABASES: { default: { ENGINE: 'django.db.backends.oracle', NAME: 'x' } } },
      /ENGINE django\.db\.backends\.oracle is not known/,
    ],
    [
      'an option of MySQL that is not read',
      { SECRET_KEY, DATABASES: { default: 'mysql://root@127.0.0.1/x?read_default_file=/etc/my.cnf' } },
      /OPTIONS\.read_default_file is not supported \(option files are not read.*clients\.databases\.default/,
    ],
    [
      'an isolation level of MySQL that there is not',
      { SECRET_KEY, DATABASES: { default: 'mysql://root@127.0.0.1/x?isolation_level=none' } },
      /OPTIONS\.isolation_level must be one of read uncommitted, read committed/,
    ],
    [
      'a mode of MySQL that holds SQL',
      { SECRET_KEY, DATABASES: { default: "mysql://root@127.0.0.1/x?sql_mode='" } },
      /OPTIONS\.sql_mode must be names/,
    ],
    [
      'a certificate for MySQL that is not there',
      { SECRET_KEY, DATABASES: { default: 'mysql://root@127.0.0.1/x?ssl-ca=/nowhere.pem' } },
      /the file of OPTIONS\.ssl\.ca cannot be read/,
    ],
    [
      'an ssl_mode of MySQL that there is not',
      { SECRET_KEY, DATABASES: { default: 'mysql://root@127.0.0.1/x?ssl_mode=maybe' } },
      /OPTIONS\.ssl_mode must be DISABLED/,
    ],
    [
      'options of PostgreSQL that are no text',
      {
        SECRET_KEY,
        DATABASES: {
          default: { ENGINE: 'django.db.backends.postgresql', NAME: 'x', OPTIONS: { options: ['-c search_path=x'] } },
        },
      },
      /OPTIONS\.options must be text/,
    ],
    ['an age of no number', { SECRET_KEY, SESSION_COOKIE_AGE: '1000' }, /SESSION_COOKIE_AGE/],
    ['an age of zero', { SECRET_KEY, SESSION_COOKIE_AGE: 0 }, /SESSION_COOKIE_AGE/],
    ['an age with a fraction', { SECRET_KEY, SESSION_COOKIE_AGE: 3600.5 }, /SESSION_COOKIE_AGE/],
    ['a path without a slash', { SECRET_KEY, SESSION_COOKIE_PATH: 'shop' }, /SESSION_COOKIE_PATH must start with \//],
    ['a flag that is text', { SECRET_KEY, SESSION_COOKIE_SECURE: 'False' }, /SESSION_COOKIE_SECURE/],
    [
      'an unknown SameSite',
      { SECRET_KEY, SESSION_COOKIE_SAMESITE: 'Sometimes' },
      /SESSION_COOKIE_SAMESITE must be "Lax", "Strict", "None" or false/,
    ],
    [
      'a cookie name with a space',
      { SECRET_KEY, SESSION_COOKIE_NAME: 'a b' },
      /SESSION_COOKIE_NAME must be a cookie name/,
    ],
    [
      'a cookie named like an attribute',
      { SECRET_KEY, SESSION_COOKIE_NAME: 'Path' },
      /SESSION_COOKIE_NAME must not be the name of an attribute/,
    ],
    [
      'a path with a semicolon',
      { SECRET_KEY, SESSION_COOKIE_PATH: '/;Secure' },
      /SESSION_COOKIE_PATH must be printable ASCII/,
    ],
    ['an unknown time zone', { SECRET_KEY, TIME_ZONE: 'Mars/Olympus' }, /TIME_ZONE must be a time zone such as/],
    [
      'a version of no Django',
      { SECRET_KEY, DJANGO_VERSION: 'latest' },
      /DJANGO_VERSION must be a version such as "5\.2"/,
    ],
    ['a user model without an app', { SECRET_KEY, AUTH_USER_MODEL: 'User' }, /AUTH_USER_MODEL must be app\.Model/],
    [
      'a proxy header without its value',
      { SECRET_KEY, SECURE_PROXY_SSL_HEADER: ['HTTP_X_FORWARDED_PROTO'] },
      /SECURE_PROXY_SSL_HEADER must be a pair such as \["HTTP_X_FORWARDED_PROTO", "https"\]/,
    ],
    [
      'a proxy header under its name in HTTP',
      { SECRET_KEY, SECURE_PROXY_SSL_HEADER: ['X-Forwarded-Proto', 'https'] },
      /SECURE_PROXY_SSL_HEADER\.0 must name a header as Django does: HTTP_X_FORWARDED_PROTO/,
    ],
    ['an origin without a scheme', { SECRET_KEY, CSRF_TRUSTED_ORIGINS: ['example.com'] }, /CSRF_TRUSTED_ORIGINS/],
    [
      'an unknown option of django-session-jwt',
      { SECRET_KEY, DJANGO_SESSION_JWT: { KEYS: 'x' } },
      /DJANGO_SESSION_JWT: KEYS is not an option/,
    ],
    [
      'both spellings of one',
      { SECRET_KEY, DJANGO_SESSION_JWT: { KEY: 'x', key: 'y' } },
      /KEY is given in both spellings/,
    ],
    [
      'a mistyped path of a key',
      { SECRET_KEY, DJANGO_SESSION_JWT: { KEY: './keys/privat.pem', ...JWT } },
      /looks like a path, and no such file exists/,
    ],
    [
      'a PEM text that cannot be read',
      {
        SECRET_KEY,
        DJANGO_SESSION_JWT: {
          KEY: ['-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----', keyFile('rs256-public.pem')],
          ...JWT,
        },
      },
      /the private key, cannot be read as an RSA key: give PEM text, or the path of a PEM file/,
    ],
    [
      'a public key as the secret',
      { SECRET_KEY, DJANGO_SESSION_JWT: { KEY: keyFile('rs256-public.pem'), ...JWT } },
      /is a public or private key; HS256 needs a secret/,
    ],
    [
      'halves of two pairs',
      {
        SECRET_KEY,
        DJANGO_SESSION_JWT: { KEY: [keyFile('rs256-private.pem'), keyFile('rs256-other-public.pem')], ...JWT },
      },
      /do not belong together/,
    ],
    [
      'a pair the wrong way round',
      { SECRET_KEY, DJANGO_SESSION_JWT: { KEY: [keyFile('rs256-public.pem'), keyFile('rs256-private.pem')], ...JWT } },
      /the public key, must be a public key and is a private one/,
    ],
    ['a short secret', { SECRET_KEY, DJANGO_SESSION_JWT: { KEY: 'tooshort', ...JWT } }, /has less than 20 bytes/],
    ['an empty secret', { SECRET_KEY, DJANGO_SESSION_JWT: { KEY: '', ...JWT } }, /is empty/],
    [
      'CALLABLE without its hook',
      { SECRET_KEY, DJANGO_SESSION_JWT: { ...JWT, CALLABLE: 'site.claims' } },
      /CALLABLE is a Python function: give hooks\.jwtClaims/,
    ],
    [
      'a dotted field without the hook',
      { SECRET_KEY, DJANGO_SESSION_JWT: { FIELDS: ['profile.city'] } },
      /profile\.city is not a column of the user: give hooks\.jwtClaims/,
    ],
    [
      'a field in the place of the session key',
      { SECRET_KEY, DJANGO_SESSION_JWT: { FIELDS: [['id', 'sk']] } },
      /the short name "sk" is the session key's claim/,
    ],
    [
      'a field in the place of `exp`',
      { SECRET_KEY, DJANGO_SESSION_JWT: { FIELDS: [['id', 'exp']] } },
      /"exp" is a claim of JWT itself/,
    ],
  ]
  test.each(wrong)('%s', (_, settings, message) => {
    const error = refusal(settings)
    expect(error).toBeInstanceOf(SettingsError)
    expect(error.message).toMatch(message)
  })

  test('S10: cookie names with a prefix, unless the settings are what browsers demand of it', () => {
    const host = { SECRET_KEY, SESSION_COOKIE_NAME: '__Host-sid' }
    expect(refusal(host).message).toMatch(/__Host-sid needs SESSION_COOKIE_SECURE = true/)
    expect(refusal({ ...host, SESSION_COOKIE_SECURE: true, SESSION_COOKIE_DOMAIN: 'example.com' }).message).toMatch(
      /no SESSION_COOKIE_DOMAIN/,
    )
    expect(refusal({ ...host, SESSION_COOKIE_SECURE: true, SESSION_COOKIE_PATH: '/shop/' }).message).toMatch(
      /SESSION_COOKIE_PATH = "\/"/,
    )
    expect(refusal({ SECRET_KEY, SESSION_COOKIE_NAME: '__Secure-sid' }).message).toMatch(/SESSION_COOKIE_SECURE = true/)
    expect(checkSettings({ ...host, SESSION_COOKIE_SECURE: true }).SESSION_COOKIE_NAME).toBe('__Host-sid')
    expect(
      checkSettings({ ...host, SESSION_COOKIE_NAME: '__secure-sid', SESSION_COOKIE_SECURE: true }).SESSION_COOKIE_NAME,
    ).toBe('__secure-sid')
  })

  test('with no value of a setting in the message', () => {
    const canary = 'canary-5f1d'
    const messages = [
      { SECRET_KEY: 5, DATABASES: { default: `postgres://u:${canary}@h:x/db` } },
      { SECRET_KEY, DATABASES: { default: `https://u:${canary}@h/db` } },
      { SECRET_KEY, DJANGO_SESSION_JWT: { KEY: `./${canary}`, ...JWT } },
      { SECRET_KEY, DJANGO_SESSION_JWT: { KEY: `-----BEGIN PUBLIC KEY-----${canary}`, ...JWT } },
      { SECRET_KEY, SESSION_COOKIE_AGE: canary },
    ].map((settings) => inspect(refusal(settings)))
    expect(messages.filter((message) => message.includes(canary))).toEqual([])
  })
})

test.each([';', ',', '\r', '\n', '\0', '\x7f', 'é', '; Secure', '\r\nSet-Cookie: a=b'])(
  'S12: %j in a setting of the cookie adds no attribute and no line',
  (bad) => {
    const refused: [name: string, value: string][] = [
      ['SESSION_COOKIE_NAME', `name${bad}`],
      ['SESSION_COOKIE_SAMESITE', `Lax${bad}`],
    ]
    // In a domain or path a comma adds nothing, and Django takes it.
    if (bad !== ',') refused.push(['SESSION_COOKIE_DOMAIN', `a.example${bad}`], ['SESSION_COOKIE_PATH', `/${bad}`])
    for (const [name, value] of refused) {
      const error = refusal({ SECRET_KEY, [name]: value })
      expect(error).toBeInstanceOf(SettingsError)
      expect(error.message).toMatch(new RegExp(`^Settings: ${name} must [\\x20-\\x7e]*$`))
    }
  },
)

describe('checkSettings', () => {
  test('Django’s defaults, frozen, and no secret in what is printed', () => {
    const settings = checkSettings({
      SECRET_KEY,
      DATABASES: { default: 'postgres://ada:hushhush@db:5433/site' },
      DJANGO_SESSION_JWT: { KEY: 'hushhush hushhush hushhush hushhush' },
    })
    expect(settings).toMatchObject({
      SESSION_COOKIE_NAME: 'sessionid',
      SESSION_COOKIE_AGE: 1209600,
      SESSION_COOKIE_SAMESITE: 'Lax',
      SESSION_COOKIE_HTTPONLY: true,
      SESSION_COOKIE_PATH: '/',
      USE_TZ: true,
      TIME_ZONE: 'America/Chicago',
      AUTH_USER_MODEL: 'auth.User',
    })
    expect(Object.isFrozen(settings)).toBe(true)
    expect(inspect(settings, { depth: 9 })).not.toMatch(/hush|long enough/)
    expect(JSON.stringify(settings)).not.toMatch(/hush|long enough/)
    const bridge = createBridge({ SECRET_KEY, DATABASES, DEBUG: true })
    expect(inspect(bridge, { depth: 9 })).not.toContain('long enough')
  })

  test('what Django has and sessions do not need is ignored', () => {
    expect(() =>
      checkSettings({ SECRET_KEY, INSTALLED_APPS: [], LANGUAGE_CODE: 'de' } as unknown as DjangoSettings),
    ).not.toThrow()
  })

  test('the default of USE_TZ is that of the Django version', () => {
    expect(checkSettings({ SECRET_KEY, DJANGO_VERSION: '4.2' }).USE_TZ).toBe(false)
    expect(checkSettings({ SECRET_KEY, DJANGO_VERSION: '5.0' }).USE_TZ).toBe(true)
  })

  test('django-session-jwt is on with its settings, its middleware, or its early engine; lower case is its first dialect', () => {
    expect(checkSettings({ SECRET_KEY }).DJANGO_SESSION_JWT).toBeNull()
    expect(checkSettings({ SECRET_KEY, DJANGO_SESSION_JWT: {} }).DJANGO_SESSION_JWT?.SESSION_FIELD).toBe('sk')
    const plain = ['django.contrib.sessions.middleware.SessionMiddleware']
    expect(checkSettings({ SECRET_KEY, MIDDLEWARE: plain }).DJANGO_SESSION_JWT).toBeNull()
    const jwt = ['django_session_jwt.middleware.session.SessionMiddleware']
    expect(checkSettings({ SECRET_KEY, MIDDLEWARE: jwt }).DJANGO_SESSION_JWT).not.toBeNull()
    const early = checkSettings({
      SECRET_KEY,
      SESSION_ENGINE: 'django_session_jwt.engine',
      DJANGO_SESSION_JWT: { fields: ['id'], key: 'x' },
    })
    expect(early.DJANGO_SESSION_JWT).toMatchObject({ FIELDS: ['id'], SESSION_FIELD: 'sessionid' })
    expect(early.SESSION_ENGINE).toBe('django.contrib.sessions.backends.db')
  })
})

describe('the middleware of django-session-jwt', () => {
  const jwt = { KEY: 'k'.repeat(32), EXPIRES: 3600 }
  const settings = (MIDDLEWARE: readonly string[], DJANGO_SESSION_JWT: JwtDictionary | undefined) =>
    checkSettings({ SECRET_KEY: 'secret', MIDDLEWARE, DJANGO_SESSION_JWT })

  test.each([
    'django_session_jwt.middleware.SessionMiddleware',
    'django_session_jwt.middleware.session.SessionMiddleware',
  ])('%s makes the cookie a JWT', (path) => expect(settings([path], jwt).DJANGO_SESSION_JWT).not.toBeNull())

  test('without it the settings of the JWT are refused, and a site without them has a plain cookie', () => {
    const plain = ['django.contrib.sessions.middleware.SessionMiddleware', 'shop.middleware.Own']
    expect(() => settings(plain, jwt)).toThrow(/DJANGO_SESSION_JWT is given and MIDDLEWARE has no middleware of/)
    expect(settings(plain, undefined).DJANGO_SESSION_JWT).toBeNull()
  })

  test.each([
    [{ KEY: 'k'.repeat(32) }, ['jwt_without_expires']],
    [{ KEY: 'k'.repeat(32), EXPIRES: null }, ['jwt_without_expires']],
    [{ KEY: 'k'.repeat(32), EXPIRES: 0 }, []],
    [jwt, []],
  ] satisfies [JwtDictionary, string[]][])('EXPIRES that is missing is a warning: %j', (DJANGO_SESSION_JWT, warned) => {
    const codes: string[] = []
    const hooks = { onWarning: ({ code }: { code: string }) => void codes.push(code) }
    createBridge({ SECRET_KEY: 'secret', DEBUG: true, DATABASES, DJANGO_SESSION_JWT }, { hooks })
    expect(codes).toEqual(warned)
  })
})

test.each(['login', 'admin:login', 'two_factor:login'])(
  'LOGIN_URL %s, the name of a URL pattern, is refused',
  (LOGIN_URL) => {
    expect(() => checkSettings({ SECRET_KEY: 'secret', LOGIN_URL })).toThrow(/LOGIN_URL must be a path or URL/)
  },
)

describe('settings as Django takes them', () => {
  test.each(['2028', '2028.0', '2028.1', '2028.0a1', '6.2rc1', '6.1.3', '6.2.dev20260101000000', '4.2'])(
    'DJANGO_VERSION %s is one of Django 4.2 or newer',
    (DJANGO_VERSION) => {
      const settings = checkSettings({ SECRET_KEY, DJANGO_VERSION })
      expect(settings.USE_TZ).toBe(DJANGO_VERSION !== '4.2')
      expect(loginHashes(settings.DJANGO_VERSION, 'sha256')).toEqual(['sha256'])
    },
  )

  test.each(['', '5', 'latest', '5.2.', '1999', '6.1rc', '2028a', '5.2 '])(
    'DJANGO_VERSION %j is refused',
    (DJANGO_VERSION) => {
      expect(() => checkSettings({ SECRET_KEY, DJANGO_VERSION })).toThrow(/DJANGO_VERSION must be a version/)
    },
  )

  test('attributes of the cookie that are empty are left out', () => {
    const empty = { SESSION_COOKIE_DOMAIN: '', SESSION_COOKIE_PATH: '', SESSION_COOKIE_SAMESITE: '' }
    const none = { SESSION_COOKIE_DOMAIN: null, SESSION_COOKIE_PATH: null, SESSION_COOKIE_SAMESITE: null }
    const left = { SESSION_COOKIE_DOMAIN: null, SESSION_COOKIE_PATH: null, SESSION_COOKIE_SAMESITE: false }
    for (const settings of [empty, none]) expect(checkSettings({ SECRET_KEY, ...settings })).toMatchObject(left)
  })

  test.each([[null], [''], [[]]])('SECURE_PROXY_SSL_HEADER %j is off', (header) => {
    const settings = { SECRET_KEY, SECURE_PROXY_SSL_HEADER: header } as unknown as DjangoSettings
    expect(checkSettings(settings).SECURE_PROXY_SSL_HEADER).toBeNull()
  })

  test('CSRF_TRUSTED_ORIGINS are hosts before Django 4.0, and origins from then on', () => {
    const CSRF_TRUSTED_ORIGINS = ['a.example.com', '.example.org', 'http://b.example.com']
    expect(checkSettings({ SECRET_KEY, CSRF_TRUSTED_ORIGINS, DJANGO_VERSION: '3.2' }).CSRF_TRUSTED_ORIGINS).toEqual([
      'https://a.example.com',
      'https://*.example.org',
      'http://b.example.com',
    ])
    for (const DJANGO_VERSION of ['4.0', '2028', undefined]) {
      expect(() => checkSettings({ SECRET_KEY, CSRF_TRUSTED_ORIGINS, DJANGO_VERSION })).toThrow(/with a scheme/)
    }
  })

  test('OPTIONS that a DatabaseCache does not know are passed over', () => {
    const CACHES = {
      default: {
        BACKEND: 'django.core.cache.backends.db.DatabaseCache',
        LOCATION: 'cache_table',
        OPTIONS: { CULL_PROBABILITY: 0.5, MAX_ENTRIES: 9 },
      },
    }
    const SESSION_ENGINE = 'django.contrib.sessions.backends.cache'
    expect(() => createBridge({ SECRET_KEY, DEBUG: true, DATABASES, CACHES, SESSION_ENGINE })).not.toThrow()
  })
})
