"""Real Django that connects to databases as settings say, and real packages that read URLs, line by line.

    {"op": "connect", "database": {"ENGINE": …}, "env": {"PGSSLMODE": "require"}}  →  {"ok": {"tls": true}}
    {"op": "urls", "urls": ["postgres://…"]}  →  {"ok": [{"dj": {…}, "environ": null}]}
"""

import json
import os
import sys
import warnings

from django.conf import settings
from django.db.utils import ConnectionHandler

settings.configure()
import django  # noqa: E402

django.setup()

TLS = {
    "postgresql": ("SELECT coalesce(bool_or(ssl), false) FROM pg_stat_ssl WHERE pid = pg_backend_pid()", lambda row: row[0]),
    "mysql": ("SHOW STATUS LIKE 'Ssl_cipher'", lambda row: row[1] != ""),
    "sqlite": ("SELECT 0", lambda row: False),
}


def connect(request):
    given = {name: value for name, value in request.get("env", {}).items()}
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    handler = ConnectionHandler({"default": request["database"]})
    try:
        connection = handler["default"]
        sql, is_tls = TLS[connection.vendor]
        with connection.cursor() as cursor:
            cursor.execute(sql)
            answer = {"tls": is_tls(cursor.fetchone())}
            if "sql" in request:
                cursor.execute(request["sql"])
                answer["rows"] = [["null" if value is None else str(value).lower() for value in row] for row in cursor.fetchall()]
            return answer
    finally:
        handler.close_all()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def urls(request):
    import dj_database_url
    import environ

    def read(parse, url):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return parse(url) or None
        except Exception:
            return None

    return [
        {"dj": read(dj_database_url.parse, url), "environ": read(environ.Env.db_url_config, url)}
        for url in request["urls"]
    ]


def keywords(request):
    """What psycopg's libpq can be told."""
    from psycopg.pq import Conninfo

    return [option.keyword.decode() for option in Conninfo.get_defaults()]


OPERATIONS = {"connect": connect, "urls": urls, "keywords": keywords}


def main():
    for line in sys.stdin.buffer:
        request = json.loads(line)
        try:
            answer = {"ok": OPERATIONS[request["op"]](request)}
        except Exception as error:
            answer = {"error": type(error).__name__ + ": " + str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
