"""Session data of Django before 3.1, and of 3.1 and 3.2 with DEFAULT_HASHING_ALGORITHM = "sha1".

    python generate_old_sessions.py OUT_DIR

Run by hand, with Django 2.2.28 or 3.2.25 and a Python that these still run on, such as 3.11.
"""

import base64
import logging
import sys
import warnings
from pathlib import Path

import django
from django.conf import settings

from vectors.described import describe
from vectors.recording import outcome, write_topic

SECRET_KEY = "golden-vectors-secret-key-0123456789abcdefghijklmnop"
JSON = "django.contrib.sessions.serializers.JSONSerializer"
PICKLE = "django.contrib.sessions.serializers.PickleSerializer"

SESSIONS = {
    "empty": {},
    "small": {"a": 1},
    "login": {"_auth_user_id": "7", "_auth_user_backend": "django.contrib.auth.backends.ModelBackend"},
    "with a colon and letters": {"caf\xe9": "a:b:\u20ac", "n": 1.0},
}


def records():
    from django.contrib.sessions.backends.db import SessionStore

    for serializer in JSON, PICKLE:
        settings.SESSION_SERIALIZER = serializer
        for name, values in SESSIONS.items():
            store = SessionStore()
            encode = getattr(store, "_legacy_encode", store.encode)
            yield decode(f"{name}, {serializer.split('.')[-1]}", serializer, encode(values))
    settings.SESSION_SERIALIZER = JSON
    good = getattr(SessionStore(), "_legacy_encode", SessionStore().encode)({"a": 1, "b": [2]})
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


def decode(name, serializer, text):
    from django.contrib.sessions.backends.db import SessionStore

    record = {"name": name, "kind": "decode", "serializer": serializer, "session_data": text}
    return record | {"result": outcome(lambda: describe(SessionStore().decode(text)))}


def main():
    warnings.simplefilter("ignore")
    settings.configure(
        SECRET_KEY=SECRET_KEY,
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
        LOGGING_CONFIG=None,
    )
    django.setup()
    logging.getLogger("django").setLevel(logging.CRITICAL)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    header = {"django": django.get_version(), "secret_key": SECRET_KEY}
    print(write_topic(folder, "old-sessions", header, list(records())), "records")


if __name__ == "__main__":
    main()
