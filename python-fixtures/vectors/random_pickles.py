"""Random values of every type that a session may hold, pickled; and a judge of what came back for them."""

import collections
import datetime
import decimal
import pickle
import pickletools
import random
import struct
import uuid
import zoneinfo

from .described import describe

# What a pickle of ours may name: module and name as GLOBAL and STACK_GLOBAL spell them.
ALLOWED = {
    "builtins set", "builtins frozenset", "builtins bytearray", "builtins complex", "builtins getattr",
    "builtins bool", "builtins int", "builtins float", "builtins str", "builtins list", "builtins dict",
    "_codecs encode", "collections OrderedDict", "collections defaultdict", "datetime date", "datetime time",
    "datetime datetime", "datetime timedelta", "datetime timezone", "decimal Decimal", "uuid UUID", "pytz _UTC",
    "pytz _p", "pytz FixedOffset", "zoneinfo ZoneInfo", "zoneinfo ZoneInfo._unpickle",
    "django.utils.safestring SafeString", "django.utils.functional _lazy_proxy_unpickle",
    "django.utils.translation gettext", "django.utils.translation pgettext",
    "django.utils.translation ngettext", "django.utils.translation _lazy_number_unpickle",
}


def pickles(seed, count):
    """Of each value a pickle of any protocol that has all of it, in hex."""
    return [data.hex() for _, data in made(seed, count)]


def judge(seed, count, replies):
    """What is wrong with what came back, for each of the replies to `pickles(seed, count)`."""
    wrong = []
    for number, ((value, data), several) in enumerate(zip(made(seed, count), replies, strict=True)):
        wanted = describe(value)
        for reply in several:
            reason = fault(wanted, bytes.fromhex(reply))
            if reason:
                wrong.append({"number": number, "pickle": data.hex(), "reply": reply, "reason": reason})
    return wrong


def fault(wanted, reply):
    strangers = named_by(reply) - ALLOWED
    if strangers:
        return f"names {sorted(strangers)}"
    try:
        read = describe(pickle.loads(reply))
    except Exception as error:
        return f"raises {type(error).__name__}"
    return None if read == wanted else "reads as another value"


def read_alike(pairs):
    """For pickles that Node took and what it wrote for them: whether both read alike; None where Python takes neither."""
    answers = []
    for theirs, ours in pairs:
        read = read_safely(bytes.fromhex(theirs))
        answers.append(None if read is None else read == read_safely(bytes.fromhex(ours)))
    return answers


def read_safely(data):
    try:
        return {"value": describe(Restricted(without_frames(data)).load())}
    except Exception:
        return None


def without_frames(data):
    """From a file, and with another class for Unpickler there is but a file, CPython trips over a frame's wrong length."""
    frames = [place for opcode, _, place in pickletools.genops(data) if opcode.name == "FRAME"]
    return b"".join(data[start:end] for start, end in zip([0, *(place + 9 for place in frames)], [*frames, len(data)]))


class Restricted(pickle.Unpickler):
    def __init__(self, data):
        import io

        super().__init__(io.BytesIO(data))

    def find_class(self, module, name):
        if f"{module} {name}" == "pytz _p":
            raise LookupError("pytz takes the next best zone for one that it does not know")
        if f"{module} {name}" not in ALLOWED | {"copyreg _reconstructor", "builtins object", "builtins bytes"}:
            raise AssertionError("a pickle that Node took names what it must not")
        return super().find_class(module, name)


def named_by(data):
    """Every class and function that a pickle names, by Python's own reading of it."""
    names, texts = set(), []
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name == "GLOBAL":
            names.add(argument)
        elif opcode.name == "STACK_GLOBAL":
            names.add(" ".join(texts[-2:]))
        elif opcode.name in ("INST", "OBJ", "EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID"):
            names.add(opcode.name)
        # Ours takes the two texts straight, or from the memo.
        if isinstance(argument, str) and "UNICODE" in opcode.name:
            texts.append(argument)
        elif opcode.name in ("BINGET", "LONG_BINGET"):
            texts.append(memo_text(data, argument))
    return names


def memo_text(data, index):
    """The text that stands in the memo at `index`, if it is one."""
    memo, last = [], None
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name == "MEMOIZE" or "PUT" in opcode.name:
            memo.append(last)
        last = argument if isinstance(argument, str) else None
    return memo[index] if index < len(memo) and memo[index] is not None else ""


def made(seed, count):
    source = random.Random(seed)
    for _ in range(count):
        value = Maker(source).value(source.randint(0, 5))
        yield value, pickle.dumps(value, source.choice([4, 5]))


class Maker:
    def __init__(self, source):
        self.source = source
        self.shared = []

    def value(self, depth):
        source = self.source
        if self.shared and source.random() < 0.1:
            return source.choice(self.shared)
        if depth == 0 or source.random() < 0.3:
            return self.scalar()
        made = getattr(self, source.choice(CONTAINERS))(depth - 1)
        if source.random() < 0.3:
            self.shared.append(made)
        return made

    def several(self, depth, most=5):
        return [self.value(depth) for _ in range(self.source.randint(0, most))]

    def list(self, depth):
        return self.several(depth)

    def tuple(self, depth):
        return tuple(self.several(depth))

    def dict(self, depth):
        return {self.text(): self.value(depth) for _ in range(self.source.randint(0, 5))}

    def mixed_dict(self, depth):
        return {self.key(): self.value(depth) for _ in range(self.source.randint(0, 5))}

    def ordered(self, depth):
        return collections.OrderedDict((self.key(), self.value(depth)) for _ in range(self.source.randint(0, 4)))

    def default(self, depth):
        factory = self.source.choice([None, int, list, dict, str, set])
        return collections.defaultdict(factory, self.mixed_dict(depth))

    def set(self, depth):
        return {self.key() for _ in range(self.source.randint(0, 4))}

    def frozenset(self, depth):
        return frozenset(self.set(depth))

    def key(self):
        if self.source.random() < 0.2:
            return tuple(self.plain_key() for _ in range(self.source.randint(0, 3)))
        return self.plain_key()

    def plain_key(self):
        source = self.source
        return source.choice([
            self.text, self.text, lambda: source.randint(-5, 300), lambda: source.getrandbits(80),
            lambda: source.uniform(-9, 9), lambda: None, lambda: source.random() < 0.5, self.octets, self.date,
            self.uuid,
        ])()

    def scalar(self):
        return getattr(self, self.source.choice(SCALARS))()

    def none(self):
        return None

    def boolean(self):
        return self.source.random() < 0.5

    def small_int(self):
        return self.source.randint(-300, 70000)

    def any_int(self):
        return self.source.choice([1, -1]) * self.source.getrandbits(self.source.choice([8, 16, 31, 32, 53, 54, 64, 200, 2100]))

    def any_float(self):
        value = struct.unpack(">d", self.source.getrandbits(64).to_bytes(8, "big"))[0]
        if value != value:
            # Which of all NaNs it was, a JavaScript number does not say.
            value = float("nan")
        return self.source.choice([value, round(self.source.uniform(-99, 99), 2), 1.0, -0.0, 0.0])

    def text(self):
        source = self.source
        kind = source.random()
        if kind < 0.5:
            return "".join(source.choices("abcdefgh_", k=source.randint(0, 12)))
        if kind < 0.6:
            return source.choice(["__proto__", "constructor", "10", "2", "", "toString", "_auth_user_id"])
        return "".join(chr(source.choice([source.randint(0, 0x2ff), source.randint(0, 0xffff), source.randint(0xd800, 0xdfff),
                                          source.randint(0x10000, 0x10ffff)])) for _ in range(source.randint(0, 6)))

    def octets(self):
        return self.source.randbytes(self.source.choice([0, 1, 5, 300]))

    def byte_array(self):
        return bytearray(self.octets())

    def complex(self):
        return complex(self.any_float(), self.any_float())

    def decimal(self):
        digits = tuple(self.source.randint(0, 9) for _ in range(self.source.randint(1, 30)))
        return self.source.choice([
            decimal.Decimal((self.source.randint(0, 1), digits, self.source.randint(-40, 40))),
            decimal.Decimal(self.source.choice(["NaN", "-Infinity", "0", "-0.00", "1E+400"])),
        ])

    def uuid(self):
        return uuid.UUID(int=self.source.getrandbits(128))

    def date(self):
        return datetime.date.fromordinal(self.source.randint(1, datetime.date.max.toordinal()))

    def time(self):
        source = self.source
        return datetime.time(source.randint(0, 23), source.randint(0, 59), source.randint(0, 59),
                             source.choice([0, source.randint(0, 999999)]), source.choice([None, self.zone()]),
                             fold=source.randint(0, 1))

    def moment(self):
        return datetime.datetime.combine(self.date(), self.time())

    def duration(self):
        return datetime.timedelta(self.source.randint(-999, 999), self.source.randint(0, 86399), self.source.randint(0, 999999))

    def zone(self):
        source = self.source
        seconds = source.choice([source.randint(-86399, 86399), 3600 * source.randint(-12, 14)])
        fixed = datetime.timezone(datetime.timedelta(seconds=seconds))
        named = datetime.timezone(datetime.timedelta(seconds=seconds), "XYZ")
        return source.choice([datetime.timezone.utc, fixed, named, zoneinfo.ZoneInfo("Europe/Berlin"),
                              zoneinfo.ZoneInfo("America/New_York"), *self.pytz()])

    def pytz(self):
        """None where it is not installed: only Djangos before 4 need it."""
        try:
            import pytz
        except ImportError:
            return []
        zone = pytz.timezone("Europe/Berlin")
        summer = zone.localize(datetime.datetime(2026, 7, 1)).tzinfo
        return [pytz.utc, pytz.FixedOffset(self.source.randint(1, 600)), zone, summer]

    def safe(self):
        from django.utils.safestring import SafeString

        return SafeString(self.text())

    def lazy(self):
        from django.utils.translation import gettext_lazy, ngettext_lazy, pgettext_lazy

        return self.source.choice([
            lambda: gettext_lazy(self.text()), lambda: pgettext_lazy("context", self.text()),
            lambda: ngettext_lazy("%d day", "%d days"), lambda: ngettext_lazy("%(n)d day", "%(n)d days", "n"),
        ])()


CONTAINERS = ["list", "list", "tuple", "dict", "dict", "mixed_dict", "ordered", "default", "set", "frozenset"]
SCALARS = ["none", "boolean", "small_int", "any_int", "any_float", "text", "text", "octets", "byte_array", "complex",
           "decimal", "uuid", "date", "time", "moment", "duration", "zone", "safe", "lazy"]
