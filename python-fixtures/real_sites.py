"""
A site of somebody else's: makes users and sessions of every kind, and asks the site's whole middleware who each is.
Run in the site's own shell; REAL_SITE_STEP says what to do, and REAL_SITE_FILE holds what was made.
"""

import base64
import datetime
import decimal
import importlib
import json
import os
import uuid
from wsgiref.simple_server import WSGIRequestHandler, make_server

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from django.http import JsonResponse
from django.test import Client

PATH = os.environ.get("REAL_SITE_PATH", "/")
COLUMNS = os.environ.get("REAL_SITE_COLUMNS", "").split()
HOST = os.environ.get("REAL_SITE_HOST", "localhost")


class WhoIsIt:
    """The innermost middleware: what it sees is what a view would see."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return JsonResponse(seen(request)) if request.path == PATH else self.get_response(request)


def seen(request):
    user = request.user
    is_known = user.is_authenticated
    found = {"user": None, "values": {key: request.session[key] for key in ("cart", "from_node") if key in request.session}}
    if is_known:
        fields = user._meta.concrete_model._meta.concrete_fields
        found["user"] = {"pk": str(user.pk), "fields": {one.attname: plain(value_of(one, user)) for one in fields}}
        found["user"]["fields"].pop("password", None)
        found["user"]["fields"].setdefault("is_active", user.is_active)
    return found


def value_of(field, user):
    """Of a field with a conversion of its own: what its column holds."""
    value = field.value_from_object(user)
    return field.get_db_prep_value(value, connections[user._state.db]) if field.attname in COLUMNS else value


def plain(value):
    """As docs/users.md has it."""
    if isinstance(value, datetime.datetime):
        return {"moment": int(value.timestamp() * 1000)}
    if isinstance(value, (bytes, memoryview)):
        return {"base64": base64.b64encode(bytes(value)).decode()}
    if value is None or isinstance(value, (bool, int, float, str)) and type(value) in (bool, int, float, str):
        return value
    if isinstance(value, (datetime.date, datetime.time, decimal.Decimal, uuid.UUID)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return str(value)


def serve():
    """The whole site over HTTP, as if behind a proxy that ends HTTPS; on a port that the system chose."""
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "real_sites.WhoIsIt"]
    settings.ALLOWED_HOSTS = ["*"]
    site = WSGIHandler()

    def application(environ, start_response):
        environ["wsgi.url_scheme"] = "https"
        return site(environ, start_response)

    with make_server("127.0.0.1", 0, application, handler_class=QuietHandler) as server:
        print(f"\nreal-site-port:{server.server_port}", flush=True)
        server.serve_forever()


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *message):
        pass


class Maker:
    """Users by the site's own way, and cookies of their sessions."""

    def __init__(self, make_user, more=None):
        self.make_user = make_user
        self.more = more
        self.store = importlib.import_module(settings.SESSION_ENGINE).SessionStore
        self.cookies = []

    def login(self, user, **values):
        client = Client()
        client.force_login(user)
        session = client.session
        session.update(values)
        session.save()
        return session

    def add(self, kind, cookie):
        self.cookies.append({"kind": kind, "cookie": cookie})

    def sessions_of(self, kind, user, count, change=None):
        for number in range(count):
            session = self.login(user, cart=[kind, number])
            key = session.session_key
            if change is not None:
                change(session)
            self.add(kind, key)

    def make(self):
        User = get_user_model()
        names = ["ada", "grace", "b.o-b+1", "JÖrg", "名前", "x" * 20, "O_Neil", "7"]
        people = [self.make_user(name) for name in names]
        for user in people:
            self.sessions_of("live", user, 3)
        for name, change in (("superuser", {"is_superuser": True}), ("staff", {"is_staff": True})):
            user = self.make_user(name)
            User._base_manager.filter(pk=user.pk).update(**known_fields(User, change))
            self.sessions_of(name, user, 2)
        unusable = self.make_user("unusable")
        unusable.set_unusable_password()
        unusable.save()
        self.sessions_of("no usable password", unusable, 2)

        changed = self.make_user("changed")
        self.sessions_of("password changed since", changed, 4)
        changed.set_password("another password 7")
        changed.save()
        self.sessions_of("logged in after the change", changed, 2)
        blocked = self.make_user("blocked")
        self.sessions_of("deactivated since", blocked, 3)
        User._base_manager.filter(pk=blocked.pk).update(**known_fields(User, {"is_active": False}))
        deleted = self.make_user("deleted")
        self.sessions_of("user deleted since", deleted, 2)
        User._base_manager.filter(pk=deleted.pk).delete()

        self.sessions_of("flushed since", people[0], 2, lambda session: session.flush())
        self.sessions_of("expired", people[0], 2, expire)
        self.sessions_of("another user's hash", people[0], 1, lambda session: put(session, HASH_SESSION_KEY, hash_of(people[1])))
        self.sessions_of("another user's id", people[0], 1, lambda session: put(session, SESSION_KEY, str(people[1].pk)))
        self.sessions_of("an unknown backend", people[0], 1, lambda session: put(session, "_auth_user_backend", "no.such.Backend"))
        self.sessions_of("an id of nobody", people[0], 1, lambda session: put(session, SESSION_KEY, str(nobody(User))))
        for number in range(2):
            session = self.store()
            session["cart"] = ["anonymous", number]
            session.save()
            self.add("anonymous, with values", session.session_key)
        for cookie in (None, "", "short", "abcdefghijklmnopqrstuvwxyz012345", "z" * 300, "../../etc/passwd", "a;b=c"):
            self.add("no session", cookie)
        if self.more is not None:
            self.more(self)
        self.cookies = [one for one in self.cookies if one["cookie"] is None or isinstance(one["cookie"], str)]
        return self.cookies


def known_fields(User, change):
    names = {one.attname for one in User._meta.concrete_fields}
    return {name: value for name, value in change.items() if name in names}


def hash_of(user):
    return user.get_session_auth_hash()


def nobody(User):
    key = User._meta.pk
    return uuid.uuid4() if key.get_internal_type() == "UUIDField" else 987654


def put(session, name, value):
    session[name] = value
    session.save()


def expire(session):
    session.set_expiry(-10)
    session.save()


def main():
    if os.environ["REAL_SITE_STEP"] == "serve":
        return serve()
    scope = {}
    exec(os.environ["REAL_SITE_MAKE_USER"], scope)
    answer = Maker(scope["make_user"], scope.get("more")).make()
    with open(os.environ["REAL_SITE_FILE"], "w", encoding="utf-8") as file:
        json.dump(answer, file)


if os.environ.get("REAL_SITE_STEP"):
    main()
