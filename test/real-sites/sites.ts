/** Sites that others made, from PyPI, each set up as its own instructions say. */
import type { BridgeHooks, BridgeOptions } from '../../src/bridge.ts'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import type { UnclearCode } from '../../src/settings/unclear.ts'
import { saltedHmac } from '../../src/signing/salted-hmac.ts'

export interface RealSite {
  readonly name: string
  /** The file of python-fixtures/requirements is django-real-<name>.txt. */
  readonly about: string
  /** Lines of the settings module; `DATABASE` is a dictionary for this site alone. */
  readonly settings: string
  readonly database: 'sqlite' | 'postgres'
  /** More files in the folder of manage.py. */
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  /** The Host that the site answers. Default localhost. */
  readonly host?: string
  /** A page of the site that anybody may ask for. Default `/`. */
  readonly path?: string
  /** Python that defines `make_user(name)`. */
  readonly makeUser: string
  /** Commands of manage.py that set the site up. Default `migrate`. */
  readonly setUp?: readonly (readonly string[])[]
  /** What answers `unclear`, and why that is right for this site. */
  readonly answers?: {
    readonly acknowledge?: readonly UnclearCode[]
    readonly hooks?: Pick<BridgeHooks, 'veto' | 'loadUser' | 'sessionAuthHash'>
    readonly options?: Pick<BridgeOptions, 'readCookieNames'>
    readonly settings?: Partial<DjangoSettings>
    readonly why: string
  }
}

export const CREATE_USER = `
from django.contrib.auth import get_user_model
def make_user(name):
    return get_user_model()._default_manager.create_user(username=name, email=f"user{abs(hash(name))}@example.com", password="a password 7")
`

const SECRET = 'SECRET_KEY = "a secret key of a site that is made for a test"\nALLOWED_HOSTS = ["*"]\nDEBUG = False\n'

export const REAL_SITES: readonly RealSite[] = [
  {
    name: 'misago',
    about: 'a forum with its own user model, backend and middlewares, on Django 4.2 and PostgreSQL',
    database: 'postgres',
    settings: `from misago.settings import *
from misago.conf.defaults import *
${SECRET}AUTH_USER_MODEL = "misago_users.User"
AUTHENTICATION_BACKENDS = ["misago.users.authbackends.MisagoBackend"]
INSTALLED_APPS = [app for app in INSTALLED_APPS if app != "debug_toolbar"]
MIDDLEWARE = [
    "misago.users.middleware.RealIPMiddleware",
    "misago.core.middleware.FrontendContextMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "misago.cache.middleware.cache_versions_middleware",
    "misago.conf.middleware.dynamic_settings_middleware",
    "misago.socialauth.middleware.socialauth_providers_middleware",
    "misago.users.middleware.UserMiddleware",
    "misago.acl.middleware.user_acl_middleware",
    "misago.core.middleware.ExceptionHandlerMiddleware",
    "misago.users.middleware.OnlineTrackerMiddleware",
    "misago.admin.middleware.AdminAuthMiddleware",
    "misago.threads.middleware.UnreadThreadsCountMiddleware",
]
ROOT_URLCONF = "own_urls"
USE_TZ = True
TIME_ZONE = "UTC"
LOGIN_URL = "misago:login"
MISAGO_ADDRESS = "http://localhost/"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {"context_processors": [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
]}}]
SILENCED_SYSTEM_CHECKS = ["models.W042"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
`,
    makeUser: `
import re
from django.contrib.auth import get_user_model
def make_user(name):
    slug = re.sub("[^a-z]", "", name.lower()) + str(sum(map(ord, name)))
    return get_user_model().objects.create_user(slug, slug + "@example.com", "a password 7")
`,
    files: {
      'own_urls.py':
        'from django.urls import include, path\nurlpatterns = [path("", include("misago.urls", namespace="misago"))]\n',
    },
    answers: {
      acknowledge: ['backend_get_user', 'middleware_sets_user'],
      why: 'get_user joins three tables and asks user_can_authenticate, as ModelBackend; the middleware logs out who is banned, and nobody is.',
    },
  },
  {
    name: 'pretix',
    about: 'a ticket shop: users by e-mail, a SessionMiddleware of its own, hijack, on Django 5.2 and SQLite',
    database: 'sqlite',
    settings: `from pretix.settings import *
${SECRET}`,
    env: { DATA_DIR: '.', PRETIX_PRETIX_URL: 'https://localhost' },
    setUp: [['migrate', '--verbosity', '0']],
    makeUser: `
from pretix.base.models import User
def make_user(name):
    return User.objects.create_user("user" + str(sum(map(ord, name))) + "@example.com", "a password 7")
`,
    answers: {
      acknowledge: ['session_middleware', 'middleware_sets_user'],
      options: { readCookieNames: ['__Host-pretix_session'] },
      hooks: {
        // @see pretix/base/models/auth.py User._get_session_auth_hash
        sessionAuthHash: ({ password, email, session_token: token }, secretKey) =>
          saltedHmac(
            'pretix.base.models.User.get_session_auth_hash',
            `${password}${email}${token}`,
            secretKey,
          ).toString('hex'),
      },
      why: 'the middleware also reads the cookie __Host-pretix_session, which readCookieNames names; nobody is hijacked.',
    },
  },
  {
    name: 'kiwitcms',
    about: 'test management: cached_db, guardian, on PostgreSQL',
    database: 'postgres',
    settings: `from tcms.settings.common import *
${SECRET}CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:6379/9"}}
`,
    makeUser: CREATE_USER,
  },
  {
    name: 'mezz',
    about: 'Mezzanine, a CMS with a backend of its own, on Django 4.2 and SQLite',
    database: 'sqlite',
    settings: `from mezzanine_project.settings import *
${SECRET}`,
    makeUser: CREATE_USER,
  },
]
