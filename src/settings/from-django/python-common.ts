/** What all parts of the script for the project's Python share: how values become JSON, and who defines a method. */
export const PYTHON_COMMON: string = `
import base64, datetime, importlib, inspect, json, os, pathlib, re
import django
from django.conf import settings
from django.utils.module_loading import import_string

UNCLEAR = []

def unclear(code, *what):
    """What Python decides and Node cannot follow; the texts for people are Node's."""
    entry = {"code": code, "what": ", ".join(what)}
    if entry not in UNCLEAR:
        UNCLEAR.append(entry)

def path_of(thing):
    return thing.__module__ + "." + getattr(thing, "__qualname__", type(thing).__qualname__)

def is_known(cls, *packages):
    """Whether Node knows a class: Django's, Python's, or one of a package that only watches."""
    return cls.__module__.split(".")[0] in ("django", "builtins", "abc", "typing", *packages)

def overrides(cls, names, *packages):
    """Where a class takes one of these methods from, unless that is Django, and nobody has put another in its place."""
    found = []
    for name in names:
        owner = next((one for one in cls.__mro__ if name in vars(one)), None)
        if owner is None:
            continue
        if not is_known(owner, *packages):
            found.append(path_of(owner) + "." + name)
        else:
            found.extend(replaced(vars(owner)[name], *packages))
    return found

def replaced(method, *packages):
    """The path of a function that stands where one of Django's was; a wrapper has the module of what it wraps."""
    method = getattr(method, "fget", getattr(method, "__func__", method))
    return [path_of(method)] if inspect.isfunction(method) and not is_known(method, *packages) else []

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
    unsayable.append(where)
    return None

unsayable = []

def table_name(model):
    """A dot in a name of Django's is no schema; quoted, it is what Django's SQL makes of it."""
    from django.db import connections, router
    name = model._meta.db_table
    return connections[router.db_for_read(model)].ops.quote_name(name) if "." in name else name

def same_rows(manager, queryset):
    """Whether a manager finds every row, judged by its SQL."""
    def sql(rows):
        return str(rows.order_by().values_list("pk").query)
    try:
        return sql(manager.all()) == sql(queryset)
    except Exception:
        return False
`
