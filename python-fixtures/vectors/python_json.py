"""Python's json module as django.core.signing.JSONSerializer and PyJWT call it."""

import json
import random
import struct

from .recording import canonical, outcome, repeated, spelled


def records():
    yield from written()
    yield from floats()
    for name, text, *why in read_cases():
        yield loads(name, text, *why)


def written():
    """Values by their Python spelling: what json.dumps makes of them."""
    for source in WRITTEN:
        value = eval(source, {"inf": float("inf"), "nan": float("nan")})
        result = outcome(lambda: canonical(value))
        told = {"json": result["value"]} if "value" in result else result
        yield {"name": f"dumps {source}", "kind": "dumps", "python": source, **told}


WRITTEN = [
    "None", "True", "False", "0", "-0", "1", "-1", "1.0", "-0.0", "0.1", "1e5", "100000.0", "1e15", "1e16", "1e-4",
    "1e-5", "1e-7", "1e21", "1e22", "1e400", "-1e400", "nan", "2**53", "2**53 + 1", "-(2**63)", "2**64", "10**40",
    "float(2**53)", "123456789012345680.0", "1.5e300", "5e-324", "0.1 + 0.2", "1/3", "2/3", "100.0", "1e1",
    "''", "'plain'", "'caf\\xe9'", "'\\u20ac'", "'\\U0001f600'", "'\\ud83d'", "'\\ude00'", "'\\ud83d\\ude00'",
    "'\\x00\\x01\\x07\\x08\\t\\n\\x0b\\x0c\\r\\x1b\\x1f'", "'\\x7f'", "'\\x80\\x9f\\xa0\\xff'", "'\"'", "'\\\\'",
    "'/'", "'</script>'", "'\\u2028\\u2029'", "'\\ufeff'", "'\\uffff'", "\"it's\"",
    "[]", "{}", "[1, 2, 3]", "(1, 2)", "[[], {}, '']", "[None, True, 1.0]", "{'a': 1, 'b': [1, {'c': None}]}",
    "{'10': 1, '2': 2, '1': 3}", "{1: 'int', '1': 'text'}", "{1: 'int', 2.5: 'float', True: 'bool', None: 'none'}",
    "{False: 0, 0.5: 1, -1: 2}", "{inf: 1, nan: 2}", "{'__proto__': {'a': 1}}", "{'': ''}", "{'caf\\xe9': 1}",
    "{'constructor': 1, 'toString': 2}", "{(1, 2): 1}", "{b'a': 1}", "b'bytes'", "{1, 2}", "object()", "1j",
]


def floats():
    """Doubles by their 64 bits, sign first."""
    for bits in sorted({*map(bits_of, EDGES), *random_bits()}):
        (value,) = struct.unpack(">d", bits)
        yield {"name": f"float {bits.hex()}", "kind": "float", "bits": bits.hex(), "repr": canonical(value)}


def bits_of(value):
    return struct.pack(">d", value)


def random_bits():
    """Half with any exponent, half of the sizes that sessions hold."""
    source = random.Random(20240229)
    for _ in range(150):
        yield bits_of(struct.unpack(">d", source.getrandbits(64).to_bytes(8, "big"))[0] or 0.0)
        yield bits_of(round(source.uniform(-1, 1) * 10 ** source.randint(-8, 24), source.randint(0, 9)))


EDGES = [
    0.0, -0.0, 1.0, -1.0, 0.1, 0.2, 0.3, 0.1 + 0.2, 1 / 3, 5e-324, 1e-323, 2.2250738585072014e-308,
    2.225073858507201e-308, 1.7976931348623157e308, -1.7976931348623157e308, float("inf"), float("-inf"), float("nan"),
    2.0**53 - 1, 2.0**53, 2.0**53 + 2, 1e15, 1e16, 9999999999999998.0, 1e17, 1e21, 1e22, 1e23, 123456789012345680.0,
    0.0001, 0.00012345, 0.00001, 1e-5, 1e-6, 1e-7, 123456.789, 4.35, 0.5, 1e100, 9007199254740993.0, 4.9e-324,
    1.5, 1e-300, 5e-310, 8.41e21, 2.0**63, 2.0**64, -(2.0**31), 4294967296.0, 72057594037927945.0, 1e300, 1e308,
]


def loads(name, text, why=None):
    """What json.loads says of a text: the text of the same value written again, or the error."""
    result = outcome(lambda: canonical(json.loads(spelled(text))))
    record = {"name": f"loads {name}", "kind": "loads", "text": text}
    if "error" in result:
        record |= {"error": result["error"]}
    elif result["value"] == spelled(text):
        record |= {"json": text}
    else:
        record |= {"json": result["value"]}
    return record | ({"why": why} if why else {})


def read_cases():
    for group, texts in READ.items():
        for text in texts:
            yield f"{group}: {text!r}", text
    digits = "an integer of 4300 digits is the longest that Python reads"
    yield "int of 4300 digits", repeated("9", 4300), digits
    yield "int of 4301 digits", repeated("9", 4301), digits
    yield "negative int of 4300 digits", repeated("9", 4300, before="-"), "the sign does not count"
    yield "negative int of 4301 digits", repeated("9", 4301, before="-")
    yield "float of 5000 digits", repeated("9", 5000, after=".0"), "the limit is for integers: this one is infinite"
    yield "float of 5000 digits behind the point", repeated("1", 5000, before="0.")
    yield "zeros in front are refused at any length", repeated("0", 4400)
    yield "int of 4301 digits inside", repeated("1", 4301, before='{"a":[1,', after="]}")
    yield "200 arrays", repeated("[", 200, after="]" * 200)
    yield "200 objects", repeated('{"a":', 200, after="1" + "}" * 200)
    yield "200 arrays, one not closed", repeated("[", 200, after="]" * 199)
    yield "a string of 10000 characters", repeated("x", 10000, before='"', after='"')
    yield "10000 escapes", repeated("\\u20ac", 10000, before='"', after='"')


READ = {
    "literal": ["null", "true", "false", "True", "None", "nul", "nulll", "TRUE", "undefined", "", " ", "\n"],
    "number": [
        "0", "-0", "-0.0", "0.0", "1", "-1", "1.0", "1.50", "10", "1e5", "1E5", "1e+5", "1e-5", "1E-05", "1e05", "1e16",
        "1e15", "1e400", "-1e400", "1e-400", "-1e-400", "0e0", "0E+0", "-0e5", "0.0001", "0.00001",
        "123456789012345678",
        "9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740993", "18446744073709551616",
        "1.7976931348623157e308", "1.7976931348623159e308", "5e-324", "2e-324", "3e-324", "0.1", "0.30000000000000004",
        "9007199254740993.0", "1.0000000000000002", "1.00000000000000011102230246251565", "100000000000000000000.0",
        "1000000000000000000000", "1e21", "1e22", "123456789012345680000", "0.1e1", "1.0E+2", "4.35", "2.675",
    ],
    "not a number": [
        "01", "-01", "00", "-00", "1.", "-1.", ".5", "-.5", "1.e5", "1e", "1e+", "1e-", "1.5e", "+1", "--1", "- 1", "-",
        "0x10", "0b1", "0o7", "1_000", "1e1_0", "1.0.0", "1,0", "1a", "1 2", "-a", "\uff11", "\u0661", "1\u0661", "0 0",
        "1e5.5", "0.", "0e", "1L", "1n", "1f",
    ],
    "constant": [
        "NaN", "Infinity", "-Infinity", "nan", "NAN", "inf", "infinity", "-inf", "+Infinity", "-NaN", "+NaN", "Infinit",
        "-Infinit", "InfinityX", "NaN1", "NaN NaN", "- Infinity", "[NaN,Infinity,-Infinity]", '{"a":NaN}', "{NaN:1}",
        "-I", "N",
    ],
    "string": [
        '""', '"a"', '"\\""', '"\\\\"', '"\\/"', '"/"', '"\\b\\f\\n\\r\\t"', '"\\u0041"', '"\\u00e9"', '"\\u00E9"',
        '"\\u0000"',
        '"\\u001f"', '"\\u007f"', '"\x7f"', '"\x80"', '"\xe9"', '"\xff"', '"\u20ac"', '"\U0001f600"', '"\\u20ac"',
        '"\\u20AC"',
        '"\\ud83d\\ude00"', '"\\uD83D\\uDE00"', '"\\ud83d"', '"\\ude00"', '"\\ude00\\ud83d"', '"\\ud83d\\ud83d\\ude00"',
        '"\\ud83d\\u0041"', '"\\ud83dx"', '"\\ud83d\\n"', '"\\ud83d\\\\ude00"', '"\\ud83d\\ude00\\ude00"',
        '"\\udbff\\udfff"',
        '"\\ud800\\udc00"', '"\\ufeff"', '"\ufeff"', '"\\uffff"', '"\u2028"', '"\u0085"', '"\xa0"', "\"'\"",
        '"\\u005c"', '"\\u0022"',
    ],
    "surrogates": [
        '"\ud83d"', '"\ude00"', '"\ud83d\\ude00"', '"\\ud83d\ude00"',
    ],
    "not a string": [
        '"', '"a', '"\\', '"\\"', '"\\x41"', '"\\a"', '"\\v"', '"\\0"', "\"\\'\"", '"\\U00000041"', '"\\u"', '"\\u0"',
        '"\\u00"',
        '"\\u004"', '"\\u004', '"\\u0041', '"\\u00 1"', '"\\u 041"', '"\\u+123"', '"\\u-123"', '"\\u0x1"', '"\\u00_1"',
        '"\\u{41}"',
        '"\\u004g"', '"\\u\uff10\uff10\uff14\uff11"', '"\\ud83d\\u"', '"\\ud83d\\ude0"', '"\\ud83d\\ux"', '"\\ud83d\\',
        '"\\ud83d\\u+e00"',
        "'a'", "a", '"a" "b"', '"a"b', '"\n"', '"\t"', '"\r"', '"\x00"', '"\x01"', '"\x1f"', '"a\nb"', '"\\\n"',
        '"\\u00\n41"', '`a`',
    ],
    "space": [
        " 1", "1 ", "\t1", "1\n", "\r\n1\r\n", "  [ 1 , 2 ]  ", '{ "a" : 1 , "b" : 2 }', "[\n]", "{\t}", "[ ]", "{ }",
        "\x0b1", "\x0c1", "1\x0c",
        "\xa01", "1\xa0", "\u20281", "1\u2028", "\x851", "\ufeff1", "\ufeff{}", "1\ufeff", "\xef\xbb\xbf{}", "\x001",
        "1\x00", "[1\x0b]", "\u30001",
    ],
    "array": [
        "[]", "[1]", "[1,2]", "[1,]", "[,1]", "[,]", "[1 2]", "[1", "[", "]", "[1]]", "[[]", "[1,,2]", "[1;2]", "(1)",
        "[1}", "[1,\n2]", "[]1",
    ],
    "object": [
        "{}", '{"a":1}', '{"a":1,}', '{,"a":1}', '{"a":1 "b":2}', '{"a"}', '{"a":}', '{"a",1}', '{"a" 1}', "{a:1}",
        "{'a':1}", "{1:1}", "{null:1}",
        '{"a":1', '{"a"', '{"a', "{", "}", '{"a":1}}', '{"a":1}x', '{"a":1]', '{"a"::1}', '{"a":1,,"b":2}', '{"":1}',
        '{"":""}', '{"a":{"b":[{}]}}', "{[]:1}",
    ],
    "keys": [
        '{"a":1,"a":2}', '{"a":1,"b":2,"a":3}', '{"a":1,"\\u0061":2}', '{"b":1,"a":2,"b":{"c":3},"c":4}',
        '{"10":1,"2":2,"1":3}', '{"1":1,"01":2,"1":3}',
        '{"z":1,"0":2,"y":3,"-1":4}', '{"__proto__":1}', '{"__proto__":{"a":1}}',
        '{"__proto__":null,"a":{"__proto__":[]}}', '{"__proto__":1,"__proto__":2}',
        '{"constructor":1,"prototype":2,"toString":3,"hasOwnProperty":4}', '{"a":{"10":1,"9":2}}', '{"\\u0000":1}',
        '{"\\ud83d":1,"\\ude00":2}', '{"\xe9":1}',
        '{"4294967295":1,"4294967294":2,"1.0":3}', '{"a b":1,"a\\nb":2}',
    ],
    "junk": [
        "1 1", "{}{}", "[] []", "1,", "1;", "null,", "//", "/* */1", "1//", "#1", "[1,//\n2]", "{} \x00", "\\", "\x00",
        "\x80", "@", "=", "<a/>", "1\\n",
    ],
    "mixed": [
        '{"f":1.0,"i":1,"e":1e5,"z":-0,"nz":-0.0,"big":12345678901234567890}', '[1.0,1.50,1E2,-0,-0.0,1e-7,1e400]',
        '["\\/","/","\\u002f"]', '{"n":NaN,"p":Infinity}',
        '[true,false,null,"",0,[],{}]', '{"a":[1.0,{"b":[1e16,[1e-05,[0.0001]]]}]}',
        '{"emoji":"\\ud83d\\ude00","half":"\\ud83d"}', '{"caf\\u00e9":"\\u20ac"}',
    ],
}
