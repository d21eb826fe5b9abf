/** Sites with logins for tests of `doctor`, on any database and cache. */
import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { expect } from 'vitest'
import { type DoctorOptions, doctor } from '../../src/cli/doctor.ts'
import type { Explanation } from '../../src/cli/explanation.ts'
import type { SiteInput } from '../../src/cli/site.ts'
import type { DjangoSettings } from '../../src/settings/settings.ts'

export const SECRET_KEY = 'canary of a site whose logins are judged, long enough'
const MANAGE = resolve(import.meta.dirname, '../../python-fixtures/project/manage.py')
const MODEL_BACKEND = 'django.contrib.auth.backends.ModelBackend'

/** Logs ada in and, as the site's own code could leave them, others whose login Django refuses. Prints key by name. */
const LOGINS = `import importlib, json
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth import SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY
Store = importlib.import_module(settings.SESSION_ENGINE).SessionStore
user, _ = User.objects.get_or_create(username="ada", defaults={"password": "pbkdf2_sha256$1$salt$hash"})
idle, _ = User.objects.get_or_create(username="bob", defaults={"password": "x", "is_active": False})
def login(one, **changes):
    session = Store()
    values = {SESSION_KEY: str(one.pk), BACKEND_SESSION_KEY: "${MODEL_BACKEND}", HASH_SESSION_KEY: one.get_session_auth_hash()}
    values.update(changes)
    session.update({name: value for name, value in values.items() if value is not None})
    session.save()
    return session.session_key
made = {"verified": login(user)}
if WITH_OTHERS:
    made["inactive_user"] = login(idle)
    made["unknown_user"] = login(user, _auth_user_id="4711")
    made["auth_hash_mismatch"] = login(user, _auth_user_hash="0" * 64)
    made["auth_hash_missing"] = login(user, _auth_user_hash=None)
    made["malformed_login"] = login(user, _auth_user_id="nobody")
print("made=" + json.dumps(made))`

const TABLES = `from django.core.management import call_command
for app in ("auth", "sessions"): call_command("migrate", app, verbosity=0)
call_command("createcachetable", verbosity=0)`

export interface SiteOfDoctor {
  readonly python: string
  readonly databaseUrl: string
  readonly settings: Partial<DjangoSettings>
}

/** Runs Python in the shell of the fixture's project; returns what it printed. */
export function siteShell(
  code: string,
  { python, databaseUrl, settings }: Omit<SiteOfDoctor, 'settings'> & { readonly settings: object },
): string {
  const env = {
    ...process.env,
    DATABASE_URL: databaseUrl,
    FIXTURE_SETTINGS: JSON.stringify({ SECRET_KEY, ...settings }),
  }
  return execFileSync(python, [MANAGE, 'shell', '-c', `exec(${JSON.stringify(code)}, {})`], { env, encoding: 'utf8' })
}

/** Tables, and logins as `LOGINS` makes them; `made` has a session key for each verdict. */
export function siteWithLogins(site: SiteOfDoctor & { readonly version: string }, withOthers = false) {
  const { version, databaseUrl, settings } = site
  const output = siteShell(`${TABLES}\nWITH_OTHERS = ${withOthers ? 'True' : 'False'}\n${LOGINS}`, site)
  const made = JSON.parse(/^made=(.*)$/m.exec(output)?.[1] ?? '') as Readonly<Record<string, string>>
  const DATABASES = { default: databaseUrl }
  const input = (changes: Partial<DjangoSettings> = {}, options: SiteInput['options'] = {}): SiteInput => {
    const all = { SECRET_KEY, DATABASES, DJANGO_VERSION: version, USE_TZ: true, ...settings, ...changes }
    return { settings: all as DjangoSettings, options, source: 'a test' }
  }
  return { made, input }
}

/** What `doctor` says, which is never a secret. */
export async function told(input: SiteInput, options: DoctorOptions = {}): Promise<Explanation> {
  const explanation = await doctor(input, options)
  expect(JSON.stringify(explanation) + explanation.toText()).not.toContain('canary')
  return explanation
}
