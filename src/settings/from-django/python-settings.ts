/** The part of the script that tells the settings themselves: databases, caches, LOGIN_URL, the key of the JWT cookie. */
export const PYTHON_SETTINGS: string = `
# They count what passes, and change nothing.
WATCHERS = ("django_prometheus",)

def absolute(path):
    return os.path.abspath(path) if isinstance(path, (str, pathlib.PurePath)) and os.path.isfile(path) else path

# What Django asks with \`if\` alone; a site may have the text of an environment variable there.
BOOLEANS = (
    "SESSION_COOKIE_SECURE",
    "SESSION_COOKIE_HTTPONLY",
    "SESSION_SAVE_EVERY_REQUEST",
    "SESSION_EXPIRE_AT_BROWSER_CLOSE",
    "USE_TZ",
    "USE_X_FORWARDED_HOST",
    "DEBUG",
)

def told_setting(name):
    value = getattr(settings, name)
    return bool(value) if name in BOOLEANS else plain(value, name)

def told_database(alias):
    from django.db import connections
    given = connections.databases[alias]
    kept = {name: given.get(name, "") for name in ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT")}
    kept["OPTIONS"] = given.get("OPTIONS") or {}
    kept["ENGINE"] = database_engine(alias, type(connections[alias]), kept["ENGINE"])
    if kept["ENGINE"].endswith("sqlite3") and str(kept["NAME"]) != ":memory:":
        kept["NAME"] = os.path.abspath(str(kept["NAME"]))
    if kept["PORT"] in ("", None):
        del kept["PORT"]
    return plain(kept, "DATABASES")

def database_engine(alias, wrapper, engine):
    """Django's own engine under a package's."""
    bases = [one.__module__[: -len(".base")] for one in wrapper.__mro__ if re.match(r"django\\.db\\.backends\\.(?!base\\.)\\w+\\.base$", one.__module__)]
    if not bases:
        return engine
    if hasattr(wrapper, "set_schema") or hasattr(wrapper, "set_tenant"):
        unclear("database_schema", path_of(wrapper))
    else:
        methods = overrides(wrapper, ("get_connection_params", "get_new_connection", "init_connection_state"), *WATCHERS)
        if methods:
            unclear("database_connection", *methods)
    return bases[0]

def working_cache(alias):
    """The alias of the cache that does the work: one may hand every call to another."""
    from django.core.cache import caches
    try:
        calls = [getattr(caches[alias], name) for name in ("get", "set", "add", "touch", "delete", "make_key")]
        owners = {id(getattr(call, "__self__", None)) for call in calls}
        return next((other for other in settings.CACHES if owners == {id(caches[other])}), alias)
    except Exception:
        return alias

def told_cache(alias):
    from django.core.cache import caches
    from django.core.cache.backends.base import default_key_func, get_key_func
    alias = working_cache(alias)
    given = dict(settings.CACHES[alias])
    # Django puts both into the key as text, whatever they are.
    given["KEY_PREFIX"] = str(given.get("KEY_PREFIX", ""))
    if re.fullmatch("[1-9][0-9]*", str(given.get("VERSION", 1))):
        given["VERSION"] = int(given.get("VERSION", 1))
    if get_key_func(given.get("KEY_FUNCTION")) is default_key_func:
        given.pop("KEY_FUNCTION", None)
    try:
        cls = type(caches[alias])
    except Exception:
        return plain(given, "CACHES")
    if hasattr(caches[alias], "_dir"):
        # FileBasedCache: a relative folder is one of the folder that Django runs in.
        given["LOCATION"] = caches[alias]._dir
    known = next((one for one in cls.__mro__ if one.__module__.startswith(("django.core.cache.backends.", "django_redis."))), None)
    if known is not None and known is not cls and known.__name__ != "BaseCache":
        names = {name for one in known.__mro__ for name in vars(one) if not name.startswith("__")}
        methods = overrides(cls, sorted(names), "django_redis", *WATCHERS)
        if methods:
            unclear("cache_backend", *methods)
        given["BACKEND"] = path_of(known)
    return plain(given, "CACHES")

def cache_database(alias):
    """The database of a DatabaseCache; None for other caches."""
    from django.core.cache import caches
    from django.db import router
    model = getattr(caches[working_cache(alias)], "cache_model_class", None)
    return None if model is None else router.db_for_write(model)

def told_jwt():
    given = dict(settings.DJANGO_SESSION_JWT)
    for name in ("KEY", "key"):
        key = given.get(name)
        if isinstance(key, (list, tuple)):
            given[name] = [absolute(one) for one in key]
        elif name in given:
            given[name] = absolute(key)
    return plain(given, "DJANGO_SESSION_JWT")

def told_login_url():
    """A path or a URL: LOGIN_URL may be the name of a URL pattern."""
    from django.shortcuts import resolve_url
    given = plain(settings.LOGIN_URL, "LOGIN_URL")
    if given is None:
        return None
    try:
        return str(resolve_url(settings.LOGIN_URL))
    except Exception:
        if "/" in given or "." in given:
            return given
        # Django itself fails on it, whenever somebody must log in.
        unclear("login_url", "LOGIN_URL")
        return None
`
