import { expect, test } from 'vitest'
import { cacheDebts, MOST_LOGOUTS, MOST_SAVES } from '../../src/stores/cache-debts.ts'

function debts() {
  const clock = { milliseconds: 0 }
  return { clock, owed: cacheDebts({ now: () => new Date(clock.milliseconds), longestTimeout: () => 100 }) }
}

test('logouts come first, and no number of saves drives one out', () => {
  const { owed } = debts()
  owed.add('gone', 'logout')
  for (let save = 0; save <= MOST_SAVES; save++) owed.add(`saved ${save}`, 'save')
  expect([owed.has('gone'), owed.has('saved 0'), owed.has('saved 1'), owed.size]).toEqual([
    true,
    false,
    true,
    MOST_SAVES + 1,
  ])
  expect(owed.keys()[Symbol.iterator]().next().value).toBe('gone')
  expect(owed.areComplete()).toBe(true)
})

test('a session that was saved and then logged out is owed once, as a logout, in either order', () => {
  const { owed } = debts()
  owed.add('a', 'save')
  owed.add('a', 'logout')
  owed.add('a', 'save')
  expect([owed.size, owed.logouts]).toEqual([1, 1])
  owed.settle('a')
  expect([owed.size, owed.logouts, owed.has('a')]).toEqual([0, 0, false])
})

test('of more logouts than can be remembered it is known that there were, for as long as any copy lives', () => {
  const { owed, clock } = debts()
  for (let logout = 0; logout < MOST_LOGOUTS; logout++) owed.add(`gone ${logout}`, 'logout')
  owed.add('gone 0', 'logout')
  expect(owed.areComplete()).toBe(true)
  owed.add('one too many', 'logout')
  expect([owed.areComplete(), owed.has('gone 0'), owed.size]).toEqual([false, true, MOST_LOGOUTS])
  for (const key of owed.keys()) owed.settle(key)
  clock.milliseconds = 99_999
  expect(owed.areComplete()).toBe(false)
  clock.milliseconds = 100_000
  expect([owed.areComplete(), owed.size]).toEqual([true, 0])
})
