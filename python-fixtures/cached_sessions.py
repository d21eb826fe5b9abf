"""Sessions of real Django in caches of any settings, one question a line.

    cached_sessions.py '{"caches": {alias: …}, "database": path}'
    {"op": "save", "alias": "json", "engine": "cache", "key": null, "set": "<pickle in hex>"}  →  {"ok": {"key": …}}
    {"op": "load", "alias": "json", "engine": "cache", "key": …}                               →  {"ok": {"values": …, "ttl": …}}
    {"op": "delete", "alias": "json", "engine": "cache", "key": …}                             →  {"ok": null}

Values are told by vectors/described.py; null for a session that is not there.
"""

import json
import pickle
import sys
import warnings
from importlib import import_module

import django
from django.conf import settings

OPTIONS = json.loads(sys.argv[1])

warnings.filterwarnings("ignore")
settings.configure(
    SECRET_KEY=OPTIONS["secret_key"],
    CACHES={"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}, **OPTIONS["caches"]},
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": OPTIONS["database"]}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.sessions"],
    LOGGING_CONFIG=None,
    USE_TZ=True,
    **OPTIONS.get("settings", {}),
)
django.setup()

from django.core.cache import caches  # noqa: E402
from django.core.management import call_command  # noqa: E402

from vectors.described import describe  # noqa: E402


def store(request):
    settings.SESSION_CACHE_ALIAS = request["alias"]
    engine = import_module(f"django.contrib.sessions.backends.{request['engine']}")
    return engine.SessionStore(request["key"])


def save(request):
    session = store(request)
    session.update(pickle.loads(bytes.fromhex(request["set"])))
    session.save()
    return {"key": session.session_key}


def load(request):
    session = store(request)
    values = dict(session.items())
    if session.session_key is None or not values:
        return {"values": None, "ttl": None}
    cache = caches[request["alias"]]
    ttl = cache.ttl(session.cache_key) if hasattr(cache, "ttl") and request["engine"] == "cache" else None
    return {"values": describe(values), "ttl": ttl}


def delete(request):
    store(request).delete()


def main():
    call_command("migrate", verbosity=0)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"ok": {"save": save, "load": load, "delete": delete}[request["op"]](request)}
        except Exception as error:  # noqa: BLE001 – whatever the cache raises is the answer
            answer = {"error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
