"""What SessionMiddleware decides: {cookie} x {view} x {settings}, on real rows."""

from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.middleware import SessionMiddleware
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse

from .recording import canonical, name_of
from .set_cookie import header_of
from .site import NOW_MS, clock_at, settings_of

KEY = "abcdefghijklmnopqrstuvwxyz012345"
UNKNOWN = "unknownunknownunknownunknown0000"
STORED = {"a": 1, "n": {"x": 1}}
COOKIES = {
    "none": None,
    "valid": KEY,
    "unknown": UNKNOWN,
    "short": "abcdefg",
    "eight characters": "abcdefgh",
    "empty": "",
    "expired": KEY,
    "expires at browser close": KEY,
    "expires in 100 s": KEY,
    "row without data": KEY,
}




def flush_then_set(session):
    session.flush()
    session["b"] = 2


def change_inside(session):
    session.setdefault("n", {})["x"] = 2


def delete_all(session):
    for key in list(session.keys()):
        del session[key]


def set_to_the_same(session):
    session["a"] = 1


def mark(session):
    session.modified = True


VIEWS = {
    "untouched": lambda session: None,
    "read": lambda session: session.get("a"),
    "set": lambda session: session.__setitem__("b", 2),
    "set to the same": set_to_the_same,
    "delete every key": delete_all,
    "pop a missing key": lambda session: session.pop("missing", None),
    "setdefault of a present key": lambda session: session.setdefault("a", 5),
    "update with nothing": lambda session: session.update({}),
    "clear": lambda session: session.clear(),
    "flush": lambda session: session.flush(),
    "flush, then set": flush_then_set,
    "cycle key": lambda session: session.cycle_key(),
    "nested change": change_inside,
    "modified by hand": mark,
    "set_expiry 0": lambda session: session.set_expiry(0),
    "set_expiry 100": lambda session: session.set_expiry(100),
    "set_expiry None": lambda session: session.set_expiry(None),
    "save by hand": lambda session: session.save(),
    "row deleted meanwhile, then set": lambda session: (
        session.get("a"), Session.objects.all().delete(), session.__setitem__("b", 2),
    ),
}
EVERY_REQUEST = {"SESSION_SAVE_EVERY_REQUEST": True}
BROWSER_CLOSE = {"SESSION_EXPIRE_AT_BROWSER_CLOSE": True}
CLOSING_VIEWS = (
    "untouched", "read", "set", "clear", "flush, then set", "set_expiry 0", "set_expiry 100", "save by hand",
)


def records():
    for settings in ({}, EVERY_REQUEST, BROWSER_CLOSE, EVERY_REQUEST | BROWSER_CLOSE):
        for cookie in COOKIES:
            for view in CLOSING_VIEWS if settings.keys() & BROWSER_CLOSE.keys() else VIEWS:
                yield decision(cookie, view, 200, settings)
    for status in (302, 404, 499, 500, 503):
        for cookie in ("valid", "none", "unknown"):
            for view in ("read", "set", "flush", "flush, then set", "clear", "cycle key", "save by hand"):
                yield decision(cookie, view, status, {})


def decision(cookie, view, status, settings):
    label = "".join(f", {name.removeprefix('SESSION_')}" for name in settings)
    with settings_of(**settings), clock_at(NOW_MS):
        lay_out(cookie)
        before = rows()
        result = respond(COOKIES[cookie], VIEWS[view], status)
        return {
            "name": f"middleware: cookie {cookie}, view {view}, status {status}{label}",
            "kind": "middleware",
            "settings": settings,
            "now_ms": NOW_MS,
            "cookie": COOKIES[cookie],
            "row": cookie,
            "view": view,
            "status": status,
            "rows_before": before,
            **result,
            "rows_after": rows(),
        }


def lay_out(cookie):
    """The row that the cookie of this name finds."""
    Session.objects.all().delete()
    if cookie in ("none", "unknown", "short", "eight characters", "empty"):
        return
    data = {**STORED}
    if cookie == "expires at browser close":
        data["_session_expiry"] = 0
    if cookie == "expires in 100 s":
        data["_session_expiry"] = 100
    if cookie == "row without data":
        data = {}
    with clock_at(NOW_MS - (1209600_000 if cookie == "expired" else 50_000)):
        store = SessionStore(KEY)
        store._session_cache = data
        store.save(must_create=True)


def rows():
    """Sorted by what is shown of the key: new ones are random."""
    told = [
        {
            "key": shown(row.session_key),
            "data": canonical(SessionStore().decode(row.session_data)),
            "expire_date": row.expire_date.isoformat(),
        }
        for row in Session.objects.all()
    ]
    return sorted(told, key=lambda row: (row["key"] == "<newkey>", row["data"]))


def shown(key):
    return key if key in (KEY, UNKNOWN, "abcdefgh") else "<newkey>"


def respond(cookie, view, status):
    request = HttpRequest()
    if cookie is not None:
        request.COOKIES["sessionid"] = cookie

    def get_response(request):
        view(request.session)
        return HttpResponse(status=status)

    try:
        response = SessionMiddleware(get_response)(request)
    except Exception as error:
        return {"error": name_of(type(error))}
    header = header_of(response)
    key = request.session.session_key
    if header and key and shown(key) == "<newkey>":
        header = header.replace(key, "<newkey>")
    return {"set_cookie": header or None, "vary": response.get("Vary")}
