"""Makes tour/sample-site: sessions of a real Django that end in 9999, for machines without Python.

    python make_sample_site.py ../tour/sample-site

One user, one session for each kind of cookie, and of Django's tables only the two that Node reads.
"""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
KEYS = HERE.parent / "test/vectors/keys"
FIELDS = [["id", "id", "user_id"], ["username", "u", "username"], ["email", "e", "email"]]
# Seconds, until about the year 8300. django-session-jwt cannot renew tokens without an end.
EXPIRES = 200_000_000_000
KINDS = {
    "plain": {},
    "HS256": {"DJANGO_SESSION_JWT": {"FIELDS": FIELDS, "EXPIRES": EXPIRES}},
    "RS256": {"DJANGO_SESSION_JWT": {
        "FIELDS": FIELDS,
        "EXPIRES": EXPIRES,
        "KEY": [(KEYS / "rs256-private.pem").read_text(), (KEYS / "rs256-public.pem").read_text()],
    }},
}
KEPT_TABLES = {"auth_user", "django_session"}

# Runs inside the fixture project: logs in through a view, so that the cookie is the middleware's own.
STORE_SESSION = """
import datetime
from django.conf import settings
from django.test import Client
client = Client()
client.post("/api/login", {"username": "ada"}, content_type="application/json")
client.post("/api/session", {"set": {"cart": ["tea"]}}, content_type="application/json")
from django.contrib.sessions.models import Session
row = Session.objects.latest("expire_date")
store = Session.get_session_store_class()(row.session_key)
store.set_expiry(datetime.datetime(9999, 12, 31, tzinfo=datetime.timezone.utc))
store.save()
print(client.cookies["sessionid"].value)
"""


def manage(file, settings, *arguments):
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{file}", "FIXTURE_SETTINGS": json.dumps(settings)}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=HERE / "project", env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout.strip()


def main():
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "site.sqlite3"
    file.unlink(missing_ok=True)
    manage(file, {}, "serve_fixture", "--prepare-only")
    secret_key = manage(file, {}, "shell", "-v0", "-c", "from django.conf import settings; print(settings.SECRET_KEY)")
    made = {}
    for kind, settings in KINDS.items():
        cookie = manage(file, settings, "shell", "-v0", "-c", STORE_SESSION).splitlines()[-1]
        made[kind] = {"settings": {"SECRET_KEY": secret_key, **settings}, "cookie": cookie}
    (folder / "cookies.json").write_text(json.dumps(made, indent=1) + "\n")
    shrink(file)


def shrink(file):
    database = sqlite3.connect(file)
    database.execute("DELETE FROM auth_user WHERE username <> 'ada'")
    for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        if table not in KEPT_TABLES and not table.startswith("sqlite_"):
            database.execute(f'DROP TABLE "{table}"')
    database.commit()
    database.execute("VACUUM")
    database.close()


if __name__ == "__main__":
    main()
