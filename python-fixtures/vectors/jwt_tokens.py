"""Tokens put together by hand, since PyJWT refuses to sign most of those that a verifier must refuse."""

import base64
import hmac

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from . import rsa_keys
from .jwt_create import KEYS, SESSION_KEY, setting
from .recording import canonical
from .site import NOW_MS

NOW = NOW_MS // 1000
HEADER = '{"alg":"HS256","typ":"JWT"}'
RS_HEADER = '{"alg":"RS256","typ":"JWT"}'
CLAIMS = '{"sk":"%s","iat":%d,"exp":%d}' % (SESSION_KEY, NOW - 10, NOW + 100)


def base64url(data):
    data = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def signature(text, key="64", algorithm="HS256"):
    if algorithm.startswith("HS"):
        secret = key if isinstance(key, bytes) else setting(KEYS[key]).encode()
        return base64url(hmac.digest(secret, text.encode(), f"sha{algorithm[2:]}"))
    private = serialization.load_pem_private_key(rsa_keys.text_of(key).encode(), None)
    digest = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[algorithm[2:]]
    scheme = padding.PKCS1v15() if algorithm.startswith("RS") else padding.PSS(padding.MGF1(digest), digest.digest_size)
    return base64url(private.sign(text.encode(), scheme, digest))


def signed(claims=CLAIMS, header=HEADER, key="64", algorithm="HS256"):
    text = f"{base64url(header)}.{base64url(claims)}"
    return f"{text}.{signature(text, key, algorithm)}"


def rs_signed(claims=CLAIMS, header=RS_HEADER, key="rs256-private.pem", algorithm="RS256"):
    return signed(claims, header, key, algorithm)


def with_claims(**claims):
    """The usual claims with some replaced; None leaves one out, JSON text stands for itself."""
    usual = {"sk": canonical(SESSION_KEY), "iat": str(NOW - 10), "exp": str(NOW + 100)} | claims
    return "{" + ",".join(f'"{name}":{text}' for name, text in usual.items() if text is not None) + "}"
