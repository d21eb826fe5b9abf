"""The column expire_date on SQLite: the text that a save leaves, and what a load makes of any text."""

from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection

from .expiry import ABSENT, instants, shown, store_with
from .recording import outcome
from .site import NOW_MS, clock_at, settings_of

KEY = "abcdefghijklmnopqrstuvwxyz012345"
LOCAL = {"USE_TZ": False, "TIME_ZONE": "America/New_York"}


def records():
    values = [
        ABSENT, "null", "0", "1", "3600", "12.75", "0.000001", "-60", "true", '""', '"2023-11-15T00:00:00+00:00"',
        '"2023-11-15T00:00:00.250000+00:00"', '"2023-11-15T00:00:00.000001+00:00"', '"2023-11-14T19:00:00-05:00"',
        '"2023-11-15T00:00:00"', '"2023-11-15T00:00:00.5"', '"2023-11-15"', '"soon"', "100000000000000", "1e400", "[]",
    ]
    for settings in ({}, {"TIME_ZONE": "America/New_York"}, LOCAL):
        for now_ms in (NOW_MS, NOW_MS + 250):
            for value in values:
                yield saved(f"{shown(value)}, {zone_of(settings)}, at {now_ms}", value, settings, now_ms)
    for label, settings, now_ms in instants():
        yield saved(f"absent, {label}", ABSENT, settings, now_ms)
        yield saved(f"3600, {label}", "3600", settings, now_ms)
    for settings in ({}, LOCAL):
        for text in texts_around("2023-11-14 22:13:20" if not settings else "2023-11-14 17:13:20"):
            yield loaded(text, settings, NOW_MS)
        for text in texts_around_fraction("2023-11-14 22:13:20" if not settings else "2023-11-14 17:13:20"):
            yield loaded(text, settings, NOW_MS + 250)


def zone_of(settings):
    return f"{settings.get('TIME_ZONE', 'UTC')}, USE_TZ {'off' if 'USE_TZ' in settings else 'on'}"


def saved(label, value, settings, now_ms):
    with settings_of(**settings), clock_at(now_ms):
        return {
            "name": f"expire_date {label}",
            "kind": "save",
            "settings": settings,
            "now_ms": now_ms,
            **({} if value is ABSENT else {"session_expiry": value}),
            "expire_date": outcome(lambda: saved_here(value)),
        }


def saved_here(value):
    """The column's text after a save, with the settings and the clock as they are."""
    Session.objects.all().delete()
    store = store_with(value, KEY)
    store.save(must_create=True)
    return raw_text()


def raw_text():
    """Past Django's converters, straight from sqlite3."""
    connection.ensure_connection()
    return connection.connection.execute("SELECT CAST(expire_date AS TEXT) FROM django_session").fetchone()[0]


def texts_around(second):
    day, time = second.split()
    minute = time[:5]
    hour = int(time[:2])
    return [
        second, f"{day} {minute}:19", f"{day} {minute}:21", f"{second}.000001", f"{second}.0", f"{second}.000000",
        f"{day} {minute}:19.999999", f"{day} {hour + 1:02}:00:00", f"{day} {hour - 1:02}:00:00", "9999-12-31 23:59:59",
        "2023-11-15 00:00:00",
        f"{day}T{hour - 1:02}:00:00", f"{day}T{hour - 1:02}:00:00.000Z", f"{day}T{hour + 1:02}:00:00+00:00",
        f"{day} {hour + 1:02}:00:00+00:00", f"{day} {hour + 1:02}:00:00Z", f"{day} {hour + 1:02}:00", day, "2023-11-15",
        "2023-11-15T00:00:00Z",
        "", "soon", "z", 1_800_000_000, 1_800_000_000_000, "1800000000", 2460000.5, " 2023-11-15 00:00:00",
        "2023-11-15  00:00:00",
    ]


def texts_around_fraction(second):
    return [
        second, f"{second}.249", f"{second}.249999", f"{second}.25", f"{second}.250000", f"{second}.250001",
        f"{second}.251000", f"{second}.3", f"{second}.5",
    ]


def loaded(stored, settings, now_ms):
    """A row planted with any value: does the session open?"""
    with settings_of(**settings), clock_at(now_ms):
        Session.objects.all().delete()
        connection.ensure_connection()
        row = (KEY, SessionStore().encode({"a": 1}), stored)
        connection.connection.execute(
            "INSERT INTO django_session (session_key, session_data, expire_date) VALUES (?, ?, ?)", row,
        )
        result = outcome(lambda: SessionStore(KEY).load() == {"a": 1})
    return {
        "name": f"load {stored!r}, {zone_of(settings)}, at {now_ms}",
        "kind": "load",
        "settings": settings,
        "now_ms": now_ms,
        "expire_date": stored,
        "opens": result,
    }
