/**
 * `npm run real-sites [-- name …]`: sites of others, from PyPI. Each is set up by its own instructions, its users and
 * sessions are made by its own Python, and `django.user()` must be what `request.user` is behind its whole middleware.
 */
import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pythonFor } from '../../scripts/python.mjs'
import { createBridge } from '../../src/bridge.ts'
import { type SettingsOfDjango, settingsFromDjango } from '../../src/settings/from-django/settings-from-django.ts'
import { changeSessions } from './change-sessions.ts'
import { compareUsers } from './compare-users.ts'
import { consult } from './doctor.ts'
import { failuresOf, judge, verdicts } from './judge.ts'
import type { RealSite } from './real-site.ts'
import { setUp } from './set-up.ts'
import { EVENNIA } from './sites/evennia.ts'
import { KIWITCMS } from './sites/kiwitcms.ts'
import { KOLIBRI } from './sites/kolibri.ts'
import { MEZZANINE } from './sites/mezzanine.ts'
import { MISAGO } from './sites/misago.ts'
import { NAUTOBOT } from './sites/nautobot.ts'
import { PRETIX } from './sites/pretix.ts'
import { REVIEWBOARD } from './sites/reviewboard.ts'
import type { Visitor } from './visitors.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const SITES: readonly RealSite[] = [EVENNIA, KIWITCMS, KOLIBRI, MEZZANINE, MISAGO, NAUTOBOT, PRETIX, REVIEWBOARD]

const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !SITES.some((site) => site.name === name))
if (unknown !== undefined) {
  console.error(`There is no site ${unknown}; there are ${SITES.map(({ name }) => name).join(', ')}.`)
  process.exit(2)
}
for (const site of SITES.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  if (site.isSlow && wanted.length === 0) {
    console.log(`\n${site.name} takes ten minutes: npm run real-sites -- ${site.name}`)
    continue
  }
  console.log(`\n${site.name}: ${site.about}`)
  await tryOut(site).catch((error: unknown) => judge('runs to its end', false, failuresOf(error)))
}
const { passed, failed } = verdicts()
console.log(`\n${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

async function tryOut(site: RealSite): Promise<void> {
  const say = (text: string): void => console.log(`  ${text}`)
  const { python, missing } = await pythonFor(`real-${site.name}`, { root: ROOT, say })
  if (python === undefined) throw new Error(missing)
  const folder = join(ROOT, '.cache/real-sites', site.name)
  rmSync(folder, { recursive: true, force: true })
  const live = await setUp(site, { python, folder })
  try {
    const visitors = (await live.makeVisitors()) as readonly Visitor[]
    const told = await settingsFromDjango({ ...live.project, timeoutMs: 120_000 })
    printFindings(told)
    const { acknowledge = [], hooks = {}, settings = {}, options = {}, why } = site.answers ?? {}
    if (why !== undefined) console.log(`    answered: ${why}`)
    const sessionTable = { ...told.options.sessionTable, ...options.sessionTable }
    const bridge = createBridge(
      { ...told.settings, ...settings },
      {
        options: { ...told.options, ...options, sessionTable, acknowledge, deadlineMs: 30_000 },
        hooks: { ...hooks, onWarning: () => undefined, onSuspicious: () => undefined },
      },
    )
    try {
      await bridge.check()
      judge('bridge.check() passes', true)
      const parts = { site, bridge, visitors, askDjango: (asked: readonly Visitor[]) => live.ask(asked, bridge, told) }
      await compareUsers(parts)
      await changeSessions(parts)
    } finally {
      await bridge.close()
    }
    await consult(site, live, told)
  } finally {
    await live.end()
  }
}

function printFindings({ settings, options }: SettingsOfDjango): void {
  const { userTable, unclear, sessionTable } = options
  const { default: sessions, users } = settings.DATABASES ?? {}
  const cache = settings.CACHES?.[settings.SESSION_CACHE_ALIAS ?? 'default']
  const key = Object.values(userTable.fields ?? {}).find(({ column }) => column === userTable.primaryKey)
  const found = {
    Django: settings.DJANGO_VERSION,
    engine: settings.SESSION_ENGINE,
    cookie: settings.SESSION_COOKIE_NAME,
    serializer: settings.SESSION_SERIALIZER,
    'session table': sessionTable?.name,
    'user model': settings.AUTH_USER_MODEL,
    'user table': userTable.name,
    'its key': key && `${key.column}, ${key.type}`,
    'its fields': Object.keys(userTable.fields ?? {}).length,
    backends: settings.AUTHENTICATION_BACKENDS?.join(', '),
    database: engineOf(sessions) + (users === undefined ? '' : `; users in ${engineOf(users)}`),
    cache: engineOf(cache),
    LOGIN_URL: settings.LOGIN_URL,
  }
  for (const [name, value] of Object.entries(found)) {
    if (value !== undefined) console.log(`    ${name}: ${value}`)
  }
  console.log(`    unclear: ${unclear.length === 0 ? 'nothing' : ''}`)
  for (const { code, what, answer } of unclear) console.log(`      ${code} (${what}): ${answer}`)
}

/** Without the rest, which holds a password. */
function engineOf(given: unknown): string | undefined {
  if (typeof given !== 'object' || given === null) return undefined
  if ('ENGINE' in given) return String(given.ENGINE)
  return 'BACKEND' in given ? String(given.BACKEND) : undefined
}
