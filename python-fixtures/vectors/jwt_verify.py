"""verify_jwt of django-session-jwt, and the session key that its middleware takes from the claims."""

import json

import jwt
from django.contrib.sessions.backends.db import SessionStore
from django_session_jwt.middleware import session as jwt_session

from . import jwt_claims, rsa_keys
from .jwt_create import KEYS, SESSION_KEY, configured, setting, told
from .jwt_tokens import CLAIMS, HEADER, RS_HEADER, base64url, rs_signed, signature, signed
from .recording import canonical, outcome
from .site import NOW_MS, clock_at


def records():
    for label, token, *options in cases():
        yield verdict(label, token, **(options[0] if options else {}))


def verdict(label, token, key="64", now_ms=NOW_MS, fields=(), session_field="sk", why=None):
    with configured(key, fields, session_field), clock_at(now_ms):
        result = outcome(lambda: jwt_session.verify_jwt(token))
        claims = result.get("value")
        record = {"name": f"verify_jwt {label}", "kind": "verify", "key": key, "now_ms": now_ms}
        if fields:
            record |= {"fields": told(list(fields))}
        if session_field != "sk":
            record |= {"session_field": session_field}
        record |= {"token": token, "result": {"value": canonical(claims)} if claims is not None else result}
        swallowed = outcome(lambda: jwt.decode(token, jwt_session.PUBKEY, algorithms=[jwt_session.ALGO])).get("error")
        if claims == {} and swallowed:
            record |= {"swallowed": swallowed}
        if claims:
            record |= {"session_key": outcome(lambda: SessionStore(claims.get(session_field)).session_key)}
    return record | ({"why": why} if why else {})


def cases():
    yield "good", signed()
    yield "good, RS256", rs_signed(), {"key": "rsa"}
    yield from algorithms()
    yield from changed()
    yield from headers()
    yield from shapes()
    yield from jwt_claims.cases()


def algorithms():
    for alg in (
        '"none"', '"None"', '"nOnE"', '"NONE"', '""', "null", "0", "true", "[]", '["HS256"]', "{}", '"hs256"',
        '"HS256 "', '"HS384"', '"HS512"', '"RS256"', '"ES256"', '"PS256"', '"EdDSA"', '"HS256\\u0000"',
    ):
        header = '{"alg":%s,"typ":"JWT"}' % alg
        yield f"alg {alg}, signed HS256", signed(header=header)
        yield f"alg {alg}, no signature", signed(header=header).rpartition(".")[0] + "."
    yield "no alg", signed(header='{"typ":"JWT"}')
    yield "alg in escapes", signed(header='{"\\u0061lg":"\\u0048S256"}'), {"why": "JSON escapes mean the same"}
    yield "alg twice, the last one good", signed(header='{"alg":"none","alg":"HS256"}')
    yield "alg twice, the last one bad", signed(header='{"alg":"HS256","alg":"none"}')
    yield "Alg in upper case", signed(header='{"ALG":"HS256"}')
    for algorithm in ("HS384", "HS512"):
        yield f"{algorithm} with the right key", signed(
            header='{"alg":"%s","typ":"JWT"}' % algorithm, algorithm=algorithm,
        )
        yield f"HS256 said, {algorithm} done", signed(algorithm=algorithm)
    for algorithm in ("RS384", "RS512"):
        yield f"{algorithm} with the right key", rs_signed(
            header='{"alg":"%s"}' % algorithm, algorithm=algorithm,
        ), {"key": "rsa"}
    for name in ("rs256-public.pem", "rs256-public-pkcs1.pem"):
        public = rsa_keys.text_of(name)
        for spelling, secret in {
            "": public, " without its last newline": public.strip(), " with CRLF": public.replace("\n", "\r\n"),
        }.items():
            token = signed(key=secret.encode())
            yield f"HS256 by {name}{spelling} as the secret", token, {
                "key": "rsa", "why": "RS256 is configured: the public key is no secret",
            }
            confused = f"{base64url(RS_HEADER)}.{base64url(CLAIMS)}"
            yield f"RS256 said, HS256 by {name}{spelling} done", f"{confused}.{signature(confused, secret.encode())}", {"key": "rsa"}
    yield "RS256 token where HS256 is configured", rs_signed()
    yield "HS256 token where RS256 is configured", signed(), {"key": "rsa"}
    yield "HS256 by the empty key", signed(key=b"")
    yield "HS256 by another key", signed(key="other")
    yield "RS256 by another key", rs_signed(key="rs256-other-private.pem"), {"key": "rsa"}
    yield "none where RS256 is configured", signed(header='{"alg":"none"}').rpartition(".")[0] + ".", {"key": "rsa"}
    for name in ("short", "32", "200", "non-ASCII", "spaces", "file"):
        yield f"key {name}", signed(key=file_bytes(name)), {"key": name}
    yield "key file without its newline", signed(key=file_bytes("file").strip()), {
        "key": "file", "why": "the newline belongs to the key",
    }
    yield "key without its spaces", signed(key=setting(KEYS["spaces"]).strip().encode()), {"key": "spaces"}
    for name in ("rsa-files", "rsa-pkcs1", "rsa-mixed", "rsa-other"):
        yield f"RS256, key {name}", rs_signed(), {"key": name}


def file_bytes(name):
    key = KEYS[name]
    return rsa_keys.path_of(key["file"]).read_bytes() if isinstance(key, dict) else key.encode()


def changed():
    good = signed()
    head, body, mark = good.split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    def flipped(text, at, by=1):
        return text[:at] + alphabet[alphabet.index(text[at]) ^ by] + text[at + 1 :]

    for part, text in (("header", head), ("payload", body), ("signature", mark)):
        for at in (0, 1, len(text) // 2, len(text) - 2):
            yield f"changed {part} at {at}", good.replace(text, flipped(text, at))
        yield f"{part} cut by one", good.replace(text, text[:-1])
        yield f"{part} longer by one", good.replace(text, text + "A")
        yield f"{part} longer by four", good.replace(text, text + "AAAA")
        yield f"{part} empty", good.replace(text, "")
        yield f"{part} padded with =", good.replace(text, text + "=")
        yield f"{part} padded to four", good.replace(text, text + "=" * (-len(text) % 4))
        yield f"{part} with a newline", good.replace(text, text[:8] + "\n" + text[8:])
        yield f"{part} with a space behind", good.replace(text, text + " ")
        yield f"{part} with junk", good.replace(text, text[:8] + "!!" + text[8:])
        yield f"{part} non-ASCII", good.replace(text, text[:8] + "\xe9" + text[8:])
    yield "signature with its spare bits set", f"{head}.{body}.{flipped(mark, len(mark) - 1)}", {"why": "the last character's unused bits must be zero"}
    yield "signature in the standard alphabet", signed_with_both().replace("-", "+").replace("_", "/")
    spare = next(claims for claims in (CLAIMS, CLAIMS + " ") if len(claims) % 3)
    for part in (0, 1):
        parts = [base64url(HEADER + " " if len(HEADER) % 3 == 0 else HEADER), base64url(spare)]
        yield f"{('header', 'payload')[part]} with its spare bits set, signed so", resigned(flipped_last(
            parts, part, flipped,
        ))
        padded = [*parts]
        padded[part] += "=" * (-len(padded[part]) % 4)
        yield f"{('header', 'payload')[part]} padded, signed so", resigned(padded)
        yield f"{('header', 'payload')[part]} padded too much, signed so", resigned([
            *padded[:part], padded[part] + "====", *padded[part + 1 :],
        ])
        standard = [base64url('{"alg":"HS256","x":"\xff\xfe~~??"}'), base64url('{"sk":"\xff\xfe~~??>>"}')]
        standard[part] = standard[part].replace("-", "+").replace("_", "/")
        yield f"{('header', 'payload')[part]} in the standard alphabet, signed so", resigned(standard)
    rs = rs_signed()
    yield "RS256, changed payload", rs.replace(
        base64url(CLAIMS), base64url(CLAIMS.replace("abc", "abd")),
    ), {"key": "rsa"}
    yield "RS256, signature cut", rs[:-4], {"key": "rsa"}
    yield "RS256, signature empty", rs.rpartition(".")[0] + ".", {"key": "rsa"}
    yield "RS256, signature of zeros", rs.rpartition(".")[0] + "." + base64url(bytes(256)), {"key": "rsa"}


def resigned(parts):
    text = ".".join(parts)
    return f"{text}.{signature(text)}"


def flipped_last(parts, part, flipped):
    return [flipped(text, len(text) - 1) if index == part else text for index, text in enumerate(parts)]


def signed_with_both():
    tokens = (signed('{"sk":"%s","n":%d}' % (SESSION_KEY, number)) for number in range(1000))
    return next(token for token in tokens if "-" in token.rpartition(".")[2] and "_" in token.rpartition(".")[2])


def headers():
    members = [
        '"kid":"a"', '"kid":""', '"kid":5', '"kid":null', '"kid":["a"]', '"kid":{}', '"kid":"../../etc/passwd"',
        '"kid":"__proto__"', '"crit":["exp"]', '"crit":[]', '"crit":"exp"', '"crit":null', '"crit":{}',
        '"crit":["b64"]',
        '"crit":[5]', '"b64":true', '"b64":false', '"b64":null', '"b64":false,"crit":["b64"]',
        '"b64":true,"crit":["b64"]', '"crit":["unknown"]', '"crit":["b64","exp"],"b64":true',
        '"jwk":{"kty":"oct","k":"YQ"}',
        '"jku":"https://example.com"', '"x5u":"https://example.com"', '"x5c":["a"]', '"zip":"DEF"', '"cty":"JWT"',
        '"enc":"A128GCM"', '"__proto__":{"alg":"none"}', '"x":1.0', '"x":NaN',
    ]
    for member in members:
        yield f"header with {member}", signed(header='{"alg":"HS256","typ":"JWT",%s}' % member)
    for typ in ('"jwt"', '"at+jwt"', '""', "null", "5", "[]", '"x"'):
        yield f"header with typ {typ}", signed(header='{"alg":"HS256","typ":%s}' % typ)
    yield "b64 false with an empty payload", resigned([base64url('{"alg":"HS256","b64":false,"crit":["b64"]}'), ""])
    for text in (
        "", "null", "[]", '"HS256"', "5", "{", "{}", "{alg:1}", '{"alg":"HS256"} x', "[" * 200 + "]" * 200,
        '{"alg":"HS256"}\x00',
    ):
        yield f"header is {text[:20]!r}", signed(header=text)
    yield "header with spaces and other order", signed(header='{ "typ" : "JWT" ,\n "alg" : "HS256" }')
    yield "header without typ", signed(header='{"alg":"HS256"}')
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"):
        yield f"header in {encoding}", signed(header=HEADER.encode(encoding)), {"why": "json.loads finds the encoding"}
    yield "header that is no UTF-8", signed(header=b'{"alg":"HS256","x":"\xff"}')


def shapes():
    good = signed()
    head, body, mark = good.split(".")
    for text in (
        "", " ", ".", "..", "...", "a", "a.b", "a.b.c", head, f"{head}.{body}", f"{good}.", f".{good}",
        f"{good}.{mark}", f"{head}.{body}.{mark}.{mark}.{mark}", f"{head}..{mark}", f".{body}.{mark}",
    ):
        yield f"token {text if len(text) < 10 else text.replace(head, 'H').replace(body, 'B').replace(mark, 'S')!r}", text
    yield "no token", None, {"why": "no cookie at all"}
    yield "a plain session key", SESSION_KEY
    yield "a quoted token", f'"{good}"'
    yield "space in front", " " + good
    yield "space behind", good + " "
    yield "newline behind", good + "\n"
    yield "Bearer in front", "Bearer " + good
    yield "non-ASCII in front", "\xe9" + good
    yield "lone surrogate", "\ud83d" + good, {"why": "it cannot be encoded as UTF-8"}
    yield "NUL behind", good + "\x00"
    yield "a JSON serialization", json.dumps({"protected": head, "payload": body, "signature": mark})
    yield "percent-encoded", good.replace(".", "%2E")
