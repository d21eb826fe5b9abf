"""A Python value told in JSON, with types, order and sharing, so that two languages can compare what they hold.

None, True and False as they are; {"int": "5"}; {"float": its 8 bytes}; {"str": text} or {"utf8": bytes};
{"list": [...], "id": 1}, and {"same": 1} wherever that list stands again; {"of": "uuid.UUID", "args": [...], ...} for
an instance, by what Python's own pickler asks it.
"""

import copyreg
import json
import struct
import types


def describe(value):
    return Describer().describe(value)


class Describer:
    def __init__(self):
        self.ids = {}
        # What is held here keeps its id for itself.
        self.held = []

    def describe(self, value):
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is int:
            return {"int": hex(value)}
        if kind is float:
            return {"float": struct.pack(">d", value).hex()}
        if kind is str:
            return {"str": value} if value.isascii() else {"utf8": value.encode("utf-8", "surrogatepass").hex()}
        if kind is bytes:
            return {"bytes": value.hex()}
        if kind is tuple:
            return {"tuple": [self.describe(item) for item in value]}
        if kind is frozenset:
            return {"frozenset": self.members(value)}
        if isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
            return {"global": path_of(value)}
        return self.shared(value)

    def shared(self, value):
        """What can change, or has an identity of its own."""
        if id(value) in self.ids:
            return {"same": self.ids[id(value)]}
        self.ids[id(value)] = len(self.ids) + 1
        self.held.append(value)
        told = {"id": self.ids[id(value)]}
        if type(value) is list:
            return told | {"list": [self.describe(item) for item in value]}
        if type(value) is set:
            return told | {"set": self.members(value)}
        if type(value) is bytearray:
            return told | {"bytearray": value.hex()}
        if type(value) is dict:
            return told | {"dict": self.pairs(value.items())}
        return told | self.instance(value)

    def instance(self, value):
        reducer = copyreg.dispatch_table.get(type(value))
        call, args, *rest = reducer(value) if reducer else value.__reduce_ex__(4)
        state, items, entries = (rest + [None, None, None])[:3]
        made = "reduce"
        if call is copyreg.__newobj__:
            made, call, args = "newobj", args[0], args[1:]
        told = {"of": path_of(call), "made": made, "args": [self.describe(item) for item in args]}
        if items is not None:
            told["items"] = [self.describe(item) for item in items]
        if entries is not None:
            told["entries"] = self.pairs(entries)
        if state is not None:
            self.held.append(state)
            told["state"] = self.describe(state)
        return told

    def pairs(self, items):
        return [[self.describe(key), self.describe(item)] for key, item in items]

    def members(self, value):
        """A set has no order; so that ids have none either, each member has its own."""
        return sorted((describe(item) for item in value), key=lambda told: json.dumps(told, sort_keys=True))


def path_of(value):
    owner = getattr(value, "__self__", None)
    if isinstance(owner, type):
        return f"{owner.__module__}.{owner.__qualname__}.{value.__name__}"
    return f"{value.__module__}.{value.__qualname__}"
