"""Stored sessions as real Django reads them, asked for one line at a time while other processes are killed.

    session_reader.py '{"database": {…}, "secret_key": …}'
        {} → [{"key": …, "data": {…}, "login": "current"}]
        {"forget": [key, …]} → []

Every row, expired or not; `forget` deletes some. `data` is null for a row that cannot be read. `login` tells whether Django would take the
login in it: by the key of today ("current"), by one of SECRET_KEY_FALLBACKS ("fallback"), or not (null). Nothing else
is written: Django itself gives a login by a fallback key a new hash.
"""

import json
import sys

import history_worker  # configures Django from the same argument
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import User
from django.utils.crypto import constant_time_compare
from django.utils.module_loading import import_string

SessionStore = import_string(f"{settings.SESSION_ENGINE}.SessionStore")


def login_of(data):
    user = User.objects.filter(pk=data.get(auth.SESSION_KEY)).first()
    stated = data.get(auth.HASH_SESSION_KEY)
    if user is None or not stated:
        return None
    if constant_time_compare(stated, user.get_session_auth_hash()):
        return "current"
    is_older = any(constant_time_compare(stated, older) for older in user.get_session_auth_fallback_hash())
    return "fallback" if is_older else None


def read():
    rows = []
    for key, data in history_worker.stored():
        rows.append({"key": key, "data": data or None, "login": login_of(data)})
    return rows


if __name__ == "__main__":
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if "forget" in asked:
            for key in asked["forget"]:
                SessionStore().delete(key)
        print(json.dumps([] if "forget" in asked else read()), flush=True)
