#!/usr/bin/env node
/**
 * `npx django-session-bridge decode|doctor|clearsessions`: for people who find out why two servers do not see the same
 * sessions. Ends with status 0 where all is well, 1 where something is refused or differs, 2 for wrong usage.
 */
import '../node-version.ts'
import { readFileSync } from 'node:fs'
import { text as textOf } from 'node:stream/consumers'
import { Command } from 'commander'
import { createBridge } from '../bridge.ts'
import { DjangoBridgeError, escapeControls, SettingsError } from '../errors.ts'
import { settingsFromDjango } from '../settings/from-django/settings-from-django.ts'
import { decode, decodeUnverified } from './decode.ts'
import { doctor } from './doctor.ts'
import { Explanation } from './explanation.ts'
import { openSite, projectOf, readSite, type SiteFlags } from './site.ts'

interface Flags extends SiteFlags {
  readonly json?: true
}

interface DecodeFlags extends Flags {
  readonly file?: string
}

interface DoctorFlags extends Flags {
  readonly session?: string
  readonly cookie?: string
}

const SETTINGS_HELP = `
Settings come from the file of --settings, else from the project of --manage, --settings-module or --command, else
from the environment (SECRET_KEY, DATABASE_URL, SESSION_ENGINE …). No secret is printed; the content of sessions is.

Exit status: 0 nothing wrong was found, 1 something is refused or differs, 2 wrong usage.`

const program = new Command('django-session-bridge')
  .description("Looks into a Django site's sessions: what they hold, and why they are refused.")
  .addHelpText('after', SETTINGS_HELP)
  .showHelpAfterError('(--help tells more)')
  .configureOutput({ writeErr: (text) => process.stderr.write(escapedLines(text)) })
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))

about(program.command('decode'))
  .description('shows what a cookie, a row, a JWT or a cached value holds, and why it is refused')
  .argument('[text]', "a cookie's value or a Cookie header, session_data, or base64 of a cached value; - reads it")
  .option('--file <path>', 'a file with the bytes of a cached value, or with text')
  .action((given: string | undefined, flags: DecodeFlags) => run(flags, () => runDecode(given, flags)))

about(program.command('doctor'))
  .description('compares settings with the live store and names the first difference')
  .option('--session <key>', 'the key of a session that Django has just written, to be found')
  .option('--cookie <text>', 'a session cookie that Django has just set, or a Cookie header, to be judged too')
  .action((flags: DoctorFlags) => run(flags, () => runDoctor(flags)))

about(program.command('clearsessions'))
  .description('deletes expired sessions, as `manage.py clearsessions` does')
  .action((flags: Flags) => run(flags, () => runClearSessions(flags)))

if (process.argv.length > 2) await program.parseAsync()
else print(program.helpInformation() + SETTINGS_HELP)

function about(command: Command): Command {
  return command
    .option('--settings <file>', "JSON: Django's settings, or {settings, options}")
    .option('--manage <path>', "the project's manage.py, which is asked for its settings")
    .option('--settings-module <name>', 'DJANGO_SETTINGS_MODULE of a project without manage.py, asked in this folder')
    .option('--command <words>', 'the site\'s own command, such as "kolibri manage", in place of manage.py')
    .option('--python <path>', "the project's Python, with --manage or --settings-module", 'python3')
    .option('--env-prefix <text>', 'what stands before the names in the environment')
    .option('--table <name>', 'the session table')
    .option('--salt <text>', "the key_salt of the site's own SessionStore class")
    .option('--json', 'prints JSON')
    .addHelpText('after', SETTINGS_HELP)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
}

async function run(flags: Flags, command: () => Promise<Explanation[]>): Promise<void> {
  try {
    const told = await command()
    print(flags.json ? escapedLines(JSON.stringify(told, null, 2)) : told.map((one) => one.toText()).join('\n\n'))
    process.exitCode = told.some(({ refusal }) => refusal !== null) ? 1 : 0
  } catch (error) {
    const message = messageOf(error)
    if (message === null) throw error
    process.stderr.write(`django-session-bridge: ${message}\n`)
    process.exitCode = 2
  }
}

/** What a person can do something about; null for a mistake of this program. */
function messageOf(error: unknown): string | null {
  if (error instanceof DjangoBridgeError) return error.message
  const isOfFile = error instanceof Error && 'syscall' in error && 'path' in error
  return isOfFile ? escapeControls(`${error.path} cannot be read (--file).`) : null
}

function escapedLines(text: string): string {
  return text.split('\n').map(escapeControls).join('\n')
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

async function runDecode(given: string | undefined, flags: DecodeFlags): Promise<Explanation[]> {
  const input = await inputOf(given, flags)
  const site = await readSite(flags)
    .then((read) => openSite(read))
    .catch((error: unknown) => {
      if (error instanceof SettingsError) return error
      throw error
    })
  if (site instanceof SettingsError) {
    const unverified = decodeUnverified(input, site)
    if (unverified === null) throw site
    return [unverified]
  }
  try {
    return await decode(input, site)
  } finally {
    await site.close()
  }
}

async function inputOf(given: string | undefined, { file }: DecodeFlags): Promise<string | Uint8Array> {
  if (file !== undefined) {
    const bytes = readFileSync(file)
    return /^[\x20-\x7e\s]*$/.test(bytes.toString('latin1')) ? bytes.toString('latin1') : bytes
  }
  if (given !== undefined && given !== '-') return given
  return textOf(process.stdin)
}

async function runDoctor(flags: DoctorFlags): Promise<Explanation[]> {
  const { session, cookie, manage: _, settingsModule: __, command: ___, ...withoutProject } = flags
  const project = projectOf(flags)
  const compares = project !== null && (flags.settings !== undefined || process.env.SECRET_KEY !== undefined)
  const input = await readSite(compares ? withoutProject : flags)
  const django = compares ? (await settingsFromDjango(project)).settings : undefined
  return [
    await doctor(input, {
      ...(django && { django }),
      ...(session !== undefined && { session }),
      ...(cookie !== undefined && { cookie }),
    }),
  ]
}

async function runClearSessions(flags: Flags): Promise<Explanation[]> {
  const { settings, options } = await readSite(flags)
  const bridge = createBridge(settings, { options, hooks: { onWarning: () => undefined } })
  try {
    const count = await bridge.clearExpired()
    return [new Explanation('clearsessions').note('deleted', `${count} expired session${count === 1 ? '' : 's'}`)]
  } finally {
    await bridge.close()
  }
}
