"""Pickles of every protocol: of Python's own pickler, of other hands, and such as must be refused."""

import collections
import datetime
import decimal
import pickle
import pickletools
import struct
import uuid
import zoneinfo

import pytz

from .described import describe
from .recording import outcome


def header():
    return {"pytz": pytz.__version__}


def records():
    for opcode in pickletools.opcodes:
        yield {"name": f"opcode {opcode.name}", "kind": "opcode", "opcode": opcode.name, "code": ord(opcode.code),
               "protocol": opcode.proto}
    for source in VALUES:
        yield from pickled(source)
    for name, hexadecimal, *why in BY_HAND:
        yield by_hand(name, bytes.fromhex(hexadecimal.replace(" ", "")), *why)
    yield from forbidden()


def names():
    """What the sources of `VALUES` may say."""
    from django.utils.safestring import mark_safe
    from django.utils.translation import gettext_lazy, ngettext_lazy, pgettext_lazy

    return {
        "OrderedDict": collections.OrderedDict, "defaultdict": collections.defaultdict, "Decimal": decimal.Decimal,
        "UUID": uuid.UUID, "SafeUUID": uuid.SafeUUID, "ZoneInfo": zoneinfo.ZoneInfo, "datetime": datetime, "pytz": pytz,
        "mark_safe": mark_safe, "gettext_lazy": gettext_lazy, "ngettext_lazy": ngettext_lazy,
        "pgettext_lazy": pgettext_lazy, "nan": struct.unpack(">d", bytes.fromhex("fff8000000000123"))[0],
        "inf": float("inf"),
    }


def pickled(source):
    """One record for all protocols that read alike; below 4, `fold` is lost, and sharing is not always the same."""
    value = eval(source, names())
    told = []
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        try:
            data = pickle.dumps(value, protocol)
        except Exception:
            # Texts that are classes of their own cannot be pickled below protocol 2.
            continue
        described = describe(pickle.loads(data))
        known = next((record for record in told if record["value"] == described), None)
        if known is None:
            name = f"{source} from protocol {protocol} on"
            told.append(known := {"name": name, "kind": "loads", "value": described, "pickles": []})
        if data.hex() not in known["pickles"]:
            known["pickles"].append(data.hex())
    yield from told


def by_hand(name, data, why=None):
    """What Python says of a pickle that nothing but its own types stand in."""
    record = {"name": name, "kind": "by hand", "pickle": data.hex()}
    result = outcome(lambda: describe(pickle.loads(data)))
    record |= {"value": result["value"]} if "value" in result else {"error": result["error"]}
    return record | ({"why": why} if why else {})


def forbidden():
    """Never loaded here: loading is what they are made for."""
    for name, source, what in FORBIDDEN:
        data = source if isinstance(source, bytes) else bytes.fromhex(source.replace(" ", ""))
        yield {"name": name, "kind": "forbidden", "pickle": data.hex(), "forbidden": what}


VALUES = [
    "None", "True", "False", "[None, True, False]",
    "0", "1", "-1", "255", "256", "65535", "65536", "2**31 - 1", "2**31", "-2**31", "-2**31 - 1", "2**53 - 1", "2**53",
    "-(2**53)", "2**63", "-(2**63)", "-128", "-129", "32767", "2**64 - 1", "10**40", "-(10**40)", "2**2040 - 1",
    "2**2039", "-(2**2039)", "10**2000", "-(10**600)",
    "0.0", "-0.0", "1.0", "-1.5", "0.1", "1e300", "5e-324", "1.7976931348623157e308", "inf", "-inf", "nan",
    "''", "'plain'", "'caf\\xe9'", "'\\u20ac'", "'\\U0001f600'", "'\\ud83d'", "'\\ude00'", "'\\ud83d\\ude00'",
    "'a\\ud83dz\\U0001f600'", "'\\ufeffx'", "'\\x00\\n\\r\\x1a\\\\'", "'\\\\u0041'", "'x' * 255", "'x' * 256",
    "'\\xe9' * 200", "b''", "b'bytes'", "bytes(range(256))", "b'x' * 257", "bytearray()", "bytearray(b'\\x00\\xff')",
    "[]", "[1, 'a', [2.0]]", "list(range(1002))", "()", "(1,)", "(1, 2)", "(1, 2, 3)", "(1, 2, 3, 4)", "((), ([],))",
    "{}", "{'a': 1}", "{'b': 1, 'a': {'10': 2, '2': 3}}", "{'__proto__': 1, 'constructor': 2}",
    "{1: 'int', 'x': 2, None: 3, (1, 'a'): 4, 2.5: 5, b'k': 6, False: 7}", "dict.fromkeys(range(1001))",
    "set()", "{1, 2, 3}", "frozenset()", "frozenset({1, 2})", "{(1, 2)}", "{frozenset({5})}",
    "(lambda x: [x, x])([1])", "(lambda x: {'a': x, 'b': [x]})({'c': 1})", "(lambda x: [x, (x, x)])({1})",
    "(lambda x: (x, x))('shared text')", "(lambda x: [x, x])((1, []))", "(lambda x: [x, x])(bytearray(b'z'))",
    "OrderedDict()", "OrderedDict([('b', 1), ('a', 2)])", "(lambda x: [x, x])(OrderedDict(a=[1]))",
    "defaultdict(list, {'a': [1]})", "defaultdict(None, {1: 2})", "defaultdict(int)", "1j", "complex(-0.0, nan)",
    "complex(inf, -1)", "Decimal('1.50')", "Decimal('-0')", "Decimal('1E+3')", "Decimal('NaN')", "Decimal('sNaN12')",
    "Decimal('-Infinity')", "Decimal('0.1') ** 3", "Decimal('1e-999999')", "UUID(int=0)", "UUID(int=2**128 - 1)",
    "UUID('0f14d0ab-9605-4a62-a9e4-5ed26688389b')", "UUID(int=7, is_safe=SafeUUID.safe)",
    "datetime.date(2026, 7, 1)", "datetime.date.min", "datetime.date.max", "datetime.time(0)", "datetime.time.max",
    "datetime.time(12, 0, 0, 250000, fold=1)", "datetime.time(1, 2, tzinfo=datetime.timezone.utc)",
    "datetime.datetime(2026, 7, 1, 12, 0, 0, 250000)", "datetime.datetime.min", "datetime.datetime.max",
    "datetime.datetime(2026, 10, 25, 2, 30, fold=1)", "datetime.datetime(2026, 7, 1, tzinfo=datetime.timezone.utc)",
    "datetime.datetime(2026, 7, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=-5, minutes=-30), 'X'))",
    "datetime.datetime(2026, 7, 1, tzinfo=datetime.timezone(datetime.timedelta(microseconds=-1)))",
    "datetime.datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo('Europe/Berlin'))", "ZoneInfo('UTC')",
    "ZoneInfo.no_cache('America/New_York')", "pytz.utc", "pytz.FixedOffset(90)", "pytz.timezone('Etc/GMT+5')",
    "pytz.timezone('Europe/Berlin')", "pytz.timezone('Europe/Berlin').localize(datetime.datetime(2026, 7, 1))",
    "datetime.datetime(2026, 7, 1, tzinfo=pytz.utc)", "datetime.timedelta(0)", "datetime.timedelta(-1, 5, 6)",
    "datetime.timedelta.max", "datetime.timedelta.min", "mark_safe('<b>')", "mark_safe('caf\\xe9')",
    "gettext_lazy('Hello')", "pgettext_lazy('month', 'May')", "ngettext_lazy('%d day', '%d days')",
    "ngettext_lazy('%(n)d day', '%(n)d days', 'n')",
    "{'_auth_user_id': '7', '_auth_user_backend': 'django.contrib.auth.backends.ModelBackend', 'cart': [(1, 2.0)]}",
    "__import__('functools').reduce(lambda inner, _: [inner], range(200), [])",
]

# Types that have no name to look up: Python may load these.
BY_HAND = [
    ("nothing", ""),
    ("STOP alone", "2e"),
    ("no STOP", "80044b05"),
    ("protocol 5 empty", "80052e"),
    ("protocol 6", "80064e2e"),
    ("text behind STOP", "4e2e6162"),
    ("two values on the stack", "4b014b022e", "the last one counts"),
    ("a value below an open mark", "4b01282e"),
    ("an open mark below the value", "284b012e", "Python takes what lies above"),
    ("POP of the only value", "4b01302e"),
    ("POP of a mark", "4b0128302e"),
    ("POP_MARK", "4b01284b024b03312e"),
    ("POP_MARK without a mark", "4b01312e"),
    ("DUP shares", "5d32862e"),
    ("DUP of nothing", "322e"),
    ("TUPLE2 over a mark", "4b01284b02862e"),
    ("APPEND to a dict", "7d4b01612e"),
    ("APPEND to nothing", "4b01612e"),
    ("APPENDS to a tuple", "29284b01652e"),
    ("SETITEM in a list", "5d4b004b01732e"),
    ("SETITEMS with an odd number", "7d284b01752e"),
    ("DICT with an odd number", "284b01642e"),
    ("ADDITEMS to a list", "80045d284b01902e"),
    ("a list as a key", "7d5d4b01732e"),
    ("a dict in a set", "80048f287d902e"),
    ("a bytearray as a key", "80057d96010000000000000061 4b01732e"),
    ("a tuple with a list as a key", "7d5d854b01732e"),
    ("1, 1.0 and True are one key", "7d284b014b0a473ff00000000000004b0b884b0c752e"),
    ("'1' and 1 are two keys", "7d288c01314b014b014b02752e"),
    ("-0.0 and 0 are one key", "7d284b004b0147800000000000000 04b02752e"),
    ("2**60 and its float are one key", "7d288a0800000000000000104b01 4743b00000000000004b02752e"),
    ("equal tuples are one key", "7d284b01854b0147 3ff000000000000085 4b02752e"),
    ("tuples of bytes and text are two keys", "8003 7d28 4301618 54b01 580100000061854b02 752e"),
    ("a key again", "7d28580100000061 4b01 580100000062 4b02 580100000061 4b03 752e",
     "the last value at the first one's place"),
    ("a set with a member twice", "80048f284b014b018890 2e"),
    ("GET of nothing", "68002e"),
    ("GET by text", "5d70350a67350a862e"),
    ("PUT with nothing on the stack", "71002e"),
    ("PUT of a negative index", "5d702d310a2e"),
    ("INT of True", "4930310a2e"),
    ("INT of False", "4930300a2e"),
    ("INT", "492d31320a2e"),
    ("INT beyond 64 bits", "4939323233333732303336383534373735383038300a2e"),
    ("INT without digits", "490a2e"),
    ("INT of letters", "4961620a2e"),
    ("LONG", "4c31324c0a2e"),
    ("LONG without L", "4c31320a2e"),
    ("LONG1 of no bytes", "8a002e"),
    ("LONG1 with a byte too many", "8a03010000 2e"),
    ("LONG1 of -1", "8a01ff2e"),
    ("LONG4 with a negative length", "8bffffffff2e"),
    ("LONG4 cut short", "8b0500000001022e"),
    ("FLOAT", "46312e350a2e"),
    ("FLOAT with an exponent", "462d31652d350a2e"),
    ("FLOAT of inf", "46696e660a2e"),
    ("FLOAT of letters", "4661620a2e"),
    ("STRING", "53276162270a2e"),
    ("STRING with escapes", "53275c7834315c6e5c5c5c27270a2e"),
    ("STRING without quotes", "5361620a2e"),
    ("STRING not closed", "53276162220a2e"),
    ("STRING not ASCII", "53275c786539270a2e"),
    ("BINSTRING", "54020000006162 2e"),
    ("SHORT_BINSTRING not ASCII", "5501e92e"),
    ("BINSTRING of a negative length", "54ffffffff2e"),
    ("UNICODE", "56636166e90a2e"),
    ("UNICODE with escapes", "565c75303034315c55303030316636303 00a2e"),
    ("UNICODE with an escape cut short", "565c75303034 0a2e"),
    ("UNICODE beyond the last character", "565c553030313130303030 0a2e"),
    ("BINUNICODE not UTF-8", "5802000000c3282e"),
    ("BINUNICODE overlong", "5802000000c0802e"),
    ("BINUNICODE of a surrogate cut short", "5802000000eda02e"),
    ("BINUNICODE with a BOM", "5804000000efbbbf612e"),
    ("BINUNICODE8", "80048d0100000000000000612e"),
    ("BINUNICODE8 of 2**63 bytes", "80048d0000000000000080612e"),
    ("BINBYTES of 4 GB", "42ffffffff612e"),
    ("BINBYTES8 of 2**63 bytes", "80048e0000000000000080612e"),
    ("BYTEARRAY8 of 2**63 bytes", "8005960000000000000080612e"),
    ("FRAME", "800495020000000000000 04e2e"),
    ("FRAME over the end", "800495030000000000000 04e2e"),
    ("FRAME of 2**63 bytes", "8004950000000000000080 4e2e"),
    ("FRAME that ends early", "800495010000000000000 04e2e", "the C unpickler only looks that it fits"),
    ("a byte that is no opcode", "ff2e"),
    ("BUILD on a list", "5d7d622e"),
]


def classic(module, name, *arguments):
    """cmodule\\nname\\n(args tR."""
    told = b"".join(b"V" + argument.encode() + b"\n" for argument in arguments)
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n(" + told + b"tR."


def stacked(module, name, *arguments):
    """The same with STACK_GLOBAL."""
    def text(value):
        return b"\x8c" + bytes([len(value)]) + value.encode()

    told = b"".join(map(text, arguments))
    return b"\x80\x04" + text(module) + text(name) + b"\x93(" + told + b"tR."


CALLS = [
    ("os", "system", "true"), ("posix", "system", "true"), ("nt", "system", "true"), ("subprocess", "Popen", "true"),
    ("subprocess", "check_output", "true"), ("builtins", "eval", "1"), ("builtins", "exec", "1"),
    ("builtins", "compile", "1"), ("builtins", "__import__", "os"), ("builtins", "open", "/etc/passwd"),
    ("builtins", "getattr", "a", "b"), ("builtins", "setattr", "a", "b"), ("builtins", "globals"),
    ("builtins", "breakpoint"), ("builtins", "type", "x"), ("builtins", "str", "x"), ("builtins", "list"),
    ("builtins", "object"), ("importlib", "import_module", "os"), ("runpy", "run_path", "x"),
    ("pickle", "loads", "x"), ("_pickle", "loads", "x"), ("marshal", "loads", "x"), ("types", "CodeType"),
    ("types", "FunctionType"), ("functools", "partial", "x"), ("functools", "reduce", "x"), ("operator", "attrgetter", "x"),
    ("operator", "methodcaller", "x"), ("itertools", "starmap", "x"), ("socket", "socket"), ("shutil", "rmtree", "/"),
    ("ctypes", "CDLL", "x"), ("copyreg", "add_extension", "os", "system"), ("copyreg", "__newobj__", "x"),
    ("copyreg", "__newobj_ex__", "x"), ("copyreg", "_reconstructor", "x"), ("copyreg", "constructor", "x"),
    ("webbrowser", "open", "x"), ("code", "interact"), ("pdb", "run", "x"), ("timeit", "timeit", "x"),
    ("pty", "spawn", "x"), ("asyncio", "run", "x"), ("logging.config", "dictConfig", "x"), ("bdb", "Bdb"),
    ("django.core.cache", "cache"), ("django.db.models.base", "model_unpickle", "x"), ("numpy", "load", "x"),
    ("django.utils.module_loading", "import_string", "os.system"), ("datetime", "sys"), ("collections", "abc"),
    ("datetime", "datetime.now"), ("uuid", "getnode"), ("decimal", "getcontext"), ("pytz", "timezone", "UTC"),
    ("zoneinfo", "ZoneInfo.from_file", "x"), ("collections", "OrderedDict.fromkeys"),
]

FORBIDDEN = [
    *((f"{module}.{name} by GLOBAL", classic(module, name, *arguments), f"{module}.{name}")
      for module, name, *arguments in CALLS),
    *((f"{module}.{name} by STACK_GLOBAL", stacked(module, name, *arguments), f"{module}.{name}")
      for module, name, *arguments in CALLS),
    ("os.system by INST", b"(Vtrue\nios\nsystem\n.", "os.system"),
    ("os.system by OBJ", b"(cos\nsystem\nVtrue\no.", "os.system"),
    ("os.system by NEWOBJ", b"\x80\x02cos\nsystem\nVtrue\n\x85\x81.", "os.system"),
    ("os.system by NEWOBJ_EX", b"\x80\x04cos\nsystem\n)}\x92.", "os.system"),
    ("Python 2's name of eval", b"c__builtin__\neval\n(V1\ntR.", "builtins.eval"),
    ("Python 2's name of copyreg", b"ccopy_reg\nadd_extension\n)R.", "copyreg.add_extension"),
    ("getattr of an allowed class", b"cbuiltins\ngetattr\n(cdatetime\ndatetime\nVnow\ntR.", "builtins.getattr"),
    ("getattr of a class that only stands in front", b"cbuiltins\ngetattr\n(czoneinfo\nZoneInfo\nV__class__\ntR.",
     "builtins.getattr"),
    ("getattr chained", b"cbuiltins\ngetattr\n(cbuiltins\ngetattr\n(czoneinfo\nZoneInfo\nV_unpickle\ntRV__globals__\ntR.",
     "builtins.getattr"),
    ("a call of what a call made", b"cdecimal\nDecimal\n(V1\ntR(tR.", "REDUCE"),
    ("a call of a text", b"Vos\n(tR.", "REDUCE"),
    ("an object of an allowed class by a base of its own", b"ccopy_reg\n_reconstructor\n(cuuid\nUUID\ncbuiltins\nstr\nVx\ntR.",
     "copyreg._reconstructor"),
    ("an object of a class that is only an argument", b"ccopy_reg\n_reconstructor\n(cbuiltins\nlist\ncbuiltins\nobject\nNtR.",
     "copyreg._reconstructor"),
    ("a class as a value", b"cbuiltins\nlist\n.", "builtins.list"),
    ("a class inside a list", b"(lcdatetime\ndatetime\na.", "datetime.datetime"),
    ("a function inside a dict", b"(dVx\ncdjango.utils.translation\ngettext\ns.", "django.utils.translation.gettext"),
    ("a call of a function that is only an argument", b"cdjango.urls.base\nreverse\n(Vx\ntR.", "django.urls.base.reverse"),
    ("a name with a newline in it", b"\x80\x04\x8c\x03o\ns\x8c\x01x\x93.", "(not shown)"),
    ("PERSID", b"P5\n.", "PERSID"),
    ("BINPERSID", b"NQ.", "BINPERSID"),
    ("EXT1", b"\x80\x02\x82\x01.", "EXT1"),
    ("EXT2", b"\x80\x02\x83\x01\x00.", "EXT2"),
    ("EXT4", b"\x80\x02\x84\x01\x00\x00\x00.", "EXT4"),
    ("NEXT_BUFFER", b"\x80\x05\x97.", "NEXT_BUFFER"),
    ("READONLY_BUFFER", b"\x80\x05N\x98.", "READONLY_BUFFER"),
]
