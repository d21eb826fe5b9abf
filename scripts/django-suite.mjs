/**
 * Django's own tests, run through this library: `npm run django-suite -- --help`.
 *
 * The tests come from Django's source distribution of the installed version, fetched once into .cache. A Python proxy
 * forwards what they do to test/django-suite/server.ts; python-fixtures/django_suite/README.md tells how.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { FAULTS } from '../test/django-suite/faults.ts'
import { packagesForTests, testsOf, versionOf } from './django-sources.mjs'

const TRIALS = 20
const FULL_TRIALS = 200

const HELP = `npm run django-suite -- [options]

  --django 4.2|5.2|6.1      default 5.2
  --suite NAME              ${'signing, signed_cookies, sessions, cached_db, cache, file, cookies, middleware, jwt, random, apart; default all'}
  --database sqlite|postgres|mysql
                            default sqlite; the others are the servers of BRIDGE_POSTGRES_URL and BRIDGE_MYSQL_URL
  --mode NAME               plain      everything by Node
                            crossed    Node writes rows, real Django decodes them
                            alternate  every second session store is real Django's, in either order
                            halves     one half of signing by Node, the other by real Django, and the reverse
                            null       against a server that answers nothing: what passes there proves nothing
                            raising    against a server that refuses everything
                            faults     the suites against a library with a fault, one after another
                            default: plain, crossed, alternate, halves
  --fault NAME              only this fault of test/django-suite/faults.ts
  --seed N                  of the suite \`random\`: sessions and requests here and at Django's, side by side; default 1
  --full                    every Django, all databases, every mode; random with ${FULL_TRIALS} trials a class, else ${TRIALS}
  --help

Ends with \`N passed, N failed\`; a test that is left out is in neither number, has its reason
in python-fixtures/django_suite/left-out.json, and counts as failed in the percentage.`

/** Databases that are servers, by the variables that tell where. */
const SERVERS = { postgres: 'BRIDGE_POSTGRES_URL', mysql: 'BRIDGE_MYSQL_URL' }

const SESSIONS = 'sessions_tests.tests'
const SUITES = {
  signing: { labels: ['signing'], install: 'signing', modes: ['plain', 'halves'] },
  signed_cookies: { labels: ['signed_cookies_tests'], install: 'cookies', modes: ['plain', 'halves'] },
  sessions: {
    labels: ['DatabaseSessionTests', 'DatabaseSessionWithTimeZoneTests', 'CustomDatabaseSessionTests'].map(
      (name) => `${SESSIONS}.${name}`,
    ),
    install: 'sessions,middleware',
    engine: 'db',
    modes: ['plain', 'crossed', 'alternate'],
  },
  cached_db: {
    labels: [`${SESSIONS}.CacheDBSessionTests`, `${SESSIONS}.CacheDBSessionWithTimeZoneTests`],
    install: 'sessions,middleware',
    engine: 'cached_db',
    modes: ['plain', 'alternate'],
  },
  cache: {
    labels: [`${SESSIONS}.CacheSessionTests`],
    install: 'sessions,middleware',
    engine: 'cache',
    modes: ['plain', 'alternate'],
  },
  file: {
    labels: [`${SESSIONS}.FileSessionTests`, `${SESSIONS}.FileSessionPathLibTests`],
    install: 'sessions,middleware',
    engine: 'file',
    modes: ['plain', 'alternate'],
  },
  cookies: {
    labels: [`${SESSIONS}.CookieSessionTests`],
    install: 'sessions,middleware',
    engine: 'signed_cookies',
    modes: ['plain', 'alternate'],
  },
  middleware: {
    labels: [`${SESSIONS}.SessionMiddlewareTests`],
    install: 'sessions,middleware',
    engine: 'db',
    modes: ['plain', 'crossed'],
  },
  jwt: {
    labels: ['django_session_jwt.tests'],
    install: 'sessions,session_jwt',
    engine: 'db',
    distribution: 'django-session-jwt',
    modes: ['plain', 'halves'],
  },
  random: {
    labels: ['random_sessions', 'random_requests'],
    install: 'sessions,middleware',
    engine: 'db',
    modes: ['plain'],
  },
  apart: {
    labels: [`${SESSIONS}.SessionBaseTests`, `${SESSIONS}.ClearSessionsCommandTests`],
    absent: { 4.2: [`${SESSIONS}.SessionBaseTests`] },
    install: 'sessions,middleware',
    engine: '(base)',
    modes: ['plain'],
  },
}

/** What a mode runs: arguments of run_tests.py and of the server, one run each. */
const MODES = {
  plain: [{}],
  crossed: [{ python: ['--crossed'] }],
  alternate: [
    { title: 'Node first', python: ['--alternate', 'node-first'] },
    { title: 'Django first', python: ['--alternate', 'django-first'] },
  ],
  halves: [
    { title: 'Node writes', python: ['--half', 'writes'] },
    { title: 'Node reads', python: ['--half', 'reads'] },
  ],
  null: [{ server: ['--answer', 'null'] }],
  raising: [{ server: ['--answer', 'error'] }],
}
const COLUMNS = {
  suite: 'suite',
  engine: 'engine',
  mode: 'mode',
  total: 'total',
  'through Node': 'through Node',
  passed: 'passed',
  failed: 'failed',
  'left out': 'left out',
  skipped: 'skipped upstream',
  percent: 'passed / (total - skipped)',
  empty: 'pass against a server that answers nothing',
}
const FAULT_COLUMNS = { fault: 'fault', plain: 'plain', crossed: 'crossed', alternate: 'alternate', halves: 'halves' }
/** Faults that a run without options plants: those that only a mode beside `plain` can notice. */
const SAMPLE = ['another salt for rows', 'another salt for cookies']

const DEFAULT_MODES = ['plain', 'crossed', 'alternate', 'halves']
const EVERY_MODE = [...DEFAULT_MODES, 'raising', 'faults']

const root = resolve(import.meta.dirname, '..')
const fixtures = join(root, 'python-fixtures/django_suite')

const { values: options } = parseArgs({
  options: {
    django: { type: 'string' },
    suite: { type: 'string', multiple: true },
    database: { type: 'string' },
    mode: { type: 'string', multiple: true },
    fault: { type: 'string', multiple: true },
    seed: { type: 'string', default: '1' },
    full: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (options.help) console.log(HELP)
else main()

function main() {
  const djangos = choice(options.django, ['4.2', '5.2', '6.1'], options.full ? ['4.2', '5.2', '6.1'] : ['5.2'])
  const databases = choice(
    options.database,
    ['sqlite', ...Object.keys(SERVERS)],
    options.full ? ['sqlite', ...Object.keys(SERVERS)] : ['sqlite'],
  )
  const suites = (options.suite ?? Object.keys(SUITES)).flatMap((name) => choice(name, Object.keys(SUITES)))
  const wanted = options.mode ?? (options.full ? EVERY_MODE : options.fault ? ['faults'] : DEFAULT_MODES)
  const modes = wanted.flatMap((name) => choice(name, [...Object.keys(MODES), 'faults']))
  const faults = (options.fault ?? (modes.includes('faults') ? Object.keys(FAULTS) : SAMPLE)).flatMap((name) =>
    choice(name, Object.keys(FAULTS)),
  )
  const totals = { passed: 0, failed: 0 }
  for (const django of djangos) {
    for (const database of databases) {
      const rows = suites.flatMap((suite) => rowsOf({ django, database, suite, modes, totals }))
      if (rows.length === 0) continue
      console.log(`\nDjango ${versionOf(pythonOf(django))} on ${database}`)
      printTable(COLUMNS, rows)
      printLeftOut(django, suites)
    }
  }
  if (modes.includes('faults') || options.mode === undefined) {
    const concerned = faults.filter((name) => FAULTS[name].suites.some((suite) => suites.includes(suite)))
    const rows = concerned.map((name) => faultRow({ name, django: djangos[0], database: databases[0], suites, totals }))
    if (rows.length > 0) {
      console.log('\nFaults planted in the library, and how many tests of each mode fail with them')
      printTable(FAULT_COLUMNS, rows)
    }
  }
  if (suites.includes('random')) console.log(`\nseed ${options.seed}`)
  console.log(`\n${totals.passed} passed, ${totals.failed} failed`)
  process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1
}

function choice(value, allowed, otherwise) {
  if (value === undefined) return otherwise
  if (!allowed.includes(value)) fail(`${value} is none of ${allowed.join(', ')}.\n\n${HELP}`)
  return [value]
}

/** Runs one suite in the modes that concern it; a row of the table for each run. */
function rowsOf({ django, database, suite, modes, totals }) {
  const { modes: own, engine = '' } = SUITES[suite]
  const chosen = modes.filter((mode) => own.includes(mode) || mode === 'null' || mode === 'raising')
  if (chosen.length === 0) return []
  const empty = runTests({ django, database, suite, run: MODES.null[0] })
  const passesEmpty = Object.values(empty).filter(isPassed).length
  return chosen.flatMap((mode) =>
    MODES[mode].map((run) => {
      const title = `${suite} ${run.title ?? mode}`
      console.log(`Django ${django}, ${database}: ${title}`)
      const outcomes = mode === 'null' ? empty : runTests({ django, database, suite, run, isShown: mode !== 'raising' })
      const row = summary(outcomes)
      if (mode === 'raising')
        count(totals, row.blind === 0, `${row.blind} tests pass against a server that refuses all`)
      if (mode === 'plain' && row.passed > row.blind) {
        count(totals, false, `${row.passed - row.blind} tests of ${suite} passed and asked nothing of Node`)
      }
      for (const { test } of leftOutOf(django)) {
        if (isOf(suite, test) && !(test in outcomes))
          count(totals, false, `left-out.json names ${test}, which is no test`)
      }
      if (own.includes(mode)) {
        totals.passed += row.passed
        totals.failed += row.failed
      }
      return { suite, engine, mode: run.title ?? mode, ...row, empty: passesEmpty }
    }),
  )
}

/** Runs the suites that concern a fault, in all their modes. */
function faultRow({ name, django, database, suites, totals }) {
  const row = { fault: name, plain: '', crossed: '', alternate: '', halves: '' }
  const concerned = FAULTS[name].suites.filter((suite) => suites.includes(suite))
  console.log(`Django ${django}, ${database}: ${concerned.join(', ')} with the fault: ${name}`)
  let noticed = 0
  for (const suite of concerned) {
    for (const mode of SUITES[suite].modes) {
      for (const run of MODES[mode]) {
        const outcomes = runTests({ django, database, suite, run: { ...run, fault: name } })
        const failed = Object.values(outcomes).filter(isFailed).length
        row[mode] = Number(row[mode]) + failed
        noticed += failed
      }
    }
  }
  count(totals, noticed > 0, `no test notices: ${name}`)
  return row
}

function count(totals, isGood, complaint) {
  totals[isGood ? 'passed' : 'failed']++
  if (!isGood) console.log(complaint)
}

/** @returns {Record<string, { outcome: string, asked: number }>} by the test's name */
function runTests({ django, database, suite, run, isShown = false }) {
  const python = pythonOf(django)
  const { labels, absent, install, distribution = 'Django' } = SUITES[suite]
  const tests = testsOf(python, distribution)
  const folder = mkdtempSync(join(tmpdir(), 'django-suite-'))
  const results = join(folder, 'results.json')
  const server = run.fault
    ? [process.execPath, join(root, 'test/django-suite/faulty-server.ts'), '--fault', run.fault]
    : [process.execPath, join(root, 'test/django-suite/server.ts'), ...(run.server ?? [])]
  const leftOut = leftOutOf(django).map(({ test }) => test)
  const parameters = [
    ...[join(fixtures, 'run_tests.py'), tests, ...labels.filter((label) => !absent?.[django]?.includes(label))],
    ...['--install', install, '--server', JSON.stringify(server), '--results', results],
    ...['--left-out', JSON.stringify(leftOut), ...(run.python ?? [])],
  ]
  const environment = {
    ...process.env,
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONPATH: suite === 'jwt' ? packagesForTests(python) : '',
    SUITE_FOLDER: folder,
    SUITE_SEED: options.seed,
    SUITE_TRIALS: String(options.full && !run.server ? FULL_TRIALS : TRIALS),
    ...(database in SERVERS && { SUITE_DATABASE_URL: serverUrl(database) }),
  }
  try {
    const { stdout, stderr } = spawnSync(python, parameters, { encoding: 'utf8', env: environment, maxBuffer: 1 << 28 })
    const isThere = existsSync(results)
    const outcomes = isThere ? JSON.parse(readFileSync(results, 'utf8')) : {}
    const isBad = Object.values(outcomes).some(isFailed) || Object.keys(outcomes).length === 0
    if (isBad && (isShown || !isThere)) console.log(`${stdout}${stderr}`.slice(-20_000))
    if (Object.keys(outcomes).length === 0) fail(`No test of ${suite} ran.`)
    return outcomes
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Tests that are not run with this Django, each with the reason. */
function leftOutOf(django) {
  const entries = JSON.parse(readFileSync(join(fixtures, 'left-out.json'), 'utf8'))
  return entries.filter((entry) => entry.django === undefined || [entry.django].flat().includes(django))
}

function isOf(suite, test) {
  return SUITES[suite].labels.some((label) => test.startsWith(`${label}.`))
}

function summary(outcomes) {
  const all = Object.values(outcomes)
  const counted = (test) => all.filter(test).length
  const skipped = counted(({ outcome }) => outcome === 'skipped')
  const passed = counted(isPassed)
  return {
    total: all.length,
    'through Node': counted(({ asked }) => asked > 0),
    passed,
    failed: counted(isFailed),
    'left out': counted(({ outcome }) => outcome === 'left out'),
    skipped,
    blind: counted((test) => isPassed(test) && test.asked > 0),
    percent: `${((100 * passed) / (all.length - skipped)).toFixed(1)} %`,
  }
}

function isPassed({ outcome }) {
  return outcome === 'passed' || outcome === 'expectedFailures'
}

function isFailed(test) {
  return !isPassed(test) && !['skipped', 'left out'].includes(test.outcome)
}

function printTable(columns, rows) {
  const lines = [Object.values(columns), ...rows.map((row) => Object.keys(columns).map((name) => String(row[name])))]
  const widths = Object.keys(columns).map((_, index) => Math.max(...lines.map((line) => line[index].length)))
  for (const line of lines)
    console.log(
      line
        .map((cell, index) => cell.padEnd(widths[index]))
        .join('  ')
        .trimEnd(),
    )
}

function printLeftOut(django, suites) {
  const entries = leftOutOf(django).filter(({ test }) => suites.some((suite) => isOf(suite, test)))
  for (const reason of new Set(entries.map((entry) => entry.reason))) {
    const tests = entries
      .filter((entry) => entry.reason === reason)
      .map(({ test }) => test.split('.').slice(-2).join('.'))
    console.log(`left out, ${tests.length}: ${tests.join(', ')}\n  ${reason}`)
  }
}

function pythonOf(django) {
  const variable = `BRIDGE_PYTHON_${django.replace('.', '_')}`
  return process.env[variable] || fail(process.env[`${variable}_MISSING`] || `${variable} is not set.`)
}

function serverUrl(database) {
  return process.env[SERVERS[database]] || fail(`--database ${database} needs ${SERVERS[database]}.`)
}

function fail(text) {
  console.error(text)
  process.exit(1)
}
