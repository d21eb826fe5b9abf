/**
 * What every command of package.json starts with: installs what is missing, once and with progress, then runs the
 * command proper under the Node of node_modules. Plain JavaScript, for the machine's own Node from 20 on.
 *
 *     node scripts/setup.mjs test [arguments for the command]
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { oneAtATime } from './one-at-a-time.mjs'
import { pythonFor } from './python.mjs'

const root = resolve(import.meta.dirname, '..')

/** Tasks, and what each needs beside the packages. */
const TASKS = {
  start: { build: true, djangos: ['5.2'] },
  test: {
    build: true,
    djangos: [
      ...['2.2', '3.2', '4.2', '5.2', '6.1', 'redis-5.4', 'redis-6.0', 'redis-7.0'],
      ...['connections', 'mysqlclient', 'packages'],
    ],
  },
  check: { build: true, djangos: [] },
  lint: { build: true, djangos: [] },
  vectors: { build: false, djangos: ['2.2', '3.2', '4.2', '5.2', '6.1'] },
  table: { build: false, djangos: [] },
  build: { build: true, djangos: [] },
  bench: { build: true, djangos: ['5.2'] },
  soak: { build: true, djangos: [] },
  'compose:check': { build: true, djangos: [] },
  history: { build: false, djangos: ['5.2'] },
  failovers: { build: false, djangos: [] },
  faults: { build: false, djangos: [] },
  crash: { build: false, djangos: ['5.2'] },
  'real-sites': { build: true, djangos: [] },
  mutants: { build: true, djangos: [] },
  fuzz: { build: false, djangos: ['5.2', '6.1'] },
  'package:check': { build: true, djangos: [] },
  'django-suite': { build: false, djangos: ['4.2', '5.2', '6.1'] },
}

/** pip waits for the network and the disk about as long as it computes. */
const ENVIRONMENTS_AT_ONCE = 4

const [task = '', ...rest] = process.argv.slice(2)
if (!(task in TASKS)) fail(`Usage: node scripts/setup.mjs <${Object.keys(TASKS).join(' | ')}> [arguments]`)

mkdirSync(join(root, '.cache'), { recursive: true })
const environment = await oneAtATime(join(root, '.cache/setup.lock'), prepare, say)
if (task !== 'build') {
  const { status, signal } = npm(['run', '--silent', `${task}:run`, '--', ...rest], { env: environment })
  process.exitCode = signal ? 130 : (status ?? 1)
}

/** @returns the variables for the command proper */
async function prepare() {
  installPackages()
  if (TASKS[task].build) build()
  return { ...process.env, ...(await interpreters(TASKS[task].djangos)) }
}

function installPackages() {
  if (!isInstalled()) {
    say('installing packages (npm ci), about 15 seconds the first time')
    const { status } = npm(['ci', '--no-audit', '--no-fund', '--loglevel=error'])
    if (status !== 0) fail('npm ci failed; its messages are above. Is the npm registry reachable?')
  }
  // With `ignore-scripts` in somebody's npm settings there is no Node of ours, and the tools need a newer one.
  if (!existsSync(join(root, 'node_modules/node/bin')) && Number(process.versions.node.split('.')[0]) < 24) {
    say('fetching Node 24 for the tools')
    if (npm(['rebuild', 'node', '--ignore-scripts=false', '--loglevel=error']).status !== 0) {
      fail('the package node could not install its binary; use Node 24, or allow install scripts.')
    }
  }
}

/** Whether node_modules, by npm's own record of it, is what the lock file asks for. */
function isInstalled() {
  const record = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(record)) return false
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  return Object.entries(packages).every(
    ([path, { version, optional }]) => path === '' || optional === true || installed[path]?.version === version,
  )
}

/** The variables that name the Pythons, or say why there is none; environments that are missing are made side by side. */
async function interpreters(versions) {
  const found = {}
  const left = versions.filter((version) => !process.env[variableOf(version)])
  async function makeNext() {
    for (let version = left.shift(); version !== undefined; version = left.shift()) {
      const { python, missing } = await pythonFor(version, { root, say })
      if (python) found[variableOf(version)] = python
      else found[`${variableOf(version)}_MISSING`] = missing
    }
  }
  await Promise.all(Array.from({ length: ENVIRONMENTS_AT_ONCE }, makeNext))
  return found
}

function variableOf(version) {
  return `BRIDGE_PYTHON_${version.replace(/\W/g, '_').toUpperCase()}`
}

function build() {
  const stamp = join(root, '.cache/dist-built-from')
  const sources = filesIn('src')
  const wanted = hashOf([...sources, 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'])
  if (isStamped(stamp, wanted) && existsSync(join(root, 'dist/index.js'))) return
  say('building dist/')
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  if (npm(['exec', '--no', '--', 'tsc', '-p', 'tsconfig.build.json']).status !== 0) fail('the build failed.')
  writeFileSync(stamp, wanted)
}

function npm(parameters, options = {}) {
  // npm is a script, which Windows runs through its shell only.
  return spawnSync('npm', parameters, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32', ...options })
}

function filesIn(folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1))
    .sort()
}

function hashOf(files) {
  const hash = createHash('sha256')
  for (const file of files)
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(root, file)))
      .update('\0')
  return hash.digest('hex')
}

function isStamped(stamp, wanted) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted
}

function say(text) {
  console.error(`setup: ${text}`)
}

function fail(text) {
  console.error(`setup: ${text}`)
  process.exit(1)
}
