/** A site in a folder of its own: made, migrated, run. */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { Bridge } from '../../src/bridge.ts'
import type { DjangoProject, SettingsOfDjango } from '../../src/settings/from-django/settings-from-django.ts'
import { databaseFor } from './own-database.ts'
import { HOST, type RealSite } from './real-site.ts'
import { serveSite } from './served-site.ts'
import { cookieHeader, type Seen, type Visitor } from './visitors.ts'

const FIXTURES = resolve(import.meta.dirname, '../../python-fixtures')
/** By its path: some sites' own commands set up sys.path afresh. */
const FIXTURE = `import sys; sys.path.insert(0, ${JSON.stringify(FIXTURES)}); import real_sites`

const MANAGE = `import os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
os.environ["DJANGO_SETTINGS_MODULE"] = "own_settings"
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
`

export interface LiveSite {
  readonly folder: string
  readonly project: DjangoProject
  /** Users and sessions of every kind, made by the site's own Python. */
  makeVisitors(): Promise<unknown>
  /** What the site's own views see, asked over HTTP. */
  ask(visitors: readonly Visitor[], bridge: Bridge, told: SettingsOfDjango): Promise<readonly Seen[]>
  end(): Promise<void>
}

export async function setUp(
  site: RealSite,
  { python, folder }: { readonly python: string; readonly folder: string },
): Promise<LiveSite> {
  mkdirSync(folder, { recursive: true })
  const own = { ...process.env, PATH: `${dirname(python)}:${process.env.PATH}`, PYTHONWARNINGS: 'ignore' }
  const env = { ...own, ...site.env?.(folder) }
  const { cwd = folder, ...project } = site.project?.(folder) ?? { manage: join(folder, 'manage.py') }
  const [program, ...words] = commandOf(project, python)
  const file = join(folder, 'exchange.json')
  const ofFixture = (step: string, more = {}): Readonly<Record<string, string>> => ({
    REAL_SITE_STEP: step,
    REAL_SITE_FILE: file,
    REAL_SITE_HOST: HOST,
    REAL_SITE_PATH: site.path ?? '/',
    REAL_SITE_MAKE_USER: site.makeUser,
    ...more,
  })
  const run = (parameters: readonly string[], more = {}) =>
    promisify(execFile)(program, [...words, ...parameters], { cwd, env: { ...env, ...more }, maxBuffer: 1 << 26 })

  const database = await databaseFor(site, folder)
  try {
    writeFileSync(join(folder, 'manage.py'), MANAGE)
    writeFileSync(join(folder, 'own_settings.py'), `${site.settings ?? ''}\n${database.settings}\n`)
    for (const [name, text] of Object.entries(site.files ?? {})) writeFileSync(join(folder, name), text)
    const [maker, ...parameters] = site.make?.(folder) ?? []
    if (maker !== undefined) await promisify(execFile)(maker, parameters, { cwd: folder, env: own })
    for (const parameters of site.setUp ?? [['migrate', '--verbosity', '0']]) await run(parameters)
  } catch (error) {
    await database.drop()
    throw error
  }
  return {
    folder,
    project: { ...project, python, cwd, env },
    async makeVisitors() {
      await run(['shell', '-c', FIXTURE], ofFixture('make'))
      return JSON.parse(readFileSync(file, 'utf8'))
    },
    async ask(visitors, bridge, told) {
      const REAL_SITE_COLUMNS = ownFields(told).join(' ')
      const options = { cwd, env: { ...env, ...ofFixture('serve', { REAL_SITE_COLUMNS }) } }
      const served = await serveSite(program, [...words, 'shell', '-c', FIXTURE], options, site.path ?? '/')
      try {
        const seen: Seen[] = []
        for (const { cookie } of visitors) seen.push((await served.ask(cookieHeader(bridge, cookie))) as Seen)
        return seen
      } finally {
        await served.end()
      }
    },
    end: () => database.drop(),
  }
}

function commandOf(project: DjangoProject, python: string): readonly [string, ...string[]] {
  if ('command' in project) return project.command
  return 'manage' in project ? [python, project.manage] : [python, '-m', 'django']
}

/** Fields with conversions of the site's own: of these Node has what the column holds. */
function ownFields({ options }: SettingsOfDjango): string[] {
  const fields = Object.entries(options.userTable.fields ?? {})
  return fields.filter(([, field]) => (field.target ?? field.type) === 'unknown').map(([name]) => name)
}
