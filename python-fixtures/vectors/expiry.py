"""get_expiry_age, get_expiry_date, get_expire_at_browser_close and set_expiry."""

import datetime
import json

from django.contrib.sessions.backends.db import SessionStore

from .recording import canonical, outcome
from .site import NOW_MS, clock_at, settings_of

ABSENT = object()

# `_session_expiry` as JSON text.
VALUES = [
    ABSENT, "null", "0", "0.0", "-0.0", "false", "true", '""', "1", "60", "3600", "1209600", "-1", "-3600", "12.7",
    "0.5", "-0.5", "1e5", "1e-7", "1000000000", "100000000000000", "123456789012345678901234567890", "1e400", "NaN",
    '"2023-11-14T23:13:20+00:00"', '"2023-11-14T23:13:20Z"', '"2023-11-14T23:13:20.250000+00:00"',
    '"2023-11-14T23:13:20.25+00:00"', '"2023-11-14T23:13:20,250+00:00"', '"2023-11-14T23:13:20.123456789+00:00"',
    '"2023-11-15T00:13:20+01:00"', '"2023-11-14T17:13:20-06:00"', '"2023-11-14T23:13:20+05:30"',
    '"2023-11-14T23:13:20+00:00:30"', '"2023-11-14T23:13:20.000001+00:00"', '"2023-11-14T22:13:19.999999+00:00"',
    '"2023-11-14T22:13:20+00:00"',
    '"2020-01-01T00:00:00+00:00"', '"9999-12-31T23:59:59+00:00"', '"0001-01-01T00:00:00+00:00"',
    '"2023-11-14T23:13:20"', '"2023-11-14T23:13:20.250000"', '"2023-11-14 23:13:20"', '"2023-11-14 23:13:20+00:00"',
    '"2023-11-14"', '"2023-11-16"', '"20231114T231320Z"', '"2023-11-14T23:13Z"', '"2023-11-14T23Z"', '"2023-W46-2"',
    '"2023-W46-2T23:13:20Z"', '"2023-318"', '"2023-11-14T23:13:20+0000"', '"2023-11-14T23:13:20 +00:00"',
    '"2023-11-14T23:60:00Z"', '"2023-11-14T25:00:00Z"', '"2023-02-29T00:00:00Z"', '"2023-13-01T00:00:00Z"',
    '"2023-11-14x23:13:20Z"',
    '"2023-11-14T23:13:20z"', '" 2023-11-14T23:13:20Z"', '"2023-11-14T23:13:20Z "', '"soon"', '"0"', '"60"',
    '"1700003600"', '" "', '"null"', "[]", "[1]", "{}", '{"a":1}', '["2023-11-14"]',
]
SETTINGS = {
    "defaults": {},
    "USE_TZ off, New York": {"USE_TZ": False, "TIME_ZONE": "America/New_York"},
}
CLOSING = {"SESSION_EXPIRE_AT_BROWSER_CLOSE": True, "SESSION_COOKIE_AGE": 60}


def records():
    for label, settings in SETTINGS.items():
        for value in VALUES:
            yield read(f"{shown(value)}, {label}", value, settings, NOW_MS)
    for value in (ABSENT, "null", "0", "0.0", "false", "true", '""', "100", '"2023-11-14T23:13:20+00:00"', "[]"):
        yield read(f"{shown(value)}, closing, age 60", value, CLOSING, NOW_MS)
    for age in (0, -60, 12.7, 1, 10**12, True):
        yield read(f"absent, age {age!r}", ABSENT, {"SESSION_COOKIE_AGE": age}, NOW_MS)
    for label, settings, now_ms in instants():
        for value in (ABSENT, "3600", "0", "0.25", '"2024-03-10T12:00:00+00:00"', '"2024-11-03T01:30:00"'):
            yield read(f"{shown(value)}, {label}", value, settings, now_ms)
    yield from written()


def shown(value):
    return "absent" if value is ABSENT else value


def instants():
    """Around both switches of two zones, with and without a fraction of a second."""
    zones = {
        "America/New_York": (
            "2024-03-10T06:59:59.000+00:00", "2024-03-10T07:00:00.000+00:00", "2024-02-25T12:00:00.250+00:00",
            "2024-11-03T05:30:00.000+00:00", "2024-11-03T06:30:00.750+00:00", "2024-10-27T12:00:00.000+00:00",
        ),
        "Europe/Berlin": (
            "2024-03-31T00:59:59.000+00:00", "2024-03-31T01:00:00.500+00:00", "2024-10-27T00:30:00.000+00:00",
            "2024-10-27T01:30:00.000+00:00", "2024-10-13T12:00:00.000+00:00",
        ),
    }
    for zone, texts in zones.items():
        for text in texts:
            now_ms = round(datetime.datetime.fromisoformat(text).timestamp() * 1000)
            for use_tz in (True, False):
                yield f"{text} in {zone}, USE_TZ {'on' if use_tz else 'off'}", {
                    "USE_TZ": use_tz, "TIME_ZONE": zone,
                }, now_ms


def store_with(value, key=None):
    store = SessionStore(key)
    store._session_cache = {} if value is ABSENT else {"_session_expiry": json.loads(value)}
    return store


def read(label, value, settings, now_ms):
    with settings_of(**settings), clock_at(now_ms):
        return {
            "name": f"expiry {label}",
            "kind": "get_expiry",
            "settings": settings,
            "now_ms": now_ms,
            **({} if value is ABSENT else {"session_expiry": value}),
            **answers(value),
        }


def answers(value):
    store = store_with(value)
    return {
        "age": outcome(lambda: canonical(store.get_expiry_age())),
        "date": outcome(lambda: store.get_expiry_date().isoformat()),
        "at_browser_close": outcome(store.get_expire_at_browser_close),
    }


def utc(*parts):
    return datetime.datetime(*parts, tzinfo=datetime.timezone.utc)


def written():
    """What set_expiry leaves in the session, as JSON text; None where the key is gone."""
    eastern = datetime.timezone(datetime.timedelta(hours=-5))
    values = {
        "0": 0, "1": 1, "3600": 3600, "-1": -1, "12.5": 12.5, "True": True, "False": False, "None": None,
        "'text'": "text", "''": "",
        "aware datetime": utc(2023, 11, 15, 0, 0, 0),
        "aware datetime, microseconds": utc(2023, 11, 15, 0, 0, 0, 250000),
        "aware datetime, one microsecond": utc(2023, 11, 15, 0, 0, 0, 1),
        "aware datetime, other offset": datetime.datetime(2023, 11, 14, 19, 0, 0, tzinfo=eastern),
        "naive datetime": datetime.datetime(2023, 11, 15, 0, 0, 0),
        "naive datetime, microseconds": datetime.datetime(2023, 11, 15, 0, 0, 0, 5000),
        "year 1": utc(1, 1, 1), "timedelta of a minute": datetime.timedelta(minutes=1),
        "timedelta of a day and a half": datetime.timedelta(days=1, hours=12),
        "timedelta of 250 ms": datetime.timedelta(milliseconds=250),
        "negative timedelta": datetime.timedelta(seconds=-30), "timedelta of nothing": datetime.timedelta(0),
        "timedelta too long": datetime.timedelta(days=4_000_000),
    }
    zones = [{}, {"USE_TZ": False, "TIME_ZONE": "America/New_York"}]
    for settings in zones:
        for now_ms in (NOW_MS, NOW_MS + 250):
            for label, value in values.items():
                yield setting(label, value, settings, now_ms)
    yield setting(
        "timedelta across the switch", datetime.timedelta(hours=2), zones[1],
        round(utc(2024, 3, 10, 6, 30).timestamp() * 1000),
    )


def setting(label, value, settings, now_ms):
    def run():
        store = SessionStore()
        store._session_cache = {"a": 1, "_session_expiry": 5}
        store.set_expiry(value)
        left = store._session_cache.get("_session_expiry", ABSENT)
        return None if left is ABSENT else canonical(left)

    with settings_of(**settings), clock_at(now_ms):
        return {
            "name": f"set_expiry {label}, {'local clock' if settings else 'UTC'}, at {now_ms}",
            "kind": "set_expiry",
            "settings": settings,
            "now_ms": now_ms,
            "value": told(value),
            "session_expiry": outcome(run),
        }


def told(value):
    if isinstance(value, datetime.datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, datetime.timedelta):
        return {"timedelta": {"days": value.days, "seconds": value.seconds, "milliseconds": value.microseconds // 1000}}
    return value
