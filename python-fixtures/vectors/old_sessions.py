"""Session data as Django wrote it before 3.1, and in 3.1 and 3.2 with DEFAULT_HASHING_ALGORITHM = "sha1"."""

import base64

from django.contrib.sessions.backends.db import SessionStore

from .described import describe
from .recording import outcome
from .site import SECRET_KEY, settings_of

JSON = "django.contrib.sessions.serializers.JSONSerializer"
PICKLE = "django.contrib.sessions.serializers.PickleSerializer"

SESSIONS = {
    "empty": {},
    "small": {"a": 1},
    "login": {"_auth_user_id": "7", "_auth_user_backend": "django.contrib.auth.backends.ModelBackend"},
    "with a colon and letters": {"caf\xe9": "a:b:\u20ac", "n": 1.0},
}


def header():
    return {"secret_key": SECRET_KEY}


def records():
    for serializer in JSON, PICKLE:
        for name, values in SESSIONS.items():
            yield decode(f"{name}, {serializer.split('.')[-1]}", serializer, encoded(values, serializer))
    good = encoded({"a": 1, "b": [2]}, JSON)
    raw = base64.b64decode(good)
    for name, text in {
        "with line breaks": good[:20] + "\n" + good[20:] + "\n",
        "with junk": good[:8] + "!!" + good[8:],
        "cut by four characters": good[:-4],
        "of a flipped bit in the hash": base64.b64encode(bytes([raw[0] ^ 1]) + raw[1:]).decode(),
        "of a flipped bit in the data": base64.b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).decode(),
        "of an upper-case hash": base64.b64encode(raw[:40].upper() + raw[40:]).decode(),
        "without a colon": base64.b64encode(raw.replace(b":", b"")).decode(),
        "of nothing": "",
        "of a hash alone": base64.b64encode(raw[:41]).decode(),
    }.items():
        yield decode(name, JSON, text)


def encoded(values, serializer):
    with settings_of(SESSION_SERIALIZER=serializer):
        store = SessionStore()
        return getattr(store, "_legacy_encode", store.encode)(values)


def decode(name, serializer, text):
    with settings_of(SESSION_SERIALIZER=serializer):
        result = outcome(lambda: describe(SessionStore().decode(text)))
    return {
        "name": name, "kind": "decode", "serializer": serializer, "session_data": text, "result": result,
    }
