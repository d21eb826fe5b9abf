/**
 * `npm run compose:check`: starts docker-compose.yml on free ports, logs in at Django over HTTP, reads and changes the
 * session from Node, and takes everything down. Works with Compose v2 (`docker compose`) and v1 (`docker-compose`).
 */
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { createBridge } from 'django-session-bridge'
import { freePort } from '../test/free-port.ts'

const root = resolve(import.meta.dirname, '..')
const SECRET_KEY = 'a key of a site that holds no secrets, and long enough for HS256'
const START_SECONDS = 120

const command = composeCommand()
if (command === null) {
  console.error('compose:check needs Docker Compose: neither `docker compose` nor `docker-compose` answers.')
  process.exit(1)
}

const [postgresPort, redisPort, djangoPort] = [await freePort(), await freePort(), await freePort()]
const environment = {
  ...process.env,
  COMPOSE_PROJECT_NAME: `bridge_check_${process.pid}`,
  POSTGRES_PORT: String(postgresPort),
  REDIS_PORT: String(redisPort),
  DJANGO_PORT: String(djangoPort),
}
const djangoUrl = `http://127.0.0.1:${djangoPort}`
const count = { passed: 0, failed: 0 }

try {
  console.log(`starting with \`${command.join(' ')}\` (images are built or pulled the first time)`)
  expect('compose up', compose('up', '-d', '--build').status, 0)
  if (count.failed === 0) {
    expect('Django answers', await untilReady(`${djangoUrl}/api/whoami`), true)
    await checkSession()
  }
} catch (error) {
  expect(error.message, 'an error', 'none')
} finally {
  expect('compose down', compose('down', '--volumes', '--remove-orphans', '--rmi', 'local').status, 0)
}
console.log(`${count.passed} passed, ${count.failed} failed`)
process.exitCode = count.failed === 0 ? 0 : 1

async function checkSession() {
  const login = await fetch(`${djangoUrl}/api/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'ada', password: 'lovelace' }),
  })
  const cookie = login.headers
    .getSetCookie()
    .map((line) => line.trim().split(';')[0])
    .find((pair) => pair.startsWith('sessionid='))
  expect('log in at Django', login.status, 200)
  const bridge = createBridge(
    { SECRET_KEY, DEBUG: true, DATABASES: { default: `postgres://bridge:bridge@127.0.0.1:${postgresPort}/bridge` } },
    { hooks: { onWarning: () => undefined } },
  )
  try {
    const django = bridge.open({ method: 'GET', url: '/', headers: { cookie }, secure: false })
    expect('the user in Node', (await django.user())?.username, 'ada')
    const session = await django.session()
    session.set('cart', ['nails'])
    await django.finish(200)
    const seen = await (await fetch(`${djangoUrl}/api/session`, { headers: { cookie } })).json()
    expect('the cart in Django', JSON.stringify(seen.data.cart), '["nails"]')
  } finally {
    await bridge.close()
  }
}

function expect(what, seen, expected) {
  const isRight = seen === expected
  count[isRight ? 'passed' : 'failed']++
  console.log(`  ${isRight ? '✓' : '✗'} ${what}: ${seen}${isRight ? '' : `   expected: ${expected}`}`)
}

async function untilReady(url) {
  for (let attempt = 0; attempt < START_SECONDS * 2; attempt++) {
    const response = await fetch(url).catch(() => null)
    if (response?.ok) return true
    await new Promise((resume) => setTimeout(resume, 500))
  }
  return false
}

function compose(...parameters) {
  const [program, ...first] = command
  const quiet = parameters[0] === 'down' ? 'ignore' : 'inherit'
  return spawnSync(program, [...first, ...parameters], {
    cwd: root,
    env: environment,
    stdio: ['ignore', quiet, 'inherit'],
  })
}

function composeCommand() {
  const candidates = [['docker', 'compose'], ['docker-compose']]
  return candidates.find(([program, ...first]) => spawnSync(program, [...first, 'version']).status === 0) ?? null
}
