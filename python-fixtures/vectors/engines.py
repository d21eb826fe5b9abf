"""What each session engine leaves in its store, by Django's own SessionStore of that engine.

Redis and Memcached are not asked: what Django hands to the client is caught on its way, and made to bytes by the
serializer that Django gives that client.
"""

import datetime
import decimal
import importlib
import io
import pickle
import tempfile
import uuid
from pathlib import Path

import django
import pytz
from django.db import connection
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from .described import describe
from .site import NOW_MS, SECRET_KEY, clock_at, settings_of

KEY = "abcdefghijklmnopqrstuvwxyz012345"
BACKENDS = "django.contrib.sessions.backends"
JSON = "django.contrib.sessions.serializers.JSONSerializer"
# Django 5.0 has none any more; sites keep a copy.
PICKLE = (
    "django.contrib.sessions.serializers.PickleSerializer" if django.VERSION < (5,) else "vectors.engines.PickleSerializer"
)

AS_JSON = {
    "empty": {},
    "small": {"a": 1},
    "login": {
        "_auth_user_id": "7",
        "_auth_user_backend": "django.contrib.auth.backends.ModelBackend",
        "_auth_user_hash": "4ab7c0d92e9c1c62d0e7e5a3f6f0ad7e4b7f20bb31f0a9e9ea14fc0b8e0d5a11",
    },
    "cart": {"cart": [{"sku": "caf\xe9", "n": 1.0}, {"sku": "\u20ac", "n": 2**70}], "10": None, "2": [True, False]},
    "long": {"text": "lorem ipsum " * 100},
    "of an hour": {"a": 1, "_session_expiry": 3600},
    "until the browser is closed": {"a": 1, "_session_expiry": 0},
}
PICKLED = {
    "of many types": {
        "pair": (1, "two"),
        "price": decimal.Decimal("1.50"),
        "when": datetime.datetime(2026, 7, 1, 12, 0, 0, 250000),
        "id": uuid.UUID("0f14d0ab-9605-4a62-a9e4-5ed26688389b"),
        "tags": {"one"},
        "raw": b"\x00\xff",
        7: "seven",
        (1, 2): None,
    },
    "of Django's texts": {"safe": mark_safe("<b>"), "lazy": gettext_lazy("Hello")},
    "of pytz": {"when": datetime.datetime(2026, 7, 1, tzinfo=pytz.utc)},
}
# Before 4.1 the moment itself stays in the session, which JSON cannot hold.
UNTIL = datetime.datetime(2023, 11, 15, 22, 13, 20, 250000, tzinfo=datetime.timezone.utc)

# Backends that need no server.
OFFLINE_CACHES = {
    "DatabaseCache": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache_table"},
    "FileBasedCache": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache"},
}
CACHED_CHANGES = {"plain": {}, "with a prefix": {"KEY_PREFIX": "site", "VERSION": 2}}


class PickleSerializer:
    """As Django had it up to 4.2."""

    def dumps(self, obj):
        return pickle.dumps(obj, pickle.HIGHEST_PROTOCOL)

    def loads(self, data):
        return pickle.loads(data)


def header():
    return {"secret_key": SECRET_KEY, "pytz": pytz.__version__}


def records():
    for serializer, sessions in (JSON, AS_JSON), (PICKLE, {**AS_JSON, **PICKLED}):
        for name, session in sessions.items():
            changes = {"SESSION_SERIALIZER": serializer}
            yield in_database(f"{name}, {last(serializer)}", session, changes)
            yield in_file(f"{name}, {last(serializer)}", session, changes)
            yield in_cookie(f"{name}, {last(serializer)}", session, changes)
    if django.VERSION[:2] in ((3, 1), (3, 2)):
        for serializer in JSON, PICKLE:
            changes = {"SESSION_SERIALIZER": serializer, "DEFAULT_HASHING_ALGORITHM": "sha1"}
            yield in_database(f"small, {last(serializer)}, sha1", AS_JSON["small"], changes)
            yield in_file(f"small, {last(serializer)}, sha1", AS_JSON["small"], changes)
            yield in_cookie(f"small, {last(serializer)}, sha1", AS_JSON["small"], changes)
            yield in_cookie(f"long, {last(serializer)}, sha1", AS_JSON["long"], changes)
    yield in_database("small, a class of another name", AS_JSON["small"], {"SESSION_SERIALIZER": JSON}, "ShopSessions")
    yield until(PICKLE)
    if django.VERSION >= (4, 1):
        yield until(JSON)
    for name, session in {**AS_JSON, **PICKLED}.items():
        for engine in "cache", "cached_db":
            if engine == "cached_db" and name in PICKLED:
                continue
            for changed, changes in CACHED_CHANGES.items():
                if changes and name != "small":
                    continue
                yield from in_caches(f"{name}, {engine}, {changed}", engine, session, changes)


def last(path):
    return path.rpartition(".")[2]


def store_of(engine, class_name="SessionStore"):
    made = importlib.import_module(f"{BACKENDS}.{engine}").SessionStore
    if class_name != "SessionStore":
        made = type(class_name, (made,), {"__qualname__": class_name})
    return made()


def saved(store, session):
    store._session_key = KEY
    store._session_cache = dict(session)
    store.save(must_create=True)
    return store


def told(name, engine, session, settings):
    return {"name": name, "kind": engine, "settings": settings, "now_ms": NOW_MS, "session_key": KEY,
            "session": describe(session)}


def in_database(name, session, settings, class_name="SessionStore"):
    with settings_of(**settings), clock_at(NOW_MS), emptied("django_session"):
        saved(store_of("db", class_name), session)
        data, expire_date = row("SELECT session_data, CAST(expire_date AS TEXT) FROM django_session")
    record = told(f"db {name}", "db", session, settings)
    if class_name != "SessionStore":
        record["session_store"] = class_name
    return record | {"session_data": data, "expire_date": expire_date} | packed(data)


def until(serializer):
    """A session that ends at a moment, by set_expiry."""
    settings = {"SESSION_SERIALIZER": serializer}
    with settings_of(**settings), clock_at(NOW_MS), emptied("django_session"):
        store = store_of("db")
        store._session_key, store._session_cache = KEY, {"a": 1}
        store.set_expiry(UNTIL)
        session = dict(store._session_cache)
        store.save(must_create=True)
        data, expire_date = row("SELECT session_data, CAST(expire_date AS TEXT) FROM django_session")
    record = told(f"db until a moment, {last(serializer)}", "db", session, settings)
    return record | {"session_data": data, "expire_date": expire_date} | packed(data)


def in_file(name, session, settings):
    with tempfile.TemporaryDirectory() as folder:
        with settings_of(SESSION_FILE_PATH=folder, **settings), clock_at(NOW_MS):
            saved(file_store(), session)
        (path,) = Path(folder).iterdir()
        data = path.read_bytes().decode("ascii")
    record = told(f"file {name}", "file", session, settings)
    return record | {"file": path.name, "session_data": data} | packed(data)


def file_store():
    """The class remembers the folder of its first object."""
    from django.contrib.sessions.backends.file import SessionStore

    if hasattr(SessionStore, "_storage_path"):
        del SessionStore._storage_path
    return SessionStore()


def in_cookie(name, session, settings):
    with settings_of(**settings), clock_at(NOW_MS):
        signed = saved(store_of("signed_cookies"), session).session_key
    record = told(f"signed_cookies {name}", "signed_cookies", session, settings)
    del record["session_key"]
    return record | {"signed": signed} | packed(signed)


def packed(text):
    return {"compressed": True} if text.startswith(".") else {}


def in_caches(name, engine, session, changes):
    for backend, described in OFFLINE_CACHES.items():
        with tempfile.TemporaryDirectory() as folder:
            caches = {"default": {"LOCATION": folder, **described, **changes}}
            settings = {"CACHES": caches, "SESSION_SERIALIZER": JSON}
            with settings_of(**settings), clock_at(NOW_MS), emptied("django_session"), cache_table():
                saved(store_of(engine), session)
                stored = item_in_table() if backend == "DatabaseCache" else item_in(folder)
        yield cached(f"{backend} {name}", engine, session, {**described, **changes}) | stored
    for backend, serialize in client_serializers().items():
        described = {"BACKEND": backend, "LOCATION": "redis://127.0.0.1:1" if "redis" in backend else "127.0.0.1:1"}
        with settings_of(SESSION_SERIALIZER=JSON), clock_at(NOW_MS), emptied("django_session"):
            cache = load(backend)(described["LOCATION"], changes)
            caught = Caught()
            cache.__dict__["_cache"] = caught
            store = store_of(engine)
            store._cache = cache
            saved(store, session)
        yield cached(f"{last(backend)} {name}", engine, session, {**described, **changes}) | {
            "key": caught.key, "timeout": caught.timeout, **serialize(cache, caught.value),
        }


def cached(name, engine, session, cache):
    return told(name, engine, session, {}) | {"cache": cache}


class Caught:
    """In a client's place: what Django asks it to store."""

    def set(self, key, value, timeout):
        self.key, self.value, self.timeout = key, value, timeout
        return True

    add = set


def client_serializers():
    """Of each backend that this Django has, and whose client is installed."""
    made = {}
    if django.VERSION >= (4,):
        from django.core.cache.backends.redis import RedisSerializer

        made["django.core.cache.backends.redis.RedisCache"] = lambda _, value: {"hex": RedisSerializer().dumps(value).hex()}
    if django.VERSION >= (3, 2):
        made["django.core.cache.backends.memcached.PyMemcacheCache"] = by_pymemcache
    if django.VERSION < (4,):
        # The format is the client's: one Django is enough, and the client is not there for every Python.
        made["django.core.cache.backends.memcached.PyLibMCCache"] = by_pylibmc
    return made


def by_pymemcache(cache, value):
    data, flags = cache._options["serde"].serialize("key", value)
    return {"hex": data.hex(), "flags": flags}


def by_pylibmc(_, value):
    import pylibmc

    data, flags = pylibmc.Client(["127.0.0.1:1"]).serialize(value)
    return {"hex": data.hex(), "flags": flags}


def load(path):
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def item_in_table():
    key, value, expires = row("SELECT cache_key, value, CAST(expires AS TEXT) FROM cache_table")
    return {"key": key, "value": value, "expires": expires}


def item_in(folder):
    """The file holds a pickled moment, and behind it the value, pickled and compressed."""
    (path,) = Path(folder).iterdir()
    content = path.read_bytes()
    stream = io.BytesIO(content)
    pickle.load(stream)
    end = stream.tell()
    return {"file": path.name, "moment": content[:end].hex(), "packed": content[end:].hex(), "compressed": True}


def row(query):
    connection.ensure_connection()
    return connection.connection.execute(query).fetchone()


class emptied:
    """Leaves a table without rows."""

    def __init__(self, table):
        self.table = table

    def __enter__(self):
        self.clear()

    def __exit__(self, *_):
        self.clear()

    def clear(self):
        connection.ensure_connection()
        connection.connection.execute(f"DELETE FROM {self.table}")


class cache_table(emptied):
    """The table of DatabaseCache, made when first asked for."""

    def __init__(self):
        super().__init__("cache_table")

    def __enter__(self):
        connection.ensure_connection()
        connection.connection.execute(
            "CREATE TABLE IF NOT EXISTS cache_table (cache_key varchar(255) NOT NULL PRIMARY KEY, "
            "value text NOT NULL, expires datetime NOT NULL)"
        )
        super().__enter__()
