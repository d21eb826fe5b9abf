"""sign_object, unsign_object, dumps and loads. What zlib makes differs between builds: it is compared decoded."""

import base64
import json
import zlib

from django.core import signing
from django.core.signing import Signer, TimestampSigner

from .recording import canonical, outcome, told_options
from .site import FALLBACK_KEY, NOW_MS, OTHER_KEY, SECRET_KEY, clock_at, settings_of

OBJECTS = [
    "{}", "[]", "null", "5", '"text"', "1.0", "-0.0", '{"a":1,"b":[true,null,1.5]}', '{"10":1,"2":2}',
    '{"__proto__":{"x":1}}',
    '["caf\\u00e9","\\u20ac","\\ud83d\\ude00"]', '{"n":NaN,"i":-Infinity}', "12345678901234567890",
    '"' + "a" * 100 + '"', '"\\u007f"',
    '{"list":[' + ",".join(["1"] * 60) + "]}",
]

# zlib.compress(b'{"cart":["socks","socks","socks","socks","socks"],"total":5}'), fixed so that it is the same everywhere.
COMPRESSED = "eJyrVkpOLCpRsopWKs5Pzi5W0iFAx-ooleSXJOYoWZnWAgBX0BOP"


def records():
    yield from objects()
    yield from contents()
    yield from dumped()
    yield from loaded()


def objects():
    for text in OBJECTS:
        for compress in (False, True):
            signed = Signer(key=SECRET_KEY, salt="objects").sign_object(json.loads(text), compress=compress)
            yield {
                "name": f"sign_object {text[:40]!r}{', compressed' if compress else ''}",
                "kind": "sign_object",
                "signer": {"key": SECRET_KEY, "salt": "objects"},
                "json": text,
                "compress": compress,
                "signed": signed,
                **({"compressed": True} if signed[0] == "." else {}),
            }


def contents():
    """Texts between good signature and JSON: base64 is lenient, zlib is not."""
    signer = Signer(key=SECRET_KEY, salt="objects")
    for label, content, *why in content_cases():
        signed = signer.sign(content)
        yield {
            "name": f"unsign_object {label}",
            "kind": "unsign_object",
            "signer": {"key": SECRET_KEY, "salt": "objects"},
            "signed": signed,
            "result": outcome(lambda: canonical(signer.unsign_object(signed))),
            **({"why": why[0]} if why else {}),
        }


def base64_of(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def content_cases():
    """Also the signed contents of session-data.json."""
    plain = base64_of(b'{"a":1}')
    odd = base64_of(b'{"k":"\xff\xfe\xfb~?>"}')
    data = b'{"cart":["socks","socks","socks","socks","socks"],"total":5}'
    stream = base64.urlsafe_b64decode(COMPRESSED)
    assert zlib.decompress(stream) == data
    raw, adler = stream[2:-4], stream[-4:]
    yield "plain", plain
    yield "compressed", "." + COMPRESSED
    yield "padded", plain + "=="
    yield "padded by one", plain + "="
    yield "padded by three", plain + "==="
    yield "padded by four", plain + "===="
    yield "newline inside", plain[:4] + "\n" + plain[4:]
    yield "newlines inside, four", plain[:4] + "\n\n\n\n" + plain[4:]
    yield "newline behind", plain + "\n"
    yield "space inside", plain[:3] + " " + plain[3:]
    yield "junk inside", plain[:4] + "!!!!" + plain[4:]
    yield "junk in front", "!*$%" + plain
    yield "non-ASCII inside", plain[:4] + "\xe9\xe9" + plain[4:]
    yield "padding in the middle", plain[:4] + "=" + plain[4:]
    yield "padding in the middle, two", plain[:4] + "==" + plain[4:]
    yield "padding in the middle that ends a group", base64_of(b'{"a":1 }')[:6] + "==" + plain[4:]
    yield "text behind the padding", plain + "==" + plain
    yield "separator inside", plain[:4] + ":" + plain[4:]
    yield "url-safe alphabet", odd
    yield "standard alphabet", odd.replace("-", "+").replace("_", "/"), "Python's decoder reads both alphabets"
    yield "spare bits set", plain[:-1] + chr(ord(plain[-1]) + 1), "the last character's spare bits are not looked at"
    yield "one character too few", plain[:-1]
    yield "one character too many", plain + "A"
    yield "one character", "e"
    yield "empty", ""
    yield "only padding", "="
    yield "only a dot", "."
    yield "two dots", ".." + COMPRESSED
    yield "dot before plain", "." + plain
    yield "compressed without its dot", COMPRESSED
    yield "zlib with trailing bytes", "." + base64_of(stream + b"trailing"), "what follows the stream is ignored"
    yield "zlib with a second stream", "." + base64_of(stream + stream)
    yield "zlib cut by one", "." + base64_of(stream[:-1])
    yield "zlib without checksum", "." + base64_of(stream[:-4])
    yield "zlib cut in the middle", "." + base64_of(stream[:20])
    yield "zlib header only", "." + base64_of(stream[:2])
    yield "zlib wrong checksum", "." + base64_of(stream[:-4] + bytes([adler[0] ^ 1]) + adler[1:])
    yield "zlib header check wrong", "." + base64_of(b"\x78\x9d" + stream[2:])
    yield "zlib with a preset dictionary", "." + base64_of(b"\x78\xbb" + b"\0\0\0\1" + stream[2:])
    yield "raw deflate", "." + base64_of(raw)
    yield "gzip", "." + base64_of(b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + raw + zlib.crc32(data).to_bytes(
        4, "little",
    ) + len(data).to_bytes(4, "little"))
    yield "zlib of nothing", "." + base64_of(bytes.fromhex("789c030000000001"))
    yield "zlib stored blocks", "." + base64_of(zlib_stored(data))
    yield "zlib small window", "." + base64_of(b"\x18\x19" + raw + adler)
    yield "raw UTF-8", base64_of('{"a":"caf\xe9 \u20ac"}'.encode()), "bytes are read as latin-1: two or three characters for one"
    yield "raw latin-1", base64_of('{"a":"caf\xe9"}'.encode("latin-1"))
    yield "byte order mark", base64_of(b'\xef\xbb\xbf{"a":1}')
    yield "UTF-16", base64_of('{"a":1}'.encode("utf-16"))
    yield "duplicate keys", base64_of(b'{"a":1,"b":2,"a":3}')
    yield "no JSON", base64_of(b"{a:1}")
    yield "NaN and infinities", base64_of(b'{"a":[NaN,Infinity,-Infinity,1e400]}')
    yield "control character", base64_of(b'{"a":"\x01"}')
    yield "trailing NUL", base64_of(b'{"a":1}\x00')
    yield "4301 digits", base64_of(b'{"a":' + b"1" * 4301 + b"}")
    for text in ("null", "[]", "5", '"x"', "true", "false", "0", '""', "[1]", "1.5"):
        yield f"no dict: {text}", base64_of(text.encode()), "no type is checked on reading"


def zlib_stored(data):
    """A stream of one stored block, the same from any zlib."""
    size = len(data).to_bytes(2, "little")
    complement = bytes(byte ^ 0xFF for byte in size)
    return b"\x78\x01" + b"\x01" + size + complement + data + zlib.adler32(data).to_bytes(4, "big")


def dumped():
    for text in OBJECTS:
        for salt in ({}, {"salt": "my.salt"}):
            for compress in (False, True):
                with clock_at(NOW_MS):
                    signed = signing.dumps(json.loads(text), key=SECRET_KEY, compress=compress, **salt)
                yield {
                    "name": f"dumps {text[:40]!r}{', salt' if salt else ''}{', compressed' if compress else ''}",
                    "kind": "dumps",
                    "signer": {"key": SECRET_KEY, **salt},
                    "now_ms": NOW_MS,
                    "json": text,
                    "compress": compress,
                    "signed": signed,
                    **({"compressed": True} if signed[0] == "." else {}),
                }


def loaded():
    with clock_at(NOW_MS):
        good = signing.dumps({"a": 1.0}, key=SECRET_KEY)
        salted = signing.dumps({"a": 1.0}, key=SECRET_KEY, salt="my.salt")
        former = signing.dumps({"a": 1.0}, key=FALLBACK_KEY)
        packed = TimestampSigner(key=SECRET_KEY, salt="django.core.signing").sign("." + COMPRESSED)
    yield load("good", {}, good, 0, None)
    yield load("compressed", {}, packed, 0, None)
    yield load("salt", {"salt": "my.salt"}, salted, 0, None)
    yield load("another salt", {}, salted, 0, None)
    yield load("missing salt", {"salt": "my.salt"}, good, 0, None)
    yield load("within max_age", {}, good, 10_000, 10)
    yield load("past max_age by 1 ms", {}, good, 10_001, 10)
    yield load("a former key", {}, former, 0, None)
    yield load("a former key as fallback", {"fallback_keys": [OTHER_KEY, FALLBACK_KEY]}, former, 0, None)
    yield load("a former key, expired", {"fallback_keys": [FALLBACK_KEY]}, former, 11_000, 10)
    yield load("key as bytes", {"key": SECRET_KEY.encode()}, good, 0, None)
    yield load("empty", {}, "", 0, None)
    yield load("changed content", {}, "f" + good[1:], 0, None)
    yield load("signature cut", {}, good[:-1], 0, None)
    yield load(
        "without its time", {}, Signer(key=SECRET_KEY, salt="django.core.signing").sign(good.split(":")[0]), 0, None,
    )
    with settings_of(SECRET_KEY=SECRET_KEY, SECRET_KEY_FALLBACKS=[FALLBACK_KEY]):
        why = "an explicit key leaves SECRET_KEY_FALLBACKS on; an explicit empty list switches them off"
        site = {"SECRET_KEY_FALLBACKS": [FALLBACK_KEY]}
        yield load("explicit key, fallbacks of the settings", {}, former, 0, None) | {"settings": site, "why": why}
        yield load(
            "explicit key, fallbacks switched off", {"fallback_keys": []}, former, 0, None,
        ) | {"settings": site, "why": why}


def load(label, options, signed, later, max_age):
    options = {"key": SECRET_KEY, **options}
    with clock_at(NOW_MS + later):
        result = outcome(lambda: canonical(signing.loads(signed, max_age=max_age, **options)))
    return {
        "name": f"loads {label}",
        "kind": "loads",
        "signer": told_options(options),
        "now_ms": NOW_MS + later,
        "max_age": max_age,
        "signed": signed,
        "result": result,
    }
