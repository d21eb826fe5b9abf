"""How a record is told and a topic is written."""

import json
from pathlib import Path


def outcome(call):
    """{"value": what `call` returns} or {"error": the class it raises}."""
    try:
        return {"value": call()}
    except Exception as error:
        return {"error": name_of(type(error))}


def name_of(error):
    """The class alone, but for the nameless ones: binascii.Error, zlib.error."""
    return f"{error.__module__}.{error.__name__}" if error.__name__ in ("Error", "error") else error.__name__


def canonical(value):
    """The text that Django's JSONSerializer and PyJWT write."""
    return json.dumps(value, separators=(",", ":"))


def octets(value):
    """Text as itself, bytes as {"hex": …}."""
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def told_bytes(value):
    """The reverse of `octets`, also inside a list."""
    if isinstance(value, list):
        return [told_bytes(item) for item in value]
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) and value.keys() == {"hex"} else value


def told_options(options):
    """The keyword arguments of a signer."""
    return {
        name: list(map(octets, value)) if name == "fallback_keys" else octets(value) for name, value in options.items()
    }


def repeated(text, times, before="", after=""):
    """A long text, told shortly; `spelled` gives the text itself."""
    return {"before": before, "repeat": text, "times": times, "after": after}


def spelled(text):
    if isinstance(text, str):
        return text
    return text["before"] + text["repeat"] * text["times"] + text["after"]


def write_topic(folder, topic, header, records):
    """One record a line, ASCII only, so that a difference is one line of a diff."""
    names = [record["name"] for record in records]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"{topic}: records share a name: {sorted(twice)[:5]}")
    head = "".join(f" {json.dumps(key)}: {json.dumps(value)},\n" for key, value in header.items())
    lines = ",\n".join("  " + json.dumps(record) for record in records)
    Path(folder, f"{topic}.json").write_text(f'{{\n{head} "records": [\n{lines}\n ]\n}}\n', encoding="ascii")
    return len(records)
