"""Tables and users of the models in user_models, and what Django itself finds in them.

    python user_model_judge.py postgres://…      then one question a line, as oracle.py
    {"op": "models"}                             makes everything; what Python tells of each model
    {"op": "token", "model": "Member", "field": "id"}    the claims of a token with that field
    {"op": "user", "model": "Member", "id": "7"} the user of a session whose `_auth_user_id` is this JSON
"""

import base64
import datetime
import decimal
import json
import os
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "project"))
os.environ["DATABASE_URL"] = sys.argv[1]

from django.conf import settings  # noqa: E402
from fixture import settings as fixture  # noqa: E402

if "mysql" in fixture.DATABASES["default"]["ENGINE"]:
    # Of Django's own only from 5.0 on.
    fixture.DATABASES["default"]["OPTIONS"]["charset"] = "utf8mb4"
ZONE = sys.argv[2] if len(sys.argv) > 2 else "UTC"
settings.configure(
    SECRET_KEY="the secret key of a live site, long enough for HS256",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "user_models.apps.UserModels"],
    DATABASES=fixture.DATABASES,
    AUTH_USER_MODEL="MyShop.Member",
    DJANGO_SESSION_JWT={"KEY": "a secret of the JWT cookie, long enough", "FIELDS": [], "EXPIRES": 3600},
    USE_TZ=ZONE == "UTC",
    TIME_ZONE=ZONE,
)

import django  # noqa: E402

django.setup()

from django.apps import apps  # noqa: E402
from django.contrib import auth  # noqa: E402
from django.contrib.auth import backends  # noqa: E402
from django.contrib.auth.models import AbstractBaseUser  # noqa: E402
from django.core.exceptions import ValidationError  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.db.models.fields.files import FieldFile  # noqa: E402
from django.utils import timezone  # noqa: E402
from django.utils.duration import duration_iso_string  # noqa: E402

BACKEND = "django.contrib.auth.backends.ModelBackend"
TOKEN = uuid.UUID("0f1e2d3c-4b5a-4697-8877-665544332211")


def moment(*parts):
    value = datetime.datetime(*parts)
    return timezone.make_aware(value, datetime.timezone.utc) if settings.USE_TZ else value


KEYS = {
    "AutoKey": 7, "BigKey": 9007199254740993, "UuidKey": TOKEN, "HexKey": TOKEN.hex, "CharKey": "Ada",
    "SlugKey": "ada-l", "EmailKey": "ada@example.com", "DecimalKey": decimal.Decimal("7.50"),
}


def make(model):
    """One user, with a value in every field."""
    given = {"username": "ada of " + model.__name__}
    if model.__name__ in KEYS:
        given[model._meta.pk.attname] = KEYS[model.__name__]
    if issubclass(model, apps.get_app_config("MyShop").models_module.EveryKind):
        given.update(
            day=datetime.date(2026, 7, 1), at=moment(2026, 7, 1, 0, 30, 0, 250_999), hour=datetime.time(9, 5, 1, 250_000),
            noon=datetime.time(12), length=datetime.timedelta(days=1, hours=2, seconds=4, microseconds=500_000),
            back=datetime.timedelta(days=-2, seconds=1), last_login=moment(2026, 1, 2, 3, 4, 5),
            settings={"a": [1, 2.5, None, True], "ä": "\U0001f600", "big": 2**60}, token=TOKEN,
            picture=b"\x00\xff\\x", photo="photos/a.png", address="192.168.1.5", address6="2001:db8::1",
        )
    if model.__name__ == "Everything":
        company = apps.get_model("MyShop.Company").objects.create(id=TOKEN)
        member = apps.get_model("MyShop.Member").objects.first()
        given.update(company=company, friend=member, is_staff=True)
    if model.__name__ == "WithArrays":
        given.update(
            tags=['a"b', "c,d", "NULL", "", "\\", "{}"], counts=[1, None, 2**53 + 1], grid=[[True, False], [False, True]],
            days=[datetime.date(2026, 7, 1)], prices=[decimal.Decimal("1.50")], tokens=[TOKEN],
        )
    if model.__name__ == "Premium":
        given.update(since=datetime.date(2020, 2, 29))
    user = model(**given)
    user.set_unusable_password()
    user.save()
    return user


def described(value):
    """Python's value, in words that Node can say of its own."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return {"int": str(value)}
    if isinstance(value, float):
        return {"float": repr(value)}
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, datetime.datetime):
        aware = value if timezone.is_aware(value) else timezone.make_aware(value)
        since = aware - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
        return {"ms": str(since // datetime.timedelta(milliseconds=1))}
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return duration_iso_string(value)
    if isinstance(value, (bytes, memoryview)):
        return {"bytes": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, list):
        return {"list": [described(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": {name: described(item) for name, item in value.items()}}
    if isinstance(value, (str, uuid.UUID, FieldFile)):
        return str(value)
    raise TypeError(type(value))


def final(field):
    while field.remote_field is not None:
        field = field.target_field
    return field


def nearest_first(own, parents):
    """In an order in which each can be joined to what stands before it."""
    known, ordered = {own}, []
    while parents:
        nearest = next(one for one in parents if one.get("of", own) in known)
        parents.remove(nearest)
        ordered.append(nearest)
        known.add(nearest["table"])
    return ordered


def table_of(model):
    """A dot in a name of Django's is no schema."""
    name = model._meta.db_table
    return connection.ops.quote_name(name) if "." in name else name


def facts(model):
    """What settingsFromDjango tells of a model."""
    own = table_of(model)
    fields = {}
    for field in model._meta.concrete_fields:
        told = {"column": field.column, "type": field.get_internal_type()}
        if table_of(field.model) != own:
            told["table"] = table_of(field.model)
        if field.remote_field is not None:
            told["target"] = final(field).get_internal_type()
        if isinstance(field, models.DecimalField):
            told["decimalPlaces"] = field.decimal_places
        fields[field.attname] = told
    table = {"name": own, "primaryKey": model._meta.pk.column, "fields": fields}
    parents = []
    for parent in model._meta.get_parent_list() if not model._meta.proxy else []:
        for child in [model, *model._meta.get_parent_list()]:
            link = child._meta.parents.get(parent)
            if link is not None:
                parents.append({
                    "table": table_of(parent), "primaryKey": parent._meta.pk.column, "link": link.column,
                    **({} if child is model else {"of": table_of(child)}),
                })
                break
    if parents:
        table["parents"] = nearest_first(own, parents)
    if "is_active" not in fields and getattr(model, "is_active", None) is True:
        table["alwaysActive"] = True
    return table


def tell_models(_):
    everything = [model for model in apps.get_app_config("MyShop").get_models() if not model._meta.proxy]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute('CREATE SCHEMA "Other Schema"')
    with connection.schema_editor() as editor:
        for model in everything:
            editor.create_model(model)
    users = [model for model in everything if issubclass(model, AbstractBaseUser)]
    users.append(apps.get_model("MyShop.ProxyOfUuid"))
    told = []
    for model in sorted(users, key=lambda one: one.__name__ in ("Everything", "ProxyOfUuid")):
        user = model.objects.first() if model._meta.proxy else make(model)
        loaded = model.objects.get(pk=user.pk)
        told.append({
            "name": model.__name__,
            "table": facts(model),
            "id": model._meta.pk.value_to_string(loaded),
            "hash": loaded.get_session_auth_hash(),
            "values": {
                field.attname: described(getattr(loaded, field.attname))
                for field in model._meta.concrete_fields if field.attname != "password"
            },
        })
    return told


class Session(dict):
    def cycle_key(self):
        pass

    flush = dict.clear


def find_user(request):
    """As AuthenticationMiddleware: the key of the user who is logged in, null for nobody."""
    model = apps.get_model("MyShop." + request["model"])
    settings.AUTH_USER_MODEL = "MyShop." + request["model"]
    backends.UserModel = model
    try:
        given = type("Request", (), {"session": Session({
            auth.SESSION_KEY: json.loads(request["id"]),
            auth.BACKEND_SESSION_KEY: BACKEND,
            auth.HASH_SESSION_KEY: request["hash"],
        })})()
        user = auth.get_user(given)
        return None if user.is_anonymous else model._meta.pk.value_to_string(user)
    finally:
        settings.AUTH_USER_MODEL = "MyShop.Member"


def token_of(request):
    """The claims, as text, of the token that django-session-jwt makes with one field of a user."""
    from django_session_jwt.middleware import session

    session.FIELDS = [(request["field"], "field", "field")]
    user = apps.get_model("MyShop." + request["model"]).objects.get()
    token = session.create_jwt(user, "x" * 32)
    payload = (token if isinstance(token, str) else token.decode()).split(".")[1]
    return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()


def run_sql(request):
    with connection.cursor() as cursor:
        cursor.execute(request["sql"])
    return None


OPERATIONS = {"models": tell_models, "user": find_user, "token": token_of, "sql": run_sql}


def main():
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"ok": OPERATIONS[request["op"]](request)}
        except Exception as error:  # noqa: BLE001: whatever a value makes Django raise
            answer = {"error": type(error).__name__}
            if os.environ.get("JUDGE_TRACE"):
                import traceback
                traceback.print_exc()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
