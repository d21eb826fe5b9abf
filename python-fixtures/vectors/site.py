"""A Django without a project: settings in memory, the session table, and a clock that stands still."""

import contextlib
import datetime
import logging
import time
import warnings
import zoneinfo
from unittest import mock

import django
from django.conf import settings

SECRET_KEY = "golden-vectors-secret-key-0123456789abcdefghijklmnop"
FALLBACK_KEY = "an-older-secret-key-that-is-still-accepted-9876543210"
OTHER_KEY = "a-key-that-this-site-has-never-used-5555555555555555"

# 2023-11-14T22:13:20Z: every record without an instant of its own happens here.
NOW_MS = 1_700_000_000_000


def configure(database=":memory:"):
    """Once per process, before anything of Django that reads settings is imported."""
    warnings.filterwarnings("ignore")
    settings.configure(
        SECRET_KEY=SECRET_KEY,
        SECRET_KEY_FALLBACKS=[],
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
        ],
        SESSION_ENGINE="django.contrib.sessions.backends.db",
        USE_TZ=True,
        TIME_ZONE="UTC",
        LOGGING_CONFIG=None,
    )
    django.setup()
    logging.getLogger("django").setLevel(logging.CRITICAL)


def create_session_table():
    from django.contrib.sessions.models import Session
    from django.db import connection

    with connection.schema_editor() as editor:
        editor.create_model(Session)


def settings_of(**changes):
    """Django's own override: it also resets what depends on TIME_ZONE and USE_TZ."""
    from django.test import override_settings

    return override_settings(**changes)


@contextlib.contextmanager
def clock_at(now_ms):
    """time.time, timezone.now and the datetime classes of PyJWT and django-session-jwt stand at `now_ms`."""
    instant = datetime.datetime.fromtimestamp(0, datetime.timezone.utc) + datetime.timedelta(milliseconds=now_ms)

    def local_or_aware():
        if settings.USE_TZ:
            return instant
        return instant.astimezone(zoneinfo.ZoneInfo(settings.TIME_ZONE)).replace(tzinfo=None)

    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.object(time, "time", lambda: now_ms / 1000))
        stack.enter_context(mock.patch("django.utils.timezone.now", local_or_aware))
        stack.enter_context(mock.patch("jwt.api_jwt.datetime", still_datetime(instant)))
        stack.enter_context(mock.patch("django_session_jwt.middleware.session.datetime", still_datetime(instant)))
        yield


class _AnyDatetime(type):
    def __instancecheck__(cls, value):
        return isinstance(value, datetime.datetime)


def still_datetime(instant):
    """A stand-in for the class `datetime` whose clock stands, and which takes real datetimes for its own."""

    class StillDatetime(datetime.datetime, metaclass=_AnyDatetime):
        @classmethod
        def now(cls, tz=None):
            return instant.astimezone(tz) if tz else instant.replace(tzinfo=None)

        @classmethod
        def utcnow(cls):
            return instant.replace(tzinfo=None)

    return StillDatetime
