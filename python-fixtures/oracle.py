"""A real Python and Django that answer line by line, for property tests.

    {"op": "json_loads", "text": "[1.0,-0]"}         →  {"ok": "[1.0,0]"}
    {"op": "json_loads", "text": "[01]"}             →  {"error": "JSONDecodeError"}

A request may name `settings` in Django's words ({"SECRET_KEY": …, "USE_TZ": false}) and its instant as `now_ms`;
bytes are {"hex": …}; values travel as JSON text, so that 1.0 stays 1.0. An `id` comes back in the answer.
"""

import ast
import contextlib
import json
import pickle
import struct
import sys
import time
import types
from urllib.parse import unquote_to_bytes

from vectors import site
from vectors.recording import canonical, outcome, told_bytes

site.configure()
site.create_session_table()

import jwt  # noqa: E402
from django.contrib.auth.decorators import login_required  # noqa: E402
from django.contrib.auth.models import AnonymousUser, User  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.core import signing  # noqa: E402
from django.core.handlers.wsgi import WSGIRequest  # noqa: E402
from django.middleware.csrf import CsrfViewMiddleware  # noqa: E402
from django.test import RequestFactory  # noqa: E402
from django.urls import set_urlconf  # noqa: E402

from vectors import cookie_header, expire_date, expiry, opaque_values, random_pickles, session_data, set_cookie, zone_times  # noqa: E402


def edit(request):
    """One top-level key of a session set, or deleted where no value is given."""
    session = SessionStore().decode(request["session_data"])
    if "value" in request:
        session[request["key"]] = json.loads(request["value"])
    else:
        session.pop(request["key"], None)
    return {"session_data": SessionStore().encode(session), "json": canonical(session)}


def edit_inside(request):
    """Edits within the values of a session, one after another; paths lead from the session down."""
    session = SessionStore().decode(request["session_data"])
    for change in request["edits"]:
        *way, last = change["path"]
        place = session
        for step in way:
            place = place[step]
        if change["do"] == "set":
            place[last] = json.loads(change["value"])
        elif change["do"] == "delete":
            del place[last]
        elif change["do"] == "insert":
            place.insert(last, json.loads(change["value"]))
        elif change["do"] == "reverse":
            place[last].reverse()
        elif change["do"] == "move":
            target = session[change["to"]]
            target.append(place.pop(last))
    return {"json": canonical(session)}


def session_decode(request):
    record = session_data.decode_here(request["session_data"])
    return {"json": record["result"]["value"], "suspicious": record["suspicious"], "swallowed": record.get("swallowed")}


def auth_hash(request):
    user = User(password=request["password"])
    return {"hash": user.get_session_auth_hash(), "fallback_hashes": list(user.get_session_auth_fallback_hash())}


def read_expiry(request):
    return expiry.answers(request.get("session_expiry", expiry.ABSENT))


def key_of(request):
    """Without a key, the settings' own."""
    return told_bytes(request["key"]) if "key" in request else None


def signing_options(request):
    options = {"key": key_of(request)}
    if "salt" in request:
        options["salt"] = request["salt"]
    return options


def signing_loads(request):
    options = signing_options(request)
    if "fallback_keys" in request:
        options["fallback_keys"] = [told_bytes(key) for key in request["fallback_keys"]]
    return canonical(signing.loads(request["signed"], max_age=request.get("max_age"), **options))


def nanoseconds(work, runs):
    start = time.process_time_ns()
    for _ in range(runs):
        work()
    return time.process_time_ns() - start


def time_session_decode(request):
    """What this many readings of a session take, in nanoseconds of the processor."""
    return nanoseconds(lambda: SessionStore().decode(request["session_data"]), request["runs"])


def time_session_encode(request):
    session = SessionStore().decode(request["session_data"])
    return nanoseconds(lambda: SessionStore().encode(session), request["runs"])


def time_pickle_loads(request):
    data = bytes.fromhex(request["pickle"])
    return nanoseconds(lambda: pickle.loads(data), request["runs"])


def time_pickle_change(request):
    """Reading a session, two of its values, and writing it with another."""
    data = bytes.fromhex(request["pickle"])

    def change():
        session = pickle.loads(data)
        session["_auth_user_id"], session["_auth_user_hash"]
        session["visits"] = 2
        return pickle.dumps(session, pickle.HIGHEST_PROTOCOL)

    return nanoseconds(change, request["runs"])


def time_pickle_dumps(request):
    session = pickle.loads(bytes.fromhex(request["pickle"]))
    return nanoseconds(lambda: pickle.dumps(session, pickle.HIGHEST_PROTOCOL), request["runs"])


def origin_verified(request):
    """Of a POST with these headers: whether Django takes it for HTTPS, and its Origin for the site's own."""
    made = RequestFactory().post("/", secure=request["secure"], headers=request["headers"])
    verified = "Origin" in made.headers and CsrfViewMiddleware(lambda _: None)._origin_verified(made)
    return {"secure": made.is_secure(), "verified": verified}


NO_URLS = types.ModuleType("no_urls")
NO_URLS.urlpatterns = []


def login_location(request):
    """Where `login_required` redirects a request for this target, by LOGIN_URL and Host."""
    path, mark, query = request["target"].partition("?")
    made = RequestFactory().get("/", secure=request["secure"], headers={"Host": request["host"]})
    # As WSGI has them: the path decoded, bytes as latin-1.
    made = WSGIRequest({
        **made.environ, "PATH_INFO": unquote_to_bytes(path.encode("latin-1")).decode("latin-1"), "QUERY_STRING": query,
    })
    made.user = AnonymousUser()
    field = {"redirect_field_name": request["field"]} if "field" in request else {}
    set_urlconf(NO_URLS)
    return login_required(lambda _: None, **field)(made).headers["Location"]


OPERATIONS = {
    "json_loads": lambda request: canonical(json.loads(request["text"])),
    "json_dumps": lambda request: canonical(ast.literal_eval(request["python"])),
    "float_repr": lambda request: canonical(struct.unpack(">d", bytes.fromhex(request["bits"]))[0]),
    "session_encode": lambda request: SessionStore().encode(json.loads(request["json"])),
    "session_decode": session_decode,
    "time_session_decode": time_session_decode,
    "time_session_encode": time_session_encode,
    "pickle_dumps": lambda request: pickle.dumps(json.loads(request["json"]), pickle.HIGHEST_PROTOCOL).hex(),
    "zone_times": zone_times.zone_times,
    "time_pickle_loads": time_pickle_loads,
    "time_pickle_change": time_pickle_change,
    "time_pickle_dumps": time_pickle_dumps,
    "edit": edit,
    "edit_inside": edit_inside,
    "parse_cookie": lambda request: list(map(
        list, cookie_header.cookies_of(bytes.fromhex(request["header_hex"])).items(),
    )),
    "set_cookie": lambda request: set_cookie.sent_here(request.get("session_expiry")),
    "delete_cookie": lambda request: set_cookie.deleted_here(),
    "signing_dumps": lambda request: signing.dumps(
        json.loads(request["json"]), compress=request.get("compress", False), **signing_options(request),
    ),
    "signing_loads": signing_loads,
    "expiry": read_expiry,
    "expire_date": lambda request: expire_date.saved_here(request.get("session_expiry", expiry.ABSENT)),
    "pickles": lambda request: random_pickles.pickles(request["seed"], request["count"]),
    "judge_pickles": lambda request: random_pickles.judge(request["seed"], request["count"], request["replies"]),
    "read_alike": lambda request: random_pickles.read_alike(request["pairs"]),
    "auth_hash": auth_hash,
    "opaque_sessions": opaque_values.sessions,
    "opaque_alike": opaque_values.alike,
    "pickles_taken": opaque_values.taken,
    "pickles_equal": opaque_values.equal,
    "origin_verified": origin_verified,
    "login_location": login_location,
    "jwt_encode": lambda request: jwt.encode(
        json.loads(request["claims"]), key_of(request), algorithm=request.get("algorithm", "HS256"),
    ),
    "jwt_decode": lambda request: canonical(jwt.decode(
        request["token"], key_of(request), algorithms=[request.get("algorithm", "HS256")],
    )),
}


def answer(request):
    operation = OPERATIONS.get(request.get("op"))
    if operation is None:
        return {"error": "UnknownOperation"}
    settings = {name: told_bytes(value) for name, value in request.get("settings", {}).items()}
    with contextlib.ExitStack() as stack:
        if settings:
            stack.enter_context(site.settings_of(**settings))
        if "now_ms" in request:
            stack.enter_context(site.clock_at(request["now_ms"]))
        result = outcome(lambda: operation(request))
    return {"ok": result["value"]} if "value" in result else result


def main():
    for line in sys.stdin.buffer:
        request = json.loads(line)
        known = {"id": request["id"]} if "id" in request else {}
        print(json.dumps(known | answer(request)), flush=True)


if __name__ == "__main__":
    main()
