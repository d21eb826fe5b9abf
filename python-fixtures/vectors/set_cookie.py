"""Set-Cookie as SessionMiddleware and HttpResponse write it, for settings one by one and mixed."""

import random

from django.conf import settings as django_settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.middleware import SessionMiddleware
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse

from .recording import outcome
from .site import NOW_MS, clock_at, settings_of

KEY = "abcdefghijklmnopqrstuvwxyz012345"

# The first of each is Django's default.
CHOICES = {
    "SESSION_COOKIE_NAME": ["sessionid", "__Secure-sid", "__Host-sid", "my.app-sid"],
    "SESSION_COOKIE_AGE": [1209600, 60, 1, 0, -60, 12.7, 0.5, -0.5, 31536000, 10**9],
    "SESSION_COOKIE_DOMAIN": [None, ".example.com", "example.com", ""],
    "SESSION_COOKIE_PATH": ["/", "/app", "/app/", "", None, "/a b"],
    "SESSION_COOKIE_SECURE": [False, True, None],
    "SESSION_COOKIE_HTTPONLY": [True, False, None],
    "SESSION_COOKIE_SAMESITE": ["Lax", "lax", "Strict", "STRICT", "None", "none", None, False, "", "bogus"],
    "SESSION_EXPIRE_AT_BROWSER_CLOSE": [False, True],
}
EXPIRIES = [
    None, 0, 1, 60, -1, 12.7, 0.0, True, False, "", "2023-11-14T23:13:20+00:00", "2023-11-14T22:13:19.500000+00:00",
    "2020-01-01T00:00:00Z",
]


def records():
    for settings in combinations():
        label = ", ".join(f"{name.removeprefix('SESSION_')}={value!r}" for name, value in settings.items()) or "defaults"
        yield record(f"session cookie set, {label}", "set", settings, sent(settings))
        yield record(f"session cookie deleted, {label}", "delete", settings, deleted(settings))
    for expiry in EXPIRIES[1:]:
        for close in (False, True):
            settings = {"SESSION_EXPIRE_AT_BROWSER_CLOSE": close}
            result = sent(settings, expiry)
            yield record(
                f"session cookie set, expiry {expiry!r}, {close}", "set", settings, result,
            ) | {"session_expiry": expiry}
    for now_ms in (NOW_MS + 500, NOW_MS + 999, 0, 1709164800000, 4102444800000):
        yield record(f"session cookie set at {now_ms}", "set", {}, sent({}, now_ms=now_ms)) | {"now_ms": now_ms}
    yield from values()


def record(name, action, settings, result):
    told = {"header": result["value"]} if "value" in result else result
    return {"name": name, "kind": f"{action}_cookie", "settings": settings, "now_ms": NOW_MS, "key": KEY, **told}


def combinations():
    yield {}
    for setting, (_, *others) in CHOICES.items():
        for value in others:
            yield {setting: value}
    source = random.Random(7)
    for _ in range(60):
        yield {setting: source.choice(values) for setting, values in CHOICES.items()}


def sent(settings, expiry=None, now_ms=NOW_MS):
    with settings_of(**settings), clock_at(now_ms):
        return outcome(lambda: sent_here(expiry))


def sent_here(expiry=None):
    """The header after a change to a session whose key is known."""
    Session.objects.all().delete()
    store = SessionStore(KEY)
    store.save(must_create=True)
    request = HttpRequest()
    middleware = SessionMiddleware(lambda request: HttpResponse())
    middleware.process_request(request)
    request.session = store
    store["a"] = 1
    if expiry is not None:
        store["_session_expiry"] = expiry
    return header_of(middleware.process_response(request, HttpResponse()))


def deleted(settings):
    with settings_of(**settings), clock_at(NOW_MS):
        return outcome(deleted_here)


def deleted_here():
    """The header in answer to an empty cookie."""
    request = HttpRequest()
    request.COOKIES[django_settings.SESSION_COOKIE_NAME] = ""
    middleware = SessionMiddleware(lambda request: HttpResponse())
    middleware.process_request(request)
    return header_of(middleware.process_response(request, HttpResponse()))


def header_of(response):
    return ", ".join(morsel.OutputString() for morsel in response.cookies.values())


def values():
    """Names and values that need quotes, or are refused."""
    for value in [
        "", "plain", "a b", "a;b", "a,b", 'a"b', "a\\b", "a=b", "a/b", "a:b", "a.b-c_d~e", "caf\xe9", "{}", "(a)", "@",
        "[x]", "<>", "?", "%3B", "a+b", "'", "!#$%&*^`|", "\xff",
    ]:
        yield plain(f"value {value!r}", "name", value)
    for name in [
        "a", "a.b", "a-b", "a_b", "__Host-a", "a:b", "a b", "a;b", "a=b", "a,b", "", "caf\xe9", "a/b", 'a"b', "path",
        "Secure", "expires", "a[0]", "a!#$%&'*+^`|~b",
    ]:
        yield plain(f"cookie name {name!r}", name, "value")


def plain(label, name, value):
    def run():
        response = HttpResponse()
        response.set_cookie(name, value, httponly=True, samesite="Lax")
        return header_of(response)

    result = outcome(run)
    told = {"header": result["value"]} if "value" in result else result
    return {"name": f"set_cookie {label}", "kind": "quote", "cookie": name, "value": value, **told}
