/** What `settingsFromDjango` takes over opens the sessions of that very project. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { type Bridge, createBridge } from '../../src/bridge.ts'
import { SettingsError } from '../../src/errors.ts'
import { settingsFromDjango } from '../../src/settings/from-django/settings-from-django.ts'

const SECRET_KEY = 'canary-secret-key-of-a-project-with-its-own-classes'

const MANAGE = `import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
from django.core.management import execute_from_command_line
print("a project that talks at start-up")
execute_from_command_line(sys.argv)
`
const SETTINGS = `from datetime import timedelta
from pathlib import Path
from django.utils.translation import gettext_lazy as _
BASE = Path(__file__).resolve().parent.parent
SECRET_KEY = b"${SECRET_KEY}"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "accounts"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": Path("db.sqlite3")}}
AUTH_USER_MODEL = "accounts.Member"
SESSION_ENGINE = "accounts.engine"
SESSION_COOKIE_AGE = 60 * 60
SESSION_COOKIE_NAME = "shop_session"
MIDDLEWARE = ("django_session_jwt.middleware.SessionMiddleware",)
LOGIN_URL = _("/log-in/")
DJANGO_SESSION_JWT = {"KEY": "secret.txt", "FIELDS": [("number", "id", "user_id"), "email"], "EXPIRES": timedelta(hours=1)}
DEBUG = True
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
`
const MODELS = `from django.contrib.auth.models import AbstractUser
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

class Member(AbstractUser):
    number = models.BigAutoField(primary_key=True, db_column="member_no")
    class Meta:
        db_table = "members"

class Visit(AbstractBaseSession):
    @classmethod
    def get_session_store_class(cls):
        from accounts.engine import SessionStore
        return SessionStore
    class Meta:
        db_table = "visits"
`
const ENGINE = `from django.contrib.sessions.backends.db import SessionStore as DBStore

class VisitStore(DBStore):
    @classmethod
    def get_model_class(cls):
        from accounts.models import Visit
        return Visit

SessionStore = VisitStore
`

const pythons = inject('djangos').flatMap((django) => ('python' in django ? [django] : []))

describe.each(pythons)('settingsFromDjango on Django $version', ({ version, python }) => {
  let folder: string
  let manage: string
  let bridge: Bridge | undefined
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bridge-project-'))
    manage = join(folder, 'manage.py')
    const files = {
      'manage.py': MANAGE,
      'shop/__init__.py': '',
      'shop/settings.py': SETTINGS,
      'accounts/__init__.py': '',
      'accounts/models.py': MODELS,
      'accounts/engine.py': ENGINE,
      'secret.txt': 'a secret in a file of the project, long enough',
    }
    for (const [name, text] of Object.entries(files)) write(name, text)
  })
  afterEach(async () => {
    await bridge?.close()
    bridge = undefined
    rmSync(folder, { recursive: true, force: true })
  })

  function write(name: string, text: string): void {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }

  function shell(code: string): string {
    const parameters = [manage, 'shell', '-c', `exec(${JSON.stringify(code)}, {})`]
    return execFileSync(python, parameters, { cwd: folder, encoding: 'utf8', env: environment() })
  }

  /** The project's; this process has another folder for temporary files. */
  function environment(): NodeJS.ProcessEnv {
    return { ...process.env, TMPDIR: folder }
  }

  test('a project with its own session class, session table, user table and key of bytes', async () => {
    shell('from django.core.management import call_command\ncall_command("migrate", run_syncdb=True, verbosity=0)')
    const code = `from accounts.models import Member
from accounts.engine import SessionStore
user = Member.objects.create_user("ada", password="x")
session = SessionStore()
session.update({"_auth_user_id": str(user.pk), "_auth_user_backend": "django.contrib.auth.backends.ModelBackend", "_auth_user_hash": user.get_session_auth_hash(), "cart": ["tea"]})
session.create()
print("key=" + session.session_key)`
    const key = /^key=(\w+)$/m.exec(shell(code))?.[1]

    const { settings, options } = await settingsFromDjango({ manage, python })
    expect(settings).toMatchObject({
      DJANGO_VERSION: version,
      SECRET_KEY: Buffer.from(SECRET_KEY),
      SESSION_ENGINE: 'django.contrib.sessions.backends.db',
      SESSION_COOKIE_NAME: 'shop_session',
      SESSION_COOKIE_AGE: 3600,
      LOGIN_URL: '/log-in/',
      DATABASES: { default: { NAME: join(folder, 'db.sqlite3') } },
      DJANGO_SESSION_JWT: {
        KEY: join(folder, 'secret.txt'),
        FIELDS: [['number', 'id', 'user_id'], 'email'],
        EXPIRES: 3600,
      },
    })
    expect(options).toMatchObject({
      unclear: [],
      sessionSalt: 'django.contrib.sessions.VisitStore',
      sessionTable: { name: 'visits' },
      userTable: { name: 'members', primaryKey: 'member_no' },
    })
    const withTokens = createBridge(settings, { options, hooks: { onWarning: () => undefined } })
    await withTokens.check()
    await withTokens.close()
    // The session was made outside of a request, so that no token names it.
    const { DJANGO_SESSION_JWT: _, ...plain } = settings
    bridge = createBridge({ ...plain, MIDDLEWARE: [] }, { options })
    const django = bridge.open({
      method: 'GET',
      url: '/',
      headers: { cookie: `shop_session=${key}` },
      secure: false,
    })
    expect((await django.session()).get('cart')).toEqual(['tea'])
    expect(await django.user()).toMatchObject({ username: 'ada', pk: '1' })
  })

  test('tables whose names have a dot, and a model whose users are all active', async () => {
    const model = `from django.contrib.auth.models import AbstractBaseUser
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

class Member(AbstractBaseUser):
    username = models.CharField(max_length=150)
    USERNAME_FIELD = "username"
    class Meta:
        db_table = "the.members"

class Visit(AbstractBaseSession):
    class Meta:
        db_table = '"the.visits"'
`
    write('accounts/models.py', model)
    const { options } = await settingsFromDjango({ manage, python })
    expect(options).toMatchObject({
      sessionTable: { name: '"the.visits"' },
      userTable: { name: '"the.members"', primaryKey: 'id', alwaysActive: true },
    })
    write('accounts/models.py', model.replace('class Meta', 'is_active = property(lambda self: False)\n    class Meta'))
    expect((await settingsFromDjango({ manage, python })).options.userTable).not.toHaveProperty('alwaysActive')
  })

  test('a cache, its options and its key function', async () => {
    write(
      'shop/caching.py',
      `SESSION_ENGINE = "django.contrib.sessions.backends.cache"
SESSION_CACHE_ALIAS = "sessions"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}, "sessions": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "here", "KEY_PREFIX": "shop", "OPTIONS": {"MAX_ENTRIES": 9}}}
`,
    )
    write('shop/cached_settings.py', 'from shop.settings import *\nfrom shop.caching import *\n')
    const env = { ...process.env, DJANGO_SETTINGS_MODULE: 'shop.cached_settings' }
    expect((await settingsFromDjango({ manage, python, env })).settings).toMatchObject({
      SESSION_ENGINE: 'django.contrib.sessions.backends.cache',
      SESSION_CACHE_ALIAS: 'sessions',
      CACHES: {
        sessions: {
          BACKEND: 'django.core.cache.backends.locmem.LocMemCache',
          LOCATION: 'here',
          KEY_PREFIX: 'shop',
          OPTIONS: { MAX_ENTRIES: 9 },
        },
      },
    })
  })

  test.each([
    ['of the project', 'SESSION_FILE_PATH = "sessions"', () => join(folder, 'sessions')],
    ['that Python finds in the project’s environment', '', () => folder],
  ])('a folder of session files %s', async (_case, line, expected) => {
    mkdirSync(join(folder, 'sessions'))
    write('shop/settings.py', `${SETTINGS}SESSION_ENGINE = "django.contrib.sessions.backends.file"\n${line}\n`)
    const made = shell(`from django.contrib.sessions.backends.file import SessionStore
session = SessionStore()
session["cart"] = ["tea"]
session.create()
print("key=" + session.session_key)`)
    const { settings, options } = await settingsFromDjango({ manage, python, env: environment() })
    expect(settings.SESSION_FILE_PATH).toBe(expected())
    const { DJANGO_SESSION_JWT: _, ...plain } = settings
    bridge = createBridge({ ...plain, MIDDLEWARE: [] }, { options })
    const headers = { cookie: `shop_session=${/^key=(\w+)$/m.exec(made)?.[1]}` }
    const django = bridge.open({ method: 'GET', url: '/', headers, secure: false })
    expect((await django.session()).get('cart')).toEqual(['tea'])
  })

  test.each([
    ['that does not start', `raise RuntimeError(SECRET_KEY)`, 'RuntimeError'],
    ['that ends the process', `import sys; sys.exit(3)`, 'an error'],
    ['with a value that only Python can hold', `LOGIN_URL = object()`, 'LOGIN_URL cannot be taken over'],
  ])('S33: a project %s is an error that says so and shows no secret', async (_, line, message) => {
    write('shop/settings.py', `${SETTINGS}${line}\n`)
    const failed = await settingsFromDjango({ manage, python }).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(SettingsError)
    expect(String(failed)).toContain(message)
    expect(String((failed as Error).stack)).not.toContain('canary')
  })

  test('a Python, a manage.py or a time that is not there', async () => {
    await expect(settingsFromDjango({ manage, python: join(folder, 'no-python') })).rejects.toThrow('no such Python')
    await expect(settingsFromDjango({ manage: join(folder, 'none.py'), python })).rejects.toThrow('no such manage.py')
    write('shop/settings.py', 'import time\ntime.sleep(600)\n')
    await expect(settingsFromDjango({ manage, python, timeoutMs: 300 })).rejects.toThrow('did not start in time')
  })
})
