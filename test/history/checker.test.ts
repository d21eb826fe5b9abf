import { describe, expect, test } from 'vitest'
import { checkHistory } from './checker.ts'
import type { Event, State } from './event.ts'

/** An event of browser 1 that took from `at` to `at + 5`, its stamp put upon what it had seen. */
function event(id: number, at: number, given: Partial<Event>): Event {
  return {
    id,
    operation: 'read',
    browser: 1,
    tab: 'a',
    cookie: null,
    side: 'node',
    start: at,
    end: at + 5,
    outcome: 'ok',
    seen: null,
    sent: null,
    ...given,
  }
}

function state(origin: number, by: number, marks: Record<string, number> = {}): State {
  return {
    origin,
    by,
    marks: Object.fromEntries(Object.entries(marks).map(([tab, operation]) => [tab, [1, operation] as const])),
  }
}

const found = (events: Event[]) => checkHistory(events).anomalies.map(({ kind, cause, about }) => [kind, cause, about])

const made = event(1, 0, { operation: 'write', on: null })
const first = state(1, 1, { a: 1 })

describe('a lost write', () => {
  const ours = event(2, 10, { operation: 'write', tab: 'b', seen: first, on: 1 })

  test('is none when every later state has it', () => {
    const later = event(3, 20, { operation: 'write', seen: state(1, 2, { a: 1, b: 2 }), on: 2 })
    const last = event(4, 30, { tab: 'b', seen: state(1, 3, { a: 3, b: 2 }) })
    expect(found([made, ours, later, last])).toEqual([])
  })

  test('is Django’s when Django saved all that it had read before', () => {
    const theirs = event(3, 11, { operation: 'write', side: 'django', seen: first, on: 1 })
    expect(found([made, ours, theirs, event(4, 30, { seen: state(1, 3, { a: 3 }) })])).toEqual([['lost', 'django', 2]])
  })

  test('is Node’s when Node wrote upon an old state', () => {
    const theirs = event(3, 11, { operation: 'write', seen: first, on: 1 })
    expect(found([made, ours, theirs, event(4, 30, { seen: state(1, 3, { a: 3 }) })])).toEqual([['lost', 'node', 2]])
  })

  test('is still Django’s when Node has written upon Django’s state since', () => {
    const theirs = event(3, 11, { operation: 'write', side: 'django', seen: first, on: 1 })
    const later = event(4, 20, { operation: 'write', tab: 'c', seen: state(1, 3, { a: 3 }), on: 3 })
    const last = event(5, 30, { tab: 'b', seen: state(1, 4, { a: 3, c: 4 }) })
    expect(found([made, ours, theirs, later, last])).toEqual([['lost', 'django', 2]])
  })

  test('is Django’s when Django put back what it had read of Node’s before', () => {
    const node = event(2, 10, { operation: 'write', tab: 'b', seen: first, on: 1 })
    const theirs = event(3, 11, { operation: 'write', side: 'django', tab: 'c', seen: first, on: 1, end: 20 })
    const stale = event(4, 16, { operation: 'write', side: 'django', seen: state(1, 2, { a: 1, b: 2 }), on: 2 })
    const last = event(5, 30, { seen: state(1, 4, { a: 4, b: 2 }) })
    expect(found([made, node, theirs, stale, last])).toEqual([['lost', 'django', 3]])
    const late = { ...stale, start: 21, end: 25 }
    expect(found([made, node, theirs, late, last])).toEqual([['lost', 'node', 3]])
  })

  test('is Node’s when its mark went though its stamp stands', () => {
    const later = event(3, 20, { operation: 'write', seen: first, on: 2 })
    expect(found([made, ours, later, event(4, 30, { seen: state(1, 3, { a: 3 }) })])).toEqual([['lost', 'node', 2]])
  })

  test('is Node’s when an old state is seen again, which nobody has stamped', () => {
    expect(found([made, ours, event(3, 30, { tab: 'b', seen: first })])).toEqual([['own write missed', 'node', 2]])
  })

  test('is none before it was acknowledged, nor when it was not', () => {
    expect(found([made, ours, event(3, 12, { seen: first })])).toEqual([])
    expect(found([made, { ...ours, outcome: 'failed' }, event(3, 30, { seen: first })])).toEqual([])
    expect(found([made, { ...ours, outcome: 'interrupted' }, event(3, 30, { seen: first })])).toEqual([])
  })

  test('is found once, however often it is missed', () => {
    const reads = [30, 40, 50].map((at, index) => event(3 + index, at, { seen: first }))
    expect(found([made, ours, ...reads])).toHaveLength(1)
  })
})

describe('a session that Django left under two keys', () => {
  const node = event(2, 10, { operation: 'cycle', cookie: 'k1', tab: 'b', seen: first, on: 1, sent: 'k2' })
  const django = event(3, 11, { operation: 'cycle', cookie: 'k1', side: 'django', seen: first, on: 1, sent: 'k3' })

  test('has lost what was written to the other one, by Django', () => {
    const upon = event(4, 20, { operation: 'write', cookie: 'k3', tab: 'c', seen: state(1, 3, { a: 3 }), on: 3 })
    const other = event(5, 30, { cookie: 'k2', seen: state(1, 2, { a: 1, b: 2 }) })
    expect(found([made, node, django, upon, other])).toEqual([
      ['lost', 'django', 2],
      ['own write missed', 'django', 3],
      ['lost', 'django', 4],
    ])
  })

  test('is found in the end, though the request that made it failed', () => {
    const renewed = event(4, 20, {
      operation: 'write',
      cookie: 'k2',
      tab: 'c',
      seen: state(1, 2, { a: 1, b: 2 }),
      on: 2,
    })
    const failed = {
      ...django,
      operation: 'authenticate' as const,
      outcome: 'interrupted' as const,
      sent: null,
      on: null,
    }
    const left = event(-1, 30, { tab: 'end', cookie: 'k4', seen: first })
    expect(found([made, node, failed, renewed, left])).toEqual([
      ['lost', 'django', 2],
      ['lost', 'django', 4],
    ])
    expect(found([made, node, renewed, left])).toEqual([
      ['lost', 'node', 2],
      ['lost', 'node', 4],
    ])
  })

  test('goes on under the one key after a logout of the other', () => {
    const logout = event(4, 20, { operation: 'logout', cookie: 'k3', tab: 'b', seen: state(1, 3, { a: 3, b: 2 }) })
    const ghost = event(5, 30, { operation: 'ghost', cookie: 'k2', seen: state(1, 2, { a: 3, b: 2 }) })
    expect(found([made, node, django, logout, ghost])).toEqual([['resurrection', 'django', 4]])
    const both = { ...django, side: 'node' as const }
    expect(found([made, node, both, logout, ghost])).toEqual([['resurrection', 'node', 4]])
  })
})

describe('a resurrection', () => {
  const logout = event(2, 10, { operation: 'logout', tab: 'b', seen: first })

  test('is none when nothing of the session is seen afterwards', () => {
    const after = event(3, 20, { operation: 'write', on: null })
    expect(found([made, logout, after, event(4, 30, { seen: state(3, 3, { a: 3 }) })])).toEqual([])
    expect(checkHistory([made, logout]).checked.logouts).toBe(1)
  })

  test.each(['node', 'django'] as const)('is of %s, whose save came late', (side) => {
    const late = event(3, 12, { operation: 'write', side, seen: first, on: 1 })
    expect(found([made, logout, late, event(4, 30, { seen: state(1, 3, { a: 3 }) })])).toEqual([
      ['resurrection', side, 2],
    ])
  })

  test('is of whoever logged out when nobody wrote since', () => {
    expect(found([made, { ...logout, side: 'django' }, event(3, 30, { seen: first })])).toEqual([
      ['resurrection', 'django', 2],
    ])
  })

  test('is Node’s when only a renewal of Node’s, which leaves no stamp, ran beside the logout', () => {
    const touch = event(3, 12, { operation: 'touch', seen: first })
    expect(found([made, { ...logout, side: 'django' }, touch, event(4, 30, { seen: first })])).toEqual([
      ['resurrection', 'node', 2],
    ])
  })

  test('is none when the key was renewed at the same time, or may have been', () => {
    const seen = state(1, 3, { a: 3 })
    const cycle = event(3, 12, { operation: 'cycle', seen: first, on: 1 })
    expect(found([made, logout, cycle, event(4, 30, { seen })])).toEqual([])
    const failed = event(3, 2, { operation: 'cycle', outcome: 'failed', tab: 'c', seen: first, on: 1 })
    expect(found([made, logout, failed, event(4, 30, { seen: state(1, 3, { a: 1, c: 3 }) })])).toEqual([])
  })

  test('is one when the renewal began after the logout', () => {
    const cycle = event(3, 20, { operation: 'cycle', seen: first, on: 1 })
    expect(found([made, logout, cycle])).toEqual([['resurrection', 'node', 2]])
  })
})

describe('crossed values', () => {
  test('are found by their browser, in marks and in the session’s origin', () => {
    const other = event(2, 10, { browser: 2, seen: first })
    expect(found([made, other])).toEqual([['crossed', 'node', 1]])
    const marked = event(3, 20, { seen: { origin: 1, by: 1, marks: { a: [1, 1], z: [2, 2] } } })
    expect(found([made, marked])).toEqual([['crossed', 'node', 1]])
  })
})

describe('copies in a cache', () => {
  const ours = event(2, 10, { operation: 'write', tab: 'b', seen: first, on: 1 })
  const stale = event(3, 20, { seen: first })
  const later = event(4, 40, { seen: state(1, 2, { a: 1, b: 2 }) })
  const judged = (events: Event[]) =>
    checkHistory(events, { hasCopies: true }).anomalies.map(({ kind, cause, about }) => [kind, cause, about])

  test('what was not seen and then was is stale, by Node unless Django put the copy there late', () => {
    expect(judged([made, ours, stale, later])).toEqual([['stale', 'node', 2]])
    const late = event(5, 12, { side: 'django', seen: first, cached: [1] })
    expect(judged([made, ours, late, stale, later])).toEqual([['stale', 'django', 2]])
    expect(judged([made, ours, { ...late, end: 9, start: 6 }, stale, later])).toEqual([['stale', 'node', 2]])
  })

  test('what nobody sees again while the session lives was lost', () => {
    const both = [
      ['lost', 'node', 2],
      ['stale', 'node', 2],
    ]
    expect(judged([made, ours, stale])).toEqual(both)
    const logout = event(4, 24, { operation: 'logout', seen: first })
    expect(judged([made, ours, stale, { ...logout, end: 29 }])).toEqual([['stale', 'node', 2]])
    expect(judged([made, ours, stale, logout, event(5, 40, { seen: first })])).toContainEqual(['lost', 'node', 2])
  })

  test('what Django then saved from an older copy was lost by Django', () => {
    const blind = event(4, 22, { side: 'django', operation: 'write', seen: first, on: 1 })
    expect(judged([made, ours, stale, blind])).toContainEqual(['lost', 'django', 2])
    expect(judged([made, ours, stale, { ...blind, side: 'node' }])).toContainEqual(['lost', 'node', 2])
  })

  test('a row that is older in the end is no copy', () => {
    expect(judged([made, ours, { ...stale, tab: 'end' }, later])).toEqual([['lost', 'node', 2]])
  })

  test('a renewed key that Django put back into the cache is Django’s', () => {
    const own = { cookie: 'old', seen: first }
    const renewal = event(2, 10, { ...own, operation: 'cycle', tab: 'b', on: 1, sent: 'new' })
    const ghost = event(4, 30, own)
    const late = event(3, 12, { ...own, side: 'django', cached: [1] })
    expect(judged([made, renewal, late, ghost])).toEqual([['lost', 'django', 2]])
    expect(judged([made, renewal, { ...late, start: 5, end: 9 }, ghost])).toEqual([['lost', 'node', 2]])
    const logout = event(5, 20, { operation: 'logout', cookie: 'new', seen: state(1, 2, { a: 1, b: 2 }) })
    const events = [made, renewal, logout, ghost]
    expect(judged([...events, late])).toContainEqual(['resurrection', 'django', 5])
    expect(judged(events)).toContainEqual(['resurrection', 'node', 5])
  })

  test('a session that Django put back into the cache after a logout of Node’s is Django’s', () => {
    const logout = event(2, 10, { operation: 'logout', tab: 'b', seen: first })
    const late = event(3, 12, { side: 'django', seen: first, cached: [1] })
    expect(judged([made, logout, late, event(4, 30, { seen: first })])).toEqual([['resurrection', 'django', 2]])
    expect(judged([made, logout, event(4, 30, { seen: first })])).toEqual([['resurrection', 'node', 2]])
  })
})
