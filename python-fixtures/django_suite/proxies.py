"""Stand-ins that forward every operation of Django's classes to the Node server. They hold a handle and no state."""

import inspect
import sys
import types
from http.cookies import SimpleCookie

from django.conf import settings
from django.core.cache import caches
from django.utils.cache import patch_vary_headers
from django.utils.module_loading import import_string

# What Python itself asks of a class; the rest of its dunder names is no operation.
OPERATORS = {"__contains__", "__getitem__", "__setitem__", "__delitem__", "__bool__"}
# Asynchronous methods whose name is not the synchronous one's behind an "a".
ASYNCHRONOUS = {"aset": "__setitem__"}
SESSION_ATTRIBUTES = {"_session_cache", "_session_key", "accessed", "cache_key", "key_salt", "modified", "session_key"}
SIGNER_ATTRIBUTES = {"algorithm", "salt", "sep"}


class Proxies:
    """Puts the stand-ins in the place of Django's own, wherever a module that is loaded already holds them."""

    def __init__(self):
        self.link = None
        # Which stores of the current test are real Django's: by turns from the first or the second on, or none.
        self.alternate = None
        self.stores = 0
        self.tests = 0

    def start_test(self):
        self.tests += 1
        self.link.count = 0
        self.stores = 0

    def turn_is_django(self):
        self.stores += 1
        return self.alternate is not None and self.stores % 2 == (1 if self.alternate == "django-first" else 0)

    def install_sessions(self, crossed):
        from django.contrib.sessions.backends import base, cache, cached_db, db, file, signed_cookies

        if crossed:
            decode_rows_by_django(db.SessionStore)
        for module, name in (
            (cache, "SessionStore"),
            (cached_db, "SessionStore"),
            (db, "SessionStore"),
            (file, "SessionStore"),
            (signed_cookies, "SessionStore"),
            (base, "SessionBase"),
        ):
            real = getattr(module, name)
            swap(real, self.store_class(real))

    def install_middleware(self):
        from django.contrib.sessions import middleware

        swap(middleware.SessionMiddleware, self.middleware_class(middleware.SessionMiddleware))

    def install_session_jwt(self, half):
        from django_session_jwt.middleware import session

        link = self.link

        def create_jwt(user, session_key, expires=None):
            return link.ask(
                "create_jwt", values_of(user), session_key, expires, key=session.KEY, algorithm=session.ALGO
            )

        def verify_jwt(blob):
            return link.ask("verify_jwt", blob, key=session.PUBKEY, algorithm=session.ALGO)

        if half != "writes":
            swap(session.verify_jwt, verify_jwt)
        if half != "reads":
            swap(session.create_jwt, create_jwt)
            swap(session.SessionMiddleware, self.middleware_class(session.SessionMiddleware))

    def install_signing(self, operations):
        from django.core import signing

        for name in ("Signer", "TimestampSigner"):
            real = getattr(signing, name)
            swap(real, self.signer_class(real, operations))
        for name in ("b62_encode", "b62_decode", "dumps", "loads"):
            if name in operations:
                swap(getattr(signing, name), self.function(name))
        if "salted_hmac" in operations:
            forward = self.function("salted_hmac")
            signing.salted_hmac = lambda *args, **kwargs: Digest(forward(*args, **kwargs))

    def install_cookies(self, operations):
        from django.core import signing
        from django.http.response import HttpResponseBase

        link = self.link
        real = signing.get_cookie_signer

        def get_cookie_signer(salt="django.core.signing.get_cookie_signer"):
            signer = real(salt)
            if "set_signed_cookie" in operations:
                signer.sign = lambda value: link.ask("cookie_signer.sign", value, salt=salt)
            if "get_signed_cookie" in operations:
                signer.unsign = lambda value, max_age=None: link.ask(
                    "cookie_signer.unsign", value, salt=salt, max_age=max_age
                )
            return signer

        if not hasattr(signing, "_unsign_cookie"):
            # Up to 5.1 a cookie's name and salt are the salt of that signer, whoever signs.
            swap(real, get_cookie_signer)
            return
        if "get_signed_cookie" in operations:

            def unsign_cookie(cookie_value, *, cookie_name, salt="", max_age=None):
                return link.ask("get_signed_cookie", cookie_name, cookie_value, salt=salt, max_age=max_age)

            swap(signing._unsign_cookie, unsign_cookie)
        if "set_signed_cookie" in operations:

            def set_signed_cookie(self, key, value, salt="", **attributes):
                add_cookie(self, link.ask("set_signed_cookie", key, value, salt=salt, **attributes))

            HttpResponseBase.set_signed_cookie = set_signed_cookie
            swap(real, get_cookie_signer)

    def store_class(self, real):
        proxies, link = self, self.link

        def construct(cls, *args):
            forget_folder(real, store)
            if proxies.turn_is_django():
                return real_twin(cls, store, real)(*args)
            return object.__new__(cls)

        def initialize(self, session_key=None):
            object.__setattr__(self, "_handle", link.new_handle())
            link.ask("new SessionStore", path_of(type(self)), session_key, target=self._handle)

        operations = {name: member for name, member in functions(real) if name != "get_model_class"}
        namespace = {name: self.forwarding(name, member) for name, member in operations.items()}
        # Asynchronous ones are there from 5.1 on.
        for name in {"items", "aitems"} & operations.keys():
            namespace[name] = with_tuples(namespace[name])
        if "get_model_class" in vars(real):
            namespace["get_model_class"] = vars(real)["get_model_class"]
        store = type(
            real.__name__,
            (Remote,),
            {
                **namespace,
                **names_of(real),
                "TEST_COOKIE_NAME": real.TEST_COOKIE_NAME,
                "_link": link,
                "_real": real,
                "_attributes": SESSION_ATTRIBUTES,
                "_cache": property(lambda self: caches[settings.SESSION_CACHE_ALIAS]),
                "serializer": property(lambda self: import_string(settings.SESSION_SERIALIZER)),
                "__new__": construct,
                "__init__": initialize,
            },
        )
        return store

    def signer_class(self, real, operations):
        """A real signer whose `operations` are the server's, so that each half of a signature can be ours alone."""
        link = self.link
        namespace = {name: self.forwarding(name, member) for name, member in functions(real) if name in operations}
        if "sign" in namespace:
            forward = namespace["sign"]
            # Python signs whatever str() makes text of.
            namespace["sign"] = lambda target, value: forward(target, str(value))
        is_whole = {"sign", "unsign"} <= operations
        base = Remote if is_whole else real

        def initialize(self, **options):
            if not is_whole:
                real.__init__(self, **options)
                names = ("key", "fallback_keys", "sep", "salt", "algorithm")
                options = {name: getattr(self, name) for name in names}
            object.__setattr__(self, "_handle", link.new_handle())
            link.ask(f"new {real.__name__}", target=self._handle, **options)

        return type(
            real.__name__,
            (base,),
            {
                **namespace,
                **names_of(real),
                "_link": link,
                "_attributes": SIGNER_ATTRIBUTES,
                "__init__": initialize,
            },
        )

    def middleware_class(self, real):
        link = self.link

        class SessionMiddleware(real):
            _real = real

            def process_request(self, request):
                cookie = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
                request.session = object.__new__(self.SessionStore)
                object.__setattr__(request.session, "_handle", link.new_handle())
                link.ask("new SessionStore", path_of(real), cookie, target=request.session._handle)

            def process_response(self, request, response):
                finish(link, request.session, response)
                return response

        return SessionMiddleware

    def forwarding(self, name, member):
        link = self.link
        is_class_method = isinstance(member, classmethod)
        function = member.__func__ if is_class_method else member
        is_asynchronous = inspect.iscoroutinefunction(function)
        operation = ASYNCHRONOUS.get(name, name[1:]) if is_asynchronous else name

        def forward(target, *args, **kwargs):
            if is_class_method:
                return link.ask(f"class {operation}", path_of(target), *args, **kwargs)
            return link.ask(operation, *args, target=target._handle, **kwargs)

        async def forward_asynchronously(target, *args, **kwargs):
            return forward(target, *args, **kwargs)

        chosen = forward_asynchronously if is_asynchronous else forward
        return classmethod(chosen) if is_class_method else chosen

    def function(self, name):
        return lambda *args, **kwargs: self.link.ask(name, *args, **kwargs)


class Remote:
    """An object that lives in Node. Attributes that Django's class does not know stay here."""

    def __getattr__(self, name):
        if name not in type(self)._attributes:
            raise AttributeError(name)
        return self._link.ask("get attribute", name, target=self._handle)

    def __setattr__(self, name, value):
        if name in type(self)._attributes:
            self._link.ask("set attribute", name, value, target=self._handle)
        else:
            object.__setattr__(self, name, value)

    def __delattr__(self, name):
        self._link.ask("delete attribute", name, target=self._handle)

    def __del__(self):
        if "_handle" in vars(self):
            self._link.freed.append(self._handle)


class Digest:
    """What `hmac.new` returns, as far as Django asks."""

    def __init__(self, content):
        self.content = content

    def digest(self):
        return self.content


def finish(link, session, response):
    """Ends a request in Node and puts on the response what the library answers."""
    changes = link.ask("finish", response.status_code, target=session._handle)
    for header in changes["cookies"]:
        add_cookie(response, header)
    if changes["vary"]:
        patch_vary_headers(response, changes["vary"])


def add_cookie(response, header):
    """Reads a Set-Cookie line back into the Morsel that the tests look at."""
    lines = SimpleCookie()
    lines.load(header)
    for name, morsel in lines.items():
        if morsel["max-age"] != "":
            morsel["max-age"] = int(morsel["max-age"])
        dict.__setitem__(response.cookies, name, morsel)


def values_of(user):
    """The columns of a user that JSON can hold, without the password."""
    if user is None:
        return None
    values = {field.attname: getattr(user, field.attname) for field in user._meta.concrete_fields}
    return {
        name: value for name, value in values.items() if name != "password" and isinstance(value, (str, int, bool))
    }


def with_tuples(forward):
    """JSON has no tuples."""
    if inspect.iscoroutinefunction(forward):

        async def items(session):
            return [tuple(pair) for pair in await forward(session)]
    else:

        def items(session):
            return [tuple(pair) for pair in forward(session)]

    return items


def functions(real):
    """The methods and class methods of a class, inherited ones too."""
    found = {}
    for cls in reversed(real.__mro__[:-1]):
        for name, member in vars(cls).items():
            if name.startswith("__") and name not in OPERATORS:
                continue
            if isinstance(member, (types.FunctionType, classmethod)):
                found[name] = member
    return found.items()


def names_of(real):
    return {"__module__": real.__module__, "__qualname__": real.__qualname__, "__doc__": real.__doc__}


def path_of(cls):
    return f"{cls.__module__}.{cls.__qualname__}"


def swap(real, stand_in):
    for module in list(sys.modules.values()):
        names = getattr(module, "__dict__", None)
        if not names or module.__name__ == __name__:
            continue
        for name, value in list(names.items()):
            if value is real:
                names[name] = stand_in


def real_twin(cls, stand_in, real):
    """The class that `cls` would be over Django's own: its methods with `super()` bound anew."""
    if cls is stand_in:
        return real
    twin = type(cls.__name__, (real,), {**names_of(cls)})
    for name, member in vars(cls).items():
        function = getattr(member, "__func__", member)
        if not isinstance(function, types.FunctionType):
            continue
        cells = [
            types.CellType(twin) if variable == "__class__" else cell
            for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or ())
        ]
        bound = types.FunctionType(
            function.__code__, function.__globals__, function.__name__, function.__defaults__, tuple(cells)
        )
        setattr(twin, name, classmethod(bound) if isinstance(member, classmethod) else bound)
    return twin


def forget_folder(real, stand_in):
    """Django keeps the folder of session files with the class, and its tests delete it there when they change it."""
    if hasattr(real, "_get_storage_path"):
        if "_storage_path" in vars(real):
            del real._storage_path
        stand_in._storage_path = None


def decode_rows_by_django(real_store):
    """Has Django's own code decode and encode what the tests read from and write to the table by its model."""
    from django.contrib.sessions import base_session

    base_session.AbstractBaseSession.get_decoded = lambda self: real_store().decode(self.session_data)
    base_session.BaseSessionManager.encode = lambda self, values: real_store().encode(values)
