import { expect, test } from 'vitest'
import { END_OF_HISTORY, type Event } from './event.ts'
import { isForgotten } from './redis.ts'
import { blamed, revivedKeys } from './revived-keys.ts'

function event(id: number, start: number, given: Partial<Event>): Event {
  return {
    id,
    operation: 'read',
    browser: 1,
    tab: 'a',
    cookie: 'old',
    side: 'node',
    start,
    end: start + 10,
    outcome: 'ok',
    seen: null,
    sent: null,
    ...given,
  }
}

const renewal = event(1, 0, { operation: 'cycle', sent: 'new' })

test('a key is put back by a save of Django’s beside its renewal, and by nothing else', () => {
  expect([...revivedKeys([renewal, event(2, 5, { operation: 'write', side: 'django' })])]).toEqual(['old', 'new'])
  for (const other of [
    { operation: 'write', side: 'node' },
    { operation: 'read', side: 'django' },
    { operation: 'logout', side: 'django' },
    { operation: 'write', side: 'django', cookie: 'another' },
  ] as const) {
    expect([...revivedKeys([renewal, event(2, 5, other)])]).toEqual([])
  }
  expect([...revivedKeys([renewal, event(2, 11, { operation: 'write', side: 'django' })])]).toEqual([])
})

test('what happens to a key that was put back is Django’s, values of somebody else never', () => {
  const byId = new Map([renewal, event(2, 20, {}), event(3, 20, { cookie: 'new' })].map((each) => [each.id, each]))
  const revived = new Set(['old'])
  const anomaly = { kind: 'resurrection', cause: 'node', found: 2, about: 3 } as const
  expect(blamed(anomaly, byId, revived).cause).toBe('django')
  expect(blamed({ ...anomaly, found: 3 }, byId, revived).cause).toBe('node')
  expect(blamed({ ...anomaly, kind: 'crossed' }, byId, revived).cause).toBe('node')
})

test('a twin of a session that Django made is Django’s, of one that Node made Node’s', () => {
  const state = { origin: 1, by: 1, marks: {} }
  const made = (side: 'node' | 'django') => event(1, 0, { operation: 'write', side, cookie: null, sent: 'told' })
  const left = (cookie: string) => event(2, 90, { tab: END_OF_HISTORY, cookie, seen: state })
  const cause = (maker: Event, found: Event) => {
    const byId = new Map([maker, found].map((each) => [each.id, each]))
    return blamed({ kind: 'lost', cause: 'node', found: 2, about: 1 }, byId, new Set()).cause
  }
  expect(cause(made('django'), left('untold'))).toBe('django')
  expect(cause(made('django'), left('told'))).toBe('node')
  expect(cause(made('node'), left('untold'))).toBe('node')
  expect(cause({ ...made('django'), cookie: 'told' }, left('untold'))).toBe('node')
})

test('a store forgets what it answered between its last snapshot and its end, and nothing before', () => {
  const byId = new Map([event(1, 0, {}), event(2, 100, {}), event(3, 300, {})].map((each) => [each.id, each]))
  const rollbacks = [{ since: 50, until: 200 }]
  const lost = { kind: 'lost', cause: 'node', found: 3 } as const
  expect(isForgotten({ ...lost, about: 2 }, byId, rollbacks)).toBe(true)
  expect(isForgotten({ ...lost, about: 1 }, byId, rollbacks)).toBe(false)
  expect(isForgotten({ ...lost, about: 2, kind: 'crossed' }, byId, rollbacks)).toBe(false)
  expect(isForgotten({ ...lost, about: 2, found: 2 }, byId, rollbacks)).toBe(false)
})
