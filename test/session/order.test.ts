/** Values stand in the order of Python's dict: a new one last, an old one where it was, a deleted one nowhere. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Session } from '../../src/session/session.ts'
import { makeSite, type Site } from '../site.ts'

let site: Site
beforeEach(async () => {
  site = await makeSite()
})
afterEach(() => site.close())

const cases: [what: string, change: (session: Session) => unknown, keys: string[]][] = [
  ['new values', (session) => session.set('c', 1).set('d', 1), ['a', 'b', 'c', 'd']],
  ['a new value set twice', (session) => session.set('c', 1).set('d', 1).set('c', 2), ['a', 'b', 'c', 'd']],
  ['a stored value set', (session) => session.set('a', 2), ['a', 'b']],
  ['a value deleted and set', (session) => session.delete('a') && session.set('a', 2), ['b', 'a']],
  [
    'a value deleted, set, and set again after another',
    (session) => session.delete('a') && session.set('a', 2).set('c', 1).set('a', 3),
    ['b', 'a', 'c'],
  ],
  [
    'a new value set, deleted and set',
    (session) => session.set('c', 1).set('d', 1).delete('c') && session.set('c', 1),
    ['a', 'b', 'd', 'c'],
  ],
  [
    'a new value transformed, then set',
    (session) => {
      session.transform('c', () => 1)
      session.set('d', 1).set('c', 2)
    },
    ['a', 'b', 'c', 'd'],
  ],
  [
    'all cleared and some set',
    (session) => {
      session.clear()
      session.set('b', 1).set('a', 1).set('b', 2)
    },
    ['b', 'a'],
  ],
]

describe('the order of values', () => {
  test.each(cases)('%s', async (_, change, keys) => {
    const key = await site.store({ a: 1, b: 1 })
    const django = site.open(`sessionid=${key}`)
    const session = await django.session()
    change(session)
    expect([...session.keys()]).toEqual(keys)
    await django.finish(200)
    expect([...(await site.open(`sessionid=${key}`).session()).keys()]).toEqual(keys)
  })
})
