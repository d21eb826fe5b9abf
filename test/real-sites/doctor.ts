/** `django-session-bridge doctor` on a site: what it prints, and whether it says what is so. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { DjangoProject, SettingsOfDjango } from '../../src/settings/from-django/settings-from-django.ts'
import { judge } from './judge.ts'
import type { RealSite } from './real-site.ts'
import type { LiveSite } from './set-up.ts'

const CLI = resolve(import.meta.dirname, '../../dist/cli/main.js')

/** With the settings of the project alone, and with those that the site's answers put in their place. */
export async function consult(site: RealSite, live: LiveSite, told: SettingsOfDjango): Promise<void> {
  await runDoctor(live, flagsOf(live.project), site.doctor)
  if (site.answers?.settings === undefined) return
  const file = join(live.folder, 'answered.json')
  const settings = { ...told.settings, ...site.answers.settings }
  writeFileSync(file, JSON.stringify({ settings, options: { ...told.options, ...site.answers.options } }))
  await runDoctor(live, ['--settings', file])
}

function flagsOf(project: DjangoProject): string[] {
  if ('command' in project) return ['--command', project.command.join(' ')]
  const python = ['--python', project.python ?? 'python3']
  if ('manage' in project) return ['--manage', project.manage, ...python]
  return ['--settings-module', project.settingsModule, ...python]
}

async function runDoctor(
  { project: { cwd, env } }: LiveSite,
  flags: readonly string[],
  expected: string = 'accepted',
): Promise<void> {
  const told = await promisify(execFile)(process.execPath, [CLI, 'doctor', ...flags], { cwd, env }).then(
    ({ stdout }) => stdout,
    (error: { stdout?: string; stderr?: string }) => `${error.stdout}${error.stderr}`,
  )
  for (const line of told.trimEnd().split('\n')) console.log(`    doctor: ${line}`)
  const [, verdict = 'no verdict'] = /^ +verdict +(?:REFUSED +)?(\w+)/m.exec(told) ?? []
  judge(`the verdict of doctor is ${verdict}`, verdict === expected)
}
