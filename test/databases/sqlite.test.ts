/** Faults of an SQLite file: errors with a reason, for nobody a lost cookie or an anonymous user. */
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Bridge, type BridgeParts, createBridge } from '../../src/bridge.ts'
import type { DjangoContext, SuspiciousEvent } from '../../src/context.ts'
import { openMemoryDatabase } from '../../src/databases/memory-database.ts'
import { loginValues, PASSWORD, SECRET_KEY } from '../site.ts'

const SHORT_MS = 100
const NOBODY = 65534

let folder: string
let file: string
let reports: SuspiciousEvent[]
let bridges: Bridge[]
let bridge: Bridge
let cookie: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sqlite-faults-'))
  file = join(folder, 'site.sqlite3')
  reports = []
  bridges = []
  makeFile(file)
  bridge = bridgeOn()
  cookie = await login('tea')
})
afterEach(async () => {
  for (const made of bridges) await made.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Closes the connection to the file; the next request opens one. */
async function leaveFile(): Promise<void> {
  await bridge.close()
  bridge = bridgeOn()
}

/** Django's tables, with the user 7. */
function makeFile(path: string): void {
  const memory = openMemoryDatabase()
  memory.exec(
    `INSERT INTO auth_user VALUES (7, '${PASSWORD}', NULL, 0, 'ada', '', '', 0, 1, '2026-01-01 00:00:00', '')`,
  )
  memory.exec(`VACUUM INTO '${path}'`)
  memory.close()
}

function bridgeOn(clients: BridgeParts['clients'] = {}, deadlineMs = 30_000): Bridge {
  const made = createBridge(
    { SECRET_KEY, DEBUG: true, DATABASES: { default: `sqlite:///${file}` } },
    { clients, hooks: { onSuspicious: (event) => reports.push(event) }, options: { deadlineMs } },
  )
  bridges.push(made)
  return made
}

function open(header: string | undefined, through = bridge): DjangoContext {
  return through.open({
    method: 'GET',
    url: '/',
    headers: header === undefined ? {} : { cookie: header },
    secure: false,
  })
}

/** Stores a session that the user 7 is logged in to; returns its Cookie header. */
async function login(cart: string): Promise<string> {
  const django = open(undefined)
  ;(await django.session()).update({ ...loginValues(), cart })
  return `sessionid=${(await django.finish(200)).cookies[0]?.value}`
}

async function read(through = bridge): Promise<unknown[]> {
  const django = open(cookie, through)
  const cart = (await django.session()).get('cart')
  return [cart, (await django.user())?.pk]
}

async function write(cart: unknown, through = bridge): Promise<number> {
  const django = open(cookie, through)
  ;(await django.session()).set('cart', cart)
  return (await django.finish(200)).cookies.length
}

const unavailable = (reason: string) => ({ code: 'store_unavailable', status: 503, reason })

async function expectNobodyHarmed(reason: string, through = bridge): Promise<void> {
  const django = open(cookie, through)
  await expect(django.session()).rejects.toMatchObject(unavailable(reason))
  await expect(django.user()).rejects.toMatchObject(unavailable(reason))
  expect(await django.finish(200)).toEqual({ cookies: [], vary: ['Cookie'] })
  expect(await open(cookie, through).finish(200)).toEqual({ cookies: [], vary: [] })
  expect(reports).toEqual([])
}

/** A write fails, sends no cookie, and what is stored stays. */
async function expectUnwritten(reason: string, through = bridge, value: unknown = 'lost'): Promise<void> {
  await expect(write(value, through)).rejects.toMatchObject(unavailable(reason))
  expect(await read(through)).toEqual(['tea', '7'])
  expect(reports).toEqual([])
}

/** As somebody whom permissions bind, though the tests run as root. */
async function unprivileged(work: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return work()
  process.seteuid?.(NOBODY)
  try {
    await work()
  } finally {
    process.seteuid?.(0)
  }
}

describe('S35: an SQLite file', () => {
  test.each([
    ['that must not be written', 0o444, 0o777],
    ['whose folder must not be written', 0o666, 0o555],
  ])('%s: it is read, a write is an error, and works once it may be', async (_, fileMode, folderMode) => {
    await leaveFile()
    chmodSync(file, fileMode)
    chmodSync(folder, folderMode)
    await unprivileged(() => expectUnwritten('read_only'))
    chmodSync(folder, 0o777)
    chmodSync(file, 0o666)
    await unprivileged(async () => {
      expect(await write('coffee')).toBe(1)
      expect(await read()).toEqual(['coffee', '7'])
    })
  })

  test('that must not be read: an error that says so', async () => {
    await leaveFile()
    chmodSync(folder, 0o755)
    chmodSync(file, 0)
    await unprivileged(() => expectNobodyHarmed('denied'))
    chmodSync(file, 0o644)
    chmodSync(folder, 0o700)
    await unprivileged(() => expectNobodyHarmed('denied'))
    expect(await read()).toEqual(['tea', '7'])
  })

  test('that was opened for reading only by the site itself: a write is an error', async () => {
    const client = new DatabaseSync(file, { readOnly: true })
    await expectUnwritten('read_only', bridgeOn({ databases: { default: client } }))
    client.close()
  })

  test('without room: a write is an error, and a smaller one goes through', async () => {
    const client = new DatabaseSync(file)
    const { page_count: pages } = client.prepare('PRAGMA page_count').get() as { page_count: number }
    client.exec(`PRAGMA max_page_count = ${pages}`)
    const full = bridgeOn({ databases: { default: client } })
    await expectUnwritten(
      'full',
      full,
      Array.from({ length: 5000 }, () => Math.random()),
    )
    expect(await write('coffee', full)).toBe(1)
    client.close()
  })

  test('that stays locked: an error at the deadline; the event loop goes on meanwhile', async () => {
    const short = bridgeOn({}, SHORT_MS)
    expect(await read(short)).toEqual(['tea', '7'])
    const locker = new DatabaseSync(file)
    locker.exec('BEGIN EXCLUSIVE')
    let turns = 0
    const turning = setInterval(() => turns++, 1)
    await expectNobodyHarmed('locked', short)
    clearInterval(turning)
    expect(turns).toBeGreaterThan(0)
    locker.exec('ROLLBACK; BEGIN IMMEDIATE')
    await expectUnwritten('locked', short)
    locker.exec('ROLLBACK')
    locker.close()
    await expect.poll(() => write('coffee', short).catch(() => 0), { timeout: 30_000 }).toBe(1)
  })

  test.each<[string, () => void]>([
    ['that is none', () => writeFileSync(file, 'no database, but long enough for its header '.repeat(200))],
    ['that is damaged', () => damage()],
  ])('%s: an error that says so, until it is mended', async (_, harm) => {
    copyFileSync(file, join(folder, 'backup'))
    await leaveFile()
    harm()
    await expectNobodyHarmed('corrupt')
    renameSync(join(folder, 'backup'), file)
    expect(await read()).toEqual(['tea', '7'])
  })

  test('that is empty, so without tables: an error that says so', async () => {
    await leaveFile()
    truncateSync(file)
    await expectNobodyHarmed('missing')
  })

  test('that is not there: an error, no file is made, and it is used once it is there', async () => {
    await leaveFile()
    renameSync(file, join(folder, 'elsewhere'))
    await expectNobodyHarmed('missing')
    await expect(bridge.check()).rejects.toMatchObject(unavailable('missing'))
    // This would fail if SQLite had made one.
    renameSync(join(folder, 'elsewhere'), file)
    expect(await read()).toEqual(['tea', '7'])
  })

  test('that is removed while it is open: an error instead of rows that nobody else sees', async () => {
    expect(await read()).toEqual(['tea', '7'])
    unlinkSync(file)
    await expectNobodyHarmed('missing')
    makeFile(file)
    cookie = await login('coffee')
    expect(await read()).toEqual(['coffee', '7'])
  })

  test('that is replaced while it is open is followed, as Django does', async () => {
    expect(await read()).toEqual(['tea', '7'])
    copyFileSync(file, join(folder, 'next'))
    const next = new DatabaseSync(join(folder, 'next'))
    next.exec(`UPDATE auth_user SET is_active = 0`)
    next.close()
    renameSync(join(folder, 'next'), file)
    expect(await read()).toEqual(['tea', undefined])
    expect(await write('coffee')).toBe(1)
    const written = new DatabaseSync(file)
    expect(written.prepare('SELECT count(*) AS n FROM django_session').get()).toEqual({ n: 1 })
    written.close()
  })

  test('that is replaced between a read and the write: the write meets the new one', async () => {
    const django = open(cookie)
    ;(await django.session()).set('cart', 'coffee')
    makeFile(join(folder, 'next'))
    renameSync(join(folder, 'next'), file)
    await expect(django.finish(200)).rejects.toMatchObject({ code: 'session_interrupted' })
  })
})

/** Overwrites all but the first page, which says what the file is. */
function damage(): void {
  const pageSize = 4096
  const whole = new DatabaseSync(file)
  const { page_count: pages } = whole.prepare('PRAGMA page_count').get() as { page_count: number }
  whole.close()
  truncateSync(file, pageSize)
  writeFileSync(file, Buffer.alloc(pageSize * (pages - 1), 0xff), { flag: 'a' })
}
