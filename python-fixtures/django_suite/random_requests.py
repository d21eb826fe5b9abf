"""Random requests of two browsers, one at a site of this library and one at real Django's; both must be sent the same.

A request's view makes random calls on its session, logs users in and out, and asks who is logged in. Left out is what differs on purpose (docs/design.md): empty
sessions, the row of an expired key after a flush, and the cookie of a session that a view stored itself and then failed.
"""

import os
import random
from datetime import datetime, timedelta, timezone as zones
from unittest import mock

import django
from django.conf import settings
from django.contrib.auth import get_user, login, logout
from django.contrib.auth.models import User
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import RequestFactory, TestCase, override_settings
from django.utils import timezone
from random_sessions import DAY, REAL, attempt, random_value, row

REQUESTS_PER_TRIAL = 8
FIRST_MOMENT = datetime(2026, 1, 2, tzinfo=zones.utc)
NAMES = ["cart", "a", "b", "10"]
NO_SESSION = ["abcdefghijklmnopqrstuvwxyz012345", "short", "12345678"]


@override_settings(USE_TZ=True)
class RandomRequestTests(TestCase):
    def test_both_browsers_are_sent_the_same(self):
        seed = os.environ["SUITE_SEED"]
        for number in range(int(os.environ["SUITE_TRIALS"])):
            Trial(self, random.Random(f"{seed}/{number}"), f"SUITE_SEED={seed}, trial {number}").run()


@override_settings(
    SESSION_SAVE_EVERY_REQUEST=True, SESSION_COOKIE_SECURE=True, SESSION_COOKIE_SAMESITE="None", SESSION_COOKIE_AGE=3600
)
class RandomRequestSavingAlwaysTests(RandomRequestTests):
    pass


@override_settings(
    SESSION_EXPIRE_AT_BROWSER_CLOSE=True,
    SESSION_COOKIE_NAME="key",
    SESSION_COOKIE_DOMAIN=".example.com",
    SESSION_COOKIE_PATH="/shop/",
    SESSION_COOKIE_HTTPONLY=False,
)
class RandomRequestOtherCookieTests(RandomRequestTests):
    pass


class Browser:
    def __init__(self, middleware, store=None):
        self.middleware = middleware
        self.store = store
        self.cookie = None

    def send(self, view):
        """What the browser sees of one request: answers of the session, cookie line, Vary, or the refusal."""
        request = RequestFactory().get("/")
        if self.cookie is not None:
            request.COOKIES[settings.SESSION_COOKIE_NAME] = self.cookie
        answers = []
        middleware = self.middleware(lambda request: view(request, answers))
        if self.store:
            middleware.SessionStore = self.store
        try:
            response = middleware(request)
        except SessionInterrupted:
            return {"answers": answers, "refused": True}
        morsel = response.cookies.get(settings.SESSION_COOKIE_NAME)
        if morsel is None:
            return {"answers": answers, "vary": vary(response, answers)}
        before, self.cookie = self.cookie, morsel.value or None
        line = morsel.OutputString().replace(self.cookie or "no key", "KEY")
        is_same_key = before == self.cookie
        return {"answers": answers, "line": line, "same key": is_same_key, "vary": vary(response, answers)}


def vary(response, answers):
    """Up to 5.2.13 there is none where a session was saved and never looked at, which let caches keep its cookie."""
    return None if django.VERSION < (5,) and not answers else response.headers.get("Vary")


class Trial:
    def __init__(self, test, rng, name):
        self.test = test
        self.rng = rng
        self.name = name
        self.story = []
        self.moment = FIRST_MOMENT + timedelta(milliseconds=rng.randrange(20 * DAY * 1000))
        self.node = Browser(SessionMiddleware)
        self.django = Browser(SessionMiddleware._real, REAL)
        User.objects.all().delete()
        self.users = [User.objects.create_user(name, password="first") for name in ("ada", "grace")]
        # After these two some of what follows is meant to differ.
        self.has_new_password = self.has_new_key = False

    def run(self):
        with (
            mock.patch.object(timezone, "now", lambda: self.moment),
            mock.patch("time.time", lambda: self.moment.timestamp()),
            override_settings(SECRET_KEY="the first key", SECRET_KEY_FALLBACKS=[]),
        ):
            for _ in range(REQUESTS_PER_TRIAL):
                self.request()
                self.moment += timedelta(milliseconds=self.rng.choice([1, 1000, 1_800_000, DAY * 1000, 10 * DAY * 1000]))
                self.rng.choice([self.nothing] * 6 + [self.new_password, self.other_rights, self.new_key])()

    # What happens between two requests

    def nothing(self):
        pass

    def new_password(self):
        self.story.append("both users have a new password")
        for user in self.users:
            user.set_password(str(self.rng.random()))
            user.save()
        self.has_new_password = True

    def other_rights(self):
        user = self.rng.choice(self.users)
        user.is_active = not user.is_active
        user.save()
        self.story.append(f"{user.username} is {'active' if user.is_active else 'inactive'}")

    def new_key(self):
        self.story.append("another SECRET_KEY, the old one a fallback")
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
        settings.SECRET_KEY = f"key {self.rng.random()}"
        self.has_new_key = True

    def request(self):
        rng = self.rng
        if not settings.SESSION_SAVE_EVERY_REQUEST and rng.random() < 0.1:
            self.node.cookie = self.django.cookie = rng.choice(NO_SESSION)
        if self.has_new_password:
            return self.request_with_an_old_hash()
        found = row(self.django.cookie)
        is_alive = found is not None and found[1] > self.moment.isoformat()
        status = 200 if self.has_new_key else rng.choice([200, 200, 200, 302, 404, 500, 503])
        calls = [rng.choice(CALLS)(rng) for _ in range(rng.randrange(5))]
        if self.has_new_key:
            # The key that a fallback key brings is made at once in Django, also for a session that is gone.
            calls = [("user", (0,)), *(call for call in calls if call[0] not in ("logged out elsewhere", "delete"))]
        calls = meant_alike(calls, is_dead_row=found is not None and not is_alive, is_alive=is_alive, status=status)
        if not is_alive and settings.SESSION_SAVE_EVERY_REQUEST:
            calls.append(("__setitem__", ("a", 1)))
        if calls:
            # Django loads when it is first asked; here the first call loads.
            calls.insert(0, ("get", ("cart",)))
        self.story.append(f"{self.moment} cookie {'alive' if is_alive else self.django.cookie}: {calls}, {status}")
        before = [self.node.cookie, self.django.cookie]

        def view(request, answers):
            for name, args in calls:
                if name == "logged out elsewhere":
                    Session.objects.filter(pk=request.COOKIES.get(settings.SESSION_COOKIE_NAME)).delete()
                elif name == "modified":
                    request.session.modified = args[0]
                elif name in LOGINS:
                    answers.append(LOGINS[name](request, self.users[args[0]]))
                else:
                    answers.append(attempt(request.session, name, args, {}))
            return HttpResponse(status=status)

        self.same("what is sent", self.node.send(view), self.django.send(view))
        self.same("the row before", row(before[0]), row(before[1]))
        self.same("the row now", row(self.node.cookie), row(self.django.cookie))

    def request_with_an_old_hash(self):
        """Nobody is logged in; what becomes of the row differs on purpose, so that both start anew."""
        self.has_new_password = False
        view = lambda request, answers: answers.append(user_of(request)) or HttpResponse()  # noqa: E731
        answers = [browser.send(view)["answers"] for browser in (self.node, self.django)]
        self.same("the user with an old hash", *answers)
        self.node.cookie = self.django.cookie = None

    def same(self, what, node, django):
        if node != django:
            story = "\n  ".join(self.story)
            self.test.fail(f"{self.name}: {what}\n  {story}\nNode:   {node}\nDjango: {django}")


def user_of(request):
    """The primary key of the user that is logged in, as text, or None."""
    session = request.session
    if isinstance(session, REAL):
        user = get_user(request)
        return None if user.is_anonymous else str(user.pk)
    return session._link.ask("user", target=session._handle)


LOGINS = {
    "user": lambda request, _: user_of(request),
    "login": lambda request, user: login(request, user, "django.contrib.auth.backends.ModelBackend"),
    "logout": lambda request, _: logout(request),
}


def meant_alike(calls, is_dead_row, is_alive, status):
    """The calls on which Django and this library mean to do the same (docs/design.md, Where it differs from Django)."""
    kept = []
    stored = gone = False
    for at, (name, args) in enumerate(calls):
        if name == "create" and any(later in ("flush", "logout", "login") for later, _ in calls[at + 1 :]):
            # What ends the session here ends the row too that Django's create() leaves behind.
            continue
        if name in ("save", "create", "cycle_key", "login"):
            # A failed response sends no cookie of what the view stored itself in Django; a gone session is cycled there.
            if status >= 500 or (gone and name in ("cycle_key", "login")):
                continue
            stored = True
            # Without a change Django sends no cookie for a save by hand.
            kept.append(("__setitem__", ("a", len(kept))))
        if name == "logged out elsewhere" and stored:
            # Django saves once more at the end, and notices.
            continue
        if name in ("clear", "is_empty") and not is_alive:
            continue
        if name in ("flush", "delete", "logout") and is_dead_row:
            continue
        gone = gone or name in ("logged out elsewhere", "delete")
        kept.append((name, args))
    return kept


def plain_call(name, *arguments):
    return lambda rng: (name, tuple(argument(rng) for argument in arguments))


def key(rng):
    return rng.choice(NAMES)


def expiry(rng):
    seconds = rng.choice([0, 10, 2.5, DAY, 20 * DAY])
    return rng.choice([seconds, timedelta(seconds=seconds), None])


CALLS = [
    *[plain_call("__setitem__", key, random_value)] * 4,
    plain_call("get", key),
    plain_call("pop", key, lambda rng: None),
    plain_call("setdefault", key, random_value),
    plain_call("__delitem__", key),
    plain_call("clear"),
    plain_call("flush"),
    plain_call("cycle_key"),
    plain_call("save"),
    plain_call("create"),
    plain_call("delete"),
    plain_call("set_expiry", expiry),
    plain_call("get_expiry_age"),
    plain_call("is_empty"),
    plain_call("logged out elsewhere"),
    plain_call("modified", lambda rng: True),
    *[plain_call("user", lambda rng: 0)] * 4,
    *[plain_call("login", lambda rng: rng.randrange(2))] * 5,
    plain_call("logout", lambda rng: 0),
]
