"""SessionBase.encode and decode of the database store: the column session_data."""

import base64
import json
import logging

from django.contrib.sessions.backends.db import SessionStore
from django.core import signing
from django.core.signing import Signer, TimestampSigner

from .recording import canonical, outcome
from .signed_objects import COMPRESSED, base64_of, content_cases
from .site import FALLBACK_KEY, NOW_MS, OTHER_KEY, SECRET_KEY, clock_at, settings_of

SALT = "django.contrib.sessions.SessionStore"
SIGNED_COOKIES_SALT = "django.contrib.sessions.backends.signed_cookies"

SESSIONS = {
    "empty": "{}",
    "small": '{"a":1}',
    "login": '{"_auth_user_id":"7","_auth_user_backend":"django.contrib.auth.backends.ModelBackend","_auth_user_hash":"4ab7c0d92e9c1c62d0e7e5a3f6f0ad7e4b7f20bb31f0a9e9ea14fc0b8e0d5a11"}',
    "numbers": '{"f":1.0,"e":1e+16,"s":1e-07,"z":-0.0,"i":0,"big":12345678901234567890123,"n":NaN,"inf":[Infinity,-Infinity]}',
    "key order": '{"10":1,"2":2,"1":3,"z":4,"a":5}',
    "__proto__": '{"__proto__":{"admin":true},"constructor":1}',
    "non-ASCII": '{"caf\\u00e9":"\\u20ac \\ud83d\\ude00 \\ud83d","del":"\\u007f","control":"\\u0000\\n"}',
    "nested": '{"cart":{"items":[{"sku":"a","n":1},{"sku":"b","n":2.5}],"total":null},"flags":[true,false,[],{},""]}',
    "expiry": '{"_session_expiry":"2023-11-15T22:13:20+00:00","a":1}',
    "long": '{"list":[' + ",".join(str(number) for number in range(200)) + "]}",
    "very long text": '{"text":"' + "lorem ipsum " * 200 + '"}',
    "just too short to compress": '{"a":"bcdefghijklmnopqrstuvwxyz"}',
    "messages": json.dumps(
        {"_messages": '[["__json_message", 0, 25, "Saved.", ""]]', "_csrftoken": "A" * 32}, separators=(",", ":"),
    ),
    "jwt": '{"jwt":{"iat":1700000000,"exp":1700003600,"id":7,"user_id":7}}',
}


def header():
    """The key of every record that names no other."""
    return {"secret_key": SECRET_KEY}


def records():
    yield from encoded()
    yield from keys_and_salts()
    yield from contents()
    yield from timestamps()
    yield from tampered()
    yield from oddities()


def encoded():
    for label, text in SESSIONS.items():
        with settings_of(SECRET_KEY=SECRET_KEY), clock_at(NOW_MS):
            session_data = SessionStore().encode(json.loads(text))
        packed = {"compressed": True} if session_data[0] == "." else {}
        yield {
            "name": f"encode {label}", "kind": "encode", "now_ms": NOW_MS, "json": text, "session_data": session_data,
            **packed,
        }
    for key in ("k", "long-" * 40, "cl\xe9-\u20ac"):
        with settings_of(SECRET_KEY=key), clock_at(NOW_MS):
            yield {
                "name": f"encode small by key {key[:10]!r}",
                "kind": "encode",
                "secret_key": key,
                "now_ms": NOW_MS,
                "json": '{"a":1}',
                "session_data": SessionStore().encode({"a": 1}),
            }


class Watcher(logging.Handler):
    """Hears the warning that Django gives for a bad signature."""

    def __init__(self):
        super().__init__()
        self.warned = False

    def emit(self, record):
        self.warned = True


def decode(label, text, why=None, fallbacks=(), secret_key=SECRET_KEY):
    with settings_of(SECRET_KEY=secret_key, SECRET_KEY_FALLBACKS=list(fallbacks)), clock_at(NOW_MS):
        decoded = decode_here(text)
    return {
        "name": f"decode {label}",
        "kind": "decode",
        **({"fallback_keys": list(fallbacks)} if fallbacks else {}),
        **({"secret_key": secret_key} if secret_key != SECRET_KEY else {}),
        "session_data": text,
        **decoded,
        **({"why": why} if why else {}),
    }


def decode_here(text):
    """With the settings as they are; `swallowed` is the error that made Django take the session for empty."""
    watcher = Watcher()
    logger = logging.getLogger("django.security.SuspiciousSession")
    logger.addHandler(watcher)
    logger.setLevel(logging.WARNING)
    try:
        result = outcome(lambda: canonical(SessionStore().decode(text)))
    finally:
        logger.removeHandler(watcher)
        logger.setLevel(logging.NOTSET)
    reason = outcome(lambda: signing.loads(text, salt=SALT)).get("error")
    return {"result": result, "suspicious": watcher.warned, **({"swallowed": reason} if reason else {})}


def signed(content, stamp=None, key=SECRET_KEY, salt=SALT):
    """A good signature around any content and any time."""
    if stamp is not None:
        return Signer(key=key, salt=salt).sign(f"{content}:{stamp}")
    with clock_at(NOW_MS):
        return TimestampSigner(key=key, salt=salt).sign(content)


def plain(text):
    return base64_of(text.encode("latin-1"))


def keys_and_salts():
    content = plain('{"a":1}')
    yield decode("good", signed(content))
    yield decode("good, compressed", signed("." + COMPRESSED))
    yield decode("another key", signed(content, key=OTHER_KEY))
    yield decode("a former key", signed(content, key=FALLBACK_KEY))
    yield decode(
        "a former key that is a fallback", signed(content, key=FALLBACK_KEY), fallbacks=[OTHER_KEY, FALLBACK_KEY],
    )
    yield decode("today's key where there are fallbacks", signed(content), fallbacks=[FALLBACK_KEY])
    yield decode(
        "a stranger's key where there are fallbacks", signed(content, key="stranger"), fallbacks=[FALLBACK_KEY],
    )
    yield decode("key with spaces around", signed(content, key=f" {SECRET_KEY} "), "a key is never trimmed")
    yield decode("short key", signed(content, key="k"), secret_key="k")
    yield decode("long key", signed(content, key="long-" * 40), secret_key="long-" * 40)
    yield decode("non-ASCII key", signed(content, key="cl\xe9-\u20ac"), secret_key="cl\xe9-\u20ac")
    salts = [
        SIGNED_COOKIES_SALT, "django.contrib.sessions", "django.contrib.sessionsSessionStore",
        "django.contrib.sessions.SessionBase", "django.core.signing", SALT + " ", SALT.lower(),
        "django.contrib.sessions.backends.db.SessionStore",
    ]
    for salt in salts:
        yield decode(f"salt {salt!r}", signed(content, salt=salt))
    sha1 = TimestampSigner(key=SECRET_KEY, salt=SALT, algorithm="sha1")
    with clock_at(NOW_MS):
        yield decode("signed with sha1", sha1.sign(content), "read by 3.2, not by 4.0 and newer")


def contents():
    for label, content, *why in content_cases():
        yield decode(f"content {label}", signed(content), *why)
    texts = [
        "{", '{"a":1}x', '{"a":1} ', ' {"a":1}', '{"a":01}', '{"a":nan}', '{"a":"\t"}', '{"a":"\x7f\xa0\xff"}',
        '{"a":1,"a":2,"b":3}', '{"b":1,"a":2,"b":3}', '{"a":"\\ud83d"}', '{"a":"\\ud83d\\ude00"}', '{"a":"\\u00 1"}',
        '{"":""}', '{"__proto__":1}', '{"a":1e400,"b":-1e400}', '{"a":1.0,"b":-0,"c":-0.0,"d":1E5}',
        '{"_session_expiry":0}', '{"a":' + "[" * 200 + "]" * 200 + "}", "\x0b{}", "\xef\xbb\xbf{}", "\n{}\r\n", "{}",
        "NaN", "-0", "1e400",
        '[{"a":1}]', '"{}"', '[["a",1]]',
    ]
    for text in texts:
        yield decode(f"payload {text[:40]!r}", signed(plain(text)))


def timestamps():
    content = plain('{"a":1}')
    stamps = [
        "", "_", " ", "-", "-1", "0", "1", "00001r31eq", "1r31eq", " 1r31eq", "1r31eq ", "1r31eq\n", "zzzzzz", "z" * 60,
        "-" + "z" * 60, "0" * 60, "1.5", "+1", "\xe9", "=", "--1", "1-", "!", "1r31eq=", "\u0661",
    ]
    for stamp in stamps:
        yield decode(
            f"time {stamp!r}", signed(content, stamp),
            None if stamp.isalnum() else "a time has no age limit; it must only be base 62",
        )
    yield decode("no time", Signer(key=SECRET_KEY, salt=SALT).sign(content), "a good signature without a time")
    yield decode("no time, and a colon in the content", Signer(key=SECRET_KEY, salt=SALT).sign(":" + content))
    yield decode("two times", signed(f"{content}:1r31eq", "1r31eq"))


def tampered():
    for label, good in (("plain", signed(plain('{"user":7,"admin":false}'))), ("compressed", signed("." + COMPRESSED))):
        first, second = good.index(":"), good.rindex(":")
        for at in (
            0, 1, 5, first // 2, first - 1, first + 1, second - 1, second + 1, (second + len(good)) // 2, len(good) - 2,
        ):
            other = "A" if good[at] != "A" else "B"
            yield decode(f"{label}, changed at {at}", good[:at] + other + good[at + 1 :])
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        yield decode(
            f"{label}, another spelling of the last character", good[:-1] + alphabet[alphabet.index(good[-1]) ^ 1],
            "signatures are compared as text",
        )
        yield decode(f"{label}, padded signature", good + "=")
        yield decode(f"{label}, dot removed or added", good[1:] if good[0] == "." else "." + good)
        yield decode(f"{label}, cut in the signature", good[:-1])
        yield decode(f"{label}, signature gone", good[: second + 1])
        yield decode(f"{label}, cut before the signature", good[:second])
        yield decode(f"{label}, only content", good[:first])
        yield decode(f"{label}, time swapped", good[: first + 1] + "1r31er" + good[second:])
        yield decode(f"{label}, newline behind", good + "\n")
        yield decode(f"{label}, space in front", " " + good)
        yield decode(f"{label}, doubled", good + good)
        yield decode(f"{label}, in lower case", good.lower())
        yield decode(f"{label}, percent-encoded", good.replace(":", "%3A"))
        yield decode(f"{label}, first half", good[: len(good) // 2])


def oddities():
    legacy = base64.b64encode(b"0123456789abcdef0123456789abcdef01234567:" + b'{"a":1}').decode()
    yield decode("format of 3.0 and older", legacy, "base64 of signature, colon and data: unreadable from 4.0 on")
    for text in (
        "", " ", ":", "::", ":::", "a", "a:b", "a:b:c", "{}", "null", '{"a":1}', "\x00", "caf\xe9",
        "\u20ac:\u20ac:\u20ac", "\xe9" * 40, "=" * 40, "." * 40, "\ud83d", "x" * 20000,
    ):
        yield decode(f"text {text[:12]!r}, {len(text)} characters", text)
    yield decode("non-ASCII content, well signed", signed("caf\xe9\u20ac"))
    yield decode("non-ASCII around base64, well signed", signed("\u20ac" + plain('{"a":1}')))
    yield decode("lone surrogate, badly signed", "\ud83d:1r31eq:AAAA", "no UTF-8 bytes to sign")
