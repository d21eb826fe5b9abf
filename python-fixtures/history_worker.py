"""Requests of browsers, answered by real Django one a line: the adversary in histories of shared sessions.

    history_worker.py '{"database": {…}, "secret_key": …}' prepare     migrates, makes the one user, ends
    history_worker.py '{"database": {…}, "secret_key": …}' serve       {"id": 1, "operation": "write", …} → {"id": 1, …}
    history_worker.py '{"database": {…}, "secret_key": …}' rows        every row as Django reads it, one a line
    history_worker.py '{"database": {…}, "secret_key": …}' sets        what stood where Django set a session, one a line

test/history/event.ts has the shapes. Each request goes through SessionMiddleware, and so do its errors.
"""

import base64
import json
import logging
import os
import pickle
import random
import socket
import sys
import time
import warnings
from urllib.parse import unquote

import django
from django.conf import settings
from redis.backoff import ConstantBackoff
from redis.retry import Retry

OPTIONS = json.loads(sys.argv[1])
# The most seconds that a view waits between reading and writing, so that others get between.
THINKING = 0.003
BACKEND = "django.contrib.auth.backends.ModelBackend"


def configure():
    warnings.filterwarnings("ignore")
    if OPTIONS["database"]["ENGINE"].endswith(".mysql"):
        import pymysql

        # Pure Python, where mysqlclient needs a compiler.
        pymysql.install_as_MySQLdb()
    settings.configure(
        SECRET_KEY=OPTIONS["secret_key"],
        SECRET_KEY_FALLBACKS=OPTIONS["secret_key_fallbacks"],
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": OPTIONS["database"]},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
        LOGGING_CONFIG=None,
        USE_TZ=True,
        **OPTIONS.get("settings", {}),
    )
    for described in settings.CACHES.values():
        if described["BACKEND"].endswith(".RedisCache"):
            # It sends again by default, too, but for seconds.
            described.setdefault("OPTIONS", {})["retry"] = Retry(ConstantBackoff(0.02), 3)
    django.setup()
    logging.getLogger("django").setLevel(logging.CRITICAL)


configure()

from django.contrib import auth  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.sessions.backends import cache, file  # noqa: E402
from django.contrib.sessions.exceptions import SessionInterrupted  # noqa: E402
from django.contrib.sessions.middleware import SessionMiddleware  # noqa: E402
from django.contrib.sessions.models import Session  # noqa: E402
from django.core.cache import caches  # noqa: E402
from django.core.cache.backends import db as database_cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import IntegrityError, connection, transaction  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.test import RequestFactory  # noqa: E402


# DatabaseCache answers False for a write that failed, as for a key that is taken, and sessions do not look: what was
# acknowledged then is not stored, or is under a key that nobody has. Here it is the failure that it is.
database_cache.DatabaseError = IntegrityError


def state_of(session):
    """What a request found; None for an empty session."""
    if "origin" not in session:
        return None
    marks = {key: value for key, value in session.items() if key.startswith("mark ")}
    return {
        "origin": session["origin"],
        "by": session["by"],
        "marks": {key.removeprefix("mark "): value for key, value in marks.items()},
    }


# What this request has put into the cache.
CACHED = []
# Session keys that this request tried to add.
ADDED = []
# What stood where this request set a session, for a cache that is asked by the worker itself.
OVER = []
# The request that is answered.
ASKED = {}

# The list in Redis of what stood where Django set a session: a request's number, and what was there.
SETS = "sets"
# As `SET`; in the same step it is noted, so that also a set whose answer is lost, or which comes late, is known.
SET_AND_NOTE = f"""
local stood = redis.call('GET', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
redis.call('RPUSH', '{SETS}', ARGV[3], stood or '')
return true
"""


def watch_cache():
    """Notes the stamps of the sessions that Django puts into its cache."""
    if not settings.SESSION_ENGINE.endswith("cached_db"):
        return
    cache = caches[settings.SESSION_CACHE_ALIAS]
    put = cache.set

    def put_and_note(key, value, *args, **kwargs):
        if value.get("by") is not None:
            CACHED.append(value["by"])
        return put(key, value, *args, **kwargs)

    cache.set = put_and_note


def watch_sessions():
    """Notes what becomes of the session keys that Django's cache engine adds, and in Redis of those that it sets."""
    if not settings.SESSION_ENGINE.endswith(".cache"):
        return
    site_cache = caches[settings.SESSION_CACHE_ALIAS]
    add = site_cache.add

    def add_and_note(key, *args, **kwargs):
        ADDED.append(key.removeprefix(cache.KEY_PREFIX))
        return add(key, *args, **kwargs)

    site_cache.add = add_and_note
    if is_redis(site_cache):
        note_in_redis(site_cache._cache)
    elif is_memcached(site_cache):
        note_in_memcached(site_cache._cache)
    elif is_table(site_cache):
        note_in_table(site_cache)


def note_in_redis(client):
    def set_and_note(key, value, timeout):
        redis = client.get_client(key, write=True)
        redis.eval(SET_AND_NOTE, 1, key, client._serializer.dumps(value), timeout, ASKED["id"])

    client.set = set_and_note


def note_in_memcached(client):
    """Memcached cannot tell in the same step: it is set while that stands which was noted, until it hits."""

    def set_and_note(key, value, expire):
        while True:
            stood, number = client.gets(key)
            # Before it is sent: what is done and not answered was done to what stood there all the same.
            OVER.append(stamp_of(stood))
            if client.add(key, value, expire) if number is None else client.cas(key, value, number, expire):
                return True
            OVER.pop()

    client.set = set_and_note


def note_in_table(site_cache):
    """A row is set in the transaction that noted, and locked, what stood there."""
    put = site_cache.set
    locking = " FOR UPDATE" if connection.features.has_select_for_update else ""
    query = f"SELECT value FROM {connection.ops.quote_name(site_cache._table)} WHERE cache_key = %s{locking}"

    def set_and_note(key, *args, **kwargs):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(query, [site_cache.make_and_validate_key(key)])
                row = cursor.fetchone()
            OVER.append(stamp_of(None if row is None else pickle.loads(base64.b64decode(row[0]))))
            return put(key, *args, **kwargs)

    site_cache.set = set_and_note


def stamp_of(stood):
    """Of what stands under a key: None for nothing, 0 for a session that has no stamp yet, as `cycle_key` makes it."""
    return None if stood is None else stood.get("by", 0)


def is_redis(site_cache):
    return type(site_cache).__name__ == "RedisCache"


def is_memcached(site_cache):
    return type(site_cache).__name__ == "PyMemcacheCache"


def is_table(site_cache):
    return type(site_cache).__name__ == "DatabaseCache"


class Handler:
    """The view of one request, and what it did."""

    def __init__(self, request):
        self.asked = request
        self.done = {}

    def __call__(self, request):
        session = request.session
        seen = state_of(session)
        self.done["seen"] = seen
        time.sleep(random.random() * THINKING)
        operation = self.asked["operation"]
        if operation == "logout":
            session.flush()
        elif operation == "touch" and seen is not None:
            session.modified = True
            self.stamp(session)
        elif operation == "authenticate":
            before = session.session_key
            auth.get_user(request)
            if session.session_key != before:
                self.stamp(session)
        elif operation in ("write", "cycle", "login"):
            session.setdefault("origin", self.asked["id"])
            session["mark " + self.asked["tab"]] = [self.asked["browser"], self.asked["id"]]
            self.stamp(session)
            if operation == "login":
                user = User.objects.get()
                session[auth.SESSION_KEY] = str(user.pk)
                session[auth.BACKEND_SESSION_KEY] = BACKEND
                session[auth.HASH_SESSION_KEY] = user._get_session_auth_hash(secret=OPTIONS["secret_key_fallbacks"][0])
            if operation != "write":
                session.cycle_key()
        return HttpResponse()

    def stamp(self, session):
        """Django saves all that it had read, so it stands on what it had read."""
        seen = self.done["seen"]
        self.done["on"] = seen and seen["by"]
        session["by"] = self.asked["id"]


def answer(asked):
    handler = Handler(asked)
    CACHED.clear()
    ADDED.clear()
    OVER.clear()
    ASKED.update(asked)
    request = RequestFactory().get("/")
    if asked["cookie"] is not None:
        request.COOKIES[settings.SESSION_COOKIE_NAME] = asked["cookie"]
    reply = {"id": asked["id"], "outcome": "ok", "seen": None, "sent": None}
    try:
        response = SessionMiddleware(handler)(request)
        morsel = response.cookies.get(settings.SESSION_COOKIE_NAME)
        reply["sent"] = None if morsel is None else morsel.value
    except SessionInterrupted:
        reply["outcome"] = "interrupted"
    except Exception as error:  # noqa: BLE001 – whatever a failing server makes Django raise
        reply.update(outcome="failed", error=type(error).__name__)
        connection.close()
    noted = {"cached": CACHED, "added": ADDED, "over": OVER}
    return reply | handler.done | {name: list(each) for name, each in noted.items() if each}


def prepare():
    call_command("migrate", verbosity=0)
    # For a cache that lies in a table, if there is one.
    call_command("createcachetable", verbosity=0)
    User.objects.create(username="ada", password=OPTIONS["password"])


def serve():
    watch_cache()
    watch_sessions()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


def stored():
    """The key and the data of every session that is stored, expired or not; no data where it cannot be read."""
    engine = settings.SESSION_ENGINE.rpartition(".")[2]
    if engine in ("db", "cached_db"):
        for row in Session.objects.all():
            yield row.session_key, row.get_decoded()
    elif engine == "file":
        for name in os.listdir(settings.SESSION_FILE_PATH):
            # What a killed process left beside its session.
            if "_out_" in name:
                continue
            store = file.SessionStore(name.removeprefix(settings.SESSION_COOKIE_NAME))
            # As clear_expired: what cannot be read is not replaced.
            store.create = lambda: None
            key, data = store.session_key, store.load()
            # Another may be about to fill it, or have moved or deleted it meanwhile.
            if data or is_filled(store._key_to_file(key)):
                yield key, data
    elif engine == "cache":
        prefix = caches["default"].make_key(cache.KEY_PREFIX)
        for name in cached_keys(prefix):
            key = name.removeprefix(prefix)
            data = cache.SessionStore(key).load()
            # Django's `cycle_key` stores an empty session first, and may not get to fill it.
            if data or not isinstance(caches["default"].get(cache.KEY_PREFIX + key), dict):
                yield key, data


def cached_keys(prefix):
    site_cache = caches["default"]
    if is_redis(site_cache):
        return [name.decode() for name in site_cache._cache.get_client().scan_iter(match=prefix + "*")]
    if is_memcached(site_cache):
        return keys_in_memcached(*site_cache._servers[0].split(":"))
    if is_table(site_cache):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT cache_key FROM {site_cache._table}")
            return [name for (name,) in cursor.fetchall()]
    # A file's name is a digest of its key: sessions that are left in files are looked at by nobody.
    return []


def keys_in_memcached(host, port):
    with socket.create_connection((host, int(port))) as server:
        server.sendall(b"lru_crawler metadump all\r\n")
        names = []
        for line in server.makefile():
            if line.startswith("END"):
                return names
            names.append(unquote(line.split()[0].removeprefix("key=")))
    raise RuntimeError("Memcached did not list its keys")


def is_filled(path):
    try:
        return os.stat(path).st_size > 0
    except FileNotFoundError:
        return False


def rows():
    for key, data in stored():
        print(json.dumps({"key": key, "state": state_of(data), "is_readable": bool(data)}), flush=True)


def sets():
    site_cache = caches[settings.SESSION_CACHE_ALIAS]
    if not settings.SESSION_ENGINE.endswith(".cache") or not is_redis(site_cache):
        return
    noted = site_cache._cache.get_client().lrange(SETS, 0, -1)
    for request, stood in zip(noted[::2], noted[1::2]):
        over = stamp_of(site_cache._cache._serializer.loads(stood) if stood else None)
        print(json.dumps({"id": int(request), "over": over}), flush=True)


if __name__ == "__main__":
    {"prepare": prepare, "serve": serve, "rows": rows, "sets": sets}[sys.argv[2]]()
