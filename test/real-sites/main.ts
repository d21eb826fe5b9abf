/**
 * `npm run real-sites [-- name …]`: sites of others, from PyPI. Each is set up by its own instructions, its users and
 * sessions are made by its own Python, and `django.user()` must be what `request.user` is behind its whole middleware.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isDeepStrictEqual, promisify } from 'node:util'
import pg from 'pg'
import { pythonFor } from '../../scripts/python.mjs'
import { type Bridge, createBridge } from '../../src/bridge.ts'
import { type SettingsOfDjango, settingsFromDjango } from '../../src/settings/from-django/settings-from-django.ts'
import { REAL_SITES, type RealSite } from './sites.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const FIXTURES = join(ROOT, 'python-fixtures')
const CLI = join(ROOT, 'dist/cli/main.js')

const MANAGE = `import os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
os.environ["DJANGO_SETTINGS_MODULE"] = "own_settings"
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
`

interface Visitor {
  readonly kind: string
  readonly cookie: string | null
}

/** What the site's own middleware makes of a request, or Node. */
interface Seen {
  readonly user: { readonly pk: string; readonly fields: Readonly<Record<string, unknown>> } | null
  readonly values: Readonly<Record<string, unknown>>
}

let passed = 0
let failed = 0

function judge(what: string, isRight: boolean, detail = ''): void {
  if (isRight) passed++
  else failed++
  console.log(`  ${isRight ? '✓' : '✗'} ${what}${isRight || detail === '' ? '' : `\n      ${detail}`}`)
}

const wanted = process.argv.slice(2)
const stranger = wanted.find((name) => !REAL_SITES.some((site) => site.name === name))
if (stranger !== undefined) {
  console.error(`There is no site ${stranger}; there are ${REAL_SITES.map(({ name }) => name).join(', ')}.`)
  process.exit(2)
}
for (const site of REAL_SITES.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  console.log(`\n${site.name}: ${site.about}`)
  await tryOut(site).catch((error: unknown) => judge('runs to its end', false, lastLines(error)))
}
console.log(`\n${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

async function tryOut(site: RealSite): Promise<void> {
  const { python, missing } = await pythonFor(`real-${site.name}`, {
    root: ROOT,
    say: (text) => console.log(`  ${text}`),
  })
  if (python === undefined) throw new Error(missing)
  const live = await setUp(site, python)
  try {
    const visitors = (await live.inDjango('make')) as readonly Visitor[]
    const told = await settingsFromDjango({ manage: live.manage, python, env: live.env })
    printFindings(told)
    const { acknowledge = [], hooks = {}, settings = {}, options = {} } = site.answers ?? {}
    const bridge = createBridge(
      { ...told.settings, ...settings },
      {
        options: { ...told.options, ...options, acknowledge, deadlineMs: 30_000 },
        hooks: { ...hooks, onWarning: () => {}, onSuspicious: () => {} },
      },
    )
    try {
      await bridge.check()
      judge('bridge.check() passes', true)
      await compare(site, bridge, visitors, live)
      await change(site, bridge, visitors, live)
    } finally {
      await bridge.close()
    }
    await diagnose(live, python)
  } finally {
    await live.end()
  }
}

interface LiveSite {
  readonly manage: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Runs a step of python-fixtures/real_sites.py on what is given, and gives what it made of it. */
  inDjango(step: 'make' | 'ask', given?: unknown): Promise<unknown>
  end(): Promise<void>
}

async function setUp(site: RealSite, python: string): Promise<LiveSite> {
  const folder = join(ROOT, '.cache/real-sites', site.name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const database = site.database === 'postgres' ? await ownDatabase(site.name) : ownFile(folder)
  const manage = join(folder, 'manage.py')
  writeFileSync(manage, MANAGE)
  writeFileSync(join(folder, 'own_settings.py'), `${site.settings}\nDATABASES = {"default": ${database.settings}}\n`)
  for (const [name, text] of Object.entries(site.files ?? {})) writeFileSync(join(folder, name), text)
  const env = {
    ...process.env,
    ...site.env,
    PYTHONPATH: FIXTURES,
    PYTHONWARNINGS: 'ignore',
    REAL_SITE_HOST: site.host ?? 'localhost',
    REAL_SITE_PATH: site.path ?? '/',
    REAL_SITE_MAKE_USER: site.makeUser,
  }
  const run = (parameters: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    promisify(execFile)(python, [manage, ...parameters], {
      cwd: folder,
      env: { ...env, ...more },
      maxBuffer: 1 << 26,
    })
  const file = join(folder, 'exchange.json')
  try {
    for (const command of site.setUp ?? [['migrate', '--verbosity', '0']]) await run(command)
  } catch (error) {
    await database.drop()
    throw error
  }
  return {
    manage,
    env,
    async inDjango(step, given) {
      writeFileSync(file, JSON.stringify(given ?? null))
      await run(['shell', '-c', 'import real_sites'], { REAL_SITE_STEP: step, REAL_SITE_FILE: file })
      return JSON.parse(readFileSync(file, 'utf8'))
    },
    end: () => database.drop(),
  }
}

interface OwnDatabase {
  /** Python's dictionary. */
  readonly settings: string
  drop(): Promise<void>
}

function ownFile(folder: string): OwnDatabase {
  const settings = { ENGINE: 'django.db.backends.sqlite3', NAME: join(folder, 'db.sqlite3') }
  return { settings: JSON.stringify(settings), drop: async () => {} }
}

async function ownDatabase(name: string): Promise<OwnDatabase> {
  const url = process.env.BRIDGE_POSTGRES_URL
  if (url === undefined) throw new Error('needs a PostgreSQL: set BRIDGE_POSTGRES_URL')
  const { hostname, port, username, password } = new URL(url)
  const own = `real_site_${name}_${process.pid}`
  const sql = async (text: string) => {
    const client = new pg.Client(url)
    await client.connect()
    await client.query(text).finally(() => client.end())
  }
  await sql(`CREATE DATABASE ${own}`)
  const settings = {
    ENGINE: 'django.db.backends.postgresql',
    NAME: own,
    HOST: hostname,
    PORT: port || '5432',
    USER: decodeURIComponent(username),
    PASSWORD: decodeURIComponent(password),
  }
  return { settings: JSON.stringify(settings), drop: () => sql(`DROP DATABASE ${own} WITH (FORCE)`) }
}

function printFindings({ settings, options }: SettingsOfDjango): void {
  const { userTable, unclear, sessionTable } = options
  const key =
    userTable.fields?.[
      Object.keys(userTable.fields).find((name) => userTable.fields?.[name]?.column === userTable.primaryKey) ?? ''
    ]
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
    LOGIN_URL: settings.LOGIN_URL,
  }
  for (const [name, value] of Object.entries(found)) {
    if (value !== undefined) console.log(`    ${name}: ${value}`)
  }
  console.log(`    unclear: ${unclear.length === 0 ? 'nothing' : ''}`)
  for (const { code, what, answer } of unclear) console.log(`      ${code} (${what}): ${answer}`)
}

async function compare(site: RealSite, bridge: Bridge, visitors: readonly Visitor[], live: LiveSite): Promise<void> {
  const ours = await Promise.all(visitors.map(({ cookie }) => seenByNode(site, bridge, cookie)))
  const theirs = (await live.inDjango('ask', visitors)) as readonly Seen[]
  const differences = visitors.flatMap(({ kind }, place) => {
    const [left, right] = [ours[place], theirs[place]]
    return isDeepStrictEqual(left, right) ? [] : [`${kind}: ${difference(left, right)}`]
  })
  const known = theirs.filter(({ user }) => user !== null).length
  const what = `user() is request.user on ${visitors.length - differences.length} of ${visitors.length} requests, ${known} of them logged in`
  judge(what, differences.length === 0 && known >= 20, differences.slice(0, 5).join('\n      '))
}

/** What of two answers is not the same. */
function difference(ours: unknown, theirs: unknown, path = ''): string {
  const isDictionary = (value: unknown): value is object => typeof value === 'object' && value !== null
  if (!isDictionary(ours) || !isDictionary(theirs)) {
    return `${path} is ${JSON.stringify(ours)} in Node and ${JSON.stringify(theirs)} in Django`
  }
  const [left, right] = [new Map(Object.entries(ours)), new Map(Object.entries(theirs))]
  return Array.from(new Set([...left.keys(), ...right.keys()]))
    .filter((name) => !isDeepStrictEqual(left.get(name), right.get(name)))
    .map((name) => difference(left.get(name), right.get(name), `${path}.${name}`))
    .join(', ')
}

async function seenByNode(site: RealSite, bridge: Bridge, cookie: string | null): Promise<Seen> {
  const django = open(site, bridge, cookie)
  const user = await django.user()
  const session = await django.session()
  const values = ['cart', 'from_node'].flatMap((name) => (session.has(name) ? [[name, session.get(name)]] : []))
  await django.finish(200)
  if (user === null) return { user, values: Object.fromEntries(values) }
  const { pk, ...fields } = user
  const plainFields = Object.entries(fields).map(([name, value]) => [name, plain(value)])
  return { user: { pk: String(pk), fields: Object.fromEntries(plainFields) }, values: Object.fromEntries(values) }
}

function open(site: RealSite, bridge: Bridge, cookie: string | null) {
  const headers = {
    host: site.host ?? 'localhost',
    ...(cookie !== null && { cookie: `${bridge.settings.SESSION_COOKIE_NAME}=${cookie}` }),
  }
  return bridge.open({ method: 'GET', url: site.path ?? '/', headers, secure: true })
}

/** As real_sites.py writes the same values. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return { moment: value.getTime() }
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') }
  if (typeof value === 'bigint') return Number(value)
  return value
}

/** What Node writes is there for Django; a logout by Node is one for Django. */
async function change(site: RealSite, bridge: Bridge, visitors: readonly Visitor[], live: LiveSite): Promise<void> {
  const [first, second] = visitors.filter(({ kind }) => kind === 'live')
  if (first === undefined || second === undefined) throw new Error('nobody is logged in')
  const writing = open(site, bridge, first.cookie)
  ;(await writing.session()).set('from_node', { text: 'ä😀', list: [1, 2.5, null, true] })
  await writing.finish(200)
  const leaving = open(site, bridge, second.cookie)
  await (await leaving.session()).flush()
  await leaving.finish(200)
  const [after, gone] = (await live.inDjango('ask', [first, second])) as readonly Seen[]
  const isThere = isDeepStrictEqual(after?.values.from_node, { text: 'ä😀', list: [1, 2.5, null, true] })
  judge('Django reads what Node wrote, and the login stays', isThere && after?.user !== null, JSON.stringify(after))
  judge('a logout by Node is one for Django', gone?.user === null, JSON.stringify(gone))
}

async function diagnose({ manage, env }: LiveSite, python: string): Promise<void> {
  const parameters = [CLI, 'doctor', '--manage', manage, '--python', python]
  const child = await promisify(execFile)(process.execPath, parameters, { env }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: { code?: number; stdout?: string; stderr?: string }) => ({
      code: error.code,
      stdout: `${error.stdout}${error.stderr}`,
    }),
  )
  for (const line of child.stdout.trimEnd().split('\n')) console.log(`    doctor: ${line}`)
  judge('doctor ends, and says what it found', child.code === 0 || child.code === 1, `exit status ${child.code}`)
}

function lastLines(error: unknown): string {
  const { stderr = '', message } = error as { stderr?: string; message: string }
  return [message.split('\n')[0], ...stderr.trimEnd().split('\n').slice(-12)].join('\n      ')
}
