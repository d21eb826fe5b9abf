import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Cache } from '../../src/caches/cache.ts'
import { fileCache, fileCacheKey } from '../../src/caches/file-cache.ts'
import { formatEntry } from '../../src/caches/file-cache-entry.ts'
import { startDeadline } from '../../src/deadline.ts'
import { formatPickle } from '../../src/python/pickle/pickle-writer.ts'
import { describeCache } from '../contracts/cache.ts'
import { storeOnCache } from '../contracts/cache-store.ts'
import { irregularFiles } from '../contracts/irregular-files.ts'
import { describeSessionStore } from '../contracts/session-store.ts'

const START = Date.UTC(2026, 6, 15, 12)
const soon = () => startDeadline(5000)

/** md5 of `k`. */
const NAME = '8ce4b16b22b58894aa86c421e8759df3.djcache'

async function make() {
  const folder = mkdtempSync(join(tmpdir(), 'file-cache-'))
  let milliseconds = START
  const now = (): Date => new Date(milliseconds)
  const cache = fileCache({ folder, now })
  return {
    folder,
    cache,
    other: fileCache({ folder, now }),
    now,
    // At the very moment of its end, an entry opens.
    advance(seconds: number) {
      milliseconds += seconds * 1000 + 1
    },
    async count() {
      const names = readdirSync(folder).filter((name) => name.endsWith('.djcache'))
      const ends = names.map((name) => readFileSync(join(folder, name)).readDoubleBE(3))
      return ends.filter((end) => end >= milliseconds / 1000).length
    },
    async set(key: string, bytes: Uint8Array) {
      await cache.delete(key, soon())
      await cache.add(key, { bytes }, 3600, soon())
    },
    needsClearing: true,
    close: async () => rmSync(folder, { recursive: true }),
  }
}

describeCache('a folder', make)
describeSessionStore('cache in a folder', async () => storeOnCache(await make()))

describe('an entry of FileBasedCache', () => {
  let under: Awaited<ReturnType<typeof make>>
  let cache: Cache
  let path: string
  beforeEach(async () => {
    under = await make()
    cache = under.cache
    path = join(under.folder, NAME)
  })
  afterEach(() => under.close())

  const pickled = formatPickle({ cart: ['pear'] })
  const add = () => cache.add('k', { bytes: pickled }, 60, soon())

  test.each(irregularFiles)('is not read where %s stands, which answers at once and stays', async (_, make) => {
    make(path)
    expect(await cache.get('k', soon())).toMatchObject({ bytes: new Uint8Array() })
    expect(await add()).toBeNull()
    expect(await cache.sample?.('', 10, soon())).toEqual([])
    under.advance(3600)
    expect(await cache.clearExpired?.(soon())).toBe(0)
    expect(readdirSync(under.folder)).toEqual([NAME])
  })

  test('is a file with the name, content and rights that Django gives it', async () => {
    await add()
    expect(readdirSync(under.folder)).toEqual([NAME])
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const bytes = readFileSync(path)
    expect(bytes.subarray(0, 12).toString('hex')).toBe('80044741da95dd9f0000002e')
    expect(bytes.readDoubleBE(3)).toBe(START / 1000 + 60)
    expect(bytes.subarray(12).equals(deflateSync(pickled))).toBe(true)
  })

  test.each([
    ['protocol 5 with a frame', '8005950a0000000000000047'],
    ['protocol 4 with a frame', '8004950a0000000000000047'],
    ['protocol 2', '800247'],
    ['protocol 1', '47'],
  ])('has an end in %s', async (_name, head) => {
    const end = Buffer.alloc(8)
    end.writeDoubleBE(START / 1000 + 1.5)
    writeFileSync(path, Buffer.concat([Buffer.from(head, 'hex'), end, Buffer.from('.'), deflateSync(pickled)]))
    const found = await cache.get('k', soon())
    expect(found).toMatchObject({ endsAt: new Date(START + 1500) })
    expect(Buffer.from(found?.bytes ?? []).equals(pickled)).toBe(true)
    under.advance(1.499)
    expect(await cache.get('k', soon())).not.toBeNull()
    under.advance(0)
    expect(await cache.get('k', soon())).toBeNull()
  })

  test('has no end where Python wrote None, and what stands behind the value counts for nothing', async () => {
    const rest = Buffer.from('left over from a longer value')
    writeFileSync(path, Buffer.concat([Buffer.from('80054e2e', 'hex'), deflateSync(pickled), rest]))
    const found = await cache.get('k', soon())
    expect(found).not.toHaveProperty('endsAt')
    expect(Buffer.from(found?.bytes ?? []).equals(pickled)).toBe(true)
  })

  test.each([
    ['text', Buffer.from('something else')],
    ['one byte', Buffer.from([0x80])],
    ['an end and nothing behind it', formatEntry(START / 1000 + 60, new Uint8Array())],
    ['a value that is no zlib stream', formatEntry(START / 1000 + 60, pickled)],
    ['a value that is cut', formatEntry(START / 1000 + 60, deflateSync(pickled).subarray(0, -6))],
    ['a bomb', formatEntry(START / 1000 + 60, deflateSync(Buffer.alloc(20_000_000)))],
    ['more than a session can be', Buffer.alloc(9 << 20)],
  ])('that is %s cannot be read, and is written over only by who has seen just that', async (_name, bytes) => {
    writeFileSync(path, bytes)
    const found = await cache.get('k', soon())
    expect(found?.bytes).toHaveLength(0)
    expect(await add()).toBeNull()
    expect(await cache.touch('k', 'another', 60, soon())).toBe(false)
    expect(readFileSync(path).equals(bytes)).toBe(true)
    expect(await cache.remove('k', found?.version ?? '', soon())).toBe(true)
  })

  test('that is an empty file has ended', async () => {
    writeFileSync(path, '')
    expect(await cache.get('k', soon())).toBeNull()
    expect(await add()).not.toBeNull()
    expect(await cache.get('k', soon())).not.toBeNull()
  })

  test('S36: that was replaced while it was taken away is put back', async () => {
    const version = (await add()) ?? ''
    const writers = Array.from({ length: 20 }, (_, index) =>
      under.other.replace('k', version, { bytes: formatPickle({ index }) }, 60, soon()),
    )
    const [removed, ...replaced] = await Promise.all([cache.remove('k', version, soon()), ...writers])
    const done = [removed, ...replaced.map((answer) => answer !== null)].filter(Boolean)
    expect(done).toHaveLength(1)
    expect(readdirSync(under.folder)).toEqual(removed ? [] : [NAME])
  })

  test('S36: that cannot be looked at when it was taken away is put back', async () => {
    const version = (await add()) ?? ''
    const whole = soon()
    // Over as soon as the file is not in its place.
    const short = { remaining: () => (readdirSync(under.folder).includes(NAME) ? whole.remaining() : 0) }
    await expect(cache.remove('k', version, short)).rejects.toMatchObject({ reason: 'deadline' })
    expect(readdirSync(under.folder)).toEqual([NAME])
    expect(await cache.remove('k', version, soon())).toBe(true)
  })

  test('that two processes add at once is the one of one of them', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 ? cache : under.other).add('k', { bytes: formatPickle({ index }) }, 60, soon()),
      ),
    )
    expect(answers.filter((answer) => answer !== null)).toHaveLength(1)
    expect(readdirSync(under.folder)).toEqual([NAME])
  })

  test('temporary files of killed processes go when expired entries are cleared', async () => {
    const left = `${path}_out_node_0123456789abcdef`
    for (const name of [left, `${path}_out_node_fedcba9876543210`, join(under.folder, 'tmpdjango')])
      writeFileSync(name, '')
    utimesSync(left, new Date(START - 4_000_000), new Date(START - 4_000_000))
    await add()
    under.advance(100)
    expect(await cache.clearExpired(soon())).toBe(1)
    expect(readdirSync(under.folder)).toHaveLength(2)
    expect(readdirSync(under.folder)).not.toContain(left)
  })

  test('S35: a folder that is gone is a failure to whoever reads, and made anew by who adds', async () => {
    rmSync(under.folder, { recursive: true })
    await expect(cache.get('k', soon())).rejects.toMatchObject({ reason: 'missing' })
    await expect(cache.check(soon())).rejects.toMatchObject({ reason: 'missing' })
    const umask = process.umask(0)
    expect(await add()).not.toBeNull()
    process.umask(umask)
    expect(statSync(under.folder).mode & 0o777).toBe(0o700)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test('has a key with bytes', () => {
    const keyOf = fileCacheKey((key) => `:1:${key}`)
    expect(keyOf('../../é\0 ')).toBe(':1:../../é\0 ')
    expect(keyOf('\ud800')).toBeNull()
  })
})
