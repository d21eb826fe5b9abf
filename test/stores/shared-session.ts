/** One session that requests of Node's and Django's share, step by step, over a database and a cache in memory. */
import type { DatabaseSync } from 'node:sqlite'
import type { Cache } from '../../src/caches/cache.ts'
import { memoryCache } from '../../src/caches/memory-cache.ts'
import { pickledItems } from '../../src/caches/pickled-items.ts'
import type { Database } from '../../src/databases/database.ts'
import { markKind } from '../../src/stores/cache-mark.ts'
import { createSessionCodec, sessionOf, sessionValues } from '../../src/stores/session-data.ts'
import type { SessionStore, StoredSession } from '../../src/stores/store.ts'
import { placeOf, storeOnBoth } from '../contracts/cached-db-store.ts'
import type { TestDatabase } from '../contracts/database-fixtures.ts'
import { SITE_SECRET } from '../contracts/db-store.ts'
import { setting } from '../contracts/session-store.ts'
import type { Play, Turn } from './every-order.ts'

export type Role =
  | 'Node reads'
  | 'Node saves'
  | 'Node saves more'
  | 'Node renews'
  | 'Node cycles'
  | 'Node logs out'
  | 'Django reads'
  | 'Django saves'
  | 'Django logs out'

export interface Scene {
  readonly roles: readonly Role[]
  /** Whether the cache has a copy to begin with, and Node's requests have seen it instead of the row. */
  readonly isWarm: boolean
  /** A store that puts copies without a look at what is there. */
  readonly isCareless?: boolean
}

/** The orders after which something was found that must not be. */
export interface Findings {
  readonly byNode: string[]
  /** Copies that Django's own code has left. */
  readonly byDjango: string[]
}

type Values = Readonly<Record<string, unknown>>

const NOW = Date.UTC(2026, 0, 15, 12)
const EXPIRE_DATE = '2026-02-01 12:00:00'
const HOUR = 3_600_000
const KEY = 'k'.repeat(32)
const PLACE = placeOf(KEY)
const SOON = { remaining: () => 1000 }
const idle: Turn = async () => {}
const codec = createSessionCodec({ SECRET_KEY: SITE_SECRET, now: () => NOW })
const items = pickledItems()

/** @param fixture whose rows are replaced */
export async function sharedSession(
  fixture: TestDatabase & { client: DatabaseSync },
  { roles, isWarm, isCareless = false }: Scene,
  found: Findings,
): Promise<Play> {
  const cache = watchedCache(isCareless)
  const rows = rowsOf(fixture.client)
  rows.begin({ start: 1 })
  if (isWarm) await cache.by('Node', idle).set(PLACE, items.encode(sessionOf([['start', 1]])), HOUR)

  const storeOf = (turn: Turn): SessionStore =>
    storeOnBoth(
      { ...fixture, database: steppingDatabase(fixture.database, turn) },
      { cache: cache.by('Node', turn), deadlineMs: 60_000 },
    ).store
  const seen = (await (isWarm ? storeOf(idle) : storeOnBoth(fixture).store).load(KEY)) as StoredSession
  if (isWarm !== (seen.version === undefined)) throw new Error('The scene is not as it was described.')

  const acknowledged = new Set<string>()
  let hasEnded = false
  let hasDjangoSaved = false

  async function act(role: Role, turn: Turn): Promise<void> {
    const store = storeOf(turn)
    const django = djangoOf(rows, cache.by('Django', turn), turn)
    if (role === 'Node reads') await store.load(KEY)
    if (role === 'Node renews') await store.touch(seen)
    if (role === 'Node saves' || role === 'Node saves more') {
      if ((await store.save(seen, setting({ [role]: 1 }))) !== null) acknowledged.add(role)
    }
    if (role === 'Django reads') await django.read()
    if (role === 'Django saves') {
      hasDjangoSaved = true
      await django.save({ ...(await django.read()), [role]: 1 })
    }
    if (role === 'Node cycles' && (await store.cycle(seen, setting({}))) !== null) hasEnded = true
    if (role === 'Node logs out') await store.delete(KEY)
    if (role === 'Django logs out') await django.logOut()
    if (role.endsWith('logs out')) hasEnded = true
  }

  const lacks = (values: Values): boolean => [...acknowledged].some((mark) => !(mark in values))

  return {
    actors: Object.fromEntries(roles.map((role) => [role, (turn: Turn) => act(role, turn)])),

    async look() {
      const copy = await cache.copy()
      if (copy?.author !== 'Node') return
      if (hasEnded) found.byNode.push('a copy of a session that was ended before')
      // What Django saves lacks whatever was saved since it had read.
      if (!hasDjangoSaved && lacks(copy.values)) found.byNode.push('a copy without what was acknowledged before')
    },

    async end(story) {
      const row = rows.values()
      const tell = (list: string[], what: string): void => void list.push(`${what}: ${story.join(', ')}`)
      if (hasEnded && row !== null) tell(found.byNode, 'a row after its end')
      if (row !== null && !hasDjangoSaved && lacks(row)) tell(found.byNode, 'a row without what was acknowledged')
      const copy = await cache.copy()
      if (copy !== null && !isSame(copy.values, row)) {
        return tell(copy.author === 'Node' ? found.byNode : found.byDjango, `a copy of ${copy.author}’s is not its row`)
      }
      // Whatever was left to its time-out is gone, and the next request finds what is there.
      cache.clock.milliseconds += HOUR / 2
      for (const place of ['row', 'copy']) {
        const answer = await storeOf(idle).load(KEY)
        const values = 'key' in answer ? valuesOf(answer) : null
        if (!isSame(values, row)) tell(found.byNode, `the ${place} that is read afterwards is not the row`)
      }
    },
  }
}

/** A cache that knows who has put what stands there. */
function watchedCache(isCareless: boolean) {
  const clock = { milliseconds: NOW }
  const cache = memoryCache(() => new Date(clock.milliseconds))
  let author = 'nobody'

  async function set(key: string, item: Parameters<Cache['add']>[1], timeout: number): Promise<string | null> {
    await cache.delete(key, SOON)
    return cache.add(key, item, timeout, SOON)
  }

  /** The cache as one side has it; each call is a step. */
  function by(side: 'Node' | 'Django', turn: Turn): Cache & { set: typeof set } {
    async function step<Result>(key: string, writes: boolean, call: () => Promise<Result>): Promise<Result> {
      await turn({ place: 'the cache', writes })
      const result = await call()
      // What was put has a version.
      if (typeof result === 'string' && key === PLACE) author = side
      return result
    }
    return {
      ...cache,
      get: (key, ...rest) => step(key, false, () => cache.get(key, ...rest)),
      add: (key, ...rest) => step(key, true, () => cache.add(key, ...rest)),
      replace: (key, version, item, timeout, deadline) =>
        step(key, true, () =>
          isCareless ? set(key, item, timeout) : cache.replace(key, version, item, timeout, deadline),
        ),
      remove: (key, ...rest) => step(key, true, () => cache.remove(key, ...rest)),
      set: (key, ...rest) => step(key, true, () => set(key, ...rest)),
      delete: (key, ...rest) => step(key, true, () => cache.delete(key, ...rest)),
    }
  }

  return {
    clock,
    by,
    async copy(): Promise<{ values: Values; author: string } | null> {
      const item = await cache.get(PLACE, SOON)
      return item === null || markKind(item) !== null ? null : { values: itemValues(item), author }
    },
  }
}

function steppingDatabase(database: Database, turn: Turn): Database {
  return {
    ...database,
    async rows(...call) {
      await turn({ place: 'the row', writes: false })
      return database.rows(...call)
    },
    async execute(...call) {
      await turn({ place: 'the row', writes: true })
      return database.execute(...call)
    },
  }
}

function rowsOf(client: DatabaseSync) {
  const select = client.prepare('SELECT session_data FROM django_session WHERE session_key = ?')
  const insert = client.prepare('INSERT INTO django_session VALUES (?, ?, ?)')
  const update = client.prepare('UPDATE django_session SET session_data = ? WHERE session_key = ?')
  const remove = client.prepare('DELETE FROM django_session WHERE session_key = ?')
  const encode = (values: Values): string => codec.encode(sessionOf(Object.entries(values)))
  return {
    begin(values: Values) {
      client.exec('DELETE FROM django_session')
      insert.run(KEY, encode(values), EXPIRE_DATE)
    },
    values(): Values | null {
      const row = select.get(KEY)
      if (row === undefined) return null
      const answer = codec.decode(String(row.session_data))
      if (!('data' in answer)) throw new Error('The row cannot be read.')
      return Object.fromEntries(sessionValues(answer.data))
    },
    update: (values: Values): boolean => Number(update.run(encode(values), KEY).changes) > 0,
    remove: () => remove.run(KEY),
  }
}

/** What Django does. @see django/contrib/sessions/backends/cached_db.py */
function djangoOf(
  rows: ReturnType<typeof rowsOf>,
  cache: ReturnType<ReturnType<typeof watchedCache>['by']>,
  turn: Turn,
) {
  const put = (values: Values) => cache.set(PLACE, items.encode(sessionOf(Object.entries(values))), HOUR)
  return {
    async read(): Promise<Values> {
      const item = await cache.get(PLACE, SOON)
      if (item !== null && markKind(item) === null) return itemValues(item)
      await turn({ place: 'the row', writes: false })
      const values = rows.values()
      if (values !== null) await put(values)
      return values ?? {}
    },
    async save(values: Values): Promise<void> {
      await turn({ place: 'the row', writes: true })
      // Else an UpdateError.
      if (rows.update(values)) await put(values)
    },
    async logOut(): Promise<void> {
      await turn({ place: 'the row', writes: true })
      rows.remove()
      await cache.delete(PLACE, SOON)
    },
  }
}

function itemValues(item: Parameters<typeof items.decode>[0]): Values {
  const answer = items.decode(item)
  if (!('data' in answer)) throw new Error('The copy cannot be read.')
  return Object.fromEntries(sessionValues(answer.data))
}

function valuesOf({ data }: StoredSession): Values {
  return Object.fromEntries(Array.from(data, ([key, value]) => [key, 'decode' in value ? value.decode() : value.value]))
}

function isSame(one: Values | null, other: Values | null): boolean {
  const spelled = (values: Values | null): string => JSON.stringify(values && Object.entries(values).sort())
  return spelled(one) === spelled(other)
}
