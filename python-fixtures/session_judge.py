"""Sessions as this very Django writes, reads and changes them, asked for one line at a time: no server, one process.

    session_judge.py '{"database": path of an SQLite file, "secret_key": …}'
        {"op": "write", "settings": {…}, "session": "json" or "types"} → {"key": …}
        {"op": "read", "settings": {…}, "key": …}   → {"data": {name: described}, "user": …, "payload": hex of what is signed}
        {"op": "change", "settings": {…}, "key": …} → {"key": …}, after `django` was set and `node` deleted
        {"op": "login", "settings": {…}}            → {"key": …} of a session of the user ada

Of `settings`, each question has its own: SESSION_ENGINE, CACHES and so on. A key that opens nothing is answered by {"data": {}}.
"""

import base64
import datetime
import decimal
import importlib
import importlib.util
import json
import logging
import pickle
import sys
import uuid
import warnings

import django
from django.conf import settings

OPTIONS = json.loads(sys.argv[1])


class PickleSerializer:
    """As Django had it up to 4.2."""

    def dumps(self, obj):
        return pickle.dumps(obj, pickle.HIGHEST_PROTOCOL)

    def loads(self, data):
        return pickle.loads(data)


def configure():
    warnings.filterwarnings("ignore")
    settings.configure(
        SECRET_KEY=OPTIONS["secret_key"],
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": OPTIONS["database"]}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
        USE_TZ=True,
        TIME_ZONE="UTC",
        LOGGING_CONFIG=None,
    )
    django.setup()
    logging.getLogger("django").setLevel(logging.CRITICAL)


configure()

from django.contrib.auth import get_user, login  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core import signing  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import HttpRequest  # noqa: E402
from django.test import override_settings  # noqa: E402
from django.utils.safestring import mark_safe  # noqa: E402

from vectors.described import describe  # noqa: E402

JSON_VALUES = {
    "cart": ["pear"],
    "float": 1.0,
    "big": 2**70,
    "text": "caf\xe9 \u20ac \U0001f600 \x7f",
    "inside": {"10": 1, "2": [2.5e-7, None, True, {"__proto__": -0.0}]},
    "gone": "deleted by Node",
    "__proto__": "a name like others",
    "long": "lorem ipsum " * 100,
}
SHARED = ["one list", "in two places"]
TYPE_VALUES = {
    **JSON_VALUES,
    "pair": (1, "two", SHARED),
    "again": SHARED,
    "price": decimal.Decimal("1.50"),
    "when": datetime.datetime(2026, 7, 1, 12, 0, 0, 250001, tzinfo=datetime.timezone.utc),
    "naive": datetime.datetime(2026, 7, 1, 12, 0),
    "id": uuid.UUID("0f14d0ab-9605-4a62-a9e4-5ed26688389b"),
    "tags": {"a tag"},
    "raw": b"\x00\xff",
    "safe": mark_safe("<b>"),
    7: "a key that is no text",
}


def store_of(key=None):
    module = importlib.import_module(settings.SESSION_ENGINE)
    # The class remembers the folder of its first object.
    if "_storage_path" in vars(module.SessionStore):
        del module.SessionStore._storage_path
    return module.SessionStore(key)


def write(asked):
    store = store_of()
    store.update({"json": JSON_VALUES, "types": TYPE_VALUES}[asked["session"]])
    store.save()
    return {"key": store.session_key}


def read(asked):
    store = store_of(asked["key"])
    data = store.load()
    return {
        "data": {str(name): describe(value) for name, value in data.items()},
        "names": [str(name) for name in data],
        "whole": describe(data),
        "user": user_of(asked["key"]),
        "payload": payload(asked["key"]),
        "expiry_age": store.get_expiry_age() if data else None,
    }


def user_of(key):
    request = HttpRequest()
    request.session = store_of(key)
    user = get_user(request)
    return None if user.is_anonymous else user.get_username()


class Raw:
    """In a serializer's place: what was signed, as it is."""

    def loads(self, data):
        return data


def payload(key):
    """None where nothing is signed, or nothing there."""
    engine = settings.SESSION_ENGINE.rpartition(".")[2]
    if engine == "signed_cookies":
        return signing.loads(key, serializer=Raw, salt="django.contrib.sessions.backends.signed_cookies").hex()
    text = text_of(engine, key)
    if text is None:
        return None
    if ":" in text:
        return signing.loads(text, serializer=Raw, salt=store_of().key_salt).hex()
    return base64.b64decode(text).partition(b":")[2].hex()


def text_of(engine, key):
    if engine == "file":
        try:
            with open(store_of(key)._key_to_file(), "rb") as file:
                return file.read().decode("ascii")
        except FileNotFoundError:
            return None
    if engine in ("db", "cached_db", "shop_sessions"):
        row = store_of().model.objects.filter(session_key=key).first()
        return row and row.session_data
    return None


def change(asked):
    store = store_of(asked["key"])
    del store["node"]
    store["django"] = ["changed"]
    store.save()
    return {"key": store.session_key}


def log_in(_):
    request = HttpRequest()
    request.session = store_of()
    user = User.objects.get(username="ada")
    user.backend = "django.contrib.auth.backends.ModelBackend"
    login(request, user)
    request.session.save()
    return {"key": request.session.session_key}


def has(asked):
    """Whether this Django has a backend, and Python its client."""
    module, _, name = asked["backend"].rpartition(".")
    client = {"PyLibMCCache": "pylibmc", "PyMemcacheCache": "pymemcache", "RedisCache": "redis"}.get(name)
    is_there = importlib.util.find_spec(module) and hasattr(importlib.import_module(module), name)
    return bool(is_there and (client is None or importlib.util.find_spec(client)))


OPERATIONS = {"write": write, "read": read, "change": change, "login": log_in, "has": has}


def answer(asked):
    try:
        with override_settings(**asked.get("settings", {})):
            return {"ok": OPERATIONS[asked["op"]](asked)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    # One module, also under the name by which SESSION_SERIALIZER finds it.
    sys.modules["session_judge"] = sys.modules["__main__"]
    call_command("migrate", verbosity=0)
    User.objects.create_user("ada", "ada@example.com", "lovelace")
    table = {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache_table"}
    with override_settings(CACHES={"default": table}):
        call_command("createcachetable", verbosity=0)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
