/** Settings as the project's own Python knows them, asked once, at start-up or at deployment. */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { UserTable } from '../../auth/user-table.ts'
import { SettingsError } from '../../errors.ts'
import { parsePythonJson } from '../../python/json-reader.ts'
import type { DjangoSettings } from '../settings.ts'
import { explained, type Finding, type Unclear } from '../unclear.ts'
import { djangoScript } from './script.ts'

/** How to run the project's own Python: one of the three ways, and what they have in common. */
export type DjangoProject = DjangoProjectOptions &
  (
    | {
        /** The project's `manage.py`. */
        readonly manage: string
      }
    | {
        /** DJANGO_SETTINGS_MODULE of a project without `manage.py`: `python -m django` is run, by default in this folder. */
        readonly settingsModule: string
      }
    | {
        /** What runs Django's commands on this site, without `shell`: `['uv', 'run', 'manage.py']`, `['pretix']`. */
        readonly command: readonly [program: string, ...parameters: string[]]
      }
  )

export interface DjangoProjectOptions {
  /** The Python that has the project's packages, such as `.venv/bin/python`. Default `python3`; not for `command`. */
  readonly python?: string
  /** The folder to run in. Default that of `manage.py`; this process's own for the other ways. */
  readonly cwd?: string
  /** The environment of that Python, DJANGO_SETTINGS_MODULE among it. Default this process's own. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Milliseconds that the project may take to start. Default 60,000. */
  readonly timeoutMs?: number
}

/** The two arguments of `createBridge`; JSON can hold both, except a SECRET_KEY of bytes. */
export interface SettingsOfDjango {
  readonly settings: DjangoSettings
  /** Tables, fields and salts of models and session classes of the site's own, and what Node cannot follow. */
  readonly options: {
    readonly userTable: UserTable
    readonly backendsAllowingInactive?: readonly string[]
    readonly sessionTable?: { readonly name: string }
    readonly sessionSalt?: string
    readonly sessionCacheKeyPrefix?: string
    /** `createBridge` refuses these until each is answered by a hook or option, or acknowledged. */
    readonly unclear: readonly Unclear[]
  }
}

/** Settings that are taken as Django has them, its defaults included. */
const NAMES = [
  'SECRET_KEY',
  'SECRET_KEY_FALLBACKS',
  'SESSION_ENGINE',
  'SESSION_SERIALIZER',
  'DEFAULT_HASHING_ALGORITHM',
  'SESSION_COOKIE_NAME',
  'SESSION_COOKIE_AGE',
  'SESSION_COOKIE_DOMAIN',
  'SESSION_COOKIE_PATH',
  'SESSION_COOKIE_SECURE',
  'SESSION_COOKIE_HTTPONLY',
  'SESSION_COOKIE_SAMESITE',
  'SESSION_SAVE_EVERY_REQUEST',
  'SESSION_EXPIRE_AT_BROWSER_CLOSE',
  'SESSION_CACHE_ALIAS',
  'SESSION_FILE_PATH',
  'AUTH_USER_MODEL',
  'AUTHENTICATION_BACKENDS',
  'USE_TZ',
  'TIME_ZONE',
  'LOGIN_URL',
  'CSRF_TRUSTED_ORIGINS',
  'SECURE_PROXY_SSL_HEADER',
  'USE_X_FORWARDED_HOST',
  'DEBUG',
] as const

const MAX_OUTPUT = 1 << 24

/**
 * Runs the project's Python once (`manage.py shell`) and takes over what it says of sessions, users, database and cache.
 *
 *     const { settings, options } = await settingsFromDjango({ manage: '../shop/manage.py', python: '../shop/.venv/bin/python' })
 *     const bridge = createBridge(settings, { options })
 *
 * What the project's own classes decide and Node cannot follow is in `options.unclear`.
 * @throws SettingsError when the project does not start, or has a setting that only Python can hold. What the project
 * printed is not in the message, since it may hold secrets
 */
export async function settingsFromDjango(project: DjangoProject): Promise<SettingsOfDjango> {
  const marker = `settings-${randomUUID()}:`
  // One expression: the names are those of its own dictionary, wherever the shell runs it.
  const code = `exec(${JSON.stringify(djangoScript(NAMES, marker))}, {})`
  const output = await run(shellOf(project, code), project)
  const line = output.split(/\r?\n/).find((text) => text.startsWith(marker))
  if (line === undefined) {
    throw new SettingsError('settingsFromDjango: the shell of the project ran and did not print its settings.')
  }
  const { settings, options, unclear, unsayable } = parsePythonJson(line.slice(marker.length)) as Answer
  if (unsayable.length > 0) {
    const names = unsayable.join(', ')
    throw new SettingsError(`settingsFromDjango: ${names} cannot be taken over; write the settings by hand.`)
  }
  return { settings: withBytes(settings) as DjangoSettings, options: { ...options, unclear: unclear.map(explained) } }
}

/** What the script prints. */
interface Answer {
  readonly settings: unknown
  readonly options: Omit<SettingsOfDjango['options'], 'unclear'>
  readonly unclear: readonly Finding[]
  /** Settings whose values JSON cannot hold. */
  readonly unsayable: readonly string[]
}

interface Shell {
  readonly program: string
  readonly parameters: readonly string[]
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

/** The program that runs `shell -c code` on this project. */
function shellOf(project: DjangoProject, code: string): Shell {
  const { python = 'python3', cwd = process.cwd() } = project
  const shell = ['shell', '-c', code]
  // A path is this process's, since the project's folder is another; a bare name is looked up as shells do.
  const program = /[\\/]/.test(python) ? resolve(python) : python
  if ('command' in project) {
    const [command, ...parameters] = project.command
    return { program: command, parameters: [...parameters, ...shell], cwd }
  }
  if ('settingsModule' in project) {
    const env = { DJANGO_SETTINGS_MODULE: project.settingsModule }
    return { program, parameters: ['-m', 'django', ...shell], cwd, env }
  }
  const manage = resolve(project.manage)
  if (!existsSync(manage)) throw new SettingsError('settingsFromDjango: there is no such manage.py.')
  return { program, parameters: [manage, ...shell], cwd: project.cwd ?? dirname(manage) }
}

function run({ program, parameters, cwd, env: own }: Shell, { env, timeoutMs = 60_000 }: DjangoProjectOptions) {
  return new Promise<string>((done, failed) => {
    const child = execFile(
      program,
      parameters,
      {
        cwd,
        env: { ...(env ?? process.env), ...own, PYTHONIOENCODING: 'utf-8' },
        timeout: timeoutMs,
        maxBuffer: MAX_OUTPUT,
      },
      (error, stdout, stderr) => (error === null ? done(stdout) : failed(failure(error, stderr))),
    )
    // Nothing the project imports may wait for somebody to type.
    child.stdin?.end()
  })
}

function failure(error: { code?: unknown; killed?: boolean }, stderr: string): SettingsError {
  if (error.code === 'ENOENT') {
    return new SettingsError(
      'settingsFromDjango: there is no such Python, command or folder; give `python`, the one of the project.',
    )
  }
  if (error.killed === true) return new SettingsError('settingsFromDjango: the project did not start in time.')
  // The kind of exception alone: what follows it may quote a setting.
  const kind = /^([A-Za-z_][\w.]*)(?::|$)/.exec(stderr.trimEnd().split('\n').at(-1) ?? '')?.[1] ?? 'an error'
  return new SettingsError(
    `settingsFromDjango: the shell of the project ended with ${kind}; run \`manage.py check\` with the same Python to see it.`,
  )
}

/** `{"base64": …}` stands for bytes. */
function withBytes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withBytes)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  const [only] = entries
  if (entries.length === 1 && only?.[0] === 'base64') return Buffer.from(String(only[1]), 'base64')
  return Object.fromEntries(entries.map(([name, item]) => [name, withBytes(item)]))
}
