"""Which server real clients for Memcached put keys on.

Reads from stdin [{"client": "pymemcache" | "pylibmc", "servers": […], "options": {…}, "keys": […]}, …], sets every key
through that client, asks each server itself, and writes for each case the places of the servers, key by key; null for
a client that is not installed. Servers are as LOCATION has them, and must be there.
"""

import json
import sys

from pymemcache.client.base import Client
from pymemcache.client.hash import HashClient

try:
    import pylibmc
except ImportError:
    pylibmc = None


def client_of(case):
    servers, options = case["servers"], case.get("options", {})
    if case["client"] == "pylibmc":
        return pylibmc.Client([server.removeprefix("unix:") for server in servers], **options)
    if "key_prefix" in options:
        options = {**options, "key_prefix": options["key_prefix"].encode()}
    return HashClient(servers, allow_unicode_keys=True, default_noreply=False, **options)


def server_alone(location):
    location = location.removeprefix("unix:")
    if location.startswith("/"):
        return Client(location)
    host, port = [*location.split(":"), "11211"][:2]
    return Client((host, int(port)))


def places(case):
    if case["client"] == "pylibmc" and pylibmc is None:
        return None
    keys, client = case["keys"], client_of(case)
    for key in keys:
        if not client.set(key, b"1"):
            raise RuntimeError(f"{case['client']} did not set {key}")
    prefix = case.get("options", {}).get("key_prefix", "")
    stored = {prefix + key: key for key in keys}
    found = {}
    for place, location in enumerate(case["servers"]):
        server = server_alone(location)
        for key in server.get_many([key.encode() for key in stored]):
            found.setdefault(stored[key.decode()], []).append(place)
            server.delete(key, noreply=False)
    return [found[key][0] if len(found.get(key, [])) == 1 else found.get(key) for key in keys]


json.dump([places(case) for case in json.load(sys.stdin)], sys.stdout)
