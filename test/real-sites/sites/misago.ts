/** Misago, a forum. @see https://pypi.org/project/Misago/ */
import type { RealSite } from '../real-site.ts'

export const MISAGO: RealSite = {
  name: 'misago',
  about: 'a forum with its own user model, backend and middlewares, on Django 4.2 and PostgreSQL',
  database: 'postgres',
  settings: `from misago.settings import *
from misago.conf.defaults import *
SECRET_KEY = "a secret key of a site that is made for a test"
ALLOWED_HOSTS = ["*"]
DEBUG = False
AUTH_USER_MODEL = "misago_users.User"
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
}
