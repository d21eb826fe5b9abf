"""AbstractBaseUser.get_session_auth_hash and get_session_auth_fallback_hash."""

from django.contrib.auth.models import User

from .recording import octets
from .site import FALLBACK_KEY, OTHER_KEY, SECRET_KEY, settings_of

# From 4.1 on.
HAS_FALLBACKS = hasattr(User, "get_session_auth_fallback_hash")

PASSWORDS = {
    "pbkdf2": "pbkdf2_sha256$1000000$yJ5K8mB2dQ4tN7pR1sV3xZ$uVtM0c2vZQ9yq0l3pKf8aGJpZr5bqf2m1VYxw6nTgqE=",
    "argon2": "argon2$argon2id$v=19$m=102400,t=2,p=8$c29tZXNhbHQ$RdescudvJCsgt3ub+b7dWRWJTmaaJObG",
    "md5": "md5$salt$d94d8b4b4fb6a9a4e4b1b6e9b9a4a1e0",
    "empty": "",
    "unusable": "!Xk2mLq8vN4pR7sT1wZ3yB5cD9fG0hJ6kM8nP2qS4",
    "bare exclamation mark": "!",
    "plain text": "secret",
    "non-ASCII": "p\xe4ssw\xf6rd \u20ac \U0001f511",
    "spaces and newline": " password \n",
    "long": "x" * 300,
    "NUL": "a\x00b",
}
SECRETS = {
    "usual": SECRET_KEY,
    "short": "k",
    "longer than a block": "long-" * 40,
    "bytes": bytes([0, 255, 128, 10, 0]),
    "non-ASCII": "cl\xe9-\u20ac",
    "spaces around": f" {SECRET_KEY} ",
}


def records():
    for key_label, secret in SECRETS.items():
        for label, password in PASSWORDS.items():
            if key_label == "usual" or label in ("pbkdf2", "empty", "non-ASCII"):
                yield hashed(f"{label}, {key_label} key", password, secret, [])
    if not HAS_FALLBACKS:
        return
    yield hashed("pbkdf2, two fallbacks", PASSWORDS["pbkdf2"], SECRET_KEY, [FALLBACK_KEY, OTHER_KEY])
    yield hashed("empty, bytes fallback", "", SECRET_KEY, [SECRETS["bytes"]])
    yield hashed("non-ASCII, non-ASCII fallback", PASSWORDS["non-ASCII"], SECRET_KEY, [SECRETS["non-ASCII"], "k"])


def hashed(label, password, secret, fallbacks):
    with settings_of(SECRET_KEY=secret, SECRET_KEY_FALLBACKS=fallbacks):
        user = User(password=password)
        return {
            "name": f"auth hash {label}",
            "kind": "auth_hash",
            "password": password,
            "secret_key": octets(secret),
            "fallback_keys": [octets(key) for key in fallbacks],
            "hash": user.get_session_auth_hash(),
            **({"fallback_hashes": list(user.get_session_auth_fallback_hash())} if HAS_FALLBACKS else {}),
            **({"legacy_hash": user._legacy_get_session_auth_hash()} if hasattr(user, "_legacy_get_session_auth_hash") else {}),
        }
