import { expect, test } from 'vitest'
import { lineageOf } from './lineage.ts'
import { isForgotten } from './redis.ts'
import { sampleEvent } from './sample-event.ts'

const rollbacks = [{ since: 50, until: 200 }]
const lost = { kind: 'lost', cause: 'node', found: 3 } as const

test('a store forgets what it answered between its last snapshot and its end, and nothing before', () => {
  const lineage = lineageOf([sampleEvent(1, 0), sampleEvent(2, 100), sampleEvent(3, 300)])
  expect(isForgotten({ ...lost, about: 2 }, lineage, rollbacks)).toBe(true)
  expect(isForgotten({ ...lost, about: 1 }, lineage, rollbacks)).toBe(false)
  expect(isForgotten({ ...lost, about: 2, kind: 'crossed' }, lineage, rollbacks)).toBe(false)
  expect(isForgotten({ ...lost, about: 2, found: 2 }, lineage, rollbacks)).toBe(false)
})

test('a store forgets that a key ended: what is written to the new one since is missing under the old one', () => {
  const seen = { origin: 1, by: 1, marks: {} }
  const renewed = (start: number) => sampleEvent(2, start, { operation: 'cycle', seen, sent: 'new' })
  const written = sampleEvent(4, 250, { operation: 'write', cookie: 'new', sent: 'new' })
  const found = sampleEvent(3, 300, { seen })
  const isTold = (start: number) =>
    isForgotten({ ...lost, about: 4 }, lineageOf([renewed(start), written, found]), rollbacks)
  expect(isTold(100)).toBe(true)
  expect(isTold(10)).toBe(false)

  const onOld = sampleEvent(4, 250, { operation: 'write' })
  const foundNew = sampleEvent(3, 300, { cookie: 'new', seen })
  const isToldOfOld = (start: number, end: number) =>
    isForgotten({ ...lost, about: 4 }, lineageOf([{ ...renewed(start), end }, onOld, foundNew]), rollbacks)
  expect(isToldOfOld(100, 240)).toBe(true)
  expect(isToldOfOld(10, 20)).toBe(false)
  expect(isToldOfOld(210, 240)).toBe(false)
})
