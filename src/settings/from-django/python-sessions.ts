/** The part of the script that asks for the session engine, its model, its serializer and the middleware. */
export const PYTHON_SESSIONS: string = `
BACKENDS = "django.contrib.sessions.backends."
# What a SessionStore may define of its own, since it is asked here or matters to Python alone.
FOLLOWED = {"get_model_class", "model", "create_model_instance", "key_salt", "cache_key_prefix", "clear_expired",
            "aclear_expired", "_get_storage_path", "TEST_COOKIE_NAME", "TEST_COOKIE_VALUE"}
OWN_COLUMNS = {"session_key", "session_data", "expire_date"}

def tell_sessions(found, options):
    store = importlib.import_module(settings.SESSION_ENGINE).SessionStore
    engine = next((one for one in store.__mro__ if one.__module__.startswith(BACKENDS)), None)
    own = None
    if engine is not None and engine.__module__ != BACKENDS + "base":
        found["SESSION_ENGINE"] = engine.__module__
    else:
        own = model_beside(store)
    if own is not None:
        # A store built on SessionBase alone, as that of django-user-sessions: its rows are those of \`db\`.
        found["SESSION_ENGINE"] = BACKENDS + "db"
    if found["SESSION_ENGINE"] == BACKENDS + "file":
        found["SESSION_FILE_PATH"] = os.path.abspath(str(store._get_storage_path()))
    names = {name for one in store.__mro__ if is_known(one) and one is not object for name in vars(one)}
    methods = overrides(store, sorted(name for name in names - FOLLOWED if not name.startswith("__") or name == "__init__"))
    methods = [one for one in methods if not is_pass_through(one)]
    if methods:
        unclear("session_store", *methods)
    salt = getattr(store(), "key_salt", None)
    if salt is None and store.__name__ != "SessionStore":
        # Before Django 3.1 it is "django.contrib.sessions" and the name of the class.
        salt = "django.contrib.sessions." + store.__name__
    if salt is not None:
        options["sessionSalt"] = salt
    prefix = getattr(store, "cache_key_prefix", None)
    if prefix is not None:
        options["sessionCacheKeyPrefix"] = prefix
    tell_serializer(found)
    model = store.get_model_class() if hasattr(store, "get_model_class") else own
    return None if model is None else tell_session_model(store, model, options)

def model_beside(store):
    """The model with Django's three columns in the module of a store; None where there is not exactly one."""
    from django.db.models import Model
    def is_session(thing):
        if not inspect.isclass(thing) or not issubclass(thing, Model) or thing._meta.abstract:
            return False
        return OWN_COLUMNS <= {one.attname for one in thing._meta.concrete_fields}
    models = {thing for thing in vars(importlib.import_module(store.__module__)).values() if is_session(thing)}
    return models.pop() if len(models) == 1 else None

def is_pass_through(path):
    """An __init__ that only hands on what it got."""
    owner, _, name = path.rpartition(".")
    if name != "__init__":
        return False
    try:
        lines = inspect.getsource(import_string(owner).__init__).split("\\n", 1)[1].strip().splitlines()
    except Exception:
        return False
    return all(re.match(r"(super\\(.*\\)\\.__init__\\(.*\\)|pass)$", line.strip()) for line in lines)

def tell_serializer(found):
    try:
        serializer = import_string(settings.SESSION_SERIALIZER)
    except ImportError:
        return
    if not inspect.isclass(serializer) or serializer.__name__ == "PickleSerializer":
        return
    owner = next((one for one in serializer.__mro__ if "dumps" in vars(one)), None)
    if owner is not None and is_known(owner) and not overrides(serializer, ("dumps", "loads")):
        found["SESSION_SERIALIZER"] = "django.contrib.sessions.serializers." + owner.__name__
    else:
        unclear("session_serializer", *(overrides(serializer, ("dumps", "loads")) or [path_of(serializer)]))

def tell_session_model(store, model, options):
    from django.db import router
    from django.db.models import NOT_PROVIDED, AutoField, QuerySet
    options["sessionTable"] = {"name": table_name(model)}
    fields = {field.attname: field for field in model._meta.concrete_fields}
    renamed = [name for name in sorted(OWN_COLUMNS) if name not in fields or fields[name].column != name]
    if renamed:
        unclear("session_table", *(path_of(model) + "." + name for name in renamed))
    def is_needed(field):
        has_default = getattr(field, "db_default", NOT_PROVIDED) is not NOT_PROVIDED
        return not field.null and not isinstance(field, AutoField) and not has_default
    extra = [field for name, field in fields.items() if name not in OWN_COLUMNS]
    needed = [field.column for field in extra if is_needed(field)]
    filled = overrides(store, ("create_model_instance",)) if extra else []
    if needed or filled:
        unclear("session_columns", *([model._meta.db_table + "." + column for column in needed] or filled))
    if not same_rows(model._default_manager, QuerySet(model)) or not same_rows(model.objects, QuerySet(model)):
        unclear("session_store", path_of(type(model.objects)))
    return router.db_for_write(model)

JWT_MIDDLEWARE = "django_session_jwt.middleware.session.SessionMiddleware"
# An assignment, or a call of Django's login, logout or flush, by whatever name it was imported.
SETS_USER = re.compile(
    r"request\\.(user|_cached_user|auser)\\s*=(?!=)"
    r"|(?<!def )\\b((django_|auth[._])?a?(login|logout))\\(\\s*(self\\.)?_?request\\b"
    r"|session\\.a?flush\\("
)
SETS_SESSION = re.compile(r"request\\.session\\s*=(?!=)")
# They set the same user again, with more about it.
SETS_SAME_USER = ("django_otp.middleware",)

def tell_middleware(found):
    from django.contrib.auth.middleware import AuthenticationMiddleware, RemoteUserMiddleware
    from django.contrib.sessions.middleware import SessionMiddleware
    paths = []
    for path in settings.MIDDLEWARE or ():
        paths.append(path)
        try:
            middleware = import_string(path)
        except ImportError:
            continue
        if not inspect.isclass(middleware):
            judge_source(middleware, path)
        elif issubclass(middleware, SessionMiddleware) or is_jwt(middleware):
            if is_jwt(middleware):
                paths[-1] = JWT_MIDDLEWARE
            methods = overrides(middleware, ("process_request", "process_response", "__call__"), "django_session_jwt")
            if methods:
                unclear("session_middleware", *methods)
        elif issubclass(middleware, RemoteUserMiddleware):
            unclear("remote_user", path)
        elif issubclass(middleware, AuthenticationMiddleware):
            methods = overrides(middleware, ("process_request", "__call__", "__acall__"))
            if methods:
                unclear("authentication_middleware", *methods)
        elif not is_known(middleware):
            judge_source(middleware, path)
    methods = replaced_functions()
    if methods:
        unclear("authentication_middleware", *methods)
    found["MIDDLEWARE"] = paths
    if JWT_MIDDLEWARE not in paths and "DJANGO_SESSION_JWT" in found:
        # Nothing in Django reads it then.
        del found["DJANGO_SESSION_JWT"]

def replaced_functions():
    """Of those that make request.user, by their names in the modules that call them."""
    from django.contrib import auth
    from django.contrib.auth import middleware
    names = ("get_user", "aget_user", "_get_user_session_key", "load_backend", "get_user_model")
    functions = [getattr(module, name, None) for module in (auth, middleware) for name in names]
    return sorted({path for function in functions for path in replaced(function)})

def is_jwt(middleware):
    return any(one.__module__.split(".")[0] == "django_session_jwt" for one in middleware.__mro__)

def judge_source(middleware, path):
    if path.startswith(SETS_SAME_USER):
        return
    parts = middleware.__mro__ if inspect.isclass(middleware) else (middleware,)
    sources = [source_of(part) for part in parts if not is_known(part)]
    if any(map(SETS_SESSION.search, sources)):
        unclear("session_middleware", path)
    if any(map(SETS_USER.search, sources)):
        unclear("middleware_sets_user", path)

def source_of(thing):
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError):
        return ""
`
