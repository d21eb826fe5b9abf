/** Memcached that is down, slow, full, restarted or set up otherwise; and which server a key is on, in thousands. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import type { ConnectedCache } from '../../../src/caches/cache.ts'
import { memcached } from '../../../src/caches/memcached/memcached.ts'
import { memcachedItems } from '../../../src/caches/memcached/memcached-items.ts'
import { memcachedKey } from '../../../src/caches/memcached/memcached-key.ts'
import { pymemcache } from '../../../src/caches/memcached/pymemcache.ts'
import { utcClock } from '../../../src/databases/wall-clock.ts'
import { startDeadline } from '../../../src/deadline.ts'
import { cache } from '../../../src/stores/cache.ts'
import { expiryRule } from '../../../src/stores/session-expiry.ts'
import { isStored, type NextState, type SessionStore, type StoredSession } from '../../../src/stores/store.ts'
import { storeOnBoth } from '../../contracts/cached-db-store.ts'
import { sqliteFixture } from '../../contracts/database-fixtures.ts'
import { plainValues, setting } from '../../contracts/session-store.ts'
import { type FaultProxy, startFaultProxy } from '../../fault-proxy.ts'
import { type PrivateMemcached, type PrivateOptions, startMemcached } from '../../private-memcached.ts'
import { casesOn, ourPlaces } from './placements.ts'

const program = inject('memcached')
const isMissing = 'missing' in program
const command = isMissing ? '' : program.command

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function start(options: Partial<PrivateOptions> = {}): Promise<PrivateMemcached> {
  const server = await startMemcached({ command, ...options })
  ends.push(() => server.stop())
  return server
}

async function proxyTo(server: PrivateMemcached): Promise<FaultProxy> {
  const proxy = await startFaultProxy(server.address as { port: number })
  ends.push(() => proxy.close())
  return proxy
}

/** A store on servers as LOCATION has them. */
function storeOn(location: string | string[], { deadlineMs = 5000, inputLength = 4 << 20 } = {}) {
  const client = pymemcache({ location, options: {} })
  const now = (): Date => new Date()
  const connected: ConnectedCache = {
    cache: memcached({ client, now }),
    codec: memcachedItems({ client, limits: { inputLength } }),
    keyOf: memcachedKey((key) => `:1:${key}`, ''),
  }
  ends.push(() => connected.cache.close())
  const settings = { SESSION_COOKIE_AGE: 1209600, SESSION_EXPIRE_AT_BROWSER_CLOSE: false }
  const store = cache({ cache: connected, expiryOf: expiryRule(settings, utcClock, now), now, deadlineMs })
  return { store, cache: connected.cache, client }
}

async function loaded(store: SessionStore, key: string): Promise<StoredSession> {
  const answer = await store.load(key)
  if (!isStored(answer)) throw new Error(`expected a session, got ${answer.absent}`)
  return answer
}

const at = ({ port }: FaultProxy): string => `127.0.0.1:${port}`
const big = 'x'.repeat(1_100_000)

describe.skipIf(isMissing)('Memcached that fails', () => {
  test('S35: one that is down is unreachable, and the same store works once it is there', async () => {
    const server = await start()
    const proxy = await proxyTo(server)
    proxy.fault = { kind: 'down' }
    const { store } = storeOn(at(proxy))
    await expect(store.load('a'.repeat(32))).rejects.toMatchObject({ code: 'store_unavailable', reason: 'unreachable' })
    await expect(store.check()).rejects.toMatchObject({ reason: 'unreachable' })
    await expect(store.create(setting({ a: 1 }))).rejects.toMatchObject({ reason: 'unreachable' })
    proxy.fault = { kind: 'none' }
    const { key } = await store.create(setting({ a: 1 }))
    expect(plainValues(await loaded(store, key))).toEqual({ a: 1 })
  })

  test('S35: a restart loses the sessions and costs no error: every idle connection that it broke is passed over', async () => {
    const server = await start()
    const { store } = storeOn(server.location)
    const made = await Promise.all(Array.from({ length: 12 }, (_, n) => store.create(setting({ n }))))
    await server.restart()
    const answers = await Promise.all(made.map(({ key }) => store.load(key)))
    expect(new Set(answers.map((answer) => (isStored(answer) ? 'stored' : answer.reason)))).toEqual(
      new Set(['unknown_session']),
    )
    const [first] = made
    expect(first && (await store.save(first, setting({ late: 1 })))).toBeNull()
    expect(first && (await store.exists(first.key))).toBe(false)
  })

  test('S35: cached_db goes on through a restart, with what the rows have', async () => {
    const server = await start()
    const { cache: copies, client } = storeOn(server.location)
    const under = storeOnBoth(await sqliteFixture(), {
      cache: copies,
      codec: memcachedItems({ client }),
      keyOf: memcachedKey((key) => `:1:${key}`, ''),
    })
    ends.push(() => under.close())
    const created = await under.store.create(setting({ a: 1 }))
    const place = `:1:django.contrib.sessions.cached_db${created.key}`
    expect(await server.secondsLeft(place)).toBeGreaterThan(1_209_000)
    await server.restart()
    expect(await server.secondsLeft(place)).toBeNull()
    const saved = await under.store.save(await loaded(under.other, created.key), setting({ b: 2 }))
    expect(saved && plainValues(saved)).toEqual({ a: 1, b: 2 })
    expect(await server.secondsLeft(place)).toBeGreaterThan(1_209_000)
    await server.stop()
    expect(plainValues(await loaded(under.store, created.key))).toEqual({ a: 1, b: 2 })
  })

  test('S35: connections that broke while nobody looked cost no error', async () => {
    const server = await start()
    const proxy = await proxyTo(server)
    const { store } = storeOn(at(proxy))
    const made = await Promise.all(Array.from({ length: 8 }, (_, n) => store.create(setting({ n }))))
    expect(proxy.open).toBeGreaterThan(4)
    proxy.reset()
    expect(plainValues(await loaded(store, made[3]?.key ?? ''))).toEqual({ n: 3 })
  })

  test('S35: one that does not answer meets the deadline; its connection is never used again', async () => {
    const server = await start()
    const proxy = await proxyTo(server)
    const { store } = storeOn(at(proxy), { deadlineMs: 150 })
    const { key } = await store.create(setting({ a: 1 }))
    proxy.fault = { kind: 'blackHole' }
    await expect(store.load(key)).rejects.toMatchObject({ reason: 'deadline' })
    proxy.fault = { kind: 'none' }
    const before = proxy.accepted
    expect(plainValues(await loaded(store, key))).toEqual({ a: 1 })
    expect(proxy.accepted).toBe(before + 1)
  })

  test('S41: late answers of timed-out requests reach nobody: 300 loads over a slow line, each its own session or none', async () => {
    const server = await start()
    const direct = storeOn(server.location).store
    const keys = await Promise.all(
      Array.from({ length: 100 }, async (_, n) => (await direct.create(setting({ n, text: 'x'.repeat(n * 40) }))).key),
    )
    const proxy = await proxyTo(server)
    const stores = [8, 12, 20, 30, 5000].map((deadlineMs) => storeOn(at(proxy), { deadlineMs }).store)
    proxy.fault = { kind: 'delay', milliseconds: 5 }
    const outcomes = await Promise.all(
      Array.from({ length: 300 }, async (_, index) => {
        const n = index % 100
        const store = stores[index % stores.length] ?? direct
        try {
          const session = await loaded(store, keys[n] ?? '')
          return plainValues(session).n === n ? 'own' : 'another'
        } catch (error) {
          return (error as { reason?: string }).reason ?? String(error)
        }
      }),
    )
    expect(outcomes).not.toContain('another')
    expect(new Set(outcomes)).toEqual(new Set(['own', 'deadline']))
  })

  test('S36: every answer cut after every byte: what a save adds counts once, or is said to be unknown', async () => {
    const server = await start()
    const proxy = await proxyTo(server)
    const direct = storeOn(server.location).store
    const outcomes = new Set<string>()
    for (let afterBytes = 1; afterBytes < 240; afterBytes += 2) {
      const { store } = storeOn(at(proxy), { deadlineMs: 1000 })
      const seen = await direct.create(setting({ n: 0 }))
      const addOne: NextState = (data) => setting({ n: Number(plainValues({ ...seen, data }).n) + 1 })(data)
      proxy.fault = { kind: 'cut', direction: 'toClient', afterBytes }
      const saved = await store.save(seen, addOne).catch((error) => error.reason as string)
      proxy.fault = { kind: 'none' }
      const { n } = plainValues(await loaded(direct, seen.key))
      const outcome = typeof saved === 'string' ? saved : saved === null ? 'gone' : 'saved'
      outcomes.add(outcome)
      expect(outcome === 'saved' ? [1] : [0, 1]).toContain(n)
    }
    expect(outcomes).toContain('saved')
    expect(outcomes).not.toContain('gone')
  })

  test('too large an item is said to be one before anything is lost', async () => {
    const server = await start()
    const { store } = storeOn(server.location)
    await expect(store.create(setting({ big }))).rejects.toMatchObject({ reason: 'too_large', status: 503 })
    const seen = await store.create(setting({ a: 1 }))
    await expect(store.save(seen, setting({ big }))).rejects.toMatchObject({ reason: 'too_large' })
    await expect(store.cycle(seen, setting({ big }))).rejects.toMatchObject({ reason: 'too_large' })
    expect(plainValues(await loaded(store, seen.key))).toEqual({ a: 1 })
  })

  test('a server of 1 MB drops sessions; whoever has one of them is a stranger, and nobody gets another’s', async () => {
    const server = await start({ options: ['-m', '1', '-I', '512k'] })
    const { store } = storeOn(server.location)
    const text = 'x'.repeat(20_000)
    const keys: string[] = []
    for (let n = 0; n < 400; n++) keys.push((await store.create(setting({ n, text }))).key)
    const found = await Promise.all(keys.map((key) => store.load(key)))
    expect(found.filter((answer) => !isStored(answer)).length).toBeGreaterThan(100)
    for (const [n, answer] of found.entries()) {
      if (isStored(answer)) expect(plainValues(answer).n).toBe(n)
      else expect(answer.reason).toBe('unknown_session')
    }
  })

  test('one that must not drop items is full, and the old session stays', async () => {
    const server = await start({ options: ['-m', '1', '-I', '512k', '-M'] })
    const { store } = storeOn(server.location)
    const text = 'x'.repeat(20_000)
    const first = await store.create(setting({ a: 1 }))
    const filling = async () => {
      for (let n = 0; n < 4000; n++) await store.create(setting({ n, text }))
    }
    await expect(filling()).rejects.toMatchObject({ reason: 'full' })
    await expect(store.cycle(first, setting({ text }))).rejects.toMatchObject({ reason: 'full' })
    expect(plainValues(await loaded(store, first.key))).toEqual({ a: 1 })
  })

  test('S36: one without cas is refused, since every write would overwrite', async () => {
    const server = await start({ options: ['-C'] })
    const { store } = storeOn(server.location)
    const seen = await store.create(setting({ a: 1 }))
    const refused = { reason: 'refused', message: expect.stringContaining('-C') }
    await expect(store.load(seen.key)).rejects.toMatchObject(refused)
    await expect(store.save(seen, setting({ b: 1 }))).rejects.toMatchObject(refused)
  })

  test('one that asks for a password says so', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'memcached-'))
    const file = join(folder, 'passwords')
    writeFileSync(file, 'site:password\n')
    ends.push(async () => rmSync(folder, { recursive: true }))
    const server = await start({ options: ['-Y', file] })
    const { store } = storeOn(server.location)
    await expect(store.load('a'.repeat(32))).rejects.toMatchObject({ reason: 'denied' })
    await expect(store.create(setting({ a: 1 }))).rejects.toMatchObject({ reason: 'denied' })
  })

  test('one whose connections are all taken says so', async () => {
    const server = await start({ options: ['-c', '30', '-t', '1'] })
    const sockets: Socket[] = []
    ends.push(async () => {
      for (const socket of sockets) socket.destroy()
    })
    // The last ones are turned away.
    for (let n = 0; n < 40; n++) {
      const socket = connect(server.address as { port: number })
      sockets.push(socket)
      socket.write('version\r\n')
      await new Promise((resolve) => socket.once('data', resolve).once('error', resolve).once('close', resolve))
    }
    const { store } = storeOn(server.location)
    const reasons = ['too_many_connections', 'unreachable']
    expect(reasons).toContain(await store.load('a'.repeat(32)).catch((error) => error.reason))
  })

  test('S41: of a key that Memcached cannot have, nothing is sent', async () => {
    const server = await start()
    const proxy = await proxyTo(server)
    const { store } = storeOn(at(proxy))
    for (const key of ['a b', 'a\r\nflush_all\r\n', 'a\0b', 'k'.repeat(251)]) {
      expect(await store.load(key)).toMatchObject({ absent: 'unknown' })
      expect(await store.exists(key)).toBe(false)
      await store.delete(key)
    }
    expect(proxy.accepted).toBe(0)
  })

  test('S35: of two servers one is down: its sessions are not to be had, those of the other are', async () => {
    const [one, other] = [await start(), await start()]
    const { store, client } = storeOn([one.location, other.location])
    const sessions = await Promise.all(Array.from({ length: 20 }, (_, n) => store.create(setting({ n }))))
    await one.stop()
    for (const { key } of sessions) {
      const isDown = client.placeOf(`:1:django.contrib.sessions.cache${key}`) === 0
      if (isDown) await expect(store.load(key)).rejects.toMatchObject({ reason: 'unreachable' })
      else expect(isStored(await store.load(key))).toBe(true)
    }
    await expect(store.check()).rejects.toMatchObject({ reason: 'unreachable' })
  })

  test('many requests at once share a few connections', async () => {
    const server = await start()
    const proxy = await proxyTo(server)
    const { store } = storeOn(at(proxy))
    await Promise.all(Array.from({ length: 200 }, (_, n) => store.create(setting({ n }))))
    expect(proxy.accepted).toBeLessThanOrEqual(20)
  })

  test('S33: no error shows a key or a value', async () => {
    const server = await start()
    const { store } = storeOn(server.location)
    const error = await store.create(setting({ canary: big })).catch((failure: unknown) => failure)
    const { key } = await store.create(setting({ canary: 1 }))
    await server.stop()
    const gone = await store.load(key).catch((failure: unknown) => failure)
    for (const shown of [error, gone]) {
      const text = `${(shown as Error).stack} ${JSON.stringify(shown)} ${JSON.stringify((shown as Error).cause)}`
      expect(text).not.toContain('canary')
      expect(text).not.toContain(key)
    }
  })

  test('a removed item is gone for every command, and for a token of before', async () => {
    const server = await start()
    const { cache: direct } = storeOn(server.location)
    const soon = startDeadline(5000)
    const version = (await direct.add('k', { bytes: Buffer.from('one'), flags: 1 }, 100, soon)) ?? ''
    const token = (await server.command('gets k\r\n'))[0]?.split(' ').at(-1)
    expect(await direct.remove('k', version, soon)).toBe(true)
    for (const [line, answer] of [
      ['get k', 'END'],
      ['touch k 100', 'NOT_FOUND'],
      ['replace k 0 100 1\r\nx', 'NOT_STORED'],
      ['append k 0 100 1\r\nx', 'NOT_STORED'],
      [`cas k 0 100 1 ${token}\r\nx`, 'NOT_FOUND'],
      ['incr k 1', 'NOT_FOUND'],
      ['delete k', 'NOT_FOUND'],
      ['add k 0 100 1\r\nx', 'STORED'],
    ]) {
      expect(await server.command(`${line}\r\n`)).toEqual([answer])
    }
  })

  test('a year and more is stored as a moment, and what Memcached takes for the past is not sent', async () => {
    const server = await start()
    const { store } = storeOn(server.location)
    for (const age of [2_592_000, 2_592_001, 31_536_000, 10_000_000_000]) {
      const { key } = await store.create(setting({ _session_expiry: age }))
      const left = (await server.secondsLeft(`:1:django.contrib.sessions.cache${key}`)) ?? 0
      expect(left).toBeGreaterThan(Math.min(age, 2 ** 31 - 1 - Date.now() / 1000) - 60)
      // The server's clock ticks once a second.
      expect(left).toBeLessThanOrEqual(age + 2)
    }
  })
})

const pythons = inject('djangos').flatMap((django) =>
  'python' in django ? [{ name: `the clients of Django ${django.version}`, python: django.python }] : [],
)

describe.skipIf(isMissing).each(pythons)('the server of a key, asked from $name', ({ python }) => {
  const script = join(import.meta.dirname, '../../../python-fixtures/memcached_places.py')
  let keys: string[]
  beforeAll(() => {
    const random = () => Math.random().toString(36).slice(2).padEnd(32, 'q')
    keys = Array.from({ length: 2000 }, () => `shop:7:django.contrib.sessions.cache${random()}`)
    keys.push('é:1:é', 'ünï€😀')
  })

  test('is the one that this library asks: 2,000 random keys, every way to choose', { timeout: 300_000 }, async () => {
    // The default port has a name of its own in libmemcached.
    const servers = [await start({ host: '127.0.0.3', port: 11211 }), await start(), await start()]
    const sockets = [await start({ isUnix: true }), await start({ isUnix: true }), await start({ isUnix: true })]
    const mixed = [servers[0], servers[1], sockets[0]].map((server) => server?.location ?? '')
    const cases = [
      ...casesOn(servers.map(({ location }) => location)),
      { client: 'pymemcache' as const, servers: mixed, options: {} },
      { client: 'pymemcache' as const, servers: mixed, options: { key_prefix: 'client.' } },
      ...[{}, { ketama: true }, { ketama_weighted: true }].map((behaviors) => ({
        client: 'pylibmc' as const,
        servers: sockets.map(({ location }) => location),
        options: { behaviors },
      })),
    ]
    const input = JSON.stringify(cases.map((each) => ({ ...each, keys })))
    const output = execFileSync(python, [script], { input, maxBuffer: 1 << 28, encoding: 'utf8' })
    const places = JSON.parse(output) as (number[] | null)[]
    const asked = cases.flatMap((each, index) => {
      const theirs = places[index]
      return theirs ? [{ each, theirs }] : []
    })
    expect(asked.length).toBeGreaterThanOrEqual(4)
    for (const { each, theirs } of asked) {
      expect({ ...each, places: ourPlaces(each, keys).join('') }).toEqual({ ...each, places: theirs.join('') })
    }
  })
})
