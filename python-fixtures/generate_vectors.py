"""Writes the golden vectors of the Django that runs it: python generate_vectors.py OUT_DIR [TOPIC ...]"""

import argparse
import importlib
import importlib.metadata
import sys
from pathlib import Path

import django

PINNED = {"PyJWT": ("2.15.1",), "django-session-jwt": ("0.10.19",)}

# Topic (the file's name) and the modules whose records it holds.
TOPICS = {
    "python-json": ["python_json"],
    "signing": ["signing", "signed_objects", "signed_cookies"],
    "cookies": ["cookie_header", "set_cookie", "session_middleware"],
    "jwt": ["jwt_create", "jwt_verify"],
    "session-data": ["session_data"],
    "expiry": ["expiry", "expire_date"],
    "auth-hash": ["auth_hash"],
    "pickle": ["pickles"],
    "engines": ["engines"],
    "old-sessions": ["old_sessions"],
}
# What is Python's or a package's alone is made with the Djangos of today; what later ones dropped, with those that had it.
SINCE = {"python-json": (5,), "jwt": (5,), "pickle": (5,), "signing": (4, 2), "session-data": (3, 1)}
BEFORE = {"old-sessions": (4,)}


def topics_of(version):
    return [
        topic for topic in TOPICS
        if version >= SINCE.get(topic, (0,)) and version < BEFORE.get(topic, (99,))
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out_dir", type=Path)
    parser.add_argument("topics", nargs="*", default=topics_of(django.VERSION), help="default: all that concern this Django")
    parser.add_argument("--keys", type=Path, help="folder of the RSA test keys; default OUT_DIR/../keys")
    parser.add_argument("--any-version", action="store_true", help="also run on versions that are not pinned")
    options = parser.parse_args()

    installed = {package: importlib.metadata.version(package) for package in PINNED}
    for package, versions in PINNED.items():
        if installed[package] not in versions and not options.any_version:
            sys.exit(f"{package} is {installed[package]}, the vectors are of {' or '.join(versions)} (or --any-version)")

    from vectors import rsa_keys, site
    from vectors.recording import write_topic

    rsa_keys.folder = options.keys or options.out_dir.resolve().parent / "keys"
    site.configure()
    site.create_session_table()
    options.out_dir.mkdir(parents=True, exist_ok=True)
    for topic in options.topics:
        modules = [importlib.import_module(f"vectors.{name}") for name in TOPICS[topic]]
        header = {"django": django.get_version(), "pyjwt": installed["PyJWT"]}
        for module in modules:
            header.update(getattr(module, "header", dict)())
        records = [record for module in modules for record in module.records()]
        print(f"{topic}: {write_topic(options.out_dir, topic, header, records)} records")


if __name__ == "__main__":
    main()
