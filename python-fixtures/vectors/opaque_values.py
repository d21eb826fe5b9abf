"""Sessions with values of classes that only this project's Python has, pickled in each protocol.

What comes back from Node, with another key changed, must be the same objects: `alike` compares types, order and sharing.
"""

import collections
import datetime
import enum
import fractions
import functools
import pathlib
import pickle
import types

from django.db import models
from django.http import QueryDict
from django.utils.functional import SimpleLazyObject
from django.utils.translation import ngettext_lazy

from vectors.described import describe


class Colour(enum.Enum):
    RED = "red"


class Status(models.TextChoices):
    OPEN = "open", "Open"


class Size(models.IntegerChoices):
    SMALL = 1, "Small"


class Node:
    def __init__(self, name):
        self.name, self.parent, self.children = name, None, []

    def add(self, child):
        child.parent = self
        self.children.append(child)
        return self


class Slotted:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y


class Keywords:
    def __new__(cls, *, size):
        made = super().__new__(cls)
        made.size = size
        return made

    def __getnewargs_ex__(self):
        return (), {"size": self.size}


class Basket(list):
    pass


class Prices(dict):
    pass


class Tags(set):
    pass


class Zone(datetime.tzinfo):
    def utcoffset(self, dt):
        return datetime.timedelta(hours=1)


class Outer:
    class Inner:
        class Innermost:
            def __init__(self):
                self.a = 1


class InArguments:
    """A call whose arguments hold a list that holds the result."""

    def __init__(self, around):
        self.around = around

    def __reduce__(self):
        return InArguments, (self.around,)


Point = collections.namedtuple("Point", "x y")


class ReturnDict(dict):
    """As Django REST framework's, which leaves its serializer out of pickles."""

    def __reduce__(self):
        return (dict, (dict(self),))


class ReturnList(list):
    def __reduce__(self):
        return (list, (list(self),))


def with_fields(made, **fields):
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def opaque():
    shared = ["shared", b"\xff", 2.0]
    tree = Node("root").add(Node("leaf")).add(Node("other"))
    around = []
    around.append(InArguments(around))
    colour = Colour.RED
    return {
        "an enum": (Colour.RED, {}),
        "a choice": (Status.OPEN, {}),
        "a choice of ints": (Size.SMALL, {}),
        "a QueryDict": (QueryDict("a=1&a=2&b=3", mutable=True), {}),
        "an object whose children know it": (tree, {"leaf": tree.children[0]}),
        "slots": (Slotted(1, [2]), {}),
        "a list of its own": (with_fields(Basket([1, 2, "x"]), owner="ada"), {}),
        "a short list of its own": (Basket([1]), {}),
        "a dict of its own": (with_fields(Prices(a=1, b=[2]), currency="EUR"), {}),
        "a set of its own": (Tags(["x"]), {}),
        "a deque": (collections.deque([1, 2, 3], maxlen=5), {}),
        "a fraction": (fractions.Fraction(1, 3), {}),
        "a path": (pathlib.PurePosixPath("/a/b"), {}),
        "a namespace": (types.SimpleNamespace(a=1, b=[2]), {}),
        "a named tuple": (Point(1, 2), {}),
        "a partial": (functools.partial(int, base=2), {}),
        "a class inside a class": (Outer.Inner(), {}),
        "a class as a value": (Node, {}),
        "a built-in function as a value": (len, {}),
        "a datetime in a zone of its own": (datetime.datetime(2026, 1, 2, tzinfo=Zone()), {}),
        "a defaultdict with a function of the site": (collections.defaultdict(Node, {"a": Node("x")}), {}),
        "an exception": (ValueError("no", 1), {}),
        "an ordered dict of objects": (collections.OrderedDict(a=Node("x"), b=1), {}),
        "inside of plain values": ({"rows": [1, (2.0, Colour.RED)], "n": None}, {}),
        "shared with plain values": (with_fields(Node("x"), items=shared), {"plain": shared}),
        "shared by two": (with_fields(Node("x"), items=shared), {"second": with_fields(Node("y"), items=shared)}),
        "twice the same": (tree, {"same": tree, "colours": [colour, colour]}),
        "a key of the session": ("x", {Status.OPEN: 1, Point(1, 2): 2}),
        "a list inside its own arguments": (around[0], {"around": around}),
        "a range": (range(1, 9, 2), {}),
        "a lazy object": (SimpleLazyObject(functools.partial(Node, "lazy")), {}),
    }


def readable():
    count = ngettext_lazy("%d pear", "%d pears", 3)
    return {
        "a ReturnDict": (ReturnDict(a=1, b=[2.0], c=ReturnDict(d=())), {}),
        "a ReturnList": (ReturnList([ReturnDict(a=1), ReturnDict(a=2)]), {}),
        "an empty ReturnDict": (ReturnDict(), {}),
        "a Counter": (collections.Counter("pears"), {}),
        "an empty Counter": (collections.Counter(), {}),
        "a lazy text with a number": (count, {}),
    }


def keywords():
    """Only protocol 4 and 5 have keyword arguments."""
    return {"keywords": (Keywords(size=3), {}), "deep inside a class": (Outer.Inner.Innermost(), {})}


def sessions(request):
    protocol = request["protocol"]
    told = []
    for kind, values in (("opaque", opaque()), ("opaque", keywords() if protocol >= 4 else {}), ("read", readable())):
        for name, (value, others) in values.items():
            session = {"before": 1, "_auth_user_id": "7", "it": value, **others, "cart": ["pear", 1.0], "visits": 1}
            try:
                pickled = pickle.dumps(session, protocol)
            except Exception:
                # What this protocol cannot hold.
                continue
            told.append({"name": name, "kind": kind, "pickle": pickled.hex()})
    return told


def alike(request):
    """For each pair what differs: a pickle of a session, and what Node made of it with `visits` as 2 and without `before`."""
    return [difference(*map(bytes.fromhex, pair)) for pair in request["pairs"]]


def difference(before, after):
    expected, got = pickle.loads(before), pickle.loads(after)
    del expected["before"]
    expected["visits"] = 2
    expected, got = describe(expected), describe(got)
    return None if expected == got else [expected, got]


def taken(request):
    """Whether Python reads each of these pickles."""
    return [is_taken(bytes.fromhex(data)) for data in request["pickles"]]


def is_taken(data):
    try:
        pickle.loads(data)
    except Exception:
        return False
    return True


def equal(request):
    """Whether both pickles of each pair are the same objects."""
    return [describe(pickle.loads(bytes.fromhex(one))) == describe(pickle.loads(bytes.fromhex(other)))
            for one, other in request["pairs"]]
