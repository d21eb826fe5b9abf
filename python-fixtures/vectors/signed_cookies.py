"""set_signed_cookie and get_signed_cookie, with the salt of today and the one before it."""

from django.conf import global_settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from .recording import outcome
from .site import FALLBACK_KEY, NOW_MS, SECRET_KEY, clock_at, settings_of

SECRET_BYTES = b"\x00\xffbytes-secret-key"
SALT_OF_TODAY = "today"
SALT_BEFORE = "before"
# 4.2 knows the older one alone, and no setting about it.
HAS_TWO_SALTS = hasattr(global_settings, "SIGNED_COOKIE_LEGACY_SALT_FALLBACK")


def records():
    if HAS_TWO_SALTS:
        yield {
            "name": "default of SIGNED_COOKIE_LEGACY_SALT_FALLBACK",
            "kind": "setting",
            "value": global_settings.SIGNED_COOKIE_LEGACY_SALT_FALLBACK,
        }
    yield from signed()
    yield from unsigned()


def written(cookie, value, salt="", key=SECRET_KEY, form=SALT_OF_TODAY, now_ms=NOW_MS):
    with settings_of(SECRET_KEY=key), clock_at(now_ms):
        if form == SALT_OF_TODAY:
            response = HttpResponse()
            response.set_signed_cookie(cookie, value, salt=salt)
            return response.cookies[cookie].value
        return signing.get_cookie_signer(salt=cookie + salt).sign(value)


def signed():
    cases = [
        ("plain", "visitor", "hello", ""),
        ("salt", "visitor", "hello", "extra"),
        ("non-ASCII salt counts characters", "visitor", "hello", "s\xe4lt\U0001f600"),
        ("empty value", "visitor", "", ""),
        ("value with colons", "visitor", "a:b:c", ""),
        ("non-ASCII value", "visitor", "caf\xe9 \u20ac", ""),
        ("name and salt that could be confused", "ab", "hello", "c"),
        ("name and salt that could be confused, the other way", "a", "hello", "bc"),
        ("salt with a colon", "visitor", "hello", "1:x"),
    ]
    for label, cookie, value, salt in cases:
        yield {
            "name": f"sign cookie, {label}",
            "kind": "sign_cookie",
            "key": SECRET_KEY,
            "now_ms": NOW_MS,
            "cookie": cookie,
            "value": value,
            "salt": salt,
            "signed": written(cookie, value, salt),
            "signed_before": written(cookie, value, salt, form=SALT_BEFORE),
        }
    yield {
        "name": "sign cookie, bytes key",
        "kind": "sign_cookie",
        "key": {"hex": SECRET_BYTES.hex()},
        "now_ms": NOW_MS,
        "cookie": "visitor",
        "value": "hello",
        "salt": "",
        "signed": written("visitor", "hello", key=SECRET_BYTES),
        "signed_before": written("visitor", "hello", key=SECRET_BYTES, form=SALT_BEFORE),
    }


def unsigned():
    today = written("visitor", "hello")
    before = written("visitor", "hello", form=SALT_BEFORE)
    with clock_at(NOW_MS):
        by_secret_key = signing.TimestampSigner(key=SECRET_KEY, salt="visitor").sign("hello")
    cases = [
        ("today's", today, "", None, 0),
        ("today's, in time", today, "", 100, 100_000),
        ("today's, expired", today, "", 100, 100_001),
        ("the one before", before, "", None, 0),
        ("the one before, in time", before, "", 100, 100_000),
        ("the one before, expired", before, "", 100, 100_001),
        ("today's, salt missing", written("visitor", "hello", "extra"), "", None, 0),
        ("today's, salt", written("visitor", "hello", "extra"), "extra", None, 0),
        ("the one before, salt", written("visitor", "hello", "extra", form=SALT_BEFORE), "extra", None, 0),
        ("another cookie's", written("other", "hello"), "", None, 0),
        ("another cookie's, before", written("other", "hello", form=SALT_BEFORE), "", None, 0),
        ("name and salt shifted", written("visito", "hello", "r"), "", None, 0),
        ("name and salt shifted, before", written("visito", "hello", "r", form=SALT_BEFORE), "", None, 0),
        ("by a fallback key", written("visitor", "hello", key=FALLBACK_KEY), "", None, 0),
        ("by a fallback key, before", written("visitor", "hello", key=FALLBACK_KEY, form=SALT_BEFORE), "", None, 0),
        ("by a fallback key, expired", written("visitor", "hello", key=FALLBACK_KEY), "", 100, 100_001),
        ("by a stranger's key", written("visitor", "hello", key="stranger"), "", None, 0),
        ("signed by SECRET_KEY itself", by_secret_key, "", None, 0),
        ("empty", "", "", None, 0),
        ("no signature", "hello", "", None, 0),
        ("changed", "j" + today[1:], "", None, 0),
        ("cut", today[:-1], "", None, 0),
        ("from the future", today, "", 0, -10_000_000),
        (
            "without a time",
            signing.Signer(
                key=b"django.http.cookies" + SECRET_KEY.encode(), salt="django.http.cookies.v2:0:visitor",
            ).sign("hello"),
            "", None, 0,
        ),
    ]
    if not HAS_TWO_SALTS:
        # The salt that later Djangos put around the name is nothing to this one.
        cases = [case for case in cases if case[0] != "without a time"]
    for fallback in (True, False) if HAS_TWO_SALTS else (True,):
        for label, text, salt, max_age, later in cases:
            request = HttpRequest()
            request.COOKIES["visitor"] = text
            changes = {"SECRET_KEY_FALLBACKS": [FALLBACK_KEY], "SIGNED_COOKIE_LEGACY_SALT_FALLBACK": fallback}
            with settings_of(**changes), clock_at(NOW_MS + later):
                result = outcome(lambda: request.get_signed_cookie("visitor", salt=salt, max_age=max_age))
            yield {
                "name": f"unsign cookie, {label}, legacy fallback {'on' if fallback else 'off'}",
                "kind": "unsign_cookie",
                "key": SECRET_KEY,
                "fallback_keys": [FALLBACK_KEY],
                "now_ms": NOW_MS + later,
                "cookie": "visitor",
                "salt": salt,
                "max_age": max_age,
                "legacy_salt_fallback": fallback,
                "signed": text,
                "result": result,
            }
