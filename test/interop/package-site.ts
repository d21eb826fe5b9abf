/** A small site on which a package is set up as its README says; a browser's requests go through its whole middleware. */
import { expect, onTestFinished } from 'vitest'
import { type Bridge, type BridgeParts, createBridge } from '../../src/bridge.ts'
import type { DjangoContext } from '../../src/context.ts'
import { SettingsError } from '../../src/errors.ts'
import { type SettingsOfDjango, settingsFromDjango } from '../../src/settings/from-django/settings-from-django.ts'
import type { UnclearCode } from '../../src/settings/unclear.ts'
import { djangoProject } from './django-project.ts'

const COMMON = `AUTH_USER_MODEL = "auth.User"
ALLOWED_HOSTS = ["*"]
LOGIN_REDIRECT_URL = "/seen/"
`
const URLS = `from django.contrib.auth.views import LoginView, LogoutView
from django.http import JsonResponse
from django.urls import path
def seen(request):
    if "set" in request.GET:
        request.session["from_django"] = request.GET["set"]
    values = {name: request.session[name] for name in ("from_django", "from_node") if name in request.session}
    return JsonResponse({"user": request.user.get_username() or None, "values": values})
urlpatterns = [path("login/", LoginView.as_view()), path("logout/", LogoutView.as_view(next_page="/seen/")), path("seen/", seen)]
`
const MIGRATE = `from django.core.management import call_command
call_command("migrate", run_syncdb=True, verbosity=0)
`
export const MAKE_ADA = `from django.contrib.auth.models import User
User.objects.create_user("ada", password="lovelace")
`

/** One request of a browser. */
export interface Visit {
  readonly method?: 'GET' | 'POST'
  readonly path: string
  readonly form?: Readonly<Record<string, string>>
}

/** What Django saw in the last request, and the cookie that the browser has then. */
export interface Seen {
  readonly user: string | null
  readonly values: Readonly<Record<string, unknown>>
  readonly cookie: string
}

export interface PackageSite {
  /** What the project's Python says of itself. */
  found(): Promise<SettingsOfDjango>
  shell(code: string): string
  /** Makes these requests one after another, then looks at `/seen/`. */
  visit(cookie: string, ...visits: readonly Visit[]): Seen
  /** Logs ada in by the login page; returns her cookie. */
  login(): string
}

export interface PackageSiteSetup {
  readonly python: string
  readonly files: Readonly<Record<string, string>>
  /** Default: `migrate`. */
  readonly migrate?: string
  /** Makes the user `ada`. */
  readonly makeAda?: string
  /** The site's host. Default `testserver`. */
  readonly host?: string
}

export function packageSite(setup: PackageSiteSetup): PackageSite {
  const { python, files, migrate = MIGRATE, makeAda = MAKE_ADA, host = 'testserver' } = setup
  const project = djangoProject(python, {
    models: '',
    'shop/urls.py': URLS,
    ...files,
    settings: COMMON + (files.settings ?? ''),
  })
  onTestFinished(project.remove)
  project.shell(migrate + makeAda)

  function visit(cookie: string, ...visits: readonly Visit[]): Seen {
    const code = `import json
from django.test import Client
client = Client(HTTP_HOST=${JSON.stringify(host)}, HTTP_USER_AGENT="a browser")
client.cookies["sessionid"] = ${JSON.stringify(cookie)}
for one in json.loads(${JSON.stringify(JSON.stringify(visits))}):
    answer = getattr(client, one.get("method", "GET").lower())(one["path"], one.get("form", {}))
    assert answer.status_code in (200, 302), answer.status_code
answer = client.get("/seen/").json()
print("seen=" + json.dumps({**answer, "cookie": client.cookies["sessionid"].value}))`
    const output = project.shell(code)
    return JSON.parse(/^seen=(.*)$/m.exec(output)?.[1] ?? '') as Seen
  }
  return {
    found: () => settingsFromDjango({ manage: project.manage, python }),
    shell: project.shell,
    visit,
    login() {
      const form = { username: 'ada', password: 'lovelace' }
      return visit('', { method: 'POST', path: '/login/', form }).cookie
    },
  }
}

/** A bridge that is closed with the test. */
export function bridgeOf(found: SettingsOfDjango, { options, hooks, ...parts }: BridgeParts = {}): Bridge {
  const bridge = createBridge(found.settings, {
    ...parts,
    options: { ...found.options, ...options },
    hooks: { onWarning: () => undefined, ...hooks },
  })
  onTestFinished(() => bridge.close())
  return bridge
}

export function openAt(bridge: Bridge, cookie: string, headers: Readonly<Record<string, string>> = {}): DjangoContext {
  const all = { host: 'testserver', ...headers, ...(cookie !== '' && { cookie: `sessionid=${cookie}` }) }
  return bridge.open({ method: 'GET', url: '/', headers: all, secure: false })
}

/** `createBridge` names each entry and its way out. */
export function expectRefused(found: SettingsOfDjango, codes: readonly UnclearCode[]): void {
  expect(found.options.unclear.map(({ code }) => code)).toEqual(codes)
  for (const { code, what, answer } of found.options.unclear) {
    expect(() => bridgeOf(found)).toThrow(SettingsError)
    expect(() => bridgeOf(found)).toThrow(`${code} (${what})`)
    expect(() => bridgeOf(found)).toThrow(`Give ${answer}.`)
  }
}

/** Logins, values and logouts pass between the two, in both directions. */
export async function expectShared(
  site: PackageSite,
  bridge: Bridge,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const visitor = (cookie: string) => openAt(bridge, cookie, headers)
  const cookie = site.login()
  const django = visitor(cookie)
  expect(await django.user()).toMatchObject({ username: 'ada' })
  ;(await django.session()).set('from_node', [1, 'ü'])
  await django.finish(200)
  const seen = site.visit(cookie, { path: '/seen/?set=x' })
  expect(seen).toEqual({ user: 'ada', values: { from_node: [1, 'ü'], from_django: 'x' }, cookie })
  expect((await visitor(cookie).session()).get('from_django')).toBe('x')

  const anonymous = visitor('')
  ;(await anonymous.session()).set('from_node', 'first')
  const made = (await anonymous.finish(200)).cookies[0]?.value ?? ''
  expect(site.visit(made)).toEqual({ user: null, values: { from_node: 'first' }, cookie: made })

  const leaving = visitor(cookie)
  await (await leaving.session()).flush()
  await leaving.finish(200)
  expect(site.visit(cookie)).toMatchObject({ user: null, values: {} })

  const again = site.login()
  expect(await visitor(again).user()).toMatchObject({ username: 'ada' })
  site.visit(again, { method: 'POST', path: '/logout/' })
  expect(await visitor(again).user()).toBeNull()
}
