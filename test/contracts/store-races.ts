/** Others write between the calls of a store: every order of five kinds of them, before each call. */
import { describe, expect, test } from 'vitest'
import { isStored, type SessionStore, type StoredSession } from '../../src/stores/store.ts'
import { plainValues, setting } from './session-store.ts'

/** Where stores race. */
export interface RaceGround {
  /** A store that nobody interrupts. */
  readonly others: SessionStore
  /** A store on the same storage, whose every call of it comes after `before`. */
  interrupted(before: () => Promise<void>): SessionStore
  /** Stores these values under a key that is there, whatever else is there by now. */
  djangoSaves(key: string, values: Readonly<Record<string, unknown>>): Promise<void>
  /** How many sessions are stored. */
  count(): Promise<number>
  clear(): Promise<unknown>
  close(): Promise<void>
}

/** A store's own calls: a write that misses, the reading of what is there, the write upon that. */
const CALLS = 3

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
  readonly ground: RaceGround
  readonly key: string
  readonly mark: string
}

type Left = Record<string, unknown> | null

/** What an adversary does to the session under `key`; returns the values that it left, undefined where nothing was. */
async function act(adversary: Adversary, { ground, key, mark }: Act): Promise<Left | undefined> {
  const { others } = ground
  const seen = await others.load(key)
  if (!isStored(seen)) return undefined
  if (adversary === 'a logout') {
    await others.delete(key)
    return null
  }
  if (adversary === 'Django’s save of all it had read') {
    const values = { start: 1, [mark]: 1 }
    await ground.djangoSaves(key, values)
    return values
  }
  const left =
    adversary === 'another save'
      ? await others.save(seen, setting({ [mark]: 1 }))
      : adversary === 'a new key'
        ? await others.cycle(seen, setting({ [mark]: 1 }))
        : await others.touch(seen)
  return left === null ? null : plainValues(left)
}

function* sequences(length: number): Generator<Adversary[]> {
  if (length === 0) return yield []
  for (const rest of sequences(length - 1)) for (const adversary of ADVERSARIES) yield [...rest, adversary]
}

/** @param make a ground without sessions */
export function describeStoreRaces(name: string, make: () => Promise<RaceGround>): void {
  describe(`S36: ${name}, others writing between its calls`, () => {
    test.each(OPERATIONS)('a %s loses nothing of theirs or its own, and brings nothing back', async (operation) => {
      const ground = await make()
      const { others } = ground
      for (const adversaries of sequences(CALLS)) {
        const story = [operation, ...adversaries].join(', ')
        const first = await others.create(setting({ start: 1 }))
        const seen = (await others.load(first.key)) as StoredSession
        /** What stands under the key: everything that was acknowledged and not overwritten by Django. */
        let present: Left = { start: 1 }
        let moved = 0
        const waiting = [...adversaries]
        const store = ground.interrupted(async () => {
          const adversary = waiting.shift()
          if (adversary === undefined || present === null) return
          const left = await act(adversary, { ground, key: seen.key, mark: `mark${waiting.length}` })
          // A store that moves in two steps has ended the old key itself by then.
          if (left === undefined) return
          if (adversary === 'a new key' && left !== null) moved++
          present = adversary === 'a new key' ? null : left
        })

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
        expect(await ground.count(), story).toBe(moved + (present === null ? 0 : 1))
        await ground.clear()
      }
      await ground.close()
    })
  })
}
