/** Settings as the project's own Python knows them, asked once, at start-up or at deployment. */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { SettingsError } from '../errors.ts'
import { parsePythonJson } from '../python/json-reader.ts'
import { DJANGO_SCRIPT } from './django-script.ts'
import type { DjangoSettings } from './settings.ts'

export interface DjangoProject {
  /** The project's `manage.py`. */
  readonly manage: string
  /** The Python that has the project's packages, such as `.venv/bin/python`. Default `python3`. */
  readonly python?: string
  /** The environment of that Python, DJANGO_SETTINGS_MODULE among it. Default this process's own. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Milliseconds that the project may take to start. Default 60,000. */
  readonly timeoutMs?: number
}

/** The two arguments of `createBridge`; JSON can hold both, except a SECRET_KEY of bytes. */
export interface SettingsOfDjango {
  readonly settings: DjangoSettings
  /** Tables and salt of models and session classes of the site's own. */
  readonly options: {
    readonly userTable: { readonly name: string; readonly primaryKey: string }
    readonly sessionTable?: { readonly name: string }
    readonly sessionSalt?: string
    readonly sessionCacheKeyPrefix?: string
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
  'MIDDLEWARE',
  'USE_TZ',
  'TIME_ZONE',
  'LOGIN_URL',
  'CSRF_TRUSTED_ORIGINS',
  'SECURE_PROXY_SSL_HEADER',
  'DEBUG',
] as const

const MOST_OUTPUT = 1 << 24

/**
 * Runs `python manage.py shell` once and takes over what it says of sessions, users, database and cache.
 *
 *     const { settings, options } = await settingsFromDjango({ manage: '../shop/manage.py', python: '../shop/.venv/bin/python' })
 *     const bridge = createBridge(settings, { options })
 *
 * @throws SettingsError when the project does not start, or has a setting that only Python can hold. What the project
 * printed is not in the message, since it may hold secrets
 */
export async function settingsFromDjango(project: DjangoProject): Promise<SettingsOfDjango> {
  const manage = resolve(project.manage)
  if (!existsSync(manage)) throw new SettingsError('settingsFromDjango: there is no such manage.py.')
  const marker = `settings-${randomUUID()}:`
  const script = `NAMES, MARKER = ${JSON.stringify([NAMES, marker])}\n${DJANGO_SCRIPT}`
  // One expression: the function's names are those of its own dictionary, wherever the shell runs it.
  const command = `exec(${JSON.stringify(`${script}\ntell()\n`)}, {})`
  const output = await run(project, [manage, 'shell', '-c', command], dirname(manage))
  const line = output.split(/\r?\n/).find((text) => text.startsWith(marker))
  if (line === undefined) {
    throw new SettingsError('settingsFromDjango: `manage.py shell` ran and did not tell its settings.')
  }
  const { unclear, ...told } = parsePythonJson(line.slice(marker.length)) as SettingsOfDjango & { unclear: string[] }
  if (unclear.length > 0) {
    const names = unclear.join(', ')
    throw new SettingsError(`settingsFromDjango: ${names} cannot be taken over; write the settings by hand.`)
  }
  return withBytes(told) as SettingsOfDjango
}

function run({ python = 'python3', env, timeoutMs = 60_000 }: DjangoProject, args: string[], cwd: string) {
  return new Promise<string>((done, failed) => {
    const child = execFile(
      // A path is this process's, since the project's folder is another; a bare name is looked up as shells do.
      /[\\/]/.test(python) ? resolve(python) : python,
      args,
      { cwd, env: { ...(env ?? process.env), PYTHONIOENCODING: 'utf-8' }, timeout: timeoutMs, maxBuffer: MOST_OUTPUT },
      (error, stdout, stderr) => (error === null ? done(stdout) : failed(failure(error, stderr))),
    )
    // Nothing the project imports may wait for somebody to type.
    child.stdin?.end()
  })
}

function failure(error: { code?: unknown; killed?: boolean }, stderr: string): SettingsError {
  if (error.code === 'ENOENT') {
    return new SettingsError('settingsFromDjango: there is no such Python; give `python`, the one of the project.')
  }
  if (error.killed === true) return new SettingsError('settingsFromDjango: the project did not start in time.')
  // The kind of exception alone: what follows it may quote a setting.
  const kind = /^([A-Za-z_][\w.]*)(?::|$)/.exec(stderr.trimEnd().split('\n').at(-1) ?? '')?.[1] ?? 'an error'
  return new SettingsError(
    `settingsFromDjango: \`manage.py shell\` ended with ${kind}; run \`manage.py check\` with the same Python to see it.`,
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
