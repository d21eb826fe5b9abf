/** What a project's own Python decides is followed, or stops the start with the way out; nothing of it is guessed. */
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { createBridge } from '../../src/bridge.ts'
import { SettingsError } from '../../src/errors.ts'
import { settingsFromDjango } from '../../src/settings/from-django/settings-from-django.ts'
import type { UnclearCode } from '../../src/settings/unclear.ts'
import { djangoProject } from './django-project.ts'

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts')

const pythons = inject('djangos').flatMap((django) => ('python' in django ? [django] : []))

const USER = `from django.contrib.auth.models import AbstractUser, AbstractBaseUser, UserManager, BaseUserManager, User
from django.db import models
`
const backend = (name: string, body: string): Record<string, string> => ({
  settings: `AUTHENTICATION_BACKENDS = ["accounts.backends.${name}"]\n`,
  'accounts/backends.py': `from django.contrib.auth.backends import *\nclass ${name}(${body}\n`,
})
const engine = (body: string, base = 'db'): Record<string, string> => ({
  settings: 'SESSION_ENGINE = "accounts.engine"\n',
  'accounts/engine.py': `from django.contrib.sessions.backends.${base} import SessionStore as Base
class SessionStore(Base):
${body}`,
})
const middleware = (text: string, paths: string): Record<string, string> => ({
  settings: `MIDDLEWARE = [${paths}]\n`,
  'accounts/middleware.py': text,
})
/** What the project does once all its apps are loaded. */
const atStart = (body: string): Record<string, string> => ({
  'accounts/apps.py': `from django.apps import AppConfig
class Config(AppConfig):
    name = "accounts"
    def ready(self):
        ${body}`,
})
const SESSIONS = '"django.contrib.sessions.middleware.SessionMiddleware"'

interface Case {
  readonly files: Readonly<Record<string, string>>
  readonly finds: readonly UnclearCode[]
}

const CASES: Readonly<Record<string, Case>> = {
  'a plain user model': { files: {}, finds: [] },
  'columns with other names': {
    files: {
      models: `${USER}class Member(AbstractUser):
    is_active = models.BooleanField(default=True, db_column="enabled")
    password = models.CharField(max_length=128, db_column="pw")
`,
    },
    finds: [],
  },
  'is_active as a property': {
    files: {
      models: `${USER}class Member(AbstractUser):
    blocked = models.BooleanField(default=False)
    is_active = property(lambda self: not self.blocked)
`,
    },
    finds: ['user_is_active'],
  },
  'is_active as a method': {
    files: { models: `${USER}class Member(AbstractUser):\n    def is_active(self): return False\n` },
    finds: ['user_is_active'],
  },
  'is_active as a moment': {
    files: { models: `${USER}class Member(AbstractUser):\n    is_active = models.DateTimeField(null=True)\n` },
    finds: ['user_is_active'],
  },
  'is_active that is False for everybody': {
    files: { models: `${USER}class Member(AbstractUser):\n    is_active = False\n` },
    finds: ['user_is_active'],
  },
  'a user without is_active': {
    files: {
      models: `${USER}class Member(AbstractBaseUser):
    name = models.CharField(max_length=9, unique=True)
    USERNAME_FIELD = "name"
    objects = BaseUserManager()
`,
    },
    finds: [],
  },
  'a password that is a property': {
    files: {
      models: `${USER}class Member(AbstractUser):
    secret = models.CharField(max_length=128)
    password = property(lambda self: self.secret)
`,
    },
    finds: ['user_password'],
  },
  'a password with its own conversion': {
    files: {
      models: `${USER}class Sealed(models.CharField):
    def from_db_value(self, value, expression, connection): return value[::-1]
class Member(AbstractUser):
    password = Sealed(max_length=128)
`,
    },
    finds: ['user_password'],
  },
  'a key with its own conversion': {
    files: {
      models: `${USER}class Code(models.CharField):
    def to_python(self, value): return value and value.upper()
class Member(AbstractUser):
    code = Code(max_length=9, primary_key=True)
`,
    },
    finds: ['user_key'],
  },
  'an auth hash of its own': {
    files: { models: `${USER}class Member(AbstractUser):\n    def get_session_auth_hash(self): return "x" * 40\n` },
    finds: ['user_session_auth_hash'],
  },
  'an auth hash of a mixin': {
    files: {
      models: `${USER}class Hashed:\n    def _get_session_auth_hash(self, secret=None): return "x" * 40
class Member(Hashed, AbstractUser):\n    pass\n`,
    },
    finds: ['user_session_auth_hash'],
  },
  'a user that is made in its own way': {
    files: {
      models: `${USER}class Member(AbstractUser):
    @classmethod
    def from_db(cls, db, names, values):
        user = super().from_db(db, names, values)
        user.is_active = False
        return user
`,
    },
    finds: ['user_from_db'],
  },
  'a manager that hides rows': {
    files: {
      models: `${USER}class Alive(UserManager):
    def get_queryset(self): return super().get_queryset().filter(deleted=False)
class Member(AbstractUser):
    deleted = models.BooleanField(default=False)
    objects = Alive()
`,
    },
    finds: ['user_manager'],
  },
  'a manager of a parent that hides rows': {
    files: {
      models: `${USER}class Alive(UserManager):
    def get_queryset(self): return super().get_queryset().exclude(username="")
class Soft(AbstractUser):
    objects = Alive()
    class Meta:
        abstract = True
class Member(Soft):
    pass
`,
    },
    finds: ['user_manager'],
  },
  'a manager that gets in its own way': {
    files: {
      models: `${USER}class Own(UserManager):
    def get(self, *args, **kwargs): return super().get(*args, is_staff=True, **kwargs)
class Member(AbstractUser):
    objects = Own()
`,
    },
    finds: ['user_manager'],
  },
  'users that Python keeps in memory': {
    files: {
      models: `${USER}from django.db.models.base import ModelBase
class Kept(ModelBase):
    def __call__(cls, *args, **kwargs): return super().__call__(*args, **kwargs)
class Member(AbstractUser, metaclass=Kept):
    pass
`,
    },
    finds: ['user_from_db'],
  },
  'a manager that only joins and sorts': {
    files: {
      models: `${USER}class Sorted(UserManager):
    def get_queryset(self): return super().get_queryset().prefetch_related("groups").order_by("email")
class Member(AbstractUser):
    objects = Sorted()
`,
    },
    finds: [],
  },
  'a get_user that the project puts in the place of Django’s': {
    files: atStart(`from django.contrib.auth import middleware
        def get_user(request): return None
        middleware.get_user = get_user
`),
    finds: ['authentication_middleware'],
  },
  'a method that the project puts in the place of Django’s': {
    files: atStart(`from django.contrib.auth.backends import ModelBackend
        def user_can_authenticate(self, user): return user.is_staff
        ModelBackend.user_can_authenticate = user_can_authenticate
`),
    finds: ['backend_user_can_authenticate'],
  },
  'a method of Django’s in a wrapper that watches': {
    files: atStart(`import functools
        from django.contrib.auth.backends import ModelBackend
        from django.contrib.auth import middleware
        def watched(function):
            @functools.wraps(function)
            def wrapper(*args): return function(*args)
            return wrapper
        ModelBackend.get_user = watched(ModelBackend.get_user)
        middleware.get_user = watched(middleware.get_user)
`),
    finds: [],
  },
  'a backend with its own get_user': {
    files: backend('Own', 'ModelBackend):\n    def get_user(self, user_id): return None'),
    finds: ['backend_get_user'],
  },
  'two backends with one get_user': {
    files: {
      settings: 'AUTHENTICATION_BACKENDS = ["accounts.backends.One", "accounts.backends.Two"]\n',
      'accounts/backends.py': `from django.contrib.auth.backends import ModelBackend
class Base(ModelBackend):
    def get_user(self, user_id): return None
class One(Base): pass
class Two(Base): pass
`,
    },
    finds: ['backend_get_user'],
  },
  'a backend with its own user_can_authenticate': {
    files: backend('Own', 'ModelBackend):\n    def user_can_authenticate(self, user): return True'),
    finds: ['backend_user_can_authenticate'],
  },
  'a backend that only authenticates in its own way': {
    files: backend('Own', 'ModelBackend):\n    def authenticate(self, request, token=None): return None'),
    finds: [],
  },
  'an engine that reads in its own way': {
    files: engine('    def load(self): return {**super().load(), "more": 1}\n'),
    finds: ['session_store'],
  },
  'an engine with keys of its own': {
    files: engine('    def _get_new_session_key(self): return "a" * 40\n', 'cached_db'),
    finds: ['session_store'],
  },
  'an engine with its own expiry': {
    files: engine('    def get_session_cookie_age(self): return 60\n'),
    finds: ['session_store'],
  },
  'an engine that only has a name of its own': { files: engine('    pass\n'), finds: [] },
  'an engine built on SessionBase, beside the model of its rows': {
    files: {
      settings: 'SESSION_ENGINE = "accounts.engine"\n',
      'accounts/engine.py': `from django.contrib.sessions.backends.base import SessionBase
class SessionStore(SessionBase):
    def load(self): return self.decode(Visit.objects.get(session_key=self.session_key).session_data)
from accounts.models import Visit
`,
      models: `${USER}from django.contrib.sessions.base_session import AbstractBaseSession
class Member(AbstractUser):
    pass
class Visit(AbstractBaseSession):
    pass
`,
    },
    finds: ['session_store'],
  },
  'a session table with columns that must be filled': {
    files: {
      ...engine(`    @classmethod
    def get_model_class(cls):
        from accounts.models import Visit
        return Visit
`),
      models: `${USER}from django.contrib.sessions.base_session import AbstractBaseSession
class Member(AbstractUser):
    pass
class Visit(AbstractBaseSession):
    address = models.CharField(max_length=40)
    note = models.CharField(max_length=40, null=True)
`,
    },
    finds: ['session_columns'],
  },
  'a session table whose columns have a default in the database': {
    files: {
      ...engine(`    @classmethod
    def get_model_class(cls):
        from accounts.models import Visit
        return Visit
`),
      models: `${USER}import django
from django.contrib.sessions.base_session import AbstractBaseSession
class Member(AbstractUser):
    pass
class Visit(AbstractBaseSession):
    # Django has them from 5.0 on.
    number = models.IntegerField(**({"db_default": 0} if django.VERSION >= (5, 0) else {"null": True}))
`,
    },
    finds: [],
  },
  'a session table whose columns Python fills': {
    files: {
      ...engine(`    @classmethod
    def get_model_class(cls):
        from accounts.models import Visit
        return Visit
    def create_model_instance(self, data):
        row = super().create_model_instance(data)
        row.member = data.get("_auth_user_id")
        return row
`),
      models: `${USER}from django.contrib.sessions.base_session import AbstractBaseSession
class Member(AbstractUser):
    pass
class Visit(AbstractBaseSession):
    member = models.CharField(max_length=40, null=True)
`,
    },
    finds: ['session_columns'],
  },
  'a serializer of its own': {
    files: {
      settings: 'SESSION_SERIALIZER = "accounts.serializers.Sorted"\n',
      'accounts/serializers.py': `from django.contrib.sessions.serializers import JSONSerializer
class Sorted(JSONSerializer):
    def dumps(self, value): return super().dumps(dict(sorted(value.items())))
`,
    },
    finds: ['session_serializer'],
  },
  'a serializer with only a name of its own': {
    files: {
      settings: 'SESSION_SERIALIZER = "accounts.serializers.Plain"\n',
      'accounts/serializers.py':
        'from django.contrib.sessions.serializers import JSONSerializer\nclass Plain(JSONSerializer):\n    pass\n',
    },
    finds: [],
  },
  'a SessionMiddleware that reads another cookie': {
    files: middleware(
      `from django.contrib.sessions.middleware import SessionMiddleware
class Own(SessionMiddleware):
    def process_request(self, request):
        request.session = self.SessionStore(request.COOKIES.get("other"))
`,
      '"accounts.middleware.Own"',
    ),
    finds: ['session_middleware'],
  },
  'an AuthenticationMiddleware with a user of its own': {
    files: middleware(
      `from django.contrib.auth.middleware import AuthenticationMiddleware
class Own(AuthenticationMiddleware):
    def process_request(self, request):
        super().process_request(request)
        request.user = None
`,
      `${SESSIONS}, "accounts.middleware.Own"`,
    ),
    finds: ['authentication_middleware'],
  },
  'the middleware of REMOTE_USER': {
    files: middleware(
      '',
      `${SESSIONS}, "django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.auth.middleware.RemoteUserMiddleware"`,
    ),
    finds: ['remote_user'],
  },
  'a function of middleware that sets the user': {
    files: middleware(
      `def impersonate(get_response):
    def middleware(request):
        request.user = None
        return get_response(request)
    return middleware
`,
      `${SESSIONS}, "accounts.middleware.impersonate"`,
    ),
    finds: ['middleware_sets_user'],
  },
  'a middleware that sets the session': {
    files: middleware(
      `class Own:
    def __init__(self, get_response): self.get_response = get_response
    def __call__(self, request):
        request.session = {}
        return self.get_response(request)
`,
      '"accounts.middleware.Own"',
    ),
    finds: ['session_middleware'],
  },
  'a function of middleware that logs somebody in': {
    files: middleware(
      `from django.contrib import auth
def by_certificate(get_response):
    def middleware(request):
        auth.login(request, None)
        return get_response(request)
    return middleware
`,
      `${SESSIONS}, "accounts.middleware.by_certificate"`,
    ),
    finds: ['middleware_sets_user'],
  },
  'a middleware whose parent logs out who was idle': {
    files: middleware(
      `from django.contrib.auth import logout as auth_logout
class Idle:
    def __init__(self, get_response): self.get_response = get_response
    def __call__(self, request):
        auth_logout(request)
        return self.get_response(request)
class Own(Idle):
    pass
`,
      `${SESSIONS}, "accounts.middleware.Own"`,
    ),
    finds: ['middleware_sets_user'],
  },
  'a middleware that ends sessions': {
    files: middleware(
      `class Own:
    def __init__(self, get_response): self.get_response = get_response
    def __call__(self, request):
        request.session.flush()
        return self.get_response(request)
`,
      `${SESSIONS}, "accounts.middleware.Own"`,
    ),
    finds: ['middleware_sets_user'],
  },
  'a middleware that sends people to the login page': {
    files: middleware(
      `from django.contrib.auth.views import redirect_to_login
class Own:
    def __init__(self, get_response): self.get_response = get_response
    def __call__(self, request):
        return self.get_response(request) if request.user else redirect_to_login(request.path)
    def login(request): pass
`,
      `${SESSIONS}, "accounts.middleware.Own"`,
    ),
    finds: [],
  },
  'a middleware that only looks at the user': {
    files: middleware(
      `def look(get_response):
    def middleware(request):
        if request.user == None: pass
        return get_response(request)
    return middleware
`,
      `${SESSIONS}, "accounts.middleware.look"`,
    ),
    finds: [],
  },
  'a database that fetches its password': {
    files: {
      settings: 'DATABASES = {"default": {"ENGINE": "accounts.vault", "NAME": "db.sqlite3"}}\n',
      'accounts/vault/__init__.py': '',
      'accounts/vault/base.py': `from django.db.backends.sqlite3 import base
class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self): return {**super().get_connection_params()}
`,
    },
    finds: ['database_connection'],
  },
  'a database that chooses a schema for each request': {
    files: {
      settings: 'DATABASES = {"default": {"ENGINE": "accounts.tenants", "NAME": "db.sqlite3"}}\n',
      'accounts/tenants/__init__.py': '',
      'accounts/tenants/base.py': `from django.db.backends.sqlite3 import base
class DatabaseWrapper(base.DatabaseWrapper):
    def set_schema(self, name): pass
`,
    },
    finds: ['database_schema'],
  },
  'a cache with keys of its own': {
    files: {
      settings: `SESSION_ENGINE = "django.contrib.sessions.backends.cache"
CACHES = {"default": {"BACKEND": "accounts.caching.Own", "LOCATION": "cache"}}
`,
      'accounts/caching.py': `from django.core.cache.backends.filebased import FileBasedCache
class Own(FileBasedCache):
    def make_key(self, key, version=None): return "own" + key
`,
    },
    finds: ['cache_backend'],
  },
  'a LOGIN_URL that is the name of no pattern': {
    files: { settings: 'LOGIN_URL = "accounts:enter"\n' },
    finds: ['login_url'],
  },
}

describe.each(pythons)('what a project decides on Django $version', ({ python }) => {
  test.each(Object.entries(CASES))('%s', async (_, { files, finds }) => {
    const project = djangoProject(python, files)
    onTestFinished(project.remove)
    const { settings, options } = await settingsFromDjango({ manage: project.manage, python })
    expect(options.unclear.map(({ code }) => code)).toEqual(finds)
    const make = () => createBridge(settings, { options, hooks: { onWarning: () => undefined } })
    if (finds.length === 0) return void make()
    expect(make).toThrow(SettingsError)
    for (const { code, what, without, answer } of options.unclear) {
      expect(make).toThrow(`) ${code} (${what}): without an answer, ${without}. Give ${answer}.`)
    }
    const acknowledged = { ...options, acknowledge: finds }
    expect(() => createBridge(settings, { options: acknowledged, hooks: { onWarning: () => undefined } })).not.toThrow(
      /decides what Node cannot follow/,
    )
  })
})

const [newest] = pythons.slice(-1)
describe.runIf(newest !== undefined)('how a project is run', () => {
  const python = newest?.python ?? ''

  test('a project without manage.py is run by its settings module, or by its own command', async () => {
    const project = djangoProject(python)
    onTestFinished(project.remove)
    const { folder: cwd, manage } = project
    const byManage = await settingsFromDjango({ manage, python })
    expect(await settingsFromDjango({ settingsModule: 'shop.settings', python, cwd })).toEqual(byManage)
    expect(await settingsFromDjango({ command: [python, 'manage.py'], cwd })).toEqual(byManage)
  })

  test('doctor asks a project by its manage.py, its settings module, or its own command', () => {
    const project = djangoProject(python)
    onTestFinished(project.remove)
    project.shell(
      'from django.core.management import call_command\ncall_command("migrate", run_syncdb=True, verbosity=0)',
    )
    const { SECRET_KEY: _, ...env } = process.env
    const ask = (...flags: string[]) =>
      spawnSync(process.execPath, [MAIN, 'doctor', ...flags], { cwd: project.folder, env, encoding: 'utf8' })
    const byManage = ask('--manage', 'manage.py', '--python', python)
    expect(byManage.stdout).toContain('settings from the Django project')
    expect(byManage.stdout).toContain('accounts.Member')
    expect(byManage.status).toBe(0)
    const others = [
      ask('--settings-module', 'shop.settings', '--python', python),
      ask('--command', `${python} manage.py`),
      ask('--command', ` ${python}   manage.py `),
    ]
    for (const { status, stdout } of others) expect([status, stdout]).toEqual([0, byManage.stdout])
  })

  test('a cache that hands every call to another is the other', async () => {
    const project = djangoProject(python, {
      settings: `SESSION_ENGINE = "django.contrib.sessions.backends.cache"
CACHES = {
    "default": {"BACKEND": "accounts.caching.Forwarding", "LOCATION": "behind"},
    "behind": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": "/srv/cache", "KEY_PREFIX": "shop"},
}
`,
      'accounts/caching.py': `class Forwarding:
    def __init__(self, alias, params): self._alias = alias
    def __getattr__(self, name):
        from django.core.cache import caches
        return getattr(caches[self._alias], name)
`,
    })
    onTestFinished(project.remove)
    const { settings, options } = await settingsFromDjango({ manage: project.manage, python })
    expect(options.unclear).toEqual([])
    expect(settings.CACHES).toMatchObject({
      default: {
        BACKEND: 'django.core.cache.backends.filebased.FileBasedCache',
        LOCATION: '/srv/cache',
        KEY_PREFIX: 'shop',
      },
    })
  })

  test('LOGIN_URL by the name of a pattern is sent as the path that Django resolves', async () => {
    const project = djangoProject(python, {
      settings: 'LOGIN_URL = "accounts:enter"\n',
      'shop/urls.py': `from django.urls import include, path
urlpatterns = [path("a/", include(([path("log-in/", lambda request: None, name="enter")], "accounts")))]
`,
    })
    onTestFinished(project.remove)
    const { settings } = await settingsFromDjango({ manage: project.manage, python })
    expect(settings.LOGIN_URL).toBe('/a/log-in/')
  })

  test('a backend of the site’s own that lets inactive users in by Django’s rule is one', async () => {
    const project = djangoProject(python, backend('Everybody', 'AllowAllUsersModelBackend):\n    pass'))
    onTestFinished(project.remove)
    const { options } = await settingsFromDjango({ manage: project.manage, python })
    expect(options.backendsAllowingInactive).toEqual(['accounts.backends.Everybody'])
    expect(options.unclear).toEqual([])
  })

  test('an engine of a package that only counts is Django’s own', async () => {
    const project = djangoProject(python, {
      settings: 'DATABASES = {"default": {"ENGINE": "django_prometheus.db.backends.sqlite3", "NAME": "db.sqlite3"}}\n',
      'django_prometheus/__init__.py': '',
      'django_prometheus/db/__init__.py': '',
      'django_prometheus/db/backends/__init__.py': '',
      'django_prometheus/db/backends/sqlite3/__init__.py': '',
      'django_prometheus/db/backends/sqlite3/base.py': `from django.db.backends.sqlite3 import base
class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, *args, **kwargs): return super().get_new_connection(*args, **kwargs)
`,
    })
    onTestFinished(project.remove)
    const { settings, options } = await settingsFromDjango({ manage: project.manage, python })
    expect(settings.DATABASES?.default).toMatchObject({ ENGINE: 'django.db.backends.sqlite3' })
    expect(options.unclear).toEqual([])
  })

  test('users and sessions that a router puts into two databases are found in both', async () => {
    const project = djangoProject(python, {
      settings: `DATABASES["people"] = {"ENGINE": "django.db.backends.sqlite3", "NAME": "people.sqlite3"}
DATABASE_ROUTERS = ["accounts.routers.People"]
`,
      'accounts/routers.py': `class People:
    def db_for_read(self, model, **hints): return None if model._meta.app_label == "sessions" else "people"
    db_for_write = db_for_read
    def allow_migrate(self, db, app_label, **hints): return None
`,
    })
    onTestFinished(project.remove)
    const key = project
      .shell(`from django.core.management import call_command
for name in ("default", "people"): call_command("migrate", run_syncdb=True, verbosity=0, database=name)
from accounts.models import Member
from django.contrib.sessions.backends.db import SessionStore
user = Member.objects.create_user("ada", password="x")
session = SessionStore()
session.update({"_auth_user_id": str(user.pk), "_auth_user_backend": "django.contrib.auth.backends.ModelBackend", "_auth_user_hash": user.get_session_auth_hash()})
session.create()
print("key=" + session.session_key)`)
      .match(/^key=(\w+)$/m)?.[1]
    const { settings, options } = await settingsFromDjango({ manage: project.manage, python })
    const bridge = createBridge(settings, { options })
    onTestFinished(() => bridge.close())
    const headers = { cookie: `sessionid=${key}` }
    const django = bridge.open({ method: 'GET', url: '/', headers, secure: false })
    expect(await django.user()).toMatchObject({ username: 'ada' })
  })

  test('the fields of a model are told by attribute, column, type and table', async () => {
    const models = `${USER}import uuid
class Person(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    born = models.DateField(null=True, db_column="birthday")
class Account(Person):
    balance = models.DecimalField(max_digits=9, decimal_places=2, default=0)
class Member(Account, AbstractBaseUser):
    name = models.CharField(max_length=9, unique=True)
    boss = models.ForeignKey("self", null=True, on_delete=models.CASCADE)
    USERNAME_FIELD = "name"
    objects = BaseUserManager()
`
    const project = djangoProject(python, { models })
    onTestFinished(project.remove)
    const { options } = await settingsFromDjango({ manage: project.manage, python })
    expect(options.unclear).toEqual([])
    expect(options.userTable).toEqual({
      name: 'accounts_member',
      primaryKey: 'account_ptr_id',
      alwaysActive: true,
      parents: [
        { table: 'accounts_account', primaryKey: 'person_ptr_id', link: 'account_ptr_id' },
        { table: 'accounts_person', primaryKey: 'id', link: 'person_ptr_id', of: 'accounts_account' },
      ],
      fields: {
        id: { column: 'id', type: 'UUIDField', table: 'accounts_person' },
        born: { column: 'birthday', type: 'DateField', table: 'accounts_person' },
        person_ptr_id: {
          column: 'person_ptr_id',
          type: 'OneToOneField',
          target: 'UUIDField',
          table: 'accounts_account',
        },
        balance: { column: 'balance', type: 'DecimalField', decimalPlaces: 2, table: 'accounts_account' },
        password: { column: 'password', type: 'CharField' },
        last_login: { column: 'last_login', type: 'DateTimeField' },
        account_ptr_id: { column: 'account_ptr_id', type: 'OneToOneField', target: 'UUIDField' },
        name: { column: 'name', type: 'CharField' },
        boss_id: { column: 'boss_id', type: 'ForeignKey', target: 'UUIDField' },
      },
    })
  })
})
