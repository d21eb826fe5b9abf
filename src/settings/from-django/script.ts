/**
 * What the project's own Python runs for `settingsFromDjango`. It prints one line of JSON behind a marker: settings,
 * options, what Node cannot follow, and the names of what JSON cannot say.
 */
import { PYTHON_COMMON } from './python-common.ts'
import { PYTHON_SESSIONS } from './python-sessions.ts'
import { PYTHON_SETTINGS } from './python-settings.ts'
import { PYTHON_USERS } from './python-users.ts'

const TELL = `
def tell():
    found = {"DJANGO_VERSION": ".".join(str(part) for part in django.VERSION[:2])}
    options = {}
    for name in NAMES:
        if hasattr(settings, name):
            found[name] = told_setting(name)
    if hasattr(settings, "DJANGO_SESSION_JWT"):
        found["DJANGO_SESSION_JWT"] = told_jwt()
    login_url = told_login_url()
    found.pop("LOGIN_URL", None) if login_url is None else found.update(LOGIN_URL=login_url)
    users = tell_users(found, options)
    tell_backends(found, options)
    sessions = tell_sessions(found, options)
    tell_middleware(found)
    alias = settings.SESSION_CACHE_ALIAS
    if "cache" in found["SESSION_ENGINE"] and alias in settings.CACHES:
        found["CACHES"] = {alias: told_cache(alias)}
        sessions = sessions or cache_database(alias)
        if cache_database(alias) not in (None, sessions):
            unclear("cache_backend", "CACHES " + alias + " in the database " + cache_database(alias))
    found["DATABASES"] = {"default": told_database(sessions or users)}
    if sessions is not None and sessions != users:
        found["DATABASES"]["users"] = told_database(users)
        options["userTable"]["using"] = "users"
    print()
    print(MARKER + json.dumps({"settings": found, "options": options, "unclear": UNCLEAR, "unsayable": unsayable}))

tell()
`

/** @param names the settings that are taken as Django has them */
export function djangoScript(names: readonly string[], marker: string): string {
  const parameters = `NAMES, MARKER = ${JSON.stringify([names, marker])}\n`
  return [parameters, PYTHON_COMMON, PYTHON_SETTINGS, PYTHON_USERS, PYTHON_SESSIONS, TELL].join('')
}
