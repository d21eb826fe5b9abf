"""Caches for tests that were written for one process: another process finds them too.

LocMemCache becomes a FileBasedCache in a folder for each of its names. A cache that always fails
becomes, at Node's side, a Redis server where none is.
"""

import hashlib
import os

FOLDER = os.path.join(os.environ.get("SUITE_FOLDER", ""), "caches")
LOCMEM = "django.core.cache.backends.locmem.LocMemCache"
FILES = "django.core.cache.backends.filebased.FileBasedCache"
FAILING = "cache.failing_cache.CacheClass"
REDIS = "django.core.cache.backends.redis.RedisCache"


def share_caches():
    from django.core.cache.backends import locmem
    from django.core.cache.backends.filebased import FileBasedCache

    class LocMemCache(FileBasedCache):
        def __init__(self, name, params):
            super().__init__(folder_of(name), params)

    locmem.LocMemCache = LocMemCache


def caches_for_node(caches, test):
    """CACHES as Node is told. @param test the number of the test: each has a failing cache of its own, which warns once a minute"""
    described = {}
    for alias, cache in caches.items():
        others = {name: cache[name] for name in ("KEY_PREFIX", "VERSION") if name in cache}
        backend, location = cache["BACKEND"], cache.get("LOCATION", "")
        if backend == LOCMEM:
            backend, location = FILES, folder_of(location)
        elif backend == FAILING:
            backend, location = REDIS, f"redis://127.0.0.1:1/{test % 16}"
        described[alias] = {"BACKEND": backend, "LOCATION": location, **others}
    return described


def folder_of(name):
    return os.path.join(FOLDER, hashlib.md5((name or "").encode()).hexdigest())
