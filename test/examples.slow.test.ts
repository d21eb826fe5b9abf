/**
 * The README's quick starts, run as they stand, on a database and cookies that a real Django made.
 * BRIDGE_EXAMPLES names another folder that has them, installed or bundled.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { freePort } from './free-port.ts'

const ROOT = resolve(import.meta.dirname, '..')
const EXAMPLES = process.env.BRIDGE_EXAMPLES ?? join(ROOT, 'examples')
const NODE_OPTIONS = process.features.typescript ? [] : ['--experimental-strip-types']
const SAMPLE = join(ROOT, 'tour/sample-site')
const cookies = JSON.parse(readFileSync(join(SAMPLE, 'cookies.json'), 'utf8')) as {
  [kind in 'plain' | 'RS256']: { settings: { SECRET_KEY: string }; cookie: string }
}
const PLAIN = `sessionid=${cookies.plain.cookie}`

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const clean of cleanups.splice(0)) clean()
})

/** Starts an example; gives the address it serves. */
async function start(example: string, env: { [name: string]: string } = {}): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'example-'))
  copyFileSync(join(SAMPLE, 'site.sqlite3'), join(folder, 'site.sqlite3'))
  const port = await freePort()
  const child = spawn(process.execPath, [...NODE_OPTIONS, fileOf(example)], {
    stdio: ['ignore', 'inherit', 'pipe'],
    env: {
      ...process.env,
      SECRET_KEY: cookies.plain.settings.SECRET_KEY,
      DATABASE_URL: `sqlite:///${join(folder, 'site.sqlite3')}`,
      DEBUG: 'true',
      PORT: String(port),
      ...env,
    },
  })
  cleanups.push(() => {
    child.kill()
    rmSync(folder, { recursive: true, force: true })
  })
  await untilOpen(port, child)
  return `http://127.0.0.1:${port}`
}

/** The one file of an example that is code. */
function fileOf(example: string): string {
  const folder = join(EXAMPLES, example)
  return join(folder, readdirSync(folder).find((name) => /\.([cm]?js|ts)$/.test(name)) ?? '')
}

async function untilOpen(port: number, child: ChildProcess): Promise<void> {
  let complaints = ''
  child.stderr?.on('data', (bytes) => {
    complaints += bytes
  })
  for (;;) {
    if (child.exitCode !== null) throw new Error(complaints)
    const isOpen = await new Promise((answer) => {
      const socket = connect(port, '127.0.0.1', () => answer(true))
      socket.on('error', () => answer(false))
      socket.on('close', () => socket.destroy())
      cleanups.push(() => socket.destroy())
    })
    if (isOpen) return
    await new Promise((resume) => setTimeout(resume, 50))
  }
}

test('who-is-it: knows the user, and lets only users in', { timeout: 20_000 }, async () => {
  const url = await start('who-is-it')
  const whoami = async (headers: Record<string, string>) => (await fetch(`${url}/whoami`, { headers })).json()
  expect(await whoami({ cookie: PLAIN })).toEqual({ username: 'ada' })
  expect(await whoami({})).toEqual({ username: null })
  expect(await (await fetch(`${url}/reports`, { headers: { cookie: PLAIN } })).text()).toBe('Reports for ada')
  expect((await fetch(`${url}/reports`)).status).toBe(401)
  const page = await fetch(`${url}/reports?a=1`, { headers: { accept: 'text/html' }, redirect: 'manual' })
  expect(page.headers.get('location')).toBe('/accounts/login/?next=/reports%3Fa%3D1')
})

test('verify-jwt: greets whom the token names, and nobody else', { timeout: 20_000 }, async () => {
  const url = await start('verify-jwt', { JWT_PUBLIC_KEY_FILE: join(ROOT, 'test/vectors/keys/rs256-public.pem') })
  const greeting = async (cookie: string) => (await fetch(url, { headers: { cookie } })).text()
  expect(await greeting(`sessionid=${cookies.RS256.cookie}`)).toBe('Hello, ada.\n')
  expect(await greeting(`sessionid=${cookies.RS256.cookie.slice(0, -2)}AA`)).toBe('Hello, stranger.\n')
  expect(await greeting('a=b')).toBe('Hello, stranger.\n')
})

test('without-framework: greets, lets only users in, and logs out', { timeout: 20_000 }, async () => {
  const url = await start('without-framework')
  const headers = { cookie: PLAIN, origin: url }
  const text = async (path: string) => (await fetch(url + path, { headers })).text()
  expect([await text('/'), await text('/reports')]).toEqual(['Hello, ada.\n', 'Reports for ada'])
  expect((await fetch(`${url}/reports`)).status).toBe(401)
  const logout = await fetch(`${url}/logout`, { method: 'POST', headers, redirect: 'manual' })
  expect([logout.status, logout.headers.getSetCookie()]).toEqual([303, [expect.stringMatching(/^sessionid=""; /)]])
  expect(await text('/')).toBe('Hello, stranger.\n')
})

test('request-to-response: counts visits, and lets only users in', { timeout: 20_000 }, async () => {
  const url = await start('request-to-response')
  const headers = { cookie: PLAIN }
  const first = await fetch(url, { headers })
  expect([first.headers.get('vary'), await first.json()]).toEqual(['Cookie', { visits: 1 }])
  expect(await (await fetch(url, { headers })).json()).toEqual({ visits: 2 })
  expect(await (await fetch(`${url}/reports`, { headers })).text()).toBe('Reports for ada')
  expect((await fetch(`${url}/reports`)).status).toBe(401)
})

test('page-by-page: reads, changes and ends the session', { timeout: 20_000 }, async () => {
  const url = await start('page-by-page', { DJANGO_VERSION: '5.2' })
  const headers = { cookie: PLAIN, origin: url }
  const post = (path: string, more: object = {}) =>
    fetch(`${url}${path}`, { method: 'POST', headers: { ...headers, ...more }, redirect: 'manual' })
  const cart = async () => (await fetch(`${url}/cart`, { headers })).json()
  expect(await cart()).toEqual(['tea'])
  expect((await post('/cart/nails')).status).toBe(303)
  expect(await cart()).toEqual(['tea', 'nails'])
  expect((await post('/cart/spam', { origin: 'https://elsewhere.example' })).status).toBe(403)
  const logout = await post('/logout')
  expect(logout.headers.getSetCookie()[0]).toMatch(/^sessionid=""; expires=Thu, 01 Jan 1970/)
  expect(await cart()).toEqual([])
})

test("testing: a site's own test passes without Django, and fails when the handler does", { timeout: 20_000 }, () => {
  const file = fileOf('testing')
  // Where the package is found by name: beside the example, or in this repository.
  const home = process.env.BRIDGE_EXAMPLES ?? join(ROOT, '.cache')
  mkdirSync(home, { recursive: true })
  const folder = mkdtempSync(join(home, 'testing-'))
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
  const source = readFileSync(file, 'utf8')
  const run = (text: string) => {
    const copy = join(folder, basename(file))
    writeFileSync(copy, text)
    return spawnSync(process.execPath, [...NODE_OPTIONS, '--test', copy], { encoding: 'utf8' })
  }
  expect(run(source)).toMatchObject({ status: 0, stdout: expect.stringMatching(/pass 1\b/) })
  expect(run(source.replace('(count ?? 0) + 1', '(count ?? 0) + 2'))).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(/8 !== 7/),
  })
})
