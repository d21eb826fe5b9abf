/** Processes that are killed in the middle of a request, and what Django then finds: `npm run crash -- --help`. */
import { spawn } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { Redis } from 'ioredis'
import { sessionAuthHash } from '../../src/auth/session-hash.ts'
import { type Bridge, createBridge } from '../../src/bridge.ts'
import { REMOVE, REPLACE, TOUCH } from '../../src/caches/redis-scripts.ts'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import { chosenDatabases, DATABASE_OPTION, type DatabaseName, djangoDatabase, newDatabase } from '../database-choice.ts'
import { type DjangoPlace, prepareDatabase } from '../history/workers.ts'
import type { DatabaseHome } from '../interop/live-site.ts'
import { refuse, startOutcome } from '../outcome.ts'
import { missingRedisServer, startPrivateRedis } from '../private-redis.ts'
import { seededRandom, shuffled } from '../seeded-random.ts'
import type { Moment, Operation, Place, VictimOptions } from './victim.ts'

/** One for each run: several go on side by side. */
const VICTIM = resolve(import.meta.dirname, `../../.cache/crash-victim-${process.pid}.mjs`)
const FULL = 40
const QUICK = 1
/** How many are killed at a time. */
const BREADTH = 3
const OPERATIONS: readonly Operation[] = ['save', 'cycleKey', 'flush', 'rotation']
const MOMENTS: readonly Moment[] = ['before', 'during', 'after']
/** Bytes that do not compress, so that a row has many pages. */
const FILLER = 60_000

const SECRETS = {
  secretKey: 'the secret of a site whose processes are killed',
  fallbackKey: 'the secret before that, which logins still have',
  password: 'pbkdf2_sha256$1$salt$hash',
}

const HELP = `npm run crash -- [options]

  ${DATABASE_OPTION}
  --engine NAME  db (default), cached_db or cache with a redis-server of our own, or file, whose calls of the file system
                 are what processes are killed at
  --full         every place ${FULL} times, else once
  --seed N       the order of the kills
  --help

Node processes are killed (SIGKILL) before sending, after sending and after the reply of each statement of a save,
cycleKey, flush and the rotation after a match by a fallback key; real Django then reads the rows: the old state or the
new one, never both keys, never a row that cannot be read. Then the same with a change of keys in two statements, which
must be noticed. A session file that is renamed to its new key and not yet replaced there has the old state under a key
that nobody was told; a session in Redis whose old key has ended, and whose new one was not added, is lost: each is
counted, and only there. Ends with \`N passed, N failed\`.`

/** What no kill may lead to. */
const WRONGS = [
  'both keys valid',
  'session gone that nobody ended',
  'unreadable rows',
  'states that are neither old nor new',
  'logins lost',
  'writes that were acknowledged and are not there',
  'writes that were never sent and are there',
  'places that were not reached',
  'copies that are not their rows',
] as const

interface Row {
  readonly key: string
  readonly data: Readonly<Record<string, unknown>> | null
  readonly login: 'current' | 'fallback' | null
}

interface Reader {
  rows(): Promise<readonly Row[]>
  forget(keys: readonly string[]): Promise<unknown>
  stop(): Promise<void>
}

/** One database with Django beside it. */
interface Site {
  readonly url: string
  readonly settings: Partial<DjangoSettings>
  readonly reader: Reader
  readonly bridge: Bridge
  /** Until the server is through with what a client of this name sent who is no more. */
  hasFinished(name: string): Promise<void>
  stop(): Promise<void>
}

/** What was wrong with what Django found, by how often. */
type Wrongs = Map<string, number>

interface Tally {
  trials: number
  old: number
  new: number
  /** Old states under a key that nobody was told. */
  moved: number
  /** Sessions of which the old key had ended, and the new one was not there yet. */
  lost: number
  readonly wrongs: Wrongs
}

/** A row while the server has a connection of that name; in MySQL, which has no names, one that holds a lock of it. */
const BUSY: Readonly<Record<string, string>> = {
  'postgres:': 'SELECT 1 FROM pg_stat_activity WHERE application_name = ?',
  'mysql:': 'SELECT 1 FROM dual WHERE IS_FREE_LOCK(?) = 0',
}

const { values: options } = parseArgs({
  options: {
    database: { type: 'string', multiple: true },
    engine: { type: 'string', default: 'db' },
    full: { type: 'boolean', default: false },
    seed: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const python = process.env.BRIDGE_PYTHON_5_2 ?? ''
const seed = Number(options.seed ?? randomInt(2 ** 31))
const random = seededRandom(seed)
const times = options.full ? FULL : QUICK

const { tell, end } = startOutcome()

if (options.help) console.log(HELP)
else await main()

async function main(): Promise<void> {
  const chosen = chosenDatabases(options.database)
  if ('refusal' in chosen) return refuse(chosen.refusal, HELP)
  if (python === '')
    return refuse(`No Django 5.2: ${process.env.BRIDGE_PYTHON_5_2_MISSING ?? 'BRIDGE_PYTHON_5_2 is not set'}.`, HELP)
  if (!Number.isSafeInteger(seed)) return refuse('--seed is a whole number.', HELP)
  console.log(`every place ${times} times; seed ${seed}`)
  await buildVictim()
  if (options.engine === 'file') await crashes('file', await startSite(await newDatabase('sqlite'), filesBeside))
  else if (options.engine === 'cache') await inRedis()
  else if (options.engine === 'cached_db') await withCopies(chosen.names)
  else if (options.engine !== 'db') return refuse(`Not known: ${options.engine}.`, HELP)
  else for (const name of chosen.names) await crashes(name, await startSite(await newDatabase(name)))
  end()
}

/** Rows, and copies in a Redis of our own: whoever reads on through the cache finds what the row has. */
async function withCopies(names: readonly DatabaseName[]): Promise<void> {
  const missing = missingRedisServer()
  if (missing !== null) return refuse(`For cached_db: ${missing}.`, HELP)
  for (const name of names) {
    const server = await startPrivateRedis()
    const cache = { BACKEND: 'django.core.cache.backends.redis.RedisCache', LOCATION: server.url, OPTIONS: {} }
    const settings = { SESSION_ENGINE: 'django.contrib.sessions.backends.cached_db', CACHES: { default: cache } }
    try {
      await crashes(name, await startSite(await newDatabase(name), () => settings))
    } finally {
      await server.drop()
    }
  }
}

async function inRedis(): Promise<void> {
  const missing = missingRedisServer()
  if (missing !== null) return refuse(`For cache: ${missing}.`, HELP)
  const server = await startPrivateRedis()
  const admin = new Redis(server.port)
  // Else the first victim would send each script twice.
  for (const { lua } of [REPLACE, TOUCH, REMOVE]) await admin.script('LOAD', lua)
  const cache = { BACKEND: 'django.core.cache.backends.redis.RedisCache', LOCATION: server.url, OPTIONS: {} }
  const settings = { SESSION_ENGINE: 'django.contrib.sessions.backends.cache', CACHES: { default: cache } }
  const site = await startSite(await newDatabase('sqlite'), () => settings)
  try {
    await crashes('redis', {
      ...site,
      async hasFinished(name) {
        while (String(await admin.client('LIST')).includes(name)) await new Promise((resume) => setTimeout(resume, 5))
      },
    })
  } finally {
    admin.disconnect()
    await server.drop()
  }
}

async function crashes(name: DatabaseName | 'file' | 'redis', site: Site): Promise<void> {
  try {
    for (const operation of OPERATIONS) {
      const { tally, statements } = await killEverywhere(site, { operation, times, isCareless: false })
      console.log(
        `\n${name}, ${operation} (${statements.join(', ')}): ${tally.trials} killed; ${tally.old} times the old state, ${tally.new} times the new one${tally.moved > 0 ? `, ${tally.moved} times lost between two names` : ''}${tally.lost > 0 ? `, ${tally.lost} times lost between two keys` : ''}`,
      )
      for (const wrong of WRONGS) tell(!tally.wrongs.has(wrong), `${name}, ${operation}: ${told(tally, wrong)}`)
      tell(tally.old > 0 && tally.new > 0, `${name}, ${operation}: both states were seen`)
    }
    if (name === 'file') await sweeps(site)
    if (name !== 'sqlite' && name !== 'file' && name !== 'redis') return
    const { tally } = await killEverywhere(site, { operation: 'cycleKey', times: 1, isCareless: true })
    console.log()
    tell(
      tally.wrongs.has('both keys valid'),
      `planted, keys changed in two statements: ${told(tally, 'both keys valid')}`,
    )
  } finally {
    await site.stop()
  }
}

/** What killed processes left beside the sessions goes with the next clearing that comes an hour later. */
async function sweeps({ url, settings }: Site): Promise<void> {
  const left = () => readdirSync(settings.SESSION_FILE_PATH ?? '').filter((file) => file.includes('_out_')).length
  const before = left()
  const bridge = createBridge(
    { SECRET_KEY: SECRETS.secretKey, DEBUG: true, DATABASES: { default: url }, ...settings },
    { hooks: { now: () => new Date(Date.now() + 3_700_000) } },
  )
  await bridge.clearExpired()
  await bridge.close()
  tell(before > 0 && left() === 0, `file: ${before} temporary files of killed processes, ${left()} after a clearing`)
}

async function startSite(
  home: DatabaseHome,
  settingsOf: (url: string) => Partial<DjangoSettings> = () => ({}),
): Promise<Site> {
  const { url } = home
  const database = djangoDatabase(url)
  const settings = settingsOf(url)
  await prepareDatabase(python, { database, settings }, SECRETS)
  const reader = await startReader({ database, settings })
  const bridge = createBridge({ SECRET_KEY: SECRETS.secretKey, DEBUG: true, DATABASES: { default: url }, ...settings })
  const busy = BUSY[new URL(url).protocol]
  return {
    url,
    settings,
    reader,
    bridge,
    async hasFinished(name) {
      while (busy !== undefined && (await home.sql(busy, [name])).length > 0) {
        await new Promise((resume) => setTimeout(resume, 5))
      }
    },
    async stop() {
      await bridge.close()
      await reader.stop()
      await home.drop()
    },
  }
}

function filesBeside(url: string): Partial<DjangoSettings> {
  const folder = join(dirname(url.slice('sqlite:///'.length)), 'sessions')
  mkdirSync(folder)
  return { SESSION_ENGINE: 'django.contrib.sessions.backends.file', SESSION_FILE_PATH: folder }
}

/** Kills at every place of one operation, in any order. */
async function killEverywhere(
  site: Site,
  { operation, times, isCareless }: { operation: Operation; times: number; isCareless: boolean },
): Promise<{ tally: Tally; statements: readonly string[] }> {
  const tally: Tally = { trials: 0, old: 0, new: 0, moved: 0, lost: 0, wrongs: new Map() }
  const statements = await statementsOf(site, operation, isCareless)
  const places = statements.flatMap((verb, statement) =>
    MOMENTS.filter((moment) => moment !== 'during' || hasMidway(verb, site)).map(
      (moment): Place => ({ statement, moment }),
    ),
  )
  const waiting = shuffled(Array.from({ length: times }, () => places).flat(), random)
  // Careless stores change something with the first of their statements already.
  const write = isCareless ? Number.NaN : statements.findLastIndex((verb) => isWrite(verb))
  const claim = statements.findIndex((verb) => isWrite(verb))
  await Promise.all(
    Array.from({ length: BREADTH }, async () => {
      for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
        await killOnce(site, { operation, place, isCareless, write, claim, tally })
        tally.trials++
        if (options.full && tally.trials % 100 === 0) console.error(`  ${operation}: ${tally.trials} killed`)
      }
    }),
  )
  return { tally, statements }
}

/** Whether a statement changes a row, or a call what a name stands for. */
function isWrite(verb: string): boolean {
  return !['SELECT', 'get', 'open', 'stat', 'statSync', 'readFile', 'write', 'utimes', 'close'].includes(verb)
}

/** A cache tells keys first and values later: what another trial ends in between is no row that cannot be read. */
async function hasUnreadable(site: Site, rows: Awaited<ReturnType<Site['reader']['rows']>>): Promise<boolean> {
  const doubtful = rows.flatMap(({ key, data }) => (data === null ? [key] : []))
  if (doubtful.length === 0) return false
  return (await site.reader.rows()).some(({ key, data }) => data === null && doubtful.includes(key))
}

/** Whether sessions are in a cache alone. */
function isInCache({ SESSION_ENGINE: engine }: Partial<DjangoSettings>): boolean {
  return engine?.endsWith('.cache') === true
}

/** A statement that changes no row is never midway, and of the calls of a file system only a write is. */
function hasMidway(verb: string, { url, settings }: Site): boolean {
  if (settings.SESSION_FILE_PATH !== undefined) return verb === 'write'
  return verb !== 'SELECT' || !url.startsWith('sqlite') || isInCache(settings)
}

interface Trial {
  readonly operation: Operation
  readonly place: Place
  readonly isCareless: boolean
  /** The statement that writes, the last of them. */
  readonly write: number
  /** The first of them. */
  readonly claim: number
  readonly tally: Tally
}

async function killOnce(site: Site, trial: Trial): Promise<void> {
  const { operation, place, isCareless, write, claim, tally } = trial
  const wrong = (what: (typeof WRONGS)[number]): void => void tally.wrongs.set(what, (tally.wrongs.get(what) ?? 0) + 1)
  const { mark, cookie, key } = await newSession(site, operation)
  const { signal } = await runVictim({ ...victimOn(site, operation, isCareless), cookie, place, name: mark })
  if (signal !== 'SIGKILL') wrong('places that were not reached')
  await site.hasFinished(mark)

  const all = await site.reader.rows()
  if (await hasUnreadable(site, all)) wrong('unreadable rows')
  const rows = all.filter(({ data }) => data?.mark === mark)
  if (!(await areCopiesOf(site, [key, ...rows.map((row) => row.key)], rows))) wrong('copies that are not their rows')
  await site.reader.forget(rows.map((row) => row.key))

  const [row] = rows
  if (rows.length > 1) return wrong('both keys valid')
  if (row === undefined && operation !== 'flush') {
    const hasEnded = place.statement > claim || (place.statement === claim && place.moment !== 'before')
    const isAdded = place.statement > write || (place.statement === write && place.moment === 'after')
    if (!isInCache(site.settings) || claim === write || !hasEnded || isAdded) {
      return wrong('session gone that nobody ended')
    }
    tally.lost++
    return
  }
  const isNew = row === undefined || row.data?.state === 'new'
  if (isNew) tally.new++
  else tally.old++
  if (row !== undefined) {
    const movesKey = operation === 'cycleKey' || operation === 'rotation'
    const hash = isNew || operation !== 'rotation' ? 'current' : 'fallback'
    // Between the two renames of a session file.
    const isMoved = claim < write && place.statement >= claim && !isNew && movesKey && row.key !== key
    if (isMoved) tally.moved++
    const isWhole = (isMoved || (row.key !== key) === (isNew && movesKey)) && String(row.data?.filler).length === FILLER
    if (!isWhole || (isNew && operation === 'flush')) wrong('states that are neither old nor new')
    if (row.login !== hash) wrong('logins lost')
  }
  const isSent = place.statement > write || (place.statement === write && place.moment !== 'before')
  const isAcknowledged = place.statement > write || (place.statement === write && place.moment === 'after')
  if (isAcknowledged && !isNew) wrong('writes that were acknowledged and are not there')
  if (!isSent && !Number.isNaN(write) && isNew) wrong('writes that were never sent and are there')
}

/** Whether what is read under these keys through the cache is what the rows have. */
async function areCopiesOf(
  { bridge, settings }: Site,
  keys: readonly string[],
  rows: readonly Row[],
): Promise<boolean> {
  if (!settings.SESSION_ENGINE?.endsWith('.cached_db')) return true
  for (const key of keys) {
    const request = { method: 'GET', url: '/', headers: { cookie: `sessionid=${key}` }, secure: false }
    const session = await bridge.open(request).session()
    const row = rows.find((each) => each.key === key)
    if (session.get('state') !== row?.data?.state) return false
  }
  return true
}

/** A session of the one user, in its old state. */
async function newSession(site: Site, operation: Operation) {
  const mark = `crash-${randomBytes(8).toString('hex')}`
  const django = site.bridge.open({ method: 'GET', url: '/', headers: {}, secure: false })
  const hashKey = operation === 'rotation' ? SECRETS.fallbackKey : SECRETS.secretKey
  ;(await django.session()).update({
    _auth_user_id: '1',
    _auth_user_backend: 'django.contrib.auth.backends.ModelBackend',
    _auth_user_hash: sessionAuthHash(SECRETS.password, hashKey),
    mark,
    state: 'old',
    filler: randomBytes(FILLER / 2).toString('hex'),
  })
  const { cookies } = await django.finish(200)
  const key = cookies[0]?.value ?? ''
  return { mark, key, cookie: `sessionid=${key}` }
}

/** What one operation sends when nobody kills it. */
async function statementsOf(site: Site, operation: Operation, isCareless: boolean): Promise<readonly string[]> {
  const { mark, cookie } = await newSession(site, operation)
  const { output } = await runVictim({ ...victimOn(site, operation, isCareless), cookie, place: null, name: mark })
  return JSON.parse(output) as string[]
}

function victimOn(site: Site, operation: Operation, isCareless: boolean) {
  const { secretKey, fallbackKey } = SECRETS
  return { databaseUrl: site.url, settings: site.settings, secretKey, fallbackKey, operation, isCareless }
}

/** As one file of JavaScript, which starts several times as fast. */
async function buildVictim(): Promise<void> {
  process.once('exit', () => rmSync(VICTIM, { force: true }))
  await build({
    entryPoints: [resolve(import.meta.dirname, 'victim.ts')],
    outfile: VICTIM,
    bundle: true,
    platform: 'node',
    format: 'esm',
    // Of another language, or not installed.
    external: ['pg-native', 'lz4-napi', '@napi-rs/lzma'],
    // What is CommonJS in it asks for Node's own modules.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
  })
}

async function runVictim(given: VictimOptions): Promise<{ signal: string | null; output: string }> {
  const child = spawn(process.execPath, [VICTIM, JSON.stringify(given)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>
  const output = await text(child.stdout)
  const [, signal] = await exited
  return { signal, output }
}

async function startReader(place: DjangoPlace): Promise<Reader> {
  const given = {
    ...place,
    secret_key: SECRETS.secretKey,
    secret_key_fallbacks: [SECRETS.fallbackKey],
    password: SECRETS.password,
  }
  const child = spawn(python, ['session_reader.py', JSON.stringify(given)], {
    cwd: resolve(import.meta.dirname, '../../python-fixtures'),
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  })
  const waiting: { resolve: (rows: Row[]) => void; reject: (error: Error) => void }[] = []
  const ready = Promise.withResolvers<void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = JSON.parse(line) as Row[] | { ready: true }
    if (Array.isArray(answer)) waiting.shift()?.resolve(answer)
    else ready.resolve()
  })
  child.on('exit', () => {
    const error = new Error('The reading Django ended; its message is above.')
    ready.reject(error)
    for (const { reject } of waiting) reject(error)
  })
  await ready.promise
  const ask = (question: object): Promise<readonly Row[]> => {
    const answer = Promise.withResolvers<readonly Row[]>()
    waiting.push(answer)
    child.stdin.write(`${JSON.stringify(question)}\n`)
    return answer.promise
  }
  return {
    rows: () => ask({}),
    forget: (keys) => ask({ forget: keys }),
    async stop() {
      const exited = once(child, 'exit')
      child.stdin.end()
      await exited
    },
  }
}

function told(tally: Tally, wrong: string): string {
  return `${tally.wrongs.get(wrong) ?? 0} ${wrong}`
}
