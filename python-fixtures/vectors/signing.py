"""django.utils.crypto.salted_hmac, base62, Signer and TimestampSigner."""

import datetime

from django.core.signing import Signer, TimestampSigner, b62_decode, b62_encode
from django.utils.crypto import salted_hmac

from .recording import octets, outcome, told_options
from .site import FALLBACK_KEY, NOW_MS, OTHER_KEY, SECRET_KEY, clock_at

KEYS = {
    "1 character": "k",
    "short": "short",
    "50 characters": SECRET_KEY[:50],
    "as long as a block with its salt": "b" * 60,
    "longer than a block": "long-" * 40,
    "longer than two blocks": "x" * 300,
    "non-ASCII": "cl\xe9-\u20ac-\U0001f511",
    "spaces and newline around": " key \n",
    "bytes": b"bytes-key",
    "bytes that are not UTF-8": bytes([0, 255, 128, 10, 0]),
    "64 bytes": bytes(range(64)),
    "200 bytes": bytes(range(200)),
}


def records():
    yield from hmacs()
    yield from base62()
    yield from separators()
    yield from signed()
    yield from unsigned()
    yield from dated()
    yield from undated()


def hmacs():
    for algorithm in ("sha1", "sha256", "sha512", "sha224", "sha384", "md5", "sha3_256"):
        for label, secret in KEYS.items():
            if algorithm in ("sha224", "sha384", "md5", "sha3_256") and label != "short":
                continue
            yield hmac(f"{algorithm}, {label}", "salt", "value", secret, algorithm)
    cases = {
        "empty salt and value": ("", ""),
        "non-ASCII salt and value": ("s\xe4lt", "v\xe4lue \u20ac"),
        "salt and value as bytes": (b"salt", b"\x00\xff"),
        "salt and secret have no border": ("saltgolden-vectors", "value"),
        "long value": ("salt", "v" * 1000),
        "long salt": ("s" * 200, "value"),
    }
    for label, (salt, value) in cases.items():
        yield hmac(f"sha256, {label}", salt, value, SECRET_KEY, "sha256")


def hmac(label, salt, value, secret, algorithm):
    return {
        "name": f"salted_hmac {label}",
        "kind": "salted_hmac",
        "salt": octets(salt),
        "value": octets(value),
        "secret": octets(secret),
        "algorithm": algorithm,
        "hex": salted_hmac(salt, value, secret, algorithm=algorithm).hexdigest(),
    }


def base62():
    numbers = [
        0, 1, 9, 10, 35, 36, 61, 62, 3843, 3844, -1, -61, -62, 1700000000, 2**31, 2**53 - 1, 2**53, 2**53 + 1, 2**64,
    ]
    for number in [*numbers, -(2**70), 62**59, 62**60 - 1, 10**60]:
        yield {"name": f"b62_encode {number}", "kind": "b62_encode", "number": str(number), "text": b62_encode(number)}
    texts = [
        "0", "00", "01", "1r31eq", "z", "Z", "a", "A", "-0", "-1", "-", "--1", "", " ", "_", "1 ", " 1", "1.5", "+1",
        "\xe9", "z" * 60, "-" + "z" * 60, "1-",
    ]
    for text in texts:
        result = outcome(lambda: str(b62_decode(text)))
        yield {"name": f"b62_decode {text!r}", "kind": "b62_decode", "text": text, "result": result}


def separators():
    unsafe = ["", "a", "Z", "0", "_", "-", "=", "-_=", "abc", "^", "[", "]", "\\", "`", "a`", "\n", "a\n", "-\n"]
    safe = [
        ":", ".", ";", ",", "+", "/", "::", "a:", ":a", " ", "!", "~", "@", "{", "\xe9", "a b", "=:=", "\n\n", "\r",
        "a\n\n",
    ]
    for sep in [*unsafe, *safe]:
        result = outcome(lambda: Signer(key="secret", sep=sep).sep)
        yield {"name": f"separator {sep!r}", "kind": "separator", "sep": sep, "result": result}


SIGNERS = {
    "default": {"key": SECRET_KEY},
    "short key": {"key": "k"},
    "long key": {"key": "long-" * 40},
    "bytes key": {"key": bytes([0, 255, 128, 10, 0])},
    "non-ASCII key": {"key": "cl\xe9-\u20ac"},
    "sep .": {"key": SECRET_KEY, "sep": "."},
    "sep ::": {"key": SECRET_KEY, "sep": "::"},
    "sep é": {"key": SECRET_KEY, "sep": "\xe9"},
    "salt": {"key": SECRET_KEY, "salt": "extra"},
    "non-ASCII salt": {"key": SECRET_KEY, "salt": "s\xe4lt"},
    "empty salt": {"key": SECRET_KEY, "salt": ""},
    "sha1": {"key": SECRET_KEY, "algorithm": "sha1"},
    "sha512": {"key": SECRET_KEY, "algorithm": "sha512"},
    "fallbacks": {"key": SECRET_KEY, "fallback_keys": [FALLBACK_KEY]},
}
VALUES = [
    "hello", "", "a:b:c", ":", "with space", "caf\xe9 \u20ac \U0001f600", "a\nb", "x" * 300, '{"a":1}', "=", "%3A",
    "\x00",
]


def signed():
    for label, options in SIGNERS.items():
        for value in VALUES if label == "default" else ["hello", "", "a:b.c"]:
            yield {
                "name": f"sign {label}: {value[:20]!r}",
                "kind": "sign",
                "signer": told_options(options),
                "value": value,
                "signed": Signer(**options).sign(value),
            }


def unsigned():
    default = {"key": SECRET_KEY}
    rotated = {"key": SECRET_KEY, "fallback_keys": [OTHER_KEY, FALLBACK_KEY]}
    good = Signer(key=SECRET_KEY).sign("hello")
    old = Signer(key=FALLBACK_KEY).sign("hello")
    stranger = Signer(key="a-stranger").sign("hello")
    value, signature = good.split(":")
    both = next(text for text in map(Signer(key=SECRET_KEY).sign, "abcdefghijklmnop") if "-" in text and "_" in text)
    cases = [(label, {**options}, Signer(**options).sign("hello")) for label, options in SIGNERS.items()]
    cases += [
        ("value with the separator", default, Signer(key=SECRET_KEY).sign("a:b:c")),
        ("empty value", default, Signer(key=SECRET_KEY).sign("")),
        ("non-ASCII value", default, Signer(key=SECRET_KEY).sign("caf\xe9 \u20ac")),
        ("by a fallback key", rotated, old),
        ("by the key where there are fallbacks", rotated, good),
        ("by a stranger's key, fallbacks tried", rotated, stranger),
        ("by a former key that is no fallback", default, old),
        ("another salt", {"key": SECRET_KEY, "salt": "other"}, good),
        ("another algorithm", {"key": SECRET_KEY, "algorithm": "sha1"}, good),
        ("another separator", {"key": SECRET_KEY, "sep": "."}, good),
        ("empty", default, ""),
        ("no separator", default, "hello"),
        ("only the separator", default, ":"),
        ("no signature", default, "hello:"),
        ("no value", default, f":{signature}"),
        ("changed value", default, f"hellp:{signature}"),
        (
            "changed first character of the signature", default,
            f"{value}:{'B' if signature[0] == 'A' else 'A'}{signature[1:]}",
        ),
        ("changed last character of the signature", default, good[:-1] + ("A" if good[-1] != "A" else "B")),
        (
            "another spelling of the last character", default, good[:-1] + respelled(good[-1]),
            "a text compare: spare bits count",
        ),
        ("padded signature", default, good + "=", "a text compare: no padding is dropped"),
        ("signature cut", default, good[:-1]),
        ("signature longer", default, good + "A"),
        ("space behind", default, good + " "),
        ("space in front", default, " " + good),
        ("newline behind", default, good + "\n"),
        ("signature in upper case", default, f"{value}:{signature.upper()}"),
        ("standard alphabet", default, standard_alphabet(both), "a text compare: only the URL-safe alphabet"),
        ("signature in hexadecimal digits", default, f"{value}:{'0' * 64}"),
        ("two signatures", default, f"{good}:{signature}"),
        ("signed twice, opened once", default, Signer(key=SECRET_KEY).sign(good)),
        ("non-ASCII signature", default, f"{value}:\xe9\u20ac"),
        ("lone surrogate in the value", default, f"\ud83d:{signature}", "it has no UTF-8 bytes to sign"),
        ("lone surrogate in the signature", default, f"{value}:\ud83d"),
    ]
    for label, options, text, *why in cases:
        yield {
            "name": f"unsign {label}",
            "kind": "unsign",
            "signer": told_options(options),
            "signed": text,
            "result": outcome(lambda: Signer(**options).unsign(text)),
            **({"why": why[0]} if why else {}),
        }


def standard_alphabet(text):
    return text.replace("-", "+").replace("_", "/")


def respelled(character):
    """The next letter of the alphabet differs only in bits that 32 bytes do not use."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return alphabet[alphabet.index(character) ^ 1]


def dated():
    for label, options in SIGNERS.items():
        for now_ms in (NOW_MS, NOW_MS + 999, 0) if label == "default" else (NOW_MS,):
            with clock_at(now_ms):
                text = TimestampSigner(**options).sign("hello")
            yield {
                "name": f"timestamp sign {label} at {now_ms}",
                "kind": "timestamp_sign",
                "signer": told_options(options),
                "now_ms": now_ms,
                "value": "hello",
                "signed": text,
            }


def undated():
    key = {"key": SECRET_KEY}
    with clock_at(NOW_MS):
        good = TimestampSigner(**key).sign("hello")
        former = TimestampSigner(key=FALLBACK_KEY).sign("hello")
    plain = Signer(key=SECRET_KEY, salt="django.core.signing.TimestampSigner")
    ages = [(age, later) for age in (100, 100.5, 0, 0.0, -1, 1e9) for later in (
        0, 1, 99_999, 100_000, 100_001, 100_500, 100_501,
    )]
    for age, later in ages:
        yield timestamp(f"max_age {age}, {later} ms later", key, good, NOW_MS + later, age)
    for delta in (
        {"seconds": 100}, {"days": 1}, {"minutes": 1, "milliseconds": 500}, {"hours": 1, "seconds": -1},
        {"seconds": -1},
    ):
        limit = round(datetime.timedelta(**delta).total_seconds() * 1000)
        for later in (limit - 1, limit, limit + 1):
            yield timestamp(f"timedelta {delta}, {later} ms later", key, good, NOW_MS + later, {"timedelta": delta})
    yield timestamp("no max_age, years later", key, good, NOW_MS + 10**12, None)
    yield timestamp("from the future", key, good, NOW_MS - 10**9, 0, "an instant ahead of the clock has a negative age")
    yield timestamp(
        "expired, by a fallback key", {**key, "fallback_keys": [FALLBACK_KEY]}, former, NOW_MS + 200_000, 100,
    )
    yield timestamp("fresh, by a fallback key", {**key, "fallback_keys": [FALLBACK_KEY]}, former, NOW_MS + 50_000, 100)
    yield timestamp("expired and wrong key", key, former, NOW_MS + 200_000, 100)
    yield timestamp("another separator", {**key, "sep": "."}, good, NOW_MS, None)
    stamps = [
        "", "_", " ", "-", "-1", "0", "00000", "1r31eq", "001r31eq", " 1r31eq", "1r31eq ", "z" * 60, "-" + "z" * 60,
        "1.5", "\xe9", "hello", "1r31eq=", "+1",
    ]
    for stamp in stamps:
        for max_age in (None, 100):
            why = "a good signature behind a bad time is no BadSignature"
            yield timestamp(
                f"time {stamp!r}, max_age {max_age}", key, plain.sign(f"hello:{stamp}"), NOW_MS, max_age, why,
            )
    yield timestamp("no time at all", key, plain.sign("hello"), NOW_MS, None, "ValueError, not BadSignature")
    yield timestamp("empty value and no time", key, plain.sign(""), NOW_MS, None)
    yield timestamp("unsigned", key, "hello:1r31eq", NOW_MS, None)
    yield timestamp("empty", key, "", NOW_MS, None)
    yield timestamp("changed time", key, good.replace(":1r31eq:", ":1r31er:"), NOW_MS, None)


def timestamp(label, options, text, now_ms, max_age, why=None):
    limit = datetime.timedelta(**max_age["timedelta"]) if isinstance(max_age, dict) else max_age
    with clock_at(now_ms):
        result = outcome(lambda: TimestampSigner(**options).unsign(text, max_age=limit))
    return {
        "name": f"timestamp unsign {label}",
        "kind": "timestamp_unsign",
        "signer": told_options(options),
        "now_ms": now_ms,
        "max_age": max_age,
        "signed": text,
        "result": result,
        **({"why": why} if why and "error" in result else {}),
    }
