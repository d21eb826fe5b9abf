"""Cached sessions as django-redis writes and reads them, with every serializer and compressor that a release has.

    python generate_django_redis_values.py OUT_DIR

Run by hand, in an environment of `requirements/django-redis-<release>.txt`. Nothing is stored: what a client encodes and
decodes is told, and no server is needed.
"""

import datetime
import decimal
import sys
import time
import uuid
import warnings
from importlib.metadata import version
from pathlib import Path

import django
from django.conf import settings

from vectors.described import describe
from vectors.recording import outcome, write_topic

SERIALIZERS = {name: f"django_redis.serializers.{name}" for name in (
    "pickle.PickleSerializer", "json.JSONSerializer", "msgpack.MSGPackSerializer")}
COMPRESSORS = {name: f"django_redis.compressors.{name}" for name in (
    "identity.IdentityCompressor", "zlib.ZlibCompressor", "gzip.GzipCompressor", "zstd.ZStdCompressor",
    "lz4.Lz4Compressor", "lzma.LzmaCompressor")}

UTC = datetime.timezone.utc
LOGIN = {
    "_auth_user_id": "7",
    "_auth_user_backend": "django.contrib.auth.backends.ModelBackend",
    "_auth_user_hash": "0123456789abcdef" * 4,
}
SESSIONS = {
    "empty": {},
    "of 15 bytes": {"a": "1234567"},
    "small": {"a": 1},
    "login": LOGIN,
    "numbers": {
        "ints": [0, 1, -1, 31, -32, -33, 127, 128, 255, 256, 65535, 65536, 2**31, 2**32, 2**53 + 1, 2**64 - 1,
                 -128, -129, -32768, -32769, -(2**31), -(2**31) - 1, -(2**63)],
        "floats": [0.0, -0.0, 1.0, 1.5, 1e16, 1e-7, float("inf"), float("-inf")],
        "bools": [True, False, None],
    },
    "texts": {"": "", "__proto__": "plain", "caf\xe9": "\u20ac \U0001f600 \x7f", "a, b: c": "d, \"e\": [f, g]", "x" * 40: "y" * 300},
    "nested": {"10": {"b": [[], {}, [[{"a": []}]]], "a": {}}, "9": [{"k": "v"}, {"k": "v"}]},
    "long": {"items": [{"sku": f"A{number}", "count": number} for number in range(30)]},
    "wide": {f"key{number}": number for number in range(20)},
}
COMPRESSED = {name: SESSIONS[name] for name in ("empty", "of 15 bytes", "small", "login", "texts", "long")}
TYPED = {
    "dates": {
        "moment": datetime.datetime(2026, 7, 1, 12, 0, 0, 250123, UTC),
        "naive": datetime.datetime(2026, 7, 1, 12, 0),
        "east": datetime.datetime(2026, 7, 1, 12, 0, 0, 999, datetime.timezone(datetime.timedelta(hours=5, minutes=30))),
        "date": datetime.date(2026, 7, 1),
        "time": datetime.time(12, 30, 0, 123456),
        "whole": datetime.time(12, 30),
        "spans": [datetime.timedelta(days=1, seconds=3661, microseconds=5), datetime.timedelta(seconds=-1), datetime.timedelta(0)],
    },
    "numbers of classes": {"price": decimal.Decimal("1.50"), "id": uuid.UUID(int=7)},
    "tuples": {"pair": (1, (2.0, "3")), "of dates": [(datetime.date(2026, 1, 2),)]},
    "keys": {"by number": {1: "a", 2.5: "b", True: "c", None: "d", -3: "e"}},
    "a number as key": {1: "one", "a": 2},
    "bytes": {"raw": b"\x00\xff" * 200, "short": b""},
    "a key of bytes": {"inside": {b"k": 1}},
    "a set": {"set": {1}},
    "beyond 64 bits": {"int": 2**64},
    "a lone surrogate": {"text": "\ud800"},
}


def client(serializer, compressor, **options):
    from django_redis.cache import RedisCache

    params = {"OPTIONS": {"SERIALIZER": serializer, "COMPRESSOR": compressor, **options}}
    return RedisCache("redis://127.0.0.1:1/0", params).client


def clients():
    for compressor_name, compressor in COMPRESSORS.items():
        for serializer_name, serializer in SERIALIZERS.items():
            try:
                yield serializer_name, compressor_name, client(serializer, compressor)
            except ImportError:
                pass


def records():
    for serializer, compressor, here in clients():
        parts = {"serializer": f"django_redis.serializers.{serializer}", "compressor": f"django_redis.compressors.{compressor}"}
        title = f"{serializer.split('.')[0]}, {compressor.split('.')[0]}"
        plain = compressor.startswith("identity")
        for name, session in (SESSIONS | TYPED if plain else COMPRESSED).items():
            yield encode(f"{name}: {title}", parts, here, session)
        for name, stored in odd_values(here).items():
            yield decode(f"{name}: {title}", parts, here, stored)
    pickle = "django_redis.serializers.pickle.PickleSerializer"
    identity = "django_redis.compressors.identity.IdentityCompressor"
    for protocol in -1, 0, 1, 2, 3, 4, 5:
        here = client(pickle, identity, PICKLE_VERSION=protocol)
        parts = {"serializer": pickle, "compressor": identity, "pickle_version": protocol}
        yield encode(f"protocol {protocol}", parts, here, LOGIN)
    yield from herded(pickle, identity)
    yield from sharded()


def odd_values(here):
    """What the compressor cannot decompress, and what is no session."""
    bare = here._serializer.dumps(LOGIN)
    packed = here.encode(LOGIN)
    return {
        "not compressed": bare,
        "cut": packed[: len(packed) // 2],
        "with more behind": packed + b"more",
        "of nothing": b"",
        "of rubbish": b"\x01\x02rubbish",
        "an int": str(here.encode(5)).encode(),
        "an int with spaces": b" +1_000\n",
        "a list": here.encode([1, 2]),
        "a bool": here.encode(True),
    }


def herded(pickle, identity):
    from django_redis.client.herd import HerdClient

    here = client(pickle, identity, CLIENT_CLASS="django_redis.client.HerdClient")
    parts = {"serializer": pickle, "compressor": identity, "herd": True}
    assert isinstance(here, HerdClient)
    for name, end in ("alive", 4102444800), ("ended", 1000000000):
        stored = here.encode((here._marker, LOGIN, end))
        yield {"name": f"herded, {name}", "kind": "herd", **parts, "stored": stored.hex(), "end": end, "value": describe(LOGIN)}
    for name, session in ("plain", LOGIN), ("plain, of three", {"a": 1, "b": 2, "c": 3}):
        value, refresh = here._unpack(here.decode(here.encode(session)))
        assert value == session and not refresh
        yield {"name": f"herded, {name}", "kind": "herd", **parts, "stored": here.encode(session).hex(), "end": None, "value": describe(session)}


def sharded():
    from django_redis.client import ShardClient
    from django_redis.hash_ring import HashRing

    nodes = ["redis://a:6379/0", "redis://b:6379/0", "redis://:secret@c:6380/2?ssl_cert_reqs=none"]
    for count in 1, 2, 3:
        here = ShardClient.__new__(ShardClient)
        here._ring = HashRing(nodes[:count])
        keys = [f":1:django.contrib.sessions.cache{number:032x}" for number in range(40)]
        keys += ["", "a{tag}b", "x{one}{two}", "{}", "{two}", "two", "tag"]
        places = [nodes.index(here.get_server_name(key)) for key in keys]
        yield {"name": f"shards, {count}", "kind": "shard", "nodes": nodes[:count], "keys": keys, "places": places}


def encode(name, parts, here, session):
    """The bytes, and what they are read as."""
    record = {"name": name, "kind": "encode", **parts, "session": describe(session)}
    told = outcome(lambda: here.encode(session).hex())
    if "error" in told:
        return record | {"result": told}
    return record | {"stored": told["value"], "result": outcome(lambda: describe(here.decode(bytes.fromhex(told["value"]))))}


def decode(name, parts, here, stored):
    record = {"name": name, "kind": "decode", **parts, "stored": stored.hex()}
    return record | {"result": outcome(lambda: describe(here.decode(stored)))}


def main():
    warnings.simplefilter("ignore")
    # gzip writes the time into what it makes.
    time.time = lambda: 1782907200.0
    settings.configure(SECRET_KEY="golden-vectors", CACHES={}, LOGGING_CONFIG=None, USE_TZ=True)
    django.setup()
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    header = {"django": django.get_version(), "django-redis": version("django-redis")}
    print(write_topic(folder, "values", header, list(records())), "records")


if __name__ == "__main__":
    main()
