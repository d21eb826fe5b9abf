import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadZoneClock } from '../../src/databases/wall-clock.ts'
import { createPickleSerializer } from '../../src/serializers/pickle-serializer.ts'
import { TimestampSigner } from '../../src/signing/timestamp-signer.ts'
import { createSessionCodec, SESSION_SALT, sessionOf } from '../../src/stores/session-data.ts'
import { isStored, type StoredSession } from '../../src/stores/store.ts'
import { SITE_SECRET } from '../contracts/db-store.ts'
import { type FileStoreUnderTest, fileStoreUnderTest } from '../contracts/file-store.ts'
import { describeSessionStore, plainValues, setting } from '../contracts/session-store.ts'

describeSessionStore('file', async () => fileStoreUnderTest())

const UNKNOWN = 'unknownunknownunknownunknown0000'
const TWO_WEEKS = 1209600

let under: FileStoreUnderTest
beforeEach(() => {
  under = fileStoreUnderTest()
})
afterEach(() => under.close())

async function loaded(key: string): Promise<StoredSession> {
  const answer = await under.store.load(key)
  if (!isStored(answer)) throw new Error(`expected a session, got ${answer.absent}`)
  return answer
}

/** Everything in the folder: names, contents and times. */
function everything(): unknown[] {
  return under.names().map((name) => {
    const path = join(under.folder, name)
    return [name, statSync(path).mtimeMs, readFileSync(path, 'latin1')]
  })
}

describe('a session file', () => {
  test('is named by the cookie and the key, and holds the signed text alone', async () => {
    const { key } = await under.store.create(setting({ a: 1 }))
    expect(under.names()).toEqual([`sessionid${key}`])
    const text = readFileSync(under.pathOf(key), 'latin1')
    expect(text).toMatch(/^[A-Za-z0-9_-]+:[A-Za-z0-9]+:[A-Za-z0-9_-]{43}$/)
    const signer = new TimestampSigner({ key: SITE_SECRET, salt: 'django.contrib.sessions.SessionStore' })
    expect(Buffer.from(signer.unsign(text), 'base64url').toString()).toBe('{"a":1}')
  })

  test('is all that a create, a save, a cycle, a touch and a refused save leave', async () => {
    const created = await under.store.create(setting({ a: 1 }))
    const saved = await under.store.save(created, setting({ b: 2 }))
    const cycled = saved && (await under.store.cycle(saved, setting({ c: 3 })))
    if (cycled === null) throw new Error('it was there')
    await under.store.touch(cycled)
    await under.other.delete(cycled.key)
    expect(under.names()).toEqual([])
    expect(await under.store.save(cycled, setting({ d: 4 }))).toBeNull()
    expect(under.names()).toEqual([])
  })

  test.each(['000', '022', '077'])('can be read and written by its owner alone, under umask %s too', (umask) => {
    const script = `
      const { fileStoreUnderTest } = await import(${JSON.stringify(resolve(import.meta.dirname, '../contracts/file-store.ts'))})
      const { store } = fileStoreUnderTest({ folder: ${JSON.stringify(under.folder)} })
      const created = await store.create(() => new Map())
      const saved = await store.save(created, (now) => new Map(now).set('a', { value: 1 }))
      await store.cycle(saved, (now) => now)
      await store.create(() => new Map())`
    execFileSync('sh', ['-c', `umask ${umask}; exec "$0" --input-type=module -e "$1"`, process.execPath, script])
    expect(under.names().map((name) => (statSync(join(under.folder, name)).mode & 0o777).toString(8))).toEqual([
      '600',
      '600',
    ])
  })

  test.each([
    ['deleted', (path: string) => rmSync(path)],
    ['filled', (path: string) => writeFileSync(path, 'of somebody else')],
  ])('that is %s by others before it is written gives a new session another key', async (_name, meddle) => {
    const { folder } = under
    const meddled: string[] = []
    // Asked for the time of the write, when the name is reserved.
    const now = (): Date => {
      const name = meddled.length === 0 && under.names().find((one) => statSync(join(folder, one)).size === 0)
      if (name) {
        meddled.push(name)
        meddle(join(folder, name))
      }
      return under.now()
    }
    const { key } = await fileStoreUnderTest({ folder, now }).store.create(setting({ a: 1 }))
    expect(plainValues(await loaded(key))).toEqual({ a: 1 })
    expect([meddled.length, meddled.includes(`sessionid${key}`)]).toEqual([1, false])
  })

  test('that is empty opens as an empty session under its key, and takes values', async () => {
    const key = 'emptyemptyemptyemptyemptyempty00'
    writeFileSync(under.pathOf(key), '')
    utimesSync(under.pathOf(key), under.now(), under.now())
    const seen = await loaded(key)
    expect([seen.key, seen.data.size]).toEqual([key, 0])
    expect(readFileSync(under.pathOf(key), 'latin1')).toBe('')
    await under.store.save(seen, setting({ a: 1 }))
    expect(plainValues(await loaded(key))).toEqual({ a: 1 })
  })

  test('is never written by a load: unknown, expired, unreadable or empty', async () => {
    const { key: expired } = await under.store.create(setting({ _session_expiry: 10 }))
    const { key: broken } = await under.store.create(setting({ a: 1 }))
    await under.corrupt(broken)
    writeFileSync(under.pathOf('emptyemptyempty'), '')
    under.advance(60)
    const before = everything()
    for (const key of [expired, broken, 'emptyemptyempty', UNKNOWN, 'Unknown', '']) await under.store.load(key)
    expect(everything()).toEqual(before)
  })
})

describe('a key', () => {
  test('S28: with signs that no key of Django’s has never becomes a path', async () => {
    mkdirSync(join(under.folder, 'sessionidx'))
    const victim = join(under.folder, 'victim')
    const text = createSessionCodec({ SECRET_KEY: SITE_SECRET }).encode(sessionOf([['a', 1]]))
    writeFileSync(victim, text)
    utimesSync(victim, under.now(), under.now())
    for (const key of ['x/../victim', 'x/../../../../../etc/passwd', 'x\\..\\victim', 'x\0', 'X', 'x.', 'é', 'null ']) {
      expect(await under.store.load(key)).toEqual({ absent: 'unknown', reason: 'unknown_session' })
      expect(await under.store.exists(key)).toBe(false)
      await under.store.delete(key)
    }
    expect(readFileSync(victim, 'latin1')).toBe(text)
  })

  test('that is longer than any name of a file is unknown, and so is one that names a folder', async () => {
    expect(await under.store.load('a'.repeat(255))).toMatchObject({ absent: 'unknown' })
    mkdirSync(join(under.folder, 'sessionidfolderfolder'))
    expect(await under.store.load('folderfolder')).toMatchObject({ absent: 'unknown' })
  })

  test('that is no text is unknown', async () => {
    writeFileSync(under.pathOf('null'), '')
    expect(await under.store.exists(null as never)).toBe(false)
  })
})

describe('S6: a session ends', () => {
  async function opens(values: Record<string, unknown>, seconds: number): Promise<boolean> {
    const site = fileStoreUnderTest({ folder: under.folder })
    const { key } = await site.store.create(setting(values))
    site.advance(seconds)
    return isStored(await site.store.load(key))
  }

  test.each([
    ['two weeks after it was written', {}, TWO_WEEKS],
    [
      'its own seconds after it was written, though Django counts them only for the cookie',
      { _session_expiry: 60 },
      60,
    ],
    ['two weeks after it was written when its cookie ends with the browser', { _session_expiry: 0 }, TWO_WEEKS],
    ['at its moment', { _session_expiry: '2026-01-15T12:10:00+00:00' }, 600],
  ])('%s, less than a second being none', async (_, values, life) => {
    expect(await opens(values, life - 1)).toBe(true)
    expect(await opens(values, life - 0.5)).toBe(false)
    expect(await opens(values, life)).toBe(false)
  })

  test('at once with an expiry in the past', async () => {
    expect(await opens({ _session_expiry: -10 }, 0)).toBe(false)
  })

  test('by the file’s time, whoever renewed it', async () => {
    const { key } = await under.store.create(setting({}))
    under.advance(TWO_WEEKS)
    utimesSync(under.pathOf(key), under.now(), under.now())
    expect(isStored(await under.store.load(key))).toBe(true)
  })

  test('an hour of the wall clock later without USE_TZ, across the end of summer time', async () => {
    const wallClock = await loadZoneClock('America/Chicago')
    const end = Date.UTC(2026, 10, 1, 7)
    const key = 'chicagochicagochicagochicago0000'
    for (const [after, isOpen] of [
      [7199, true],
      [7201, false],
    ] as const) {
      const site = fileStoreUnderTest({
        folder: under.folder,
        wallClock,
        now: () => new Date(end - 3_600_000 + after * 1000),
      })
      writeFileSync(
        under.pathOf(key),
        createSessionCodec({ SECRET_KEY: SITE_SECRET }).encode(sessionOf([['_session_expiry', 3600]])),
      )
      utimesSync(under.pathOf(key), new Date(end - 3_600_000), new Date(end - 3_600_000))
      expect([after, isStored(await site.store.load(key))]).toEqual([after, isOpen])
    }
  })
})

describe('clearing', () => {
  test('leaves what cannot be read, files of others, and folders', async () => {
    const { key } = await under.store.create(setting({}))
    await under.corrupt(key)
    writeFileSync(join(under.folder, 'other'), '')
    writeFileSync(join(under.folder, 'sessionid_UPPER'), '')
    mkdirSync(join(under.folder, 'sessionidfolder'))
    under.advance(TWO_WEEKS * 2)
    const before = under.names()
    expect(await under.store.clearExpired()).toBe(0)
    expect(under.names()).toEqual(before)
  })

  test('takes a placeholder that nobody filled', async () => {
    writeFileSync(under.pathOf('emptyemptyempty'), '')
    utimesSync(under.pathOf('emptyemptyempty'), under.now(), under.now())
    expect(await under.store.clearExpired()).toBe(0)
    under.advance(TWO_WEEKS)
    expect(await under.store.clearExpired()).toBe(1)
  })

  test('sweeps temporary files of this library after an hour, and no others', async () => {
    const ours = `${under.pathOf('abcdefgh')}_out_node_0123456789abcdef`
    const django = `${under.pathOf('abcdefgh')}_out_abcd_012`
    for (const path of [ours, django]) {
      writeFileSync(path, 'half')
      utimesSync(path, under.now(), under.now())
    }
    under.advance(3599)
    await under.store.clearExpired()
    expect(existsSync(ours)).toBe(true)
    under.advance(2)
    await under.store.clearExpired()
    expect([existsSync(ours), existsSync(django)]).toEqual([false, true])
  })
})

describe('what cannot be read', () => {
  const signed = (content: Buffer | string, key = SITE_SECRET) =>
    new TimestampSigner({ key, salt: SESSION_SALT }).sign(Buffer.from(content).toString('base64url'))
  const good = signed('{"a":1}')
  const pickled = createSessionCodec({ SECRET_KEY: SITE_SECRET, serializer: createPickleSerializer() })

  test.each([
    ['cut short', good.slice(0, -5), 'session_data_corrupted'],
    ['signed with another key', signed('{"a":1}', 'another key'), 'session_data_corrupted'],
    ['no text of Django’s at all', 'hello', 'session_data_corrupted'],
    ['bytes outside ASCII', '\xff\xfe:\xe9', 'session_data_corrupted'],
    ['longer than any session', 'x'.repeat((1 << 20) + 1), 'session_data_corrupted'],
    ['a pickle where JSON is read', pickled.encode(sessionOf([['a', 1]])), 'session_data_unreadable'],
    ['no dictionary', signed('[1]'), 'session_data_unreadable'],
    ['null', signed('null'), 'session_data_unreadable'],
    ['a good signature without a time', signedWithoutTime('e30'), 'session_data_unreadable'],
  ])('S25, S26: %s: it opens nothing, is reported, and stays to the byte', async (_, text, reason) => {
    const created = await under.store.create(setting({ a: 1 }))
    writeFileSync(under.pathOf(created.key), text, 'latin1')
    const before = everything()
    expect(await under.store.load(created.key)).toMatchObject({ absent: 'unreadable', reason })
    expect(await under.store.save(created, setting({ b: 2 }))).toBeNull()
    expect(await under.store.cycle(created, setting({ b: 2 }))).toBeNull()
    expect(await under.store.touch(created)).toBeNull()
    under.advance(TWO_WEEKS * 2)
    expect(await under.store.clearExpired()).toBe(0)
    expect(everything()).toEqual(before)
  })
})

/** Signed as a TimestampSigner would, had it no clock. */
function signedWithoutTime(value: string): string {
  const signer = new TimestampSigner({ key: SITE_SECRET, salt: SESSION_SALT })
  return `${value}:${signer.signature(value)}`
}

describe('S35: a fault of the file system', () => {
  test('a folder that is gone is an error, never an unknown session', async () => {
    const created = await under.store.create(setting({ a: 1 }))
    const elsewhere = `${under.folder}-elsewhere`
    renameSync(under.folder, elsewhere)
    const missing = { code: 'store_unavailable', reason: 'missing' }
    await expect(under.store.load(created.key)).rejects.toMatchObject(missing)
    await expect(under.store.exists(created.key)).rejects.toMatchObject(missing)
    await expect(under.store.create(setting({}))).rejects.toMatchObject(missing)
    await expect(under.store.save(created, setting({ b: 2 }))).rejects.toMatchObject(missing)
    await expect(under.store.cycle(created, setting({ b: 2 }))).rejects.toMatchObject(missing)
    await expect(under.store.touch(created)).rejects.toMatchObject(missing)
    await expect(under.store.clearExpired()).rejects.toMatchObject(missing)
    await expect(under.store.check()).rejects.toMatchObject(missing)
    renameSync(elsewhere, under.folder)
    expect(plainValues(await loaded(created.key))).toEqual({ a: 1 })
  })

  // Who may do everything is refused nothing: another user's process asks.
  const asNobody = process.getuid?.() === 0
  test.runIf(asNobody)('files of another user are an error, and are passed over when others are cleared', async () => {
    const { key } = await under.store.create(setting({ a: 1 }))
    chmodSync(under.folder, 0o777)
    const script = `
      const { fileStoreUnderTest } = await import(${JSON.stringify(resolve(import.meta.dirname, '../contracts/file-store.ts'))})
      process.setuid(65534)
      const { store } = fileStoreUnderTest({ folder: ${JSON.stringify(under.folder)} })
      const told = (call) => call.then(() => 'done', (error) => error.reason)
      const created = await store.create(() => new Map())
      console.log(JSON.stringify([
        await told(store.load('${key}')), await told(store.exists('${key}')),
        await store.clearExpired(), await told(store.check())]))`
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    expect(JSON.parse(output)).toEqual(['denied', 'denied', 0, 'done'])
  })

  test('a disk without room: the session of before stays readable, and no half file', async ({ skip }) => {
    const folder = smallFileSystem() ?? skip('this process may not mount a file system')
    try {
      const site = fileStoreUnderTest({ folder })
      const created = await site.store.create(setting({ a: 1 }))
      const large = setting({ filler: randomBytes(80_000).toString('hex') })
      const full = { code: 'store_unavailable', reason: 'full' }
      await expect(site.store.save(created, large)).rejects.toMatchObject(full)
      await expect(site.store.cycle(created, large)).rejects.toMatchObject(full)
      await expect(site.store.create(large)).rejects.toMatchObject(full)
      expect(site.names()).toEqual([`sessionid${created.key}`])
      const answer = await site.store.load(created.key)
      expect(isStored(answer) && plainValues(answer)).toEqual({ a: 1 })
    } finally {
      execFileSync('umount', [folder])
      rmSync(folder, { recursive: true })
    }
  })

  test('a file that does not answer is given up at the deadline', async () => {
    const { key } = await under.store.create(setting({ a: 1 }))
    const { store } = fileStoreUnderTest({ folder: under.folder, deadlineMs: 50 })
    // Whoever opens a FIFO waits for its writer, here in every thread that Node has for files.
    const path = join(under.folder, 'silent')
    execFileSync('mkfifo', [path])
    const threads = Number(process.env.UV_THREADPOOL_SIZE ?? 4)
    const waiting = Array.from({ length: threads }, () => open(path, 'r'))
    try {
      await expect(store.load(key)).rejects.toMatchObject({ code: 'store_unavailable', reason: 'deadline' })
    } finally {
      const writer = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
      for (const reader of await Promise.all(waiting)) await reader.close()
      closeSync(writer)
    }
  })
})

/** A file system of 64 KiB, where this process may mount one. */
function smallFileSystem(): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'small-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' })
    return folder
  } catch {
    rmSync(folder, { recursive: true })
    return null
  }
}
