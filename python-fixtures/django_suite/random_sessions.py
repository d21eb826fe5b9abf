"""Random calls on a session of this library and on one of real Django, side by side; every answer must be the same.

SUITE_SEED and SUITE_TRIALS say which and how many; a difference prints the calls that led to it.
"""

import json
import os
import random
from datetime import datetime, timedelta, timezone as zones
from unittest import mock

from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.test import TestCase, override_settings
from django.utils import timezone

CALLS_PER_TRIAL = 20
NAMES = ["cart", "a", "b", "10", "2", "__proto__", "ключ", "_auth_user_hash", "x" * 50]
# Winter, and no expiry that reaches summer time: Python forgets which of two equal readings of the clock was meant.
FIRST_MOMENT = datetime(2026, 1, 2, tzinfo=zones.utc)
DAY = 86400


class RandomSessionTests(TestCase):
    def test_every_answer_is_the_same(self):
        seed = os.environ["SUITE_SEED"]
        for number in range(int(os.environ["SUITE_TRIALS"])):
            Trial(self, random.Random(f"{seed}/{number}"), f"SUITE_SEED={seed}, trial {number}").run()


@override_settings(USE_TZ=True)
class RandomSessionWithTimeZoneTests(RandomSessionTests):
    pass


@override_settings(SESSION_EXPIRE_AT_BROWSER_CLOSE=True, SESSION_COOKIE_AGE=3600)
class RandomSessionWithOtherSettingsTests(RandomSessionTests):
    pass


class Trial:
    """Two sessions with the same history, one of Node's and one of Django's."""

    def __init__(self, test, rng, name):
        self.test = test
        self.rng = rng
        self.name = name
        self.calls = []
        self.keys = []
        self.moment = FIRST_MOMENT + timedelta(milliseconds=rng.randrange(20 * DAY * 1000))
        self.node = self.django = None

    def run(self):
        with (
            mock.patch.object(timezone, "now", self.now),
            override_settings(SECRET_KEY="the first key", SECRET_KEY_FALLBACKS=[]),
        ):
            self.start(None, None)
            for _ in range(CALLS_PER_TRIAL):
                getattr(self, self.rng.choice(CALLS))()
                self.compare_state()

    def now(self):
        return self.moment if settings.USE_TZ else timezone.make_naive(self.moment)

    def start(self, node_key, django_key):
        self.node, self.django = SessionStore(node_key), REAL(django_key)
        # Django loads when it is first asked; here opening is loading.
        self.call("has_key", "cart")

    # What is done

    def set(self):
        self.call("__setitem__", self.key(), self.value())

    def delete_item(self):
        self.call("__delitem__", self.key())

    def get(self):
        self.call("get", self.key(), self.rng.choice([None, "otherwise"]))

    def item(self):
        self.call("__getitem__", self.key())

    def pop(self):
        self.call("pop", self.key(), *self.rng.choice([(), (None,), (7,)]))

    def setdefault(self):
        self.call("setdefault", self.key(), self.value())

    def update(self):
        self.call("update", {name: self.value() for name in self.rng.sample(["a", "b", "cart"], 2)})

    def clear(self):
        self.call("clear")

    def test_cookie(self):
        self.call("set_test_cookie")
        self.call("test_cookie_worked")
        if self.rng.random() < 0.5:
            self.call("delete_test_cookie")

    def set_expiry(self):
        seconds = self.rng.choice([0, 1, -1, 10, 2.5, DAY, 20 * DAY, -DAY])
        kind = self.rng.choice(["seconds", "duration", "moment", "none"])
        value = {
            "seconds": seconds,
            "duration": timedelta(seconds=seconds),
            "moment": self.now() + timedelta(seconds=seconds),
            "none": None,
        }[kind]
        self.call("set_expiry", value)

    def expiry(self):
        moment = self.now() + timedelta(seconds=self.rng.randrange(-DAY, DAY))
        expiry = self.rng.choice([None, 0, 60, -60, 1.5, moment.isoformat()])
        for options in ({}, {"modification": moment}, {"expiry": expiry}, {"modification": moment, "expiry": expiry}):
            self.call("get_expiry_age", **options)
            self.call("get_expiry_date", **options)

    def save(self):
        self.call("save")
        self.remember()

    def create(self):
        self.call("create")
        self.remember()

    def cycle_key(self):
        self.call("cycle_key")
        self.remember()

    def flush(self):
        self.call("flush")

    def delete(self):
        self.call("delete")
        self.call("__setitem__", "a", 1)
        if self.node.session_key is not None:
            self.call("save")
        self.start(None, None)

    def keep_quiet(self):
        self.calls.append("modified = False")
        self.node.modified = self.django.modified = False

    def touch(self):
        self.calls.append("modified = True")
        self.node.modified = self.django.modified = True

    def wait(self):
        self.moment += timedelta(milliseconds=self.rng.choice([1, 1000, 3_600_000, DAY * 1000]))
        self.calls.append(f"wait until {self.moment}")

    def reopen(self):
        """Each opens its own row again, sometimes with another SECRET_KEY."""
        if self.node.session_key is None:
            return
        keys = [self.node.session_key, self.django.session_key]
        if self.rng.random() < 0.3:
            settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
            settings.SECRET_KEY = f"key {self.rng.random()}"
            self.calls.append("another SECRET_KEY, the old one a fallback")
        self.calls.append("reopen")
        self.start(*keys)

    def read_each_others(self):
        if self.node.session_key is None:
            return
        mine, theirs = SessionStore(self.django.session_key), REAL(self.node.session_key)
        self.same("each other's rows", plain(list(mine.items())), plain(list(theirs.items())))

    def encode(self):
        # JavaScript's objects have keys that look like numbers first.
        values = {name: self.value() for name in self.rng.sample(["cart", "a", "__proto__", "ключ"], 3)}
        self.same("Node reads Django's text", plain(self.node.decode(self.django.encode(values))), plain(values))
        self.same("Django reads Node's text", plain(self.django.decode(self.node.encode(values))), plain(values))

    def clear_expired(self):
        self.calls.append("clear_expired")
        self.rng.choice([SessionStore, REAL]).clear_expired()
        if self.node.session_key is not None and row(self.node.session_key) is None:
            self.start(None, None)

    # How it is compared

    def call(self, name, *args, **kwargs):
        self.calls.append(f"{name}{args}{kwargs or ''}")
        node, django = attempt(self.node, name, args, kwargs), attempt(self.django, name, args, kwargs)
        self.same(name, node, django)

    def remember(self):
        """A save settles the flag here at once; Django leaves it to the next request."""
        self.keys.append((self.node.session_key, self.django.session_key))
        self.node.modified = self.django.modified = False

    def compare_state(self):
        node, django = state(self.node), state(self.django)
        self.same("the session", node, django)
        for node_key, django_key in self.keys:
            self.same("a row", row(node_key), row(django_key))

    def same(self, what, node, django):
        if node != django:
            calls = "\n  ".join(self.calls)
            self.test.fail(f"{self.name}: {what}\n  {calls}\nNode:   {node}\nDjango: {django}")

    def key(self):
        return self.rng.choice(NAMES)

    def value(self):
        return random_value(self.rng)


CALLS = [
    *("set", "set", "set", "delete_item", "get", "item", "pop", "setdefault", "update", "clear", "test_cookie"),
    *("set_expiry", "set_expiry", "expiry", "save", "save", "create", "cycle_key", "flush", "delete", "keep_quiet"),
    *("touch", "wait", "wait", "reopen", "reopen", "read_each_others", "encode", "clear_expired"),
]
REAL = SessionStore._real


def random_value(rng, depth=0):
    """A value that JSON can hold. Names inside are no numbers: JavaScript's objects have those first."""
    leaves = [
        lambda: None,
        lambda: rng.random() < 0.5,
        lambda: rng.randrange(-(10**6), 10**6),
        lambda: rng.choice([2**53 + 1, -(2**70), 0]),
        lambda: rng.randrange(10**6) + 0.25,
        lambda: rng.choice(["", "text", "ü€😀", '\\"/\b\x7f\u2028', "\ud83d"]),
    ]
    nodes = [
        lambda: [random_value(rng, depth + 1) for _ in range(rng.randrange(4))],
        lambda: {
            name: random_value(rng, depth + 1) for name in rng.sample(["k", "l", "__proto__", "ß"], rng.randrange(4))
        },
    ]
    return rng.choice(leaves if depth > 2 else leaves + nodes)()


def attempt(session, name, args, kwargs):
    try:
        return plain(getattr(session, name)(*args, **kwargs))
    except (KeyError, UpdateError) as error:
        return type(error).__name__


def state(session):
    return {
        "items": plain(list(session.items())),
        "modified": session.modified,
        "empty": session.is_empty(),
        "stored": session.session_key is not None,
        "browser close": session.get_expire_at_browser_close(),
    }


def row(key):
    found = Session.objects.filter(pk=key).first()
    return found and (plain(list(REAL().decode(found.session_data).items())), found.expire_date.isoformat())


def plain(value):
    """Text in which 1 and True differ, and the order of keys counts."""
    return json.dumps(one_kind_of_number(value), default=lambda other: other.isoformat())


def one_kind_of_number(value):
    """JavaScript has one: where a float stood, a whole number is written as a float, too."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, (list, tuple)):
        return [one_kind_of_number(item) for item in value]
    if isinstance(value, dict):
        return {key: one_kind_of_number(item) for key, item in value.items()}
    return value
