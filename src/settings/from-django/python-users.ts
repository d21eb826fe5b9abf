/** The part of the script that asks for the user model and the backends. Mirrors what django.contrib.auth reads of them. */
export const PYTHON_USERS: string = `
READING = ("from_db_value", "get_db_converters")
CONVERSIONS = (*READING, "to_python", "get_prep_value", "get_db_prep_value", "value_to_string")

def field_type(field):
    """What a value that was read is decided by: the internal type and the two methods, and by none of the others."""
    told = field.get_internal_type()
    # A class of this name that is not Django's gets no more than the column's text.
    is_text = told == "JSONField" and not hasattr(field, "from_db_value")
    return "unknown" if is_text or overrides(type(field), READING) else told

def key_of(field):
    """The field whose type a foreign key has."""
    while field.remote_field is not None and hasattr(field, "target_field"):
        field = field.target_field
    return field

def user_field(field, table):
    told = {"column": field.column, "type": field_type(field)}
    own = field.model._meta.concrete_model._meta.db_table
    if own != table:
        told["table"] = table_name(field.model)
    if key_of(field) is not field:
        told["target"] = field_type(key_of(field))
    if told["type"] == "DecimalField":
        told["decimalPlaces"] = field.decimal_places
    return told

def parent_tables(opts):
    """The tables of a multi-table model, each behind the one that points to it."""
    told, left, known = [], [opts], {opts.db_table}
    while left:
        child = left.pop(0)
        for model, link in child.parents.items():
            parent = model._meta.concrete_model._meta
            if link is None or link.model._meta.db_table != child.db_table or parent.db_table in known:
                continue
            entry = {"table": table_name(model), "primaryKey": parent.pk.column, "link": link.column}
            if child is not opts:
                entry["of"] = table_name(child.model)
            known.add(parent.db_table)
            told.append(entry)
            left.append(parent)
    return told

def tell_users(found, options):
    from django.contrib.auth import get_user_model
    from django.db.models import QuerySet
    User = get_user_model()
    opts = User._meta.concrete_model._meta
    fields = {field.attname: user_field(field, opts.db_table) for field in opts.concrete_fields}
    table = {"name": table_name(User), "primaryKey": opts.pk.column, "fields": fields}
    parents = parent_tables(opts)
    if parents:
        table["parents"] = parents
    if opts.pk.column is None or overrides(type(key_of(opts.pk)), CONVERSIONS):
        unclear("user_key", path_of(User) + "." + opts.pk.attname)
    judge_activity(User, fields, table)
    if fields.get("password", {}).get("type") not in ("CharField", "TextField"):
        unclear("user_password", path_of(User) + ".password")
    if not hasattr(User, "get_session_auth_hash"):
        unclear("user_session_auth_hash", path_of(User) + " without get_session_auth_hash")
    hashes = ("get_session_auth_hash", "_get_session_auth_hash", "get_session_auth_fallback_hash")
    for code, names in (("user_session_auth_hash", hashes), ("user_from_db", ("from_db",))):
        # A metaclass that makes instances in its own way may give one that it has kept.
        methods = overrides(User, names) + (overrides(type(User), ("__call__",)) if code == "user_from_db" else [])
        if methods:
            unclear(code, *methods)
    manager = User._default_manager
    methods = overrides(type(manager), ("get",)) + overrides(manager._queryset_class, ("get", "_fetch_all"))
    if methods or not same_rows(manager, QuerySet(User)):
        unclear("user_manager", *(methods or [path_of(type(manager))]))
    options["userTable"] = table
    return manager.all().db

def judge_activity(User, fields, table):
    """ModelBackend.user_can_authenticate asks for is_active, and takes a user without one."""
    if "is_active" in fields:
        if fields["is_active"]["type"] not in ("BooleanField", "NullBooleanField"):
            unclear("user_is_active", path_of(User) + ".is_active, a " + fields["is_active"]["type"])
        return
    if inspect.getattr_static(User, "is_active", True) is True:
        table["alwaysActive"] = True
    else:
        owner = next(one for one in User.__mro__ if "is_active" in vars(one))
        unclear("user_is_active", path_of(owner) + ".is_active")

def tell_backends(found, options):
    lenient = []
    for path in settings.AUTHENTICATION_BACKENDS:
        try:
            backend = import_string(path)
        except ImportError:
            continue
        backend = backend if inspect.isclass(backend) else type(backend)
        for code, name in (("backend_get_user", "get_user"), ("backend_user_can_authenticate", "user_can_authenticate")):
            methods = overrides(backend, (name,))
            if methods:
                unclear(code, *methods)
        owner = next((one for one in backend.__mro__ if "user_can_authenticate" in vars(one)), None)
        if owner is not None and owner.__name__.startswith("AllowAllUsers") and is_known(owner) and not is_known(backend):
            lenient.append(path)
    if lenient:
        options["backendsAllowingInactive"] = lenient
`
