"""The line to the Node server: one JSON object a line, a question and its answer, over the server's own pipes.

Values are plain JSON where Python and JavaScript mean the same by it; anything else is an object with "$" and "v".
"""

import base64
import json
import logging
import subprocess
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.core.cache import caches
from django.utils import timezone

SAFE_INTEGER = 2**53


class Link:
    """Asks the server; `count` says how many questions the current test has asked."""

    def __init__(self, command, context):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )
        self.context = context
        self.count = 0
        self.handles = 0
        self.freed = []

    def new_handle(self):
        self.handles += 1
        return self.handles

    def ask(self, operation, *args, target=None, **kwargs):
        """The answer, or the exception that Django has for the server's refusal."""
        self.count += 1
        freed, self.freed = self.freed, []
        question = {
            "operation": operation,
            "target": target,
            "args": [encode(value) for value in args],
            "kwargs": {name: encode(value) for name, value in kwargs.items()},
            "freed": freed,
            **self.context(),
        }
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise EOFError("The Node server is gone.")
        answer = json.loads(line)
        for record in answer.get("logs", []):
            write_log(**record)
        if "error" in answer:
            raise exception(**answer["error"])
        return decode(answer["value"])

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=20)
        self.process.stdout.close()


def write_log(logger, level, message):
    """What Django would log. Of a cache that fails it logs also what that raises, which only Python can say."""
    error = None
    if message == "Error saving to cache":
        cache = caches[settings.SESSION_CACHE_ALIAS]
        message = f"{message} ({cache})"
        try:
            cache.set("any", None)
        except Exception as raised:  # noqa: BLE001 – whatever a failing cache raises
            error = raised
    logging.getLogger(logger).log(logging.getLevelName(level), message, exc_info=error)


def encode(value):
    if value is None or isinstance(value, (bool, str)):
        return value if value is None or isinstance(value, bool) else str(value)
    if isinstance(value, int):
        return value if abs(value) < SAFE_INTEGER else {"$": "int", "v": str(value)}
    if isinstance(value, float):
        return {"$": "float", "v": repr(value)}
    if isinstance(value, bytes):
        return {"$": "bytes", "v": base64.b64encode(value).decode()}
    if isinstance(value, (list, tuple, map)):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {"$": "dict", "v": [[str(key), encode(item)] for key, item in value.items()]}
    if isinstance(value, datetime):
        aware = timezone.make_aware(value) if timezone.is_naive(value) else value
        return {"$": "datetime", "v": aware.isoformat(timespec="milliseconds")}
    if isinstance(value, timedelta):
        return {"$": "timedelta", "v": value.total_seconds()}
    raise TypeError(f"No way to send a {type(value).__name__} to Node.")


def decode(value):
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind, content = value["$"], value["v"]
    if kind == "int":
        return int(content)
    if kind == "float":
        return float(content)
    if kind == "bytes":
        return base64.b64decode(content)
    if kind == "dict":
        return {key: decode(item) for key, item in content}
    if kind == "datetime":
        aware = datetime.fromisoformat(content.replace("Z", "+00:00"))
        return aware if settings.USE_TZ else timezone.make_naive(aware)
    raise TypeError(f"No way to read a {kind} from Node.")


def exception(kind, message, value=None):
    """Django's exception for a refusal, with Django's own words: ours are not part of the API, nor hold values."""
    from django.contrib.sessions.backends.base import UpdateError
    from django.contrib.sessions.exceptions import InvalidSessionKey, SessionInterrupted
    from django.core.cache import InvalidCacheBackendError
    from django.core.exceptions import ImproperlyConfigured
    from django.utils.crypto import InvalidAlgorithm

    if kind == "SessionInterrupted":
        return SessionInterrupted(
            "The request's session was deleted before the request completed. "
            "The user may have logged out in a concurrent request, for example."
        )
    if kind == "InvalidAlgorithm":
        return InvalidAlgorithm(f"{value!r} is not an algorithm accepted by the hashlib module.")
    if kind == "UnsafeSeparator":
        return ValueError(f"Unsafe Signer separator: {value!r} (cannot be empty or consist of only A-z0-9-_=)")
    known = {
        "AttributeError": AttributeError,
        "BadSignature": signing.BadSignature,
        "ImproperlyConfigured": ImproperlyConfigured,
        "InvalidCacheBackendError": InvalidCacheBackendError,
        "InvalidSessionKey": InvalidSessionKey,
        "KeyError": KeyError,
        "NotImplementedError": NotImplementedError,
        "SignatureExpired": signing.SignatureExpired,
        "UpdateError": UpdateError,
    }
    return known.get(kind, RuntimeError)(message)
