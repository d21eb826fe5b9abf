/** Virtual environments with exact versions of Django, one folder each in .venvs, made when first needed. */
import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The Pythons that each Django runs on with the packages beside it: the oldest, and where newer ones fail, the newest. */
const PYTHONS = {
  2.2: { least: [3, 10], most: [3, 11] },
  3.2: { least: [3, 11], most: [3, 11] },
  4.2: { least: [3, 11] },
  5.2: { least: [3, 11] },
  6.1: { least: [3, 12] },
  // django-redis, on Django 5.2.
  'redis-5.4': { least: [3, 11] },
  'redis-6.0': { least: [3, 11] },
  'redis-7.0': { least: [3, 11] },
  // dj-database-url and django-environ; mysqlclient, which is compiled and so needs the headers of its C library.
  connections: { least: [3, 11] },
  mysqlclient: { least: [3, 11] },
  // Packages that stand beside the sessions: django-qsessions, django-user-sessions, django-tenants and others.
  packages: { least: [3, 11] },
  // Sites of others, for `npm run real-sites`.
  'real-misago': { least: [3, 11], most: [3, 12] },
  'real-pretix': { least: [3, 11], most: [3, 12] },
  'real-kiwitcms': { least: [3, 11], most: [3, 12] },
  'real-mezzanine': { least: [3, 11], most: [3, 12] },
  'real-kolibri': { least: [3, 10], most: [3, 12] },
  'real-evennia': { least: [3, 10], most: [3, 12] },
  'real-nautobot': { least: [3, 10], most: [3, 12] },
  'real-reviewboard': { least: [3, 10], most: [3, 12] },
}

/**
 * @param {string} version such as '5.2', or a release of a package: 'redis-7.0'
 * @returns {Promise<{ python?: string, missing?: string }>} the interpreter of a ready environment, or why there is none
 */
export async function pythonFor(version, { root, say }) {
  const folder = join(root, '.venvs', `django-${version}`)
  const python = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  const requirements = join(root, 'python-fixtures/requirements', `django-${version}.txt`)
  const wanted = createHash('sha256').update(readFileSync(requirements)).update(folder).digest('hex')
  const stamp = join(folder, '.installed-from')
  if (existsSync(python) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return { python }

  const { command, missing } = findPython(PYTHONS[version])
  if (!command) return { missing }
  say(`making a virtual environment with Django ${version}, half a minute the first time`)
  const started = performance.now()
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const steps = [
    [...command, '-m', 'venv', folder],
    [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements],
  ]
  for (const [program, ...parameters] of steps) {
    const failure = await failureOf(program, parameters)
    if (failure === null) continue
    rmSync(folder, { recursive: true, force: true })
    return { missing: `\`${parameters.slice(0, 3).join(' ')}\` failed for Django ${version}: ${failure}` }
  }
  writeFileSync(stamp, wanted)
  say(`Django ${version} is there, after ${Math.round((performance.now() - started) / 1000)} s`)
  return { python }
}

/** @returns the last line of what a program complained about; null when it succeeded */
async function failureOf(program, parameters) {
  try {
    await promisify(execFile)(program, parameters)
    return null
  } catch ({ stderr, message }) {
    return (stderr?.trim() || message).split('\n').at(-1)
  }
}

/** The first Python of these versions that can make virtual environments. */
function findPython({ least, most = [99, 0] }) {
  let withoutVenv = null
  for (const command of candidates()) {
    const version = versionOf(command)
    if (version === null || isOlder(version, least) || isOlder(most, version)) continue
    if (run(command, ['-c', 'import venv, ensurepip']).status === 0) return { command }
    withoutVenv ??= version
  }
  const wanted = most[0] === 99 ? `${least.join('.')} or newer` : `${least.join('.')} to ${most.join('.')}`
  if (withoutVenv === null) return { missing: `needs Python ${wanted}, as python3, python or py -3` }
  const name = withoutVenv.join('.')
  return {
    missing: `Python ${name} cannot make virtual environments: install its venv module (Debian and Ubuntu: \`apt install python${name}-venv\`)`,
  }
}

function candidates() {
  const named = ['python3', 'python'].map((name) => [name])
  const newer = [14, 13, 12, 11, 10].map((minor) => [`python3.${minor}`])
  const pyenv = join(process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions')
  const managed = existsSync(pyenv) ? readdirSync(pyenv).sort().reverse() : []
  return [
    ...(process.env.PYTHON ? [[process.env.PYTHON]] : []),
    ...named,
    ...(process.platform === 'win32' ? [['py', '-3']] : []),
    ...newer,
    ...managed.map((name) => [join(pyenv, name, 'bin/python')]),
  ]
}

function versionOf(command) {
  const { status, stdout } = run(command, ['-c', 'import sys; print(*sys.version_info[:2])'])
  return status === 0 ? stdout.trim().split(' ').map(Number) : null
}

function run([program, ...first], parameters) {
  return spawnSync(program, [...first, ...parameters], { encoding: 'utf8', timeout: 20_000 })
}

function isOlder([major, minor], [leastMajor, leastMinor]) {
  return major < leastMajor || (major === leastMajor && minor < leastMinor)
}
