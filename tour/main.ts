/**
 * The tour: one shop, half of it served by Django and half by Node, one session.
 *
 *     npm start                          serves until Ctrl+C
 *     npm start -- --cookie RS256        with django-session-jwt's cookie (HS256 or RS256)
 *     npm start -- --check               walks every kind of cookie and ends
 */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Bridge, createBridge, type DjangoSettings } from 'django-session-bridge'
import { createJwtVerifier } from 'django-session-bridge/jwt'
import { shop } from './app.ts'
import { COOKIE_KINDS, type CookieKind, FIELDS, type SharedSettings, sharedSettings } from './cookie-kinds.ts'
import { type DjangoSite, startDjango } from './django.ts'
import { type Report, walk, walkNodeOnly } from './walk.ts'

const HELP = `npm start -- [options]
  --cookie KIND        plain (default), HS256 or RS256
  --django-port PORT   default 8000
  --node-port PORT     default 3000
  --check              walk the tour with every kind of cookie, compare both sides, and end
  --strict             with --check: fail when Python is missing
  --help`

const { values: options } = parseArgs({
  options: {
    cookie: { type: 'string', default: 'plain' },
    'django-port': { type: 'string', default: '8000' },
    'node-port': { type: 'string', default: '3000' },
    check: { type: 'boolean', default: false },
    strict: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const python = process.env.BRIDGE_PYTHON_5_2
const noPython = process.env.BRIDGE_PYTHON_5_2_MISSING ?? 'BRIDGE_PYTHON_5_2 is not set; `npm start` sets it'

if (options.help) console.log(HELP)
else if (options.check) process.exitCode = await check()
else await serve()

/** Both halves of the site on one new SQLite file. */
async function startBoth(
  kind: CookieKind,
  folder: string,
  ports: { django: number; node: number },
): Promise<{ shared: SharedSettings; django: DjangoSite; node: NodeSite }> {
  const shared = sharedSettings(kind)
  const file = join(folder, `${kind}.sqlite3`)
  const databaseUrl = `sqlite:///${file}`
  // The two link to each other, so Node binds its port before Django starts, and learns Django's address after.
  const bridge = createBridge({ ...shared, ...common(file) })
  const node = await startNode(bridge, ports.node)
  const django = await startDjango({
    python: python ?? '',
    databaseUrl,
    settings: shared,
    nodeUrl: node.url,
    port: ports.django,
  }).catch(async (error) => {
    await node.stop()
    throw error
  })
  node.djangoUrl = django.url
  return { shared, django, node }
}

interface NodeSite {
  readonly url: string
  djangoUrl: string
  stop(): Promise<void>
}

function common(file: string): Partial<DjangoSettings> {
  return { DATABASES: { default: `sqlite:///${file}` }, DEBUG: true, DJANGO_VERSION: '5.2' }
}

async function startNode(bridge: Bridge, port: number): Promise<NodeSite> {
  const site = { url: '', djangoUrl: '' }
  const app = shop(bridge, () => site.djangoUrl)
  const server = await new Promise<Server>((listening, failed) => {
    const starting = app.listen(port, '127.0.0.1', (error) => (error ? failed(error) : listening(starting)))
  })
  site.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return Object.assign(site, {
    async stop() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
      await bridge.close()
    },
  })
}

async function serve(): Promise<void> {
  const kind = COOKIE_KINDS.find((name) => name.toLowerCase() === options.cookie.toLowerCase())
  if (kind === undefined) return stopWith(`--cookie is one of ${COOKIE_KINDS.join(', ')}.`)
  if (python === undefined) {
    return stopWith(`The tour needs Python: ${noPython}. \`npm start -- --check\` shows what runs without it.`)
  }
  const folder = mkdtempSync(join(tmpdir(), 'django-session-bridge-'))
  const { django, node } = await startBoth(kind, folder, {
    django: Number(options['django-port']),
    node: Number(options['node-port']),
  }).catch((error: Error) => {
    rmSync(folder, { recursive: true, force: true })
    return stopWith(`${error.message}\nIs a port taken? See --django-port and --node-port.`)
  })
  console.log(`
  The shop, ${kind} cookie
    Django   ${django.url}/
    Node     ${node.url}/
    login    ada, lovelace      (grace, hopper for ${django.url}/admin/)

  Log in at Django, fill the cart on both sides, log out on either. Ctrl+C ends.
`)
  await new Promise<void>((interrupted) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted())
  })
  await Promise.all([django.stop(), node.stop()])
  rmSync(folder, { recursive: true, force: true })
}

async function check(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'django-session-bridge-'))
  const count = { passed: 0, failed: 0 }
  const report: Report = ({ what, seen, expected }) => {
    const isRight = seen === expected
    count[isRight ? 'passed' : 'failed']++
    console.log(`  ${isRight ? '✓' : '✗'} ${what.padEnd(40)} ${seen}${isRight ? '' : `   expected: ${expected}`}`)
  }
  try {
    for (const kind of COOKIE_KINDS) {
      console.log(`${kind} cookie`)
      if (python === undefined) await checkNodeOnly(kind, folder, report)
      else await checkBoth(kind, folder, report)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  if (python === undefined) console.log(`skipped: needs Python for everything that Django serves (${noPython})`)
  console.log(`${count.passed} passed, ${count.failed} failed`)
  return count.failed > 0 || (python === undefined && options.strict) ? 1 : 0
}

async function checkBoth(kind: CookieKind, folder: string, report: Report): Promise<void> {
  const { shared, django, node } = await startBoth(kind, folder, { django: 0, node: 0 })
  const statedUser = keyHolder(kind, shared)
  try {
    await walk({ kind, djangoUrl: django.url, nodeUrl: node.url, statedUser }, report)
  } finally {
    await Promise.all([django.stop(), node.stop()])
  }
}

/** The federated service: it has no database, only the key that tokens are verified with. */
function keyHolder(kind: CookieKind, { SECRET_KEY, DJANGO_SESSION_JWT }: SharedSettings) {
  if (kind === 'plain') return null
  const publicKey = DJANGO_SESSION_JWT?.KEY?.[1]
  const verifier =
    publicKey === undefined
      ? createJwtVerifier({ secret: SECRET_KEY, FIELDS })
      : createJwtVerifier({ publicKey, FIELDS })
  return (cookieHeader: string): string | null => {
    const verdict = verifier.verifyCookie(cookieHeader)
    return verdict.ok && typeof verdict.claims.username === 'string' ? verdict.claims.username : null
  }
}

/** Without Python: on a copy of a file that Django made, whose sessions end in 9999. */
async function checkNodeOnly(kind: CookieKind, folder: string, report: Report): Promise<void> {
  const sample = join(import.meta.dirname, 'sample-site')
  const made = JSON.parse(readFileSync(join(sample, 'cookies.json'), 'utf8')) as {
    [kind in CookieKind]: { settings: DjangoSettings; cookie: string }
  }
  const file = join(folder, `${kind}.sqlite3`)
  copyFileSync(join(sample, 'site.sqlite3'), file)
  const node = await startNode(createBridge({ ...made[kind].settings, ...common(file) }), 0)
  try {
    await walkNodeOnly(node.url, made[kind].cookie, report)
  } finally {
    await node.stop()
  }
}

function stopWith(message: string): never {
  console.error(message)
  process.exit(1)
}
