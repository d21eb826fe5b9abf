/**
 * What the project's own Python runs for `settingsFromDjango`: one function, so that `manage.py shell -c` of every
 * Django can run it. It prints one line of JSON behind a marker, and the names of what JSON cannot say.
 */
export const DJANGO_SCRIPT: string = `
def tell():
    import base64, datetime, importlib, json, os, pathlib
    import django
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.db import connections, router

    unclear = []

    def plain(value, where):
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, bytes):
            return {"base64": base64.b64encode(value).decode()}
        if isinstance(value, (str, pathlib.PurePath)) or hasattr(value, "_proxy____cast"):
            return str(value)
        if isinstance(value, datetime.timedelta):
            return value.total_seconds()
        if isinstance(value, (list, tuple, set, frozenset)):
            return [plain(item, where) for item in value]
        if isinstance(value, dict):
            return {str(key): plain(item, where) for key, item in value.items()}
        if callable(value) and hasattr(value, "__qualname__"):
            return value.__module__ + "." + value.__qualname__
        unclear.append(where)
        return None

    def absolute(path):
        return os.path.abspath(path) if isinstance(path, (str, pathlib.PurePath)) and os.path.isfile(path) else path

    def database(alias):
        given = connections.databases[alias]
        kept = {name: given.get(name, "") for name in ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT")}
        kept["OPTIONS"] = given.get("OPTIONS") or {}
        if kept["ENGINE"].endswith("sqlite3") and str(kept["NAME"]) != ":memory:":
            kept["NAME"] = os.path.abspath(str(kept["NAME"]))
        if kept["PORT"] in ("", None):
            del kept["PORT"]
        return kept

    def jwt():
        given = dict(settings.DJANGO_SESSION_JWT)
        for name in ("KEY", "key"):
            key = given.get(name)
            if isinstance(key, (list, tuple)):
                given[name] = [absolute(one) for one in key]
            elif name in given:
                given[name] = absolute(key)
        return given

    found = {"DJANGO_VERSION": ".".join(str(part) for part in django.VERSION[:2])}
    for name in NAMES:
        if hasattr(settings, name):
            found[name] = plain(getattr(settings, name), name)
    if hasattr(settings, "DJANGO_SESSION_JWT"):
        found["DJANGO_SESSION_JWT"] = plain(jwt(), "DJANGO_SESSION_JWT")

    options = {}
    store = importlib.import_module(settings.SESSION_ENGINE).SessionStore
    backends = "django.contrib.sessions.backends."
    own = [one.__module__ for one in store.__mro__ if one.__module__.startswith(backends)]
    if own and own[0] != backends + "base":
        found["SESSION_ENGINE"] = own[0]
    if found["SESSION_ENGINE"] == backends + "file":
        found["SESSION_FILE_PATH"] = os.path.abspath(str(store._get_storage_path()))
    salt = getattr(store(), "key_salt", None)
    if salt is not None:
        options["sessionSalt"] = salt
    prefix = getattr(store, "cache_key_prefix", None)
    if prefix is not None:
        options["sessionCacheKeyPrefix"] = prefix
    User = get_user_model()
    pk = User._meta.pk
    options["userTable"] = {"name": User._meta.db_table, "primaryKey": pk.column}
    users = router.db_for_read(User)
    sessions = users
    if hasattr(store, "get_model_class"):
        model = store.get_model_class()
        options["sessionTable"] = {"name": model._meta.db_table}
        sessions = router.db_for_write(model)
    if sessions != users:
        unclear.append("DATABASE_ROUTERS (users and sessions are in two databases)")
    found["DATABASES"] = {"default": plain(database(sessions), "DATABASES")}
    alias = settings.SESSION_CACHE_ALIAS
    if "cache" in found["SESSION_ENGINE"] and alias in settings.CACHES:
        found["CACHES"] = {alias: plain(settings.CACHES[alias], "CACHES")}
    print()
    print(MARKER + json.dumps({"settings": found, "options": options, "unclear": unclear}))
`
