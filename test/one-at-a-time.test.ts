/** The lock around what a command of this repository sets up first. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'

const MODULE = resolve(import.meta.dirname, '../scripts/one-at-a-time.mjs')
const { oneAtATime } = (await import(MODULE)) as {
  oneAtATime: <T>(lock: string, work: () => T | Promise<T>, say: (text: string) => void) => Promise<T>
}

const folder = mkdtempSync(join(tmpdir(), 'one-at-a-time-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const lock = join(folder, 'lock')
const said: string[] = []
const say = (text: string): void => void said.push(text)

function longAgo(milliseconds: number): void {
  const then = new Date(Date.now() - milliseconds)
  utimesSync(lock, then, then)
}

test('two processes work one after the other', async () => {
  const log = join(folder, 'log')
  const script = `
    const { oneAtATime } = await import(${JSON.stringify(MODULE)})
    const { appendFileSync } = await import('node:fs')
    await oneAtATime(${JSON.stringify(lock)}, async () => {
      appendFileSync(${JSON.stringify(log)}, 'in ')
      await new Promise((done) => setTimeout(done, 100))
      appendFileSync(${JSON.stringify(log)}, 'out ')
    }, () => {})`
  const run = promisify(execFile)
  await Promise.all([1, 2, 3].map(() => run(process.execPath, ['--input-type=module', '-e', script])))
  expect(readFileSync(log, 'utf8')).toBe('in out in out in out ')
  expect(existsSync(lock)).toBe(false)
})

test.each<[string, () => Promise<void> | void]>([
  [
    'a process that was killed',
    async () => {
      const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'])
      writeFileSync(lock, String(child.pid))
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  ],
  ['one with our own number, in a container', () => writeFileSync(lock, String(process.pid))],
  [
    'one that had not said who it is',
    () => {
      writeFileSync(lock, '')
      longAgo(6000)
    },
  ],
  [
    'one whose number another process has now',
    () => {
      writeFileSync(lock, String(process.ppid))
      longAgo(2 * 60 * 60_000)
    },
  ],
])('a lock that was left behind is broken: of %s', async (_, leave) => {
  await leave()
  expect(await oneAtATime(lock, () => readFileSync(lock, 'utf8'), say)).toBe(String(process.pid))
  expect(existsSync(lock)).toBe(false)
})

test('what lives is waited for, and told by the lock that can be removed; nobody gives back another one’s', async () => {
  writeFileSync(lock, String(process.ppid))
  said.length = 0
  const waiting = oneAtATime(lock, () => writeFileSync(lock, String(process.ppid)), say)
  await expect.poll(() => said).toEqual([expect.stringContaining(lock)])
  rmSync(lock)
  await waiting
  expect(readFileSync(lock, 'utf8')).toBe(String(process.ppid))
  rmSync(lock)
})
