"""Well signed tokens: what PyJWT makes of their claims. Each case is (label, token[, options of the verdict])."""

from .jwt_tokens import CLAIMS, NOW, signed, with_claims
from .site import NOW_MS


def cases():
    yield from times()
    yield from registered()
    yield from payloads()
    yield from named()


TIMES = [
    "null", "true", "false", '""', '" "', '"soon"', "[]", "{}", "[1]", '{"a":1}', "NaN", "Infinity", "-Infinity",
    "1e400", "-1e400", "-1", "0", "1e9", "1e10", "1.7e9", "123456789012345678901234567890",
    "-123456789012345678901234567890",
]


def times():
    for claim in ("exp", "nbf", "iat"):
        for text in TIMES:
            yield f"{claim} {text}", signed(with_claims(**{claim: text}))
        texts = ["%d", '"%d"', "%d.0", "%d.5", "%d.999", '"%d.0"', '" %d "', '"+%d"']
        for offset in (-1, 0, 1):
            for text in texts:
                told_text = text % (NOW + offset)
                yield f"{claim} {told_text}, now {offset:+d}", signed(with_claims(**{claim: told_text}))
        underscored = '"1_700_000_%03d"'
        for offset in (-100, 1):
            value = underscored % 1 if offset == 1 else '"1_600_000_000"'
            yield f"{claim} {value}", signed(with_claims(**{claim: value})), {"why": "int() reads underscores"}
        fullwidth = "".join(chr(0xFF10 + int(digit)) for digit in str(NOW + 50))
        yield f"{claim} in full-width digits", signed(with_claims(**{claim: f'"{fullwidth}"'})), {"why": "int() reads every digit"}
        for now_ms in (NOW_MS - 1, NOW_MS, NOW_MS + 1, NOW_MS + 999):
            yield f"{claim} {NOW} at {now_ms}", signed(with_claims(**{
                "exp": str(NOW + 1000), "iat": str(NOW - 1000), claim: str(NOW),
            })), {"now_ms": now_ms}
        yield f"{claim} {NOW}.5 at {NOW_MS + 500}", signed(with_claims(**{
            "exp": str(NOW + 1000), "iat": str(NOW - 1000), claim: f"{NOW}.5",
        })), {"now_ms": NOW_MS + 500}
        yield f"{claim} of 4301 digits as text", signed(with_claims(**{claim: '"' + "1" * 4301 + '"'}))
    yield "no exp, no iat", signed(with_claims(exp=None, iat=None))
    yield "no exp", signed(with_claims(exp=None))
    yield "exp before nbf", signed(with_claims(nbf=str(NOW - 5), exp=str(NOW - 4)))
    yield "future nbf and expired", signed(with_claims(nbf=str(NOW + 5), exp=str(NOW - 4)))
    yield "future iat and expired", signed(with_claims(iat=str(NOW + 5), exp=str(NOW - 4)))
    yield "expired and tampered", signed(with_claims(exp=str(NOW - 4)))[:-2] + "AA"


def registered():
    for claim in ("aud", "iss", "sub", "jti"):
        for text in ("null", '""', '"x"', "0", "7", "true", "[]", '["x"]', "[5]", "{}", "1.5"):
            yield f"{claim} {text}", signed(with_claims(**{claim: text}))
    for text in (
        "null", '""', '"short"', '"abcdefgh"', "5", "0", "12345678", "1.5", "true", "false", "[]", '["abcdefgh"]',
        '["a","b","c","d","e","f","g","h"]', "{}", '{"a":1}', '"caf\\u00e9caf\\u00e9"',
        '"\\ud83d\\ud83d\\ud83d\\ud83d"', '"       "', '"../../etc/passwd"', '"%s"' % ("x" * 300),
    ):
        yield f"sk {text[:40]}", signed(with_claims(sk=text))
    yield "no sk", signed(with_claims(sk=None))
    yield "sk twice", signed('{"sk":"first000","sk":"second00"}'), {"why": "the last one counts"}
    yield "SK in upper case", signed('{"SK":"abcdefgh"}')
    yield "another SESSION_FIELD", signed('{"key":"abcdefgh"}'), {"session_field": "key"}
    yield "sk under another SESSION_FIELD", signed(), {"session_field": "key"}


def payloads():
    for text in (
        "", "null", "[]", '"x"', "5", "true", "{", "{}", "{a:1}", "{} {}", '{"a":1},', " {} ", "\n{}\n", "\x0b{}",
        '{"a":\t1}', '{"a":"\t"}', '{"a":"\\x41"}', '{"a":01}', "{'a':1}", '{"a":nan}', "undefined",
    ):
        yield f"payload {text!r}", signed(text)
    for text in (
        '{"sk":"a","n":NaN,"i":-Infinity,"x":1e400}', '{"f":1.0,"z":-0.0,"m":-0,"e":1e16}',
        '{"big":123456789012345678901234567890}', '{"a":1,"b":2,"a":3}', '{"10":1,"2":2}', '{"__proto__":{"sk":"x"}}',
        '{"constructor":{"prototype":1}}', '{"a":"\\ud83d","b":"\\ud83d\\ude00"}', '{"a":"caf\xe9 \u20ac \U0001f600"}',
        '{"a":"\u2028"}', '{"a":"\x7f"}',
    ):
        yield f"payload {text}", signed(text)
    yield "payload of 200 arrays", signed('{"a":' + "[" * 200 + "]" * 200 + "}")
    yield "payload with 4301 digits", signed('{"a":' + "1" * 4301 + "}")
    yield "payload with a raw lone surrogate", signed('{"a":"\ud83d"}'), {"why": "decoded by surrogatepass"}
    yield "payload that is no UTF-8", signed(b'{"a":"\xff"}')
    yield "payload in latin-1", signed('{"a":"caf\xe9"}'.encode("latin-1"))
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"):
        yield f"payload in {encoding}", signed(CLAIMS.encode(encoding)), {"why": "json.loads finds the encoding"}
    yield "payload of 20 kB", signed(with_claims(x='"' + "x" * 20000 + '"'))


def named():
    claims = with_claims(id="7", u='"ann"', e='"ann@example.com"')
    fields = [
        ("id", "id", "user_id"), ("username", "u", "username"), ("email", "e", "email"), ("missing", "m", "missing"),
    ]
    yield "short names get their long ones", signed(claims), {"fields": fields}
    yield "long names already there", signed(with_claims(u='"ann"', username='"bob"')), {
        "fields": fields, "why": "the short one wins, at the long one's place",
    }
    yield "long name is another's short name", signed(with_claims(i="7", u='"ann"')), {"fields": [
        ("id", "i", "u"), ("username", "u", "name"),
    ]}
    yield "long name is sk", signed(with_claims(i='"ijklmnop"')), {"fields": [("id", "i", "sk")]}
    yield "short name is exp", signed(), {"fields": [("id", "exp", "expires")]}
    yield "strings", signed(with_claims(id="7")), {"fields": ["id", "username"]}
    yield "long name __proto__", signed(with_claims(i="7")), {"fields": [("id", "i", "__proto__")]}
