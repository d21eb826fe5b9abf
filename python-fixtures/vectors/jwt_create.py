"""create_jwt and the checks of DJANGO_SESSION_JWT, and PyJWT's encode."""

import datetime
import json
from types import SimpleNamespace
from unittest import mock

import jwt
from django_session_jwt.middleware import session as jwt_session

from . import rsa_keys
from .recording import canonical, octets, outcome
from .site import NOW_MS, clock_at

# A KEY of DJANGO_SESSION_JWT by name: a text, or the name of a file, or (private, public) of either.
KEYS = {
    "short": "twenty-bytes-long-00",
    "32": "k" * 16 + "K" * 16,
    "64": "0123456789abcdef" * 4,
    "200": "a-key-longer-than-any-block-" * 7 + "1234",
    "non-ASCII": "schl\xfcssel-\u20ac-\U0001f511-0123456789abcdef",
    "spaces": "  spaces and a newline belong to the key \n",
    "other": "another-secret-that-nobody-here-uses-0123456789",
    "file": {"file": "hs256-secret.txt"},
    "rsa": [{"text_of": "rs256-private.pem"}, {"text_of": "rs256-public.pem"}],
    "rsa-files": [{"file": "rs256-private.pem"}, {"file": "rs256-public.pem"}],
    "rsa-pkcs1": [{"text_of": "rs256-private-pkcs1.pem"}, {"text_of": "rs256-public-pkcs1.pem"}],
    "rsa-mixed": [{"file": "rs256-private-pkcs1.pem"}, {"text_of": "rs256-public.pem"}],
    "rsa-other": [{"text_of": "rs256-other-private.pem"}, {"text_of": "rs256-other-public.pem"}],
}
SESSION_KEY = "abcdefghijklmnopqrstuvwxyz012345"


def header():
    return {"keys": {name: {"algorithm": parsed(name)[2], "KEY": key} for name, key in KEYS.items()}}


def setting(part):
    if isinstance(part, str):
        return part
    if "file" in part:
        return str(rsa_keys.path_of(part["file"]))
    return rsa_keys.text_of(part["text_of"])


def parsed(name):
    """(signing key, verifying key, algorithm) as django-session-jwt reads the setting."""
    key = KEYS[name]
    return jwt_session._parse_key(tuple(map(setting, key)) if isinstance(key, list) else setting(key))


def configured(key="64", fields=(), session_field="sk", result=None, expires=None):
    """The module's globals as DJANGO_SESSION_JWT would have set them at import."""
    signing, verifying, algorithm = parsed(key)
    values = {
        "KEY": signing, "PUBKEY": verifying, "ALGO": algorithm, "SESSION_FIELD": session_field, "EXPIRES": expires,
    }
    values["CALLABLE"] = (lambda user: result) if result is not None else None
    with mock.patch.multiple(jwt_session, **values):
        values["FIELDS"] = jwt_session._parse_fields(list(fields))
    return mock.patch.multiple(jwt_session, **values)


def records():
    yield from checks()
    yield from created()
    yield from encoded()


def checks():
    good = {
        "strings": ["id", "username"],
        "1-tuple": [("id",)],
        "2-tuple": [("id", "i")],
        "3-tuple": [("id", "i", "user_id")],
        "mixed": ["email", ("id",), ("username", "u"), ("is_staff", "s", "staff")],
        "dotted": [("profile.name", "p")],
        "dotted string": ["profile.name"],
        "none": [],
        "same attribute twice": [("id", "i"), ("id", "j")],
        "long name is another's short name": [("id", "i", "u"), ("username", "u", "name")],
        "long name is the session field": [("id", "i", "sk")],
        "attribute is the session field": [("sk", "s")],
        "reserved name of JWT": [("id", "exp")],
    }
    bad = {
        "session field as short name": [("id", "sk")],
        "session field as a string": ["sk"],
        "short names not unique": [("id", "a"), ("username", "a", "b")],
        "long names not unique": [("id", "a", "x"), ("username", "b", "x")],
        "string and tuple of one name": ["id", ("username", "id")],
        "4-tuple": [("id", "i", "user_id", "x")],
        "empty tuple": [()],
        "list item": [["id", "i"]],
        "list of three": [["id", "i", "user_id"]],
        "None item": [None],
        "number item": [5],
        "tuple of tuples": (("id", "i"),),
        "tuple of strings": ("id",),
        "empty tuple for all": (),
        "text": "id",
        "None": None,
    }
    for label, fields in {**good, **bad}.items():
        result = outcome(lambda: [list(field) for field in jwt_session._parse_fields(list(fields) if label in good else copied(fields))])
        yield {
            "name": f"FIELDS {label}", "kind": "fields", "python": repr(fields), "fields": told(fields),
            "result": result,
        }
    with mock.patch.object(jwt_session, "SESSION_FIELD", "key"):
        for fields in ([("id", "sk")], [("id", "key")]):
            result = outcome(lambda: [list(field) for field in jwt_session._parse_fields(list(fields))])
            yield {
                "name": f"FIELDS {fields} with SESSION_FIELD key",
                "kind": "fields",
                "python": repr(fields),
                "fields": told(fields),
                "session_field": "key",
                "result": result,
            }


def copied(fields):
    return list(fields) if isinstance(fields, list) else fields


def told(fields):
    """Tuples as JSON arrays; None where JSON cannot tell a list from a tuple."""
    if not isinstance(fields, list) or any(isinstance(field, list) for field in fields):
        return None
    return fields


def user(**attributes):
    profile = SimpleNamespace(name="Ann", address=SimpleNamespace(city="K\xf6ln"))
    known = {
        "id": 7, "username": "ann", "email": "ann@example.com", "is_staff": True, "first_name": "", "last_login": None,
        "profile": profile,
    }
    return SimpleNamespace(**{**known, **attributes})


# What `user()` looks like, for those who must build it elsewhere.
USER_JSON = '{"id":7,"username":"ann","email":"ann@example.com","is_staff":true,"first_name":"","last_login":null,"profile":{"name":"Ann","address":{"city":"K\\u00f6ln"}}}'


def created():
    """Tokens for a user: FIELDS, CALLABLE, EXPIRES and keys, one at a time."""
    shapes = {
        "no fields": [],
        "strings": ["id", "username"],
        "1-tuple": [("id",)],
        "2-tuples": [("id", "i"), ("username", "u")],
        "3-tuples": [("id", "id", "user_id"), ("username", "u", "username"), ("email", "e", "email")],
        "mixed": ["email", ("id",), ("username", "u"), ("is_staff", "s", "staff")],
        "dotted": [("profile.name", "p", "name"), "profile.address.city"],
        "missing attribute": [("nothing", "n"), ("id", "i")],
        "missing inside": [("profile.nothing", "n"), ("id.real.nothing", "m"), ("username", "u")],
        "empty and None": ["first_name", "last_login", "is_staff"],
        "short name iat": [("id", "iat")],
        "short name exp": [("id", "exp")],
        "short name sub": [("id", "sub")],
        "short name aud": [("username", "aud")],
        "short name iss": [("username", "iss")],
        "short name iss of a number": [("id", "iss")],
        "numbers as names": [("id", "2"), ("username", "10"), ("email", "1")],
        "__proto__": [("id", "__proto__")],
    }
    for label, fields in shapes.items():
        yield token(f"fields, {label}", fields=fields)
    yield token("anonymous", fields=shapes["3-tuples"], who=None)
    yield token("anonymous with CALLABLE", fields=shapes["3-tuples"], who=None, result={"guest": True})
    for label, value in VALUES.items():
        yield token(
            f"attribute {label}", fields=[("value", "v")], who=user(value=value),
            attributes=canonical({"value": value}),
        )
    unheld = {"object()": object(), "a date": datetime.date(2023, 1, 1), "a set": {1, 2}, "bytes": b"bytes"}
    for label, value in unheld.items():
        why = f"the user's attribute `value` is {label}, which JSON cannot hold"
        yield token(f"attribute {label}", fields=[("value", "v")], who=user(value=value), attributes="{}") | {"why": why}
    for label, result in {
        "adds": {"foo": "bar"},
        "adds in order": {"z": 1, "a": 2, "10": 3, "2": 4},
        "overrides sk": {"sk": "other", "x": 1},
        "overrides iat": {"iat": 5},
        "overrides exp": {"exp": 1700009999},
        "overrides a field": {"id": 99, "u": "x"},
        "iat 0": {"iat": 0},
        "iss that is no text": {"iss": 5},
        "float exp": {"exp": 1700000100.5},
        "empty": {},
    }.items():
        yield token(f"CALLABLE {label}", fields=shapes["3-tuples"], result=result, expires=100)
    for expires in (3600, 1, 0, None, 0.5, 1.5, 59.999, 28800.0, -5, 10**6, True):
        yield token(f"EXPIRES {expires!r}", expires=expires)
    for now_ms in (NOW_MS + 999, NOW_MS + 500, 0, 1709164800000):
        yield token(f"at {now_ms}", expires=1.5, now_ms=now_ms)
    for session_key in (None, "", "short", "caf\xe9\u20ac"):
        yield token(f"session key {session_key!r}", session_key=session_key, expires=60)
    yield token(
        "SESSION_FIELD key", session_field="key", fields=["sk_like"], who=user(sk_like=1), attributes='{"sk_like":1}',
    )
    for name in KEYS:
        yield token(f"key {name}", key=name, fields=shapes["3-tuples"], expires=3600)


VALUES = {
    "text": "plain", "non-ASCII": "caf\xe9 \u20ac \U0001f600", "control": "\x00\n\x7f\u2028", "quotes": "\"\\/'",
    "lone surrogate": "\ud83d", "float": 1.0, "float exponent": 1e16,
    "small float": 1e-7, "minus zero": -0.0, "NaN": float("nan"), "infinity": float("-inf"), "big int": 2**70,
    "2**53": 2**53, "negative": -5, "true": True, "false": False,
    "null": None, "list": [1, [2.0, {"a": None}]], "object": {"b": 1, "a": {"10": 1, "2": 2}}, "empty object": {},
    "empty list": [], "markup": "</script>&<>",
}


def token(
    label, key="64", fields=(), who=..., result=None, expires=None, now_ms=NOW_MS, session_key=SESSION_KEY,
    session_field="sk", attributes=USER_JSON,
):
    person = user() if who is ... else who

    def run():
        with configured(key, fields, session_field, result, expires), clock_at(now_ms):
            return jwt_session.create_jwt(person, session_key, expires)

    made = outcome(run)
    record = {
        "name": f"create_jwt {label}",
        "kind": "create",
        "key": key,
        "fields": told(list(fields)),
        "session_field": session_field,
        "user": None if who is None else attributes,
        "callable": None if result is None else canonical(result),
        "expires": expires,
        "now_ms": now_ms,
        "session_key": session_key,
    }
    if "error" in made:
        return record | made
    payload = made["value"].split(".")[1]
    return record | {"claims": jwt.utils.base64url_decode(payload).decode("ascii"), "token": made["value"]}


def encoded():
    """PyJWT alone: the claims' text in, the token out."""
    texts = [
        "{}", '{"a":1}', '{"b":1.0,"a":[1e16,-0.0,null]}', '{"10":1,"2":2,"1":3}', '{"s":"caf\\u00e9 \\ud83d\\ude00"}',
        '{"iat":1700000000,"exp":1700003600}',
    ]
    texts += [
        '{"exp":1.5}', '{"exp":"soon"}', '{"iss":"me","aud":["a","b"],"sub":"7","jti":"x"}', '{"__proto__":{"x":1}}',
        '{"n":NaN}', '{"big":123456789012345678901234567890}',
    ]
    for text in texts:
        for name in ("64", "rsa"):
            signing, _, algorithm = parsed(name)
            yield {
                "name": f"encode {text} by {name}",
                "kind": "encode",
                "key": name,
                "claims": text,
                "token": jwt.encode(json.loads(text), signing, algorithm=algorithm),
            }
    for text in ('{"iss":5}', "[]", "null"):
        result = outcome(lambda: jwt.encode(json.loads(text), "k" * 64, algorithm="HS256"))
        yield {"name": f"encode {text}", "kind": "encode", "key": "64", "claims": text, **result}
    for label, key in BAD_SECRETS.items():
        result = outcome(lambda: jwt.encode({"a": 1}, setting(key), algorithm="HS256").count("."))
        yield {
            "name": f"HS256 secret, {label}", "kind": "secret", "secret": octets(key) if isinstance(key, str) else key,
            "result": result,
        }


BAD_SECRETS = {
    "RSA private key": {"text_of": "rs256-private.pem"},
    "RSA public key": {"text_of": "rs256-public.pem"},
    "RSA public key in PKCS1": {"text_of": "rs256-public-pkcs1.pem"},
    "SSH key": "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ test",
    "certificate": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    "armour of something else": "-----BEGIN NOTHING-----\nMIIB\n-----END NOTHING-----\n",
    "armour in the middle": "x -----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY----- y",
    "half an armour": "-----BEGIN PUBLIC KEY-----",
    "empty": "",
    "one character": "k",
    "ordinary": "an ordinary secret",
}
