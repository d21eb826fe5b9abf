"""Runs tests of Django's or django-session-jwt's source distribution with its session and signing code forwarded to a Node server.

    run_tests.py TESTS_FOLDER --server '["node", "server.ts"]' --install sessions,middleware --results out.json LABEL…

Writes for each test its outcome, and how many questions it asked of the server. The tests themselves are not edited.
"""

import argparse
import json
import os
import runpy
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TABLES = ("django_session", "sessions_tests_customsession", "auth_user")
SIGNING_READS = {"unsign", "unsign_object", "loads", "b62_decode"}
SIGNING_WRITES = {"signature", "sign", "sign_object", "dumps", "b62_encode", "salted_hmac", "timestamp"}
SETTINGS = (
    "AUTH_USER_MODEL",
    "DJANGO_SESSION_JWT",
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "SESSION_CACHE_ALIAS",
    "SESSION_COOKIE_AGE",
    "SESSION_COOKIE_DOMAIN",
    "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_NAME",
    "SESSION_COOKIE_PATH",
    "SESSION_COOKIE_SAMESITE",
    "SESSION_COOKIE_SECURE",
    "SESSION_EXPIRE_AT_BROWSER_CLOSE",
    "SESSION_FILE_PATH",
    "SESSION_SAVE_EVERY_REQUEST",
    "SESSION_SERIALIZER",
    "SIGNED_COOKIE_LEGACY_SALT_FALLBACK",
    "TIME_ZONE",
    "USE_TZ",
)


def main():
    options = arguments()
    tests = os.path.abspath(options.tests)
    is_package = "session_jwt" in options.install.split(",")
    os.environ["DJANGO_SETTINGS_MODULE"] = "jwt_settings" if is_package else "suite_settings"
    sys.path[:0] = [HERE, tests]
    left_out = json.loads(options.left_out)
    results = {}

    import django

    setup = django.setup

    def setup_and_install(*args, **kwargs):
        # Every application is loaded, and no test module yet.
        setup(*args, **kwargs)
        proxies = install(options)
        record_outcomes(proxies, left_out, results)

    django.setup = setup_and_install
    os.chdir(tests)
    try:
        run_package(options.labels) if is_package else run_django(options.labels)
    finally:
        with open(options.results, "w", encoding="utf-8") as file:
            json.dump(results, file)


def run_django(labels):
    sys.argv = ["runtests.py", "--parallel=1", "--settings=suite_settings", "--noinput", *labels]
    runpy.run_path("runtests.py", run_name="__main__")


def run_package(labels):
    import django
    from django.conf import urls
    from django.test.runner import DiscoverRunner
    from django.urls import re_path

    # The package was written for a Django that had it.
    urls.url = re_path
    django.setup()
    sys.exit(DiscoverRunner(interactive=False).run_tests(labels))


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("tests")
    parser.add_argument("labels", nargs="+")
    parser.add_argument("--server", required=True, help="the command of the Node server, a JSON array")
    parser.add_argument("--install", required=True, help="what is forwarded: sessions, middleware, session_jwt, signing, cookies")
    parser.add_argument("--half", choices=("reads", "writes"), help="forward only one half of signing, signed cookies and tokens")
    parser.add_argument("--alternate", choices=("node-first", "django-first"))
    parser.add_argument("--crossed", action="store_true", help="rows are decoded by real Django")
    parser.add_argument("--left-out", default="[]", help="names of tests that are not run, a JSON array")
    parser.add_argument("--results", required=True)
    return parser.parse_args()


def install(options):
    from link import Link
    from proxies import Proxies
    from shared_caches import share_caches

    count_milliseconds()
    use_shared_database()
    share_caches()
    proxies = Proxies()
    link = proxies.link = Link(json.loads(options.server), describe_site(proxies))
    proxies.alternate = options.alternate
    chosen = options.install.split(",")
    # Tokens that are only read by Node are issued by the package's own middleware, over Django's own store.
    if "sessions" in chosen and options.half != "reads":
        proxies.install_sessions(options.crossed)
    if "middleware" in chosen:
        proxies.install_middleware()
    if "session_jwt" in chosen:
        proxies.install_session_jwt(options.half)
    if "signing" in chosen:
        proxies.install_signing(
            {"reads": SIGNING_READS, "writes": SIGNING_WRITES}.get(options.half, SIGNING_READS | SIGNING_WRITES)
        )
    if "cookies" in chosen:
        halves = {"reads": {"get_signed_cookie"}, "writes": {"set_signed_cookie"}}
        proxies.install_cookies(halves.get(options.half, {"get_signed_cookie", "set_signed_cookie"}))
    disconnect_before_the_end(link)
    return proxies


def count_milliseconds():
    """JavaScript's Date holds milliseconds: a moment that the tests send there and back has no finer part."""
    from django.utils import timezone

    precise = timezone.now

    def now():
        moment = precise()
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    timezone.now = now


def use_shared_database():
    """Commits what tests write, so that the other process sees it: Django's way for databases without transactions."""
    from django.db import connections
    from django.test import testcases

    def delete_rows(self):
        for alias in self._databases_names(include_mirrors=False):
            connection = connections[alias]
            present = set(connection.introspection.table_names())
            with connection.cursor() as cursor:
                for table in TABLES:
                    if table in present:
                        cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")

    testcases.TestCase._databases_support_transactions = classmethod(lambda cls: False)
    testcases.TestCase._fixture_teardown = delete_rows


def describe_site(proxies):
    """A function that gives what the server must know with a question: settings when they changed, a frozen clock."""
    import django
    from django.conf import settings
    from django.db import connection
    from django.utils import timezone
    from link import encode
    from shared_caches import caches_for_node

    system_time, django_now = time.time, timezone.now
    known = None

    def context():
        nonlocal known
        values = {name: getattr(settings, name) for name in SETTINGS if hasattr(settings, name)}
        database = {name: connection.settings_dict[name] for name in ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT")}
        # Where a test has a pathlib.Path.
        values["SESSION_FILE_PATH"] = values["SESSION_FILE_PATH"] and str(values["SESSION_FILE_PATH"])
        values["DATABASES"] = {"default": {name: str(value) for name, value in database.items()}}
        values["CACHES"] = caches_for_node(settings.CACHES, proxies.tests)
        values["DJANGO_VERSION"] = django.get_version()
        fields = {}
        if repr(values) != known:
            known = repr(values)
            fields["settings"] = encode(values)
        if timezone.now is not django_now:
            fields["now"] = encode(timezone.now())
        elif time.time is not system_time:
            fields["now"] = {"$": "float", "v": repr(float(time.time()))}
        return fields

    return context


def disconnect_before_the_end(link):
    """A database with other connections cannot be dropped."""
    from django.test.runner import DiscoverRunner

    teardown = DiscoverRunner.teardown_databases

    def teardown_databases(self, *args, **kwargs):
        link.close()
        return teardown(self, *args, **kwargs)

    DiscoverRunner.teardown_databases = teardown_databases


def record_outcomes(proxies, left_out, results):
    run = unittest.TestCase.run
    kinds = ("errors", "failures", "skipped", "expectedFailures", "unexpectedSuccesses")

    def run_and_record(self, result=None):
        name = self.id()
        if name in left_out:
            results[name] = {"outcome": "left out", "asked": 0}
            result.startTest(self)
            result.addSkip(self, "left out")
            result.stopTest(self)
            return result
        proxies.start_test()
        before = [len(getattr(result, kind)) for kind in kinds]
        run(self, result)
        changed = [kind for kind, count in zip(kinds, before) if len(getattr(result, kind)) > count]
        results[name] = {"outcome": changed[0] if changed else "passed", "asked": proxies.link.count}
        return result

    unittest.TestCase.run = run_and_record


if __name__ == "__main__":
    main()
