/** Node and a live Django on the same sessions in Memcached, in a table and in files: `cache` and `cached_db`. */
import { spawnSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { CacheDictionary, DjangoSettings } from '../../src/settings/settings.ts'
import { describePickledSessions } from '../contracts/pickled-sessions.ts'
import { describeSharedSessions } from '../contracts/shared-sessions.ts'
import { type PrivateMemcached, startMemcached } from '../private-memcached.ts'
import type { DjangoRuntime } from '../servers.ts'
import { type LiveSite, openWith, rowOf, type SiteToTest, sitesToTest, startLiveSite } from './live-site.ts'

const CACHE = 'django.contrib.sessions.backends.cache'
const CACHED_DB = 'django.contrib.sessions.backends.cached_db'
const BACKENDS = 'django.core.cache.backends'
const FIELDS = [['id', 'id', 'user_id'], ['username', 'u', 'username'], 'email']

const program = inject('memcached')
const databases = { postgres: inject('postgres'), mysql: inject('mysql') }
const djangos = inject('djangos')
const onEverything = sitesToTest(djangos, databases)
const onSqlite = onEverything.filter(({ database }) => database === 'SQLite')

const servers: PrivateMemcached[] = []
const folders: string[] = []
beforeAll(async () => {
  if ('missing' in program) return
  const { command } = program
  servers.push(...(await Promise.all([0, 1, 2].map(() => startMemcached({ command })))))
})
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()))
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** One Django meets what depends on no version of it. */
function isNewest({ runtime }: SiteToTest): boolean {
  return runtime === onSqlite.at(-1)?.runtime
}

function settingsOf(engine: string, cache: () => CacheDictionary, more: Partial<DjangoSettings> = {}) {
  return () => ({ SESSION_ENGINE: engine, CACHES: { default: cache() }, ...more })
}

function startOn(where: SiteToTest, settings: () => Partial<DjangoSettings>): () => Promise<LiveSite> {
  return () => startLiveSite(where, settings())
}

function memcachedCache(client: 'PyMemcacheCache' | 'PyLibMCCache', more: Partial<CacheDictionary> = {}) {
  const BACKEND = `${BACKENDS}.memcached.${client}`
  return () => ({ BACKEND, LOCATION: servers.map(({ location }) => location), ...more })
}

const placeOf = (key: string | null): string => `:1:django.contrib.sessions.cache${key}`

/** What a place of Memcached has, wherever it is. */
async function inMemcached(place: string): Promise<string | undefined> {
  const answers = await Promise.all(servers.map((server) => server.command(`get ${place}\r\n`)))
  return answers.find((lines) => lines.length > 1)?.join('\n')
}

if ('missing' in program) test.skip(`sessions in Memcached (${program.missing})`, () => {})
else for (const where of onSqlite) describeMemcached(where)
for (const where of onEverything) if (where.database === 'SQLite' || isNewest(where)) describeTable(where)
for (const where of onSqlite) describeFiles(where)

function describeMemcached(where: SiteToTest): void {
  const { runtime } = where
  const name = `${where.name}, cache on three Memcached servers`
  const row = { engine: 'cache', backend: 'PyMemcacheCache on Memcached', django: runtime.version } as const
  const plain = startOn(where, settingsOf(CACHE, memcachedCache('PyMemcacheCache')))
  describeSharedSessions(name, { kind: 'plain', row, start: plain, shows: false, more: timeOuts })
  describePickledSessions(name, { start: plain, stored: (_, key) => inMemcached(placeOf(key)) })

  const compressed = { serde: 'pymemcache.serde.compressed_serde' }
  const others = { KEY_PREFIX: 'shop', VERSION: 3, OPTIONS: compressed }
  describeSharedSessions(`${name}, compressed, keys with a prefix and a version, HS256 cookie`, {
    kind: 'HS256',
    row,
    start: startOn(
      where,
      settingsOf(CACHE, memcachedCache('PyMemcacheCache', others), {
        DJANGO_SESSION_JWT: { FIELDS, EXPIRES: 3600 },
      }),
    ),
    shows: false,
    more: compresses,
  })
  describeSharedSessions(`${where.name}, cached_db, copies on three Memcached servers`, {
    kind: 'plain',
    row: { engine: 'cached_db', backend: 'SQLite and PyMemcacheCache on Memcached', django: runtime.version },
    start: startOn(where, settingsOf(CACHED_DB, memcachedCache('PyMemcacheCache'))),
  })

  if (!hasPylibmc(runtime)) return
  const pylibmc = { engine: 'cache', backend: 'PyLibMCCache on Memcached', django: runtime.version } as const
  const OPTIONS = { behaviors: { ketama: true, tcp_nodelay: true } }
  describeSharedSessions(`${name} by pylibmc on a ring`, {
    kind: 'plain',
    row: pylibmc,
    start: startOn(where, settingsOf(CACHE, memcachedCache('PyLibMCCache', { OPTIONS }))),
    shows: false,
  })
}

/** Its wheels end with Python 3.11. */
function hasPylibmc(runtime: DjangoRuntime): boolean {
  return 'python' in runtime && spawnSync(runtime.python, ['-c', 'import pylibmc']).status === 0
}

async function inNode(site: LiveSite, change: Readonly<Record<string, unknown>>, expiry?: number | Date) {
  const django = openWith(site.bridge, site.django.header)
  const session = await django.session()
  session.update(change)
  if (expiry !== undefined) session.setExpiry(expiry)
  site.django.accept(await django.finish(200))
}

function timeOuts(live: () => LiveSite): void {
  test('time-outs are those that Django gives: seconds, and beyond 30 days a moment', async () => {
    const site = live()
    for (const age of [700, 2_592_000, 2_592_001, 31_536_000]) {
      const left: number[] = []
      for (const write of [
        () => inNode(site, { age }, age),
        () => site.django.session({ set: { age }, expiry: age }),
      ]) {
        site.django.cookie = null
        await write()
        const found = await Promise.all(servers.map((server) => server.secondsLeft(placeOf(site.django.cookie))))
        left.push(found.find((seconds) => seconds !== null) ?? Number.NaN)
      }
      expect(Math.abs((left[0] ?? 0) - (left[1] ?? 0))).toBeLessThan(5)
    }
  })

  test('a session whose end has come is gone for both', async () => {
    const site = live()
    await site.django.session({ set: { a: 1 } })
    const key = site.django.cookie
    await inNode(site, { b: 1 }, new Date(Date.now() - 60_000))
    expect(await inMemcached(placeOf(key))).toBeUndefined()
    expect((await site.django.json<{ data: object }>('/api/session', undefined, `sessionid=${key}`)).data).toEqual({})
  })
}

function compresses(live: () => LiveSite): void {
  test('what one side compresses, the other reads', async () => {
    const site = live()
    const text = 'long '.repeat(500)
    await inNode(site, { ours: text })
    expect((await site.django.session()).data).toMatchObject({ ours: text })
    await site.django.session({ set: { theirs: text } })
    const django = openWith(site.bridge, site.django.header)
    expect((await django.session()).get('theirs')).toBe(text)
  })
}

function describeTable(where: SiteToTest): void {
  const { runtime, database } = where
  const settings = settingsOf(CACHE, () => ({ BACKEND: `${BACKENDS}.db.DatabaseCache`, LOCATION: 'site_cache' }))
  const start = startOn(where, settings)
  const row = { engine: 'cache', backend: `DatabaseCache on ${rowOf(where).backend}`, django: runtime.version } as const
  const stored = async (site: LiveSite, key: string | null) =>
    site.sql('SELECT value FROM site_cache WHERE cache_key = ?', placeOf(key))
  describeSharedSessions(`${where.name}, cache in a table`, { kind: 'plain', row, start, more: sameRows })
  if (database === 'SQLite') describePickledSessions(`${where.name}, cache in a table`, { start, stored })
}

function sameRows(live: () => LiveSite): void {
  test('both sides write the same row, with an end in whole seconds', async () => {
    const site = live()
    const ends: string[] = []
    for (const write of [
      () => inNode(site, { a: 1 }, 700),
      () => site.django.session({ set: { a: 2 }, expiry: 700 }),
    ]) {
      await write()
      const [row] = await site.sql('SELECT expires FROM site_cache WHERE cache_key = ?', placeOf(site.django.cookie))
      ends.push(row?.expires instanceof Date ? row.expires.toISOString() : String(row?.expires))
    }
    const [ours = '', theirs = ''] = ends.map((end) => end.replace(/\.0+(Z?)$/, '$1'))
    expect(ours).not.toContain('.')
    expect(theirs).not.toContain('.')
    expect(Math.abs(Date.parse(ours) - Date.parse(theirs))).toBeLessThan(30_000)
  })
}

function describeFiles(where: SiteToTest): void {
  const { runtime } = where
  const folder = mkdtempSync(join(tmpdir(), 'cache-files-'))
  folders.push(folder)
  const cache = () => ({ BACKEND: `${BACKENDS}.filebased.FileBasedCache`, LOCATION: folder })
  const row = { engine: 'cache', backend: 'FileBasedCache on files', django: runtime.version } as const
  const start = startOn(where, settingsOf(CACHE, cache))
  const fileOf = (key: string) => join(folder, `${hash('md5', placeOf(key))}.djcache`)
  describeSharedSessions(`${where.name}, cache in files`, { kind: 'plain', row, start, more: sameFiles(folder) })
  describePickledSessions(`${where.name}, cache in files`, {
    start,
    stored: async (_, key) => readFileSync(fileOf(key), 'latin1'),
  })
  if (!isNewest(where)) return
  describeSharedSessions(`${where.name}, cached_db, copies in files`, {
    kind: 'plain',
    row: { engine: 'cached_db', backend: 'SQLite and FileBasedCache on files', django: runtime.version },
    start: startOn(where, settingsOf(CACHED_DB, cache)),
  })
}

function sameFiles(folder: string): (live: () => LiveSite) => void {
  return (live) => {
    test('both sides write the same file, which only its owner can read', async () => {
      const site = live()
      const before = new Set(readdirSync(folder))
      await site.django.session({ set: { a: 1 } })
      const [name = ''] = readdirSync(folder).filter((each) => !before.has(each))
      const written = readFileSync(join(folder, name))
      await inNode(site, { b: 2 })
      expect(readdirSync(folder)).toHaveLength(before.size + 1)
      expect(readFileSync(join(folder, name)).equals(written)).toBe(false)
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
      expect((await site.django.session()).data).toEqual({ a: 1, b: 2 })
    })
  }
}
