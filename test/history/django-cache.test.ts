import { describe, expect, test } from 'vitest'
import type { Anomaly, AnomalyKind } from './checker.ts'
import { judgeOfDjangosCache } from './django-cache.ts'
import { END_OF_HISTORY, type Event, type Operation, type State } from './event.ts'
import { lineageOf } from './lineage.ts'
import { sampleEvent } from './sample-event.ts'

/** It sends the key anew, as a save does. */
function event(id: number, start: number, given: Partial<Event>): Event {
  const keep = given.operation === 'cycle' || given.operation === 'logout' ? '' : 'old'
  return sampleEvent(id, start, { sent: keep, ...given })
}

const state = (by: number): State => ({ origin: 1, by, marks: {} })
const upon = (by: number) => ({ seen: state(by), on: by })
const made = event(1, 0, { operation: 'write', cookie: null, on: null })

/** The cause of an anomaly that was charged to Node, found by the last event. */
function cause(kind: AnomalyKind, about: number, events: readonly Event[]): Anomaly['cause'] {
  const judge = judgeOfDjangosCache(events, lineageOf(events))
  return judge({ kind, cause: 'node', found: events.at(-1)?.id ?? 0, about }).cause
}

describe('a write that Django set its session over', () => {
  const ours = event(2, 20, { operation: 'write', ...upon(1) })
  const theirs = (over: Event['over'], on = 1) =>
    event(3, 15, { operation: 'write', side: 'django', ...upon(on), ...(over && { over }) })
  const found = event(9, 50, { seen: state(3) })

  test('is lost by Django', () => {
    expect(cause('lost', 2, [made, ours, theirs([2]), found])).toBe('django')
  })

  test('is lost by Node where Django set over something else, or had read it', () => {
    expect(cause('lost', 2, [made, ours, theirs([1]), found])).toBe('node')
    expect(cause('lost', 2, [made, ours, theirs([2], 2), found])).toBe('node')
  })

  test('is lost by Django though Node wrote upon that since, or Django set over it once more', () => {
    const later = event(4, 30, { operation: 'write', ...upon(3) })
    expect(cause('lost', 2, [made, ours, theirs([2]), later, { ...found, seen: state(4) }])).toBe('django')
    const again = event(4, 16, { operation: 'write', side: 'django', ...upon(1), over: [3] })
    expect(cause('lost', 2, [made, ours, theirs([2]), again, { ...found, seen: state(4) }])).toBe('django')
  })

  test('is lost by Node where what was found does not go back to that set', () => {
    expect(cause('lost', 2, [made, ours, theirs([2]), { ...found, seen: state(1) }])).toBe('node')
  })

  test('is lost by Django that set what it had set before once more, as its answer was lost', () => {
    const read = event(4, 25, { operation: 'write', ...upon(3) })
    const twice = (over: Event['over']) =>
      event(3, 10, { operation: 'touch', side: 'django', ...upon(1), ...(over && { over }), end: 40 })
    expect(cause('own write missed', 4, [made, twice([1, 4]), read, found])).toBe('django')
    expect(cause('own write missed', 4, [made, twice([1, 3]), read, found])).toBe('node')
    expect(cause('own write missed', 4, [made, twice([1]), read, found])).toBe('node')
  })
})

describe('a session that was ended', () => {
  const logout = event(2, 20, { operation: 'logout', seen: state(1) })
  const theirs = (given: Partial<Event>) => event(3, 15, { operation: 'write', side: 'django', ...upon(1), ...given })
  const ours = event(4, 28, { operation: 'write', ...upon(3) })
  const found = event(9, 50, { seen: state(4) })

  test('is Django’s where Django set it when nothing stood there, also if Node wrote upon that', () => {
    expect(cause('resurrection', 2, [made, logout, theirs({ over: [null] }), ours, found])).toBe('django')
    expect(cause('resurrection', 2, [made, logout, theirs({ over: [null] }), { ...found, seen: state(3) }])).toBe(
      'django',
    )
  })

  test('is Node’s where Django set over what stood there, so that Node wrote upon an ended session', () => {
    expect(cause('resurrection', 2, [made, logout, theirs({ over: [1] }), ours, found])).toBe('node')
  })

  test('is Node’s where Node wrote upon something else', () => {
    const other = { ...ours, on: 1 }
    expect(cause('resurrection', 2, [made, logout, theirs({ over: [null] }), other, found])).toBe('node')
  })

  test('is Django’s where it set over what another of Django’s had put back', () => {
    const second = event(5, 16, { operation: 'touch', side: 'django', ...upon(1), over: [3] })
    const after = { ...found, seen: state(5) }
    expect(cause('resurrection', 2, [made, logout, theirs({ over: [null] }), second, after])).toBe('django')
    expect(cause('resurrection', 2, [made, logout, theirs({ over: [1] }), second, after])).toBe('node')
  })

  test('is Django’s where the logout had seen what Django set, and Django set it once more', () => {
    const knowing = { ...logout, seen: state(3) }
    expect(cause('resurrection', 2, [made, knowing, theirs({ over: [1, null] }), ours, found])).toBe('django')
    expect(cause('resurrection', 2, [made, knowing, theirs({ over: [null] }), ours, found])).toBe('node')
  })

  test('is Node’s under another key than the one that Django put back', () => {
    const elsewhere = { ...found, cookie: 'another' }
    expect(cause('resurrection', 2, [made, logout, theirs({ over: [null] }), ours, elsewhere])).toBe('node')
  })

  test('is no reason to miss what Django had read when it put it back', () => {
    const read = event(5, 5, { operation: 'write', ...upon(1) })
    const again = theirs({ ...upon(5), over: [null], start: 12 })
    expect(cause('lost', 5, [made, read, logout, again, { ...found, seen: state(3) }])).toBe('node')
  })

  test('is no reason for what is lost after it was put back', () => {
    const again = theirs({ over: [null] })
    const second = event(5, 45, { operation: 'write', side: 'django', ...upon(3), over: [3] })
    const lost = event(6, 48, { operation: 'write', ...upon(3) })
    const after = event(9, 70, { seen: state(5) })
    expect(cause('lost', 6, [made, logout, again, second, lost, after])).toBe('node')
    expect(cause('lost', 6, [made, logout, again, { ...second, over: [6] }, lost, after])).toBe('django')
  })

  test('is Django’s where it set over what the logout had seen, which Django had set once more', () => {
    const knowing = { ...logout, seen: state(3) }
    const second = event(5, 16, { operation: 'touch', side: 'django', ...upon(1), over: [3], end: 40 })
    const after = { ...found, seen: state(5) }
    expect(cause('resurrection', 2, [made, knowing, theirs({ over: [1, null] }), second, after])).toBe('django')
    expect(cause('resurrection', 2, [made, knowing, theirs({ over: [1] }), second, after])).toBe('node')
    const early = theirs({ over: [1, null], start: 5, end: 15 })
    expect(cause('resurrection', 2, [made, knowing, early, second, after])).toBe('node')
  })

  test('is Django’s where nothing tells what stood there, if it was saving at the time and the logout had not seen that', () => {
    expect(cause('resurrection', 2, [made, logout, theirs({}), ours, found])).toBe('django')
    expect(cause('resurrection', 2, [made, logout, theirs({ start: 5, end: 15 }), ours, found])).toBe('node')
    expect(cause('resurrection', 2, [made, { ...logout, seen: state(3) }, theirs({}), ours, found])).toBe('node')
  })
})

describe('two keys of one session', () => {
  const renewal = event(2, 20, { operation: 'cycle', sent: 'new', ...upon(1) })
  const save = (given: Partial<Event>) => event(3, 25, { operation: 'write', side: 'django', ...upon(1), ...given })
  const onOld = event(4, 40, { operation: 'write', ...upon(3) })
  const foundNew = event(9, 80, { cookie: 'new', seen: state(2) })
  const foundOld = event(9, 80, { seen: state(4) })

  test('are Django’s where it put the old one back', () => {
    expect(cause('lost', 4, [made, renewal, save({ over: [null] }), onOld, foundNew])).toBe('django')
    expect(cause('lost', 2, [made, renewal, save({ over: [null] }), onOld, foundOld])).toBe('django')
  })

  test('are Node’s where Django saved before the renewal, or nobody put the old one back', () => {
    expect(cause('lost', 4, [made, renewal, save({ over: [1] }), onOld, foundNew])).toBe('node')
    expect(cause('lost', 4, [made, renewal, { ...onOld, on: 1 }, foundNew])).toBe('node')
    expect(cause('lost', 4, [made, renewal, save({ over: [null] }), { ...onOld, on: 1 }, foundNew])).toBe('node')
  })

  test('are Django’s also after each was renewed by Node', () => {
    const renewedOld = event(5, 55, { operation: 'cycle', sent: 'older', ...upon(4) })
    const renewedNew = event(6, 55, { operation: 'cycle', cookie: 'new', sent: 'newer', ...upon(2) })
    const found = event(9, 80, { cookie: 'newer', seen: state(6) })
    const events = (over: (number | null)[]) => [made, renewal, save({ over }), onOld, renewedOld, renewedNew, found]
    expect(cause('lost', 5, events([null]))).toBe('django')
    expect(cause('lost', 5, events([1]))).toBe('node')
  })

  test('are no reason for what is lost under one of them alone', () => {
    const inNew = event(5, 55, { operation: 'write', cookie: 'new', sent: 'new', ...upon(2) })
    expect(cause('lost', 5, [made, renewal, save({ over: [null] }), onOld, inNew, foundNew])).toBe('node')
  })

  test('are Django’s where it set once more what both sessions come from', () => {
    const moved = { ...renewal, ...upon(3), start: 26 }
    const first = save({ start: 15, over: [1, null], end: 45 })
    const found = event(9, 80, { seen: state(3) })
    expect(cause('lost', 2, [made, first, moved, found])).toBe('django')
    expect(cause('lost', 2, [made, { ...first, over: [1] }, moved, found])).toBe('node')
    expect(cause('lost', 2, [made, { ...first, over: [null] }, moved, found])).toBe('node')
    const between = event(6, 24, { operation: 'write', ...upon(3) })
    const later = { ...moved, ...upon(6) }
    expect(cause('lost', 2, [made, first, between, later, { ...found, seen: state(6) }])).toBe('node')
  })

  test('are Django’s where its renewal ran beside another one, or beside a write to the old key', () => {
    const other = (side: Event['side'], start: number) =>
      event(5, start, { operation: 'cycle', side, sent: 'other', ...upon(1), over: [] })
    const foundOther = event(9, 80, { cookie: 'other', seen: state(5) })
    expect(cause('lost', 2, [made, renewal, other('django', 25), foundOther])).toBe('django')
    expect(cause('lost', 2, [made, renewal, other('node', 25), foundOther])).toBe('node')
    expect(cause('lost', 2, [made, renewal, other('django', 35), foundOther])).toBe('node')
    const write = event(6, 25, { operation: 'write', ...upon(1) })
    expect(cause('lost', 6, [made, write, other('django', 20), foundOther])).toBe('django')
    expect(cause('lost', 6, [made, write, other('node', 20), foundOther])).toBe('node')
    expect(cause('lost', 6, [made, { ...write, start: 60 }, other('django', 20), foundOther])).toBe('node')
    const early = { ...write, start: 5, end: 15 }
    expect(cause('lost', 6, [made, early, other('django', 20), foundOther])).toBe('node')
  })

  test('are Django’s where nothing tells what stood there, if a save of Django’s ran beside the renewal', () => {
    const quiet = (given: Partial<Event>) => [made, renewal, save(given), onOld, foundNew]
    expect(cause('lost', 4, quiet({}))).toBe('django')
    for (const given of [
      { side: 'node' },
      { operation: 'read' },
      { cookie: 'another' },
      { seen: null },
      { start: 31 },
    ] as const satisfies readonly Partial<Event>[]) {
      expect(cause('lost', 4, quiet(given))).toBe('node')
    }
  })
})

describe('a twin', () => {
  const left = (cookie: string) => event(-1, 90, { tab: END_OF_HISTORY, cookie, seen: state(1) })
  const written = event(2, 30, { operation: 'write', cookie: 'told', sent: 'told', ...upon(1) })
  const creation = (side: Event['side'], added: readonly string[]) => ({
    ...made,
    side,
    cookie: 'gone',
    sent: 'told',
    added,
  })

  test('of a session that Django made is Django’s: it took its own key for somebody else’s', () => {
    expect(cause('lost', 2, [creation('django', ['untold', 'told']), written, left('untold')])).toBe('django')
  })

  test('is Node’s where Django did not make it', () => {
    expect(cause('lost', 2, [creation('django', ['told']), written, left('untold')])).toBe('node')
    expect(cause('lost', 2, [creation('node', ['untold', 'told']), written, left('untold')])).toBe('node')
    expect(cause('lost', 2, [creation('django', ['untold', 'told']), written, left('told')])).toBe('node')
  })

  test('of a key that Django renewed is Django’s', () => {
    const renewal = (side: Event['side']) =>
      event(2, 20, {
        operation: 'cycle' satisfies Operation,
        side,
        sent: 'told',
        added: ['untold', 'told'],
        ...upon(1),
      })
    const upper = event(3, 40, { operation: 'write', cookie: 'told', sent: 'told', ...upon(2) })
    expect(cause('lost', 3, [made, renewal('django'), upper, { ...left('untold'), seen: state(2) }])).toBe('django')
    expect(cause('lost', 3, [made, renewal('node'), upper, { ...left('untold'), seen: state(2) }])).toBe('node')
  })
})

test('what is not proven is Node’s where a cache tells, and stays whose it was elsewhere', () => {
  const judged = (given: Partial<Event>) => {
    const events = [
      made,
      event(2, 20, { operation: 'write', side: 'django', ...given }),
      event(9, 50, { seen: state(1) }),
    ]
    return judgeOfDjangosCache(events, lineageOf(events))({ kind: 'lost', cause: 'django', found: 9, about: 2 }).cause
  }
  expect(judged({ over: [1] })).toBe('node')
  expect(judged({})).toBe('django')
})

test('values of somebody else are nobody’s but whose they are', () => {
  const events = [
    made,
    event(2, 20, { side: 'django', operation: 'write', over: [null] }),
    event(9, 50, { seen: state(2) }),
  ]
  expect(cause('crossed', 2, events)).toBe('node')
})
