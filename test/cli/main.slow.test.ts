/** The command itself: what it takes, what it prints, and its exit status. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openMemoryDatabase } from '../../src/databases/memory-database.ts'
import { utcClock } from '../../src/databases/wall-clock.ts'
import { createSessionCodec, sessionOf } from '../../src/stores/session-data.ts'

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts')
const SECRET_KEY = 'canary-secret-of-the-command-line'
const KEY = 'abcdefghij0123456789abcdefghij01'

let folder: string
let environment: Record<string, string>
const codec = createSessionCodec({ SECRET_KEY })

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bridge-cli-'))
  const file = join(folder, 'db.sqlite3')
  const memory = openMemoryDatabase()
  memory.exec(`VACUUM INTO '${file}'`)
  memory.close()
  const database = new DatabaseSync(file)
  const twoWeeksOn = utcClock.later(new Date(), 1_209_600).wallClock
  const insert = database.prepare('INSERT INTO django_session VALUES (?, ?, ?)')
  insert.run(KEY, codec.encode(sessionOf([['cart', ['tea', '\u001b[31m']]])), twoWeeksOn)
  insert.run(KEY.replace('a', 'z'), codec.encode(sessionOf([])), '2001-01-01 00:00:00')
  database.close()
  environment = { SECRET_KEY, DATABASE_URL: `sqlite:///${file}` }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function command(parameters: string[], { env = environment, input = '' } = {}) {
  const { PATH = '' } = process.env
  const options = { env: { PATH, NODE_NO_WARNINGS: '1', ...env }, input, encoding: 'utf8' } as const
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...parameters], options)
  expect(stdout + stderr).not.toContain('canary')
  return { status, stdout, stderr }
}

describe('django-session-bridge', () => {
  test('tells how it is used', () => {
    const { status, stdout } = command(['--help'])
    expect(status).toBe(0)
    for (const word of ['decode', 'doctor', 'clearsessions', 'SECRET_KEY']) expect(stdout).toContain(word)
    expect(command(['decode', '--help']).stdout).toContain('--manage')
  })

  test('what is no command, and settings that are wrong, end with status 2', () => {
    expect(command(['undress']).status).toBe(2)
    expect(command(['doctor', '--frobnicate']).status).toBe(2)
    expect(command(['doctor'], { env: {} })).toMatchObject({ status: 1, stdout: expect.stringContaining('SECRET_KEY') })
    expect(command(['decode', 'x'.repeat(32)], { env: {} })).toMatchObject({ status: 2 })
    const twoProjects = command(['doctor', '--manage', 'manage.py', '--command', 'shop'])
    expect(twoProjects).toMatchObject({ status: 2, stderr: expect.stringContaining('--settings-module and --command') })
    expect(command(['doctor', '--command', ' ']).stderr).toContain('--command must name')
    expect(command(['decode', 'x', '--settings', join(folder, 'none.json')]).stderr).toContain('--settings')
  })

  test('S34: decode shows a session, and none of its control characters', () => {
    const { status, stdout } = command(['decode', `sessionid=${KEY}`])
    expect(status).toBe(0)
    expect(stdout).toContain("cart: [ 'tea', '\\x1B[31m' ]")
    expect(stdout).toContain('accepted')
    expect(stdout).not.toContain('\u001b')
  })

  test('decode reads its standard input, and prints JSON', () => {
    const { status, stdout } = command(['decode', '-', '--json'], { input: `${KEY}\n` })
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject([
      { accepted: true },
      { accepted: true, content: { cart: ['tea', '\u001b[31m'] } },
    ])
  })

  test('decode ends with status 1 for what is refused', () => {
    const other = createSessionCodec({ SECRET_KEY: 'another' }).encode(sessionOf([['a', 1]]))
    const { status, stdout } = command(['decode', other])
    expect(status).toBe(1)
    expect(stdout).toContain('REFUSED')
  })

  test('settings from a file, of a table of its own', () => {
    const file = join(folder, 'settings.json')
    const settings = { SECRET_KEY, DATABASES: { default: environment.DATABASE_URL } }
    writeFileSync(file, JSON.stringify({ settings, options: { sessionTable: { name: 'visits' } } }))
    const { status, stdout } = command(['doctor', '--settings', file], { env: {} })
    expect(status).toBe(1)
    expect(stdout).toContain('wrong_table')
    expect(command(['doctor', '--settings', file, '--table', 'django_session'], { env: {} }).status).toBe(0)
  })

  test('clearsessions deletes what has expired, and nothing else', () => {
    expect(command(['clearsessions']).stdout).toContain('1 expired session')
    expect(command(['clearsessions']).stdout).toContain('0 expired sessions')
    expect(command(['decode', KEY]).status).toBe(0)
  })
})
