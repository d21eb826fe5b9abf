/** Others write between the statements of a store: every order of five kinds of them, before each statement. */
import { describe, expect, test } from 'vitest'
import type { Database } from '../../src/databases/database.ts'
import { createSessionCodec, sessionOf } from '../../src/stores/session-data.ts'
import { isStored, type SessionStore, type StoredSession } from '../../src/stores/store.ts'
import type { TestDatabase } from './database-fixtures.ts'
import { SITE_SECRET, storeOn } from './db-store.ts'
import { plainValues, setting } from './session-store.ts'

/** A store's own statements: a write that misses, the reading of what is there, the write upon that. */
const STATEMENTS = 3

type Operation = 'save' | 'cycle' | 'touch'
const OPERATIONS: readonly Operation[] = ['save', 'cycle', 'touch']

type Adversary = 'another save' | 'a logout' | 'a new key' | 'a renewed expiry' | 'Django’s save of all it had read'
const ADVERSARIES: readonly Adversary[] = [
  'another save',
  'a logout',
  'a new key',
  'a renewed expiry',
  'Django’s save of all it had read',
]

interface Act {
  readonly fixture: TestDatabase
  readonly store: SessionStore
  readonly key: string
  readonly mark: string
}

/** What an adversary does to the session under `key`; returns the values that it left, or null where nothing was. */
async function act(adversary: Adversary, { fixture, store, key, mark }: Act): Promise<Record<string, unknown> | null> {
  const seen = await store.load(key)
  if (!isStored(seen)) return null
  if (adversary === 'a logout') {
    await store.delete(key)
    return null
  }
  if (adversary === 'Django’s save of all it had read') {
    const values = { start: 1, [mark]: 1 }
    const text = createSessionCodec({ SECRET_KEY: SITE_SECRET }).encode(sessionOf(Object.entries(values)))
    await fixture.run('UPDATE django_session SET session_data = ? WHERE session_key = ?', [text, key])
    return values
  }
  const left =
    adversary === 'another save'
      ? await store.save(seen, setting({ [mark]: 1 }))
      : adversary === 'a new key'
        ? await store.cycle(seen, setting({ [mark]: 1 }))
        : await store.touch(seen)
  return left === null ? null : plainValues(left)
}

function* sequences(length: number): Generator<Adversary[]> {
  if (length === 0) return yield []
  for (const rest of sequences(length - 1)) for (const adversary of ADVERSARIES) yield [...rest, adversary]
}

/** Runs `before` ahead of each statement. */
function interrupted(database: Database, before: () => Promise<void>): Database {
  return {
    ...database,
    async rows(...call) {
      await before()
      return database.rows(...call)
    },
    async execute(...call) {
      await before()
      return database.execute(...call)
    },
  }
}

/** @param make a database whose tables are empty */
export function describeRaces(name: string, make: () => Promise<TestDatabase>): void {
  describe(`S36: ${name}, others writing between its statements`, () => {
    test.each(OPERATIONS)('a %s loses nothing of theirs or its own, and brings nothing back', async (operation) => {
      const fixture = await make()
      const { store: others } = storeOn(fixture)
      for (const adversaries of sequences(STATEMENTS)) {
        const story = [operation, ...adversaries].join(', ')
        const first = await others.create(setting({ start: 1 }))
        const seen = (await others.load(first.key)) as StoredSession
        /** What stands under the key: everything that was acknowledged and not overwritten by Django. */
        let present: Record<string, unknown> | null = { start: 1 }
        let moved = 0
        const waiting = [...adversaries]
        const database = interrupted(fixture.database, async () => {
          const adversary = waiting.shift()
          if (adversary === undefined || present === null) return
          const mark = `mark${waiting.length}`
          const left = await act(adversary, { fixture, store: others, key: seen.key, mark })
          if (adversary === 'a new key' && left !== null) moved++
          present = adversary === 'a new key' ? null : left
        })
        const { store } = storeOn({ ...fixture, database })

        const ours =
          operation === 'touch' ? await store.touch(seen) : await store[operation](seen, setting({ ours: 1 }))
        if (present === null) {
          expect(ours, story).toBeNull()
        } else {
          const stored = await others.load(ours?.key ?? '')
          const expected: object = operation === 'touch' ? present : { ...(present as object), ours: 1 }
          expect(isStored(stored) && plainValues(stored), story).toEqual(expected)
          if (operation === 'cycle') expect(await others.exists(seen.key), story).toBe(false)
        }
        const rows = await fixture.run('SELECT session_key FROM django_session')
        expect(rows.length, story).toBe(moved + (present === null ? 0 : 1))
        await fixture.run('DELETE FROM django_session')
      }
      await fixture.close()
    })
  })
}
