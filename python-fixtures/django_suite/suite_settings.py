"""Settings for Django's own tests, as its tests/test_sqlite.py, on a database that another process can open too."""

import os
from urllib.parse import unquote, urlsplit

FOLDER = os.environ["SUITE_FOLDER"]


def sqlite(name):
    path = os.path.join(FOLDER, name)
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "TEST": {"NAME": path}, "OPTIONS": {"timeout": 20}}


ENGINES = {"postgres": "django.db.backends.postgresql", "mysql": "django.db.backends.mysql"}


def database(url):
    parts = urlsplit(url)
    name = unquote(parts.path[1:])
    if parts.scheme == "mysql":
        import pymysql

        # Pure Python, where mysqlclient needs a compiler.
        pymysql.install_as_MySQLdb()
    return {
        "ENGINE": ENGINES[parts.scheme],
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "TEST": {"NAME": f"{name}_django_suite"},
    }


URL = os.environ.get("SUITE_DATABASE_URL")
DATABASES = {"default": database(URL) if URL else sqlite("default.sqlite3"), "other": sqlite("other.sqlite3")}
# Django's default is in the memory of one process.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": os.path.join(FOLDER, "caches", "default"),
    }
}
SECRET_KEY = "django_tests_secret_key"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = False
